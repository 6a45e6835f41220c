"""Finds names that a list knows, where a message says little else: "james smith", "vicky 2568", "im charlie".

For messages that answer a question. Knows Latin letters only, in whatever case; a name that is an ordinary word, a
month or a place ("hope", "austin") is none here.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from retrieval.personal.kinds import Place

__all__ = ["answers", "introductions"]

_WHOLE: Final = re.compile(r"\s*(?P<name>[^\W\d_]{3,}(?: [^\W\d_]{3,}){0,2})[\s.,!]*(?:\d[\d\s,.-]*)?", re.ASCII)
_INTRODUCED: Final = re.compile(
    r"(?<![\w'])(?:i am|i'?m|this is|myself) (?P<name>[a-z]{3,})(?: (?P<more>[a-z]{3,}))?(?![\w'-])", re.IGNORECASE
)


class _Known(NamedTuple):
    given: frozenset[str]
    family: frozenset[str]


def answers(text: str) -> Iterator[Place]:
    """The name that is all of a message, but for a number behind it."""
    match = _WHOLE.fullmatch(text)
    if match is None:
        return
    words, known = match["name"].lower().split(), _known()
    if all(each in known.given or each in known.family for each in words) and known.given.intersection(words):
        yield Place("name", *match.span("name"))


def introductions(text: str) -> Iterator[Place]:
    """Given names behind "I am", "this is" and the like, with the family name that follows."""
    known = _known()
    for match in _INTRODUCED.finditer(text):
        if match["name"].lower() in known.given:
            more = (match["more"] or "").lower()
            yield Place(
                "name", match.start("name"), match.end("more" if more in known.family | known.given else "name")
            )


@lru_cache(maxsize=1)
def _known() -> _Known:
    text = (files("retrieval") / "personal" / "known_names.txt").read_text("utf-8")
    given, family = (frozenset(line.split()) for line in text.splitlines() if not line.startswith("#"))
    return _Known(given, family)
