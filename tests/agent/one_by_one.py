"""Lets a script that reads numbered snippets, and drafts JSON, answer in words about one snippet at a time.

Attributes whose values are words are asked about that way (``agent.extracting``). Knows how such a question is put from
the templates themselves, so that their wording does not matter here.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

from agent.facets import Facet, draft_schema, example_of
from prompts import LANGUAGES, Language, render

OPTION = re.compile(r"Answer with (?:the word only|one letter)\.|只回答(?:这个词|一个字母)。")
"""In a question for one of several options (``agent.deciding``)."""
Script = Callable[[str, str, Mapping[str, Any] | None], Any]


class Alone(NamedTuple):
    """A question about one attribute and one snippet, which stands in one line."""

    language: Language
    line: str
    label: str
    description: str


def alone(system: str, user: str) -> Alone | None:
    """What the model is asked to take out of one snippet; None when it is asked for something else."""
    language = next((each for each in LANGUAGES if system == render("extract_system", each)), None)
    if language is None:
        return None
    described, plain = _forms(language)
    found = described.fullmatch(user) or plain.fullmatch(user)
    assert found is not None, f"no question about one snippet: {user!r}"
    return Alone(language, found["LINE"], found["LABEL"], found.groupdict().get("ABOUT") or "")


@cache
def _forms(language: Language) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The template with and without a description; a snippet, whatever it says, is one line."""
    texts = [render("extract", language, message="LINE", label="LABEL", description=about) for about in ("ABOUT", "")]
    described, plain = (re.sub("LINE|LABEL|ABOUT", r"(?P<\g<0>>.+?)", re.escape(text)) for text in texts)
    return re.compile(described), re.compile(plain)


def one_by_one(script: Script) -> Script:
    """``script``, asked about one snippet as if it were the only one of a pack; everything else is passed on.

    Asked for one of several options in a word or a letter, it says neither, so that they are drafted as JSON. Of
    several replies with their probabilities the likeliest is said, without a probability.
    """

    def ask(system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
        asked = alone(system, user) if schema is None else None
        if schema is None and OPTION.search(user):
            return "-"
        return script(system, user, schema) if asked is None else _words(script, asked)

    return ask


def _words(script: Script, asked: Alone) -> str:
    facet = Facet((asked.label,), "list", {"type": "string"}, asked.label, asked.description, (), 8)
    drafted = draft_schema(facet, [1])
    system = render("draft_system", asked.language, snippets=f"[1] {asked.line}")
    about = {"label": facet.label, "description": facet.description, "example": example_of(facet)}
    user = render("draft", asked.language, synthesis=False, choices="", many=True, **about)
    reply = script(system, user, drafted)
    if isinstance(reply, Mapping):
        reply = max(reply, key=lambda each: reply[each])
    entries = json.loads(reply)
    Draft202012Validator(drafted).validate(entries)
    values = [each["value"] for each in entries if each["value"] is not None]
    separator, nothing = ("、", "无") if asked.language == "zh" else (", ", "none")
    return separator.join(values) or nothing
