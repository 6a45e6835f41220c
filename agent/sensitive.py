"""Recognises sensitive matters by their words: what an attribute or a question is about, what a value says.

Errs on the side of finding too much in what is asked for, and finds only what the lists in ``sensitive_words`` hold in
what is said. Pure text code; knows nothing of schemas, policies or models.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from agent.wording import leaves
from retrieval.policies import CATEGORIES, Category

__all__ = ["asked_about", "said_about", "terms_in"]

_BETWEEN: Final = "\x00"
_HEADING: Final = re.compile(r"== (?:(?P<category>[a-z]+): (?P<kind>topics|terms)|harmless)")

_Kind = Literal["topics", "terms", "harmless"]


def asked_about(text: str) -> tuple[Category, ...]:
    """What an attribute or a question is about, by its name and description, or its words."""
    return _found(text, topics=True)


def said_about(value: Any) -> tuple[Category, ...]:
    """What a value says something about."""
    return _found(_BETWEEN.join(str(each) for each in leaves(value)), topics=False)


def terms_in(text: str, *, topics: bool = False) -> list[str]:
    """The words by which a text is sensitive, as they stand in it (case folded); ``topics``: what it is about, too."""
    found = [match for _, matches in _matches(_plain(text), topics=topics) for match in matches]
    return list(dict.fromkeys(found))


def _found(text: str, *, topics: bool) -> tuple[Category, ...]:
    return tuple(category for category, matches in _matches(_plain(text), topics=topics) if matches)


def _matches(plain: str, *, topics: bool) -> Iterator[tuple[Category, list[str]]]:
    for category in CATEGORIES:
        kinds: tuple[_Kind, ...] = ("terms", "topics") if topics else ("terms",)
        patterns = [_pattern(kind, category) for kind in kinds]
        yield category, [match.group() for pattern in patterns for match in pattern.finditer(plain)]


def _plain(text: str) -> str:
    """Case folded, full width as half width, names of attributes as words, without what is about something else."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).replace("_", " ")
    folded = unicodedata.normalize("NFKC", spaced).casefold().replace("’", "'")
    return _pattern("harmless", None).sub(" ", folded)


@cache
def _pattern(kind: _Kind, category: Category | None) -> re.Pattern[str]:
    english, chinese = (_lists(language).get((kind, category), []) for language in ("en", "zh"))
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(english)})(?![a-z0-9])|{'|'.join(chinese)}")


@cache
def _lists(language: str) -> Mapping[tuple[str, str | None], list[str]]:
    """The lines of a list under each of its headings."""
    found: dict[tuple[str, str | None], list[str]] = {}
    lines: list[str] = []
    text = (files("agent") / "sensitive_words" / f"{language}.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if heading := _HEADING.fullmatch(line):
            lines = found.setdefault((heading["kind"] or "harmless", heading["category"]), [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return found
