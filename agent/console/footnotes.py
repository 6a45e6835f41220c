"""Footnotes of a page: numbered in the order in which they are cited, each with the address of its message.

Knows evidence and addresses, nothing of values.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.console.pages import page_url
from agent.documents import Evidence

__all__ = ["Mark", "Notes"]


class Mark(NamedTuple):
    """A footnote: its number from 1, what it cites, and where the message is shown with the quote in it."""

    number: int
    evidence: Evidence
    url: str


class Notes:
    """The footnotes of one page about one user."""

    def __init__(self, user_id: str) -> None:
        self._user_id = user_id
        self._marks: dict[tuple[str, int, int], Mark] = {}

    def __iter__(self) -> Iterator[Mark]:
        return iter(self._marks.values())

    def __len__(self) -> int:
        return len(self._marks)

    def cite(self, evidence: Iterable[Evidence]) -> tuple[Mark, ...]:
        """The marks that go after a value."""
        return tuple(dict.fromkeys(self._mark(each) for each in evidence))

    def _mark(self, each: Evidence) -> Mark:
        key = (each.event_id, each.start, each.end)
        if key not in self._marks:
            url = page_url("message", user=self._user_id, event=each.event_id, start=each.start, end=each.end)
            self._marks[key] = Mark(len(self._marks) + 1, each, url)
        return self._marks[key]
