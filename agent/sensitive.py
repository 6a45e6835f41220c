"""Recognises sensitive matters by their words: what an attribute or a question is about, what a value says.

Errs on the side of finding too much in what is asked for, and finds only what the lists hold in what is said. Pure text
code; knows nothing of schemas, policies or models.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from agent.sensitive_words import HARMLESS, HARMLESS_CHINESE, TERMS, TERMS_CHINESE, TOPICS, TOPICS_CHINESE
from agent.wording import leaves
from retrieval.policies import CATEGORIES, Category

__all__ = ["asked_about", "said_about", "terms_in"]

_MARK: Final = "\x00"


def asked_about(text: str) -> tuple[Category, ...]:
    """What an attribute or a question is about, by its name and description, or its words."""
    return _found(text, topics=True)


def said_about(value: Any) -> tuple[Category, ...]:
    """What a value says something about."""
    return _found(_MARK.join(str(each) for each in leaves(value)), topics=False)


def terms_in(text: str, *, topics: bool = False) -> list[str]:
    """The words by which a text is sensitive, as they stand in it (case folded); ``topics``: also what is only asked."""
    plain = _plain(text)
    found = [match for _, matches in _matches(plain, topics=topics) for match in matches]
    return list(dict.fromkeys(found))


def _found(text: str, *, topics: bool) -> tuple[Category, ...]:
    return tuple(category for category, matches in _matches(_plain(text), topics=topics) if matches)


def _matches(plain: str, *, topics: bool) -> Iterator[tuple[Category, list[str]]]:
    for category in CATEGORIES:
        patterns = [_terms()[category], *([_topics()[category]] if topics else [])]
        yield category, [match.group() for pattern in patterns for match in pattern.finditer(plain)]


def _plain(text: str) -> str:
    """Case folded, full width as half width, names of attributes as words, without what is about something else."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).replace("_", " ")
    folded = unicodedata.normalize("NFKC", spaced).casefold().replace("’", "'")
    return _harmless().sub(" ", folded)


@cache
def _harmless() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{HARMLESS})\b|(?:{HARMLESS_CHINESE})")


@cache
def _topics() -> Mapping[Category, re.Pattern[str]]:
    return _compiled(TOPICS, TOPICS_CHINESE)


@cache
def _terms() -> Mapping[Category, re.Pattern[str]]:
    return _compiled(TERMS, TERMS_CHINESE)


def _compiled(english: Mapping[Category, str], chinese: Mapping[Category, str]) -> Mapping[Category, re.Pattern[str]]:
    return {each: re.compile(rf"(?<![a-z0-9])(?:{english[each]})(?![a-z0-9])|{chinese[each]}") for each in CATEGORIES}
