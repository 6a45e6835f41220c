"""Decides for an option of a choice (an enum, a boolean) by the probabilities of one token, and finds what shows it.

A small model that fills in JSON often takes the first option, and never says null. Asked for one word over snippets, it
puts more on the right one than it does over a message that says nothing; what it puts there in any case, for liking a
word, a letter or a place in the list, is taken off (contextual calibration, Zhao et al. 2021, "Calibrate Before Use").
Knows the prompts and one pack, not the graph.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.chat import Chat, Said
from agent.evidence import Pack
from agent.facets import Facet
from agent.wording import said_share
from prompts import Language, render
from retrieval import Hit

__all__ = ["Decided", "cited_for", "decide", "options_of"]

_SAYS_NOTHING: Final = "[1] user: N/A"
_LETTERS: Final = "ABCDEFGHIJKLM"
_FIRST_WORD: Final = re.compile(r"\s*(?:[\d\u3400-\u9fff]|[^\W\d\u3400-\u9fff]+)")
_NUMBER: Final = re.compile(r"\d+")
_YES_NO: Final[dict[Language, dict[bool, str]]] = {"en": {True: "yes", False: "no"}, "zh": {True: "是", False: "否"}}
_NONE: Final[dict[Language, str]] = {"en": "none", "zh": "无"}
_NEEDS: Final = 0.5  # what the snippets must add to an option, in log-odds
_LEAST: Final = 0.05  # below, a probability of a first token tells nothing
_ANSWERED: Final = 0.5  # with less on all marks together, the model has not understood
_IN_WORDS: Final = 3  # how much more a snippet counts that says the option in words
_MOST_CITED: Final = 2
_ONE_DIGIT: Final = 9


@dataclass(frozen=True, slots=True)
class Decided:
    """What the snippets show. ``value``: None where they add too little to any option.

    ``chances``: of the options, likeliest first, and ``nothing`` that of none of them, 0 to 1 and 1 together, without
    what the model puts on each whatever it reads.
    """

    value: Any
    chances: tuple[tuple[Any, float], ...]
    nothing: float

    def chance_of(self, value: Any) -> float:
        """That of one option."""
        return next(chance for option, chance in self.chances if type(option) is type(value) and option == value)


def options_of(facet: Facet) -> list[Any]:
    """What a choice can be, without null."""
    if facet.item.get("type") == "boolean":
        return [True, False]
    listed = facet.item["enum"] if "enum" in facet.item else [facet.item["const"]]
    return [each for each in listed if each is not None]


def decide(chat: Chat, facet: Facet, pack: Pack, language: Language) -> Decided | None:
    """The option of ``facet`` that the snippets show; None where the model tells no probabilities or answers something
    else, or there are too many options.

    Raises:
        ModelUnavailable: the model cannot be reached.
    """
    options = options_of(facet)
    words = [_word(each, language) for each in options]
    if len(options) >= len(_LETTERS) or not all(words):
        return None
    marks = [*words, _NONE[language]]
    lettered = not _begin_differently(marks)
    if lettered:
        marks = list(_LETTERS[: len(marks)])
    asked = render(
        "decide",
        language,
        label=facet.label,
        description=facet.description,
        options=list(zip(marks, [*words, ""], strict=True)),
        lettered=lettered,
    )
    told = _chances(chat.say(_system(pack.text, language), asked, max_tokens=1), marks)
    before = told and _chances(chat.say_once(_system(_SAYS_NOTHING, language), asked), marks)
    if not told or not before:
        return None
    gains = [_log_odds(one) - _log_odds(other) for one, other in zip(told, before, strict=True)]
    best = max(range(len(options)), key=gains.__getitem__)
    shares = [math.exp(gain) for gain in gains]
    chances = [round(share / sum(shares), 4) for share in shares]
    ranked = sorted(zip(options, chances, strict=False), key=lambda each: -each[1])
    return Decided(options[best] if gains[best] >= _NEEDS else None, tuple(ranked), chances[-1])


def cited_for(chat: Chat, facet: Facet, value: Any, pack: Pack, language: Language) -> tuple[Hit, ...]:
    """The snippets, one or two, that show best that it is ``value``: by the model, and by the words that they hold.

    Raises:
        ModelUnavailable: the model cannot be reached.
    """
    if len(pack.hits) == 1:
        return pack.hits
    word = _word(value, language)
    asked = render("cite", language, label=facet.label, description=facet.description, value=word)
    one_digit = len(pack.hits) <= _ONE_DIGIT
    said = chat.say(_system(pack.text, language), asked, max_tokens=1 if one_digit else 3)
    number = _NUMBER.search(said.text)
    chances = dict(said.first) if one_digit and said.first else {number.group() if number else "": 1.0}
    weights = [
        (chances.get(str(number), 0.0) + _LEAST) * (1 + _IN_WORDS * _said(facet, value, hit))
        for number, hit in enumerate(pack.hits, start=1)
    ]
    ranked = sorted(range(len(weights)), key=lambda place: -weights[place])[:_MOST_CITED]
    return tuple(pack.hits[place] for place in ranked if weights[place] * 2 >= weights[ranked[0]])


def _chances(said: Said, marks: Sequence[str]) -> list[float] | None:
    """How likely each mark is as the reply, of all marks; None where the model tells nothing or says something else."""
    found = dict.fromkeys(marks, 0.0)
    for token, chance in said.first:
        mark = _mark_of(token, found)
        if mark is not None:
            found[mark] += chance
    total = math.fsum(found.values())
    return [found[mark] / total for mark in marks] if total >= _ANSWERED else None


def _mark_of(token: str, marks: Mapping[str, float]) -> str | None:
    """The one mark that a token is, or begins."""
    said = _folded(token)
    same = [mark for mark in marks if _folded(mark) == said]
    begun = same or [mark for mark in marks if said and _folded(mark).startswith(said)]
    return begun[0] if len(begun) == 1 else None


def _begin_differently(words: Sequence[str]) -> bool:
    """Whether the first token can tell words apart: no two begin with the same word, digit or Chinese character."""
    found = [_FIRST_WORD.match(word) for word in words]
    first = {_folded(each.group()) for each in found if each is not None}
    return len(first) == len(words)


def _system(snippets: str, language: Language) -> str:
    return render("draft_system", language, snippets=snippets)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _log_odds(chance: float) -> float:
    bounded = min(1 - _LEAST, max(_LEAST, chance))
    return math.log(bounded / (1 - bounded))


def _said(facet: Facet, value: Any, hit: Hit) -> float:
    """How much of an option a snippet says in words; a "no" is not said by the words of what it denies."""
    if isinstance(value, bool):
        return said_share(facet.label, hit.snippet.text) if value else 0.0
    return said_share(value, hit.snippet.text)


def _word(option: Any, language: Language) -> str:
    return _YES_NO[language][option] if isinstance(option, bool) else str(option)
