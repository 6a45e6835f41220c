"""Footnotes for people: numbers the evidence of a document and shows its quotes, shortened around what matters.

Shortening and cleaning are for display only; the documents keep every quote as it is.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from agent.documents import Evidence

__all__ = ["QUOTE_CHARS", "Footnotes", "Note", "excerpt", "is_chinese", "shown", "source_of"]

QUOTE_CHARS = 160
"""Quotes longer than about this are shortened."""

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_JOINERS = "\u200c\u200d"  # parts of words and of emoji
_SPACE_REACH = 12  # so far a cut moves to fall between words


class Note(NamedTuple):
    """A footnote: its number from 1, what it cites, and the values that rest on it."""

    number: int
    evidence: "Evidence"
    values: tuple[str, ...]


class Footnotes:
    """The footnotes of one page, numbered in the order in which they are first cited."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, int, int], tuple[Evidence, list[str]]] = {}

    def __iter__(self) -> Iterator[Note]:
        for number, (evidence, values) in enumerate(self._notes.values(), start=1):
            yield Note(number, evidence, tuple(values))

    def cite(self, evidence: "Iterable[Evidence]", value: str) -> str:
        """The marks that go after a value: ``"[1] [2]"``, or "" without evidence."""
        marks = []
        for each in evidence:
            key = (each.event_id, each.start, each.end)
            self._notes.setdefault(key, (each, []))[1].append(value)
            marks.append(f"[{list(self._notes).index(key) + 1}]")
        return " ".join(dict.fromkeys(marks))


def source_of(evidence: "Evidence") -> str:
    """When, who and where, as far as it is known: ``2024-04-01 user, email``."""
    who = ", ".join(shown(part) for part in (evidence.speaker, evidence.channel) if part)
    return " ".join(part for part in (shown((evidence.timestamp or "")[:10]), who) if part)


def shown(value: Any) -> str:
    """Text that is safe on a terminal, on one line: without controls and marks that turn text round."""
    return " ".join("".join(_safe(char) for char in str(value)).split())


def _safe(char: str) -> str:
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category in ("Cc", "Cs", "Co", "Cn"):
        return "\ufffd"
    return "" if category == "Cf" and char not in _JOINERS else char


def is_chinese(text: str) -> bool:
    """Whether a text holds Chinese characters."""
    return _CHINESE.search(text) is not None


def excerpt(quote: str, values: Iterable[str] = (), limit: int = QUOTE_CHARS) -> str:
    """A quote in about ``limit`` characters: what is around the first value found in it, or both its ends."""
    text = shown(quote)
    if len(text) <= limit:
        return text
    found = (re.search(re.escape(shown(value)), text, re.IGNORECASE) for value in values if shown(value))
    match = next((each for each in found if each is not None), None)
    if match is None:
        head = _between_words(text, limit * 5 // 8)
        tail = _between_words(text, len(text) - (limit - limit * 5 // 8))
        return f"{text[:head].rstrip()} … {text[tail:].lstrip()}"
    start = max(0, min((match.start() + match.end() - limit) // 2, len(text) - limit))
    end = max(start + limit, match.end())
    start = 0 if start == 0 else min(_between_words(text, start), match.start())
    end = len(text) if end >= len(text) else max(_between_words(text, end), match.end())
    return f"{'… ' if start else ''}{text[start:end].strip()}{' …' if end < len(text) else ''}"


def _between_words(text: str, cut: int) -> int:
    """The place near ``cut`` where a space is, or ``cut`` when there is none (as in Chinese)."""
    near = [place for place in range(cut - _SPACE_REACH, cut + _SPACE_REACH) if text[place : place + 1] == " "]
    return min(near, key=lambda place: abs(place - cut), default=cut)
