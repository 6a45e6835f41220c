"""Takes the values of one attribute out of one snippet at a time, and how likely it is that there are none.

A small model that is shown twenty snippets repeats the loudest of them; shown one, it knows well whether it tells.
The snippet comes first in the prompt, so that it is read once for all attributes that are looked for in it. Knows the
prompts, not the graph.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from agent.backing import as_said
from agent.chat import Chat
from agent.exchanges import exchange_of
from agent.facets import Facet
from agent.reading import NOTHING, chance_of_nothing
from agent.wording import is_placeholder, normalise, said_share
from prompts import Language, render
from retrieval import Hit

__all__ = ["Extracted", "extract", "is_extracted"]

_TOKENS: Final = 32
_OTHER_FORMS: Final = {"enum", "const", "pattern", "anyOf"}
_FREE_FORMATS: Final = (None, "email", "uri")
_PARTS: Final = re.compile(r"\s*(?:[、，；;]|,(?!\d{3}\b|\s*\d{4}\b))\s*(?:and\s+|以及)?")  # not "1,000", "May 5, 2020"
_LAST_TWO: Final = re.compile(r"(?<=[\u3400-\u9fff]{2})[和与及](?=[\u3400-\u9fff]{2})")
_MOST_IN_ONE: Final = 2
_UNIT: Final = (
    "岁|周岁|厘米|公分|毫米|公里|千米|米|公斤|千克|斤|克|元|块|年|个?月|天|小时|分钟|号|日|人|次|个"
    "|%|[ckm]?m|k?g|lbs?|ft|years?|yrs?"
)
_QUOTES: Final = " \t\"'“”‘’「」『』《》"


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a snippet tells of an attribute, in its words, none where it tells nothing.

    ``nothing`` is the probability of "none" at the first token, ``probability`` the mean one of all tokens, None where
    the model does not tell.
    """

    values: tuple[str, ...]
    nothing: float
    probability: float | None


def is_extracted(facet: Facet) -> bool:
    """Whether the values of an attribute are words, which a snippet holds or does not.

    Not so numbers, dates, objects, choices and texts: those are drafted under a grammar.
    """
    item = facet.item
    words = item.get("type", "string") == "string" and not _OTHER_FORMS & item.keys()
    return facet.kind in ("value", "list") and words and item.get("format") in _FREE_FORMATS


def extract(chat: Chat, facet: Facet, label: str, hit: Hit, language: Language) -> Extracted:
    """What a snippet tells of an attribute that is called ``label``.

    Raises:
        ModelUnavailable: the model cannot be reached.
    """
    asked = render("extract", language, message=exchange_of(hit), label=label, description=facet.description)
    ends = [word for word in NOTHING if word not in asked.casefold()]  # else a value may begin with it: 无锡
    said = chat.say(render("extract_system", language), asked, max_tokens=_TOKENS, ends=ends)
    text = re.sub(rf"^(?:the user's |该用户的)?{re.escape(label)}\s*[:：]\s*", "", said.text, flags=re.IGNORECASE)
    text = text.strip(_QUOTES)
    values = () if is_placeholder(text) else tuple(_values(text, facet, label, hit))
    return Extracted(values, chance_of_nothing(said.first, text), said.probability)


def _values(text: str, facet: Facet, label: str, hit: Hit) -> Iterator[str]:
    """The values that a reply holds, once each, spelled as the snippet spells them."""
    if _is_quoted(text, hit):
        parts = [text]
    elif facet.kind == "value":
        parts = _single(text, label, hit)
    else:
        parts = _listed(text)
    known = dict.fromkeys(_with_unit(as_said(_bare(part), [hit]), hit.snippet.text) for part in parts)
    yield from (value for value in known if not is_placeholder(value))


def _parts(text: str) -> list[str]:
    return [part for part in (each.strip(_QUOTES) for each in _PARTS.split(text)) if normalise(part)]


def _listed(text: str) -> list[str]:
    """The things that a reply lists; in Chinese the last two are joined by a word: "潜水、登山和攀岩"."""
    parts = _parts(text)
    return [*parts[:-1], *_LAST_TWO.split(parts[-1], 1)] if "、" in text and parts else parts


def _single(text: str, label: str, hit: Hit) -> list[str]:
    """The one thing that a reply names: without what repeats the label or is not in the snippet, if there is more."""
    parts = _parts(text)
    if text.count("、") >= _MOST_IN_ONE:  # an enumeration is no single value; commas stand in addresses
        return []
    told = [part for part in parts if said_share(part, hit.snippet.text) > 0 and said_share(part, label) < 1]
    return [text] if len(told) in (0, len(parts)) else ["、".join(told) if "、" in text else ", ".join(told)]


def _is_quoted(text: str, hit: Hit) -> bool:
    """Whether a snippet puts the whole reply in quotation marks: a title with commas in it is one value."""
    return re.search(rf"[\"“《「'‘]{re.escape(text)}[,.]?[\"”》」'’]", hit.snippet.text) is not None


def _with_unit(value: str, text: str) -> str:
    """A bare number with what it counts, where the snippet says so right behind it: "36岁", not "36"."""
    if not value.isdigit():
        return value
    counted = re.search(rf"(?<!\d){value}\s?(?:{_UNIT})(?![a-z])", text, re.IGNORECASE)
    return counted.group() if counted else value


def _bare(part: str) -> str:
    return unicodedata.normalize("NFC", part).rstrip(".。!！").strip(_QUOTES)
