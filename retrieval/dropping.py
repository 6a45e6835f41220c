"""Lists what loading dropped, cut or marked: where, of whom, for which reason and how much; never the words themselves.

Knows rows and what became of them, not how they were read or written.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from retrieval.drafts import Fate
from retrieval.events import Cut, Event
from retrieval.loading import BadLine
from retrieval.rows import RowKind

__all__ = ["Dropped", "Reason", "dropped_by", "other_files"]

Reason = RowKind | Cut | Literal["repeated", "forgotten", "expired", "copy", "other kind"]
"""Rows that hold no event (:data:`RowKind`), repeat one, were forgotten or are too old by a rule; cuts in a text
(:data:`Cut`); copies, which are kept and marked; files of other kinds."""


class Dropped(NamedTuple):
    """One thing that was dropped, cut or marked.

    ``line`` is that of a :class:`BadLine`, None where there is none; ``chars`` how many characters are gone (0: none,
    the text was only mended, or the event is kept); ``copy_of`` the id of the event that says nearly the same;
    ``detail`` what is wrong with a bad line.
    """

    file: str | None
    line: int | None
    user_id: str | None
    event_id: str | None
    reason: Reason
    chars: int = 0
    copy_of: str | None = None
    detail: str | None = None


def dropped_by(rows: Iterable[Event | BadLine], fates: Iterable[Fate]) -> list[Dropped]:
    """What became of some rows, in their order; ``fates`` are those of the events among them."""
    result: list[Dropped] = []
    each = iter(fates)
    for row in rows:
        if isinstance(row, BadLine):
            result.append(Dropped(row.file, row.line, None, None, row.kind, detail=row.reason))
        else:
            result += _of_event(row, next(each))
    return result


def other_files(paths: Sequence[Path]) -> list[Dropped]:
    """The files of other kinds."""
    return [Dropped(str(path), None, None, None, "other kind") for path in paths]


def _of_event(event: Event, fate: Fate) -> Iterable[Dropped]:
    file, line, cuts, _ = event.origin or (None, None, {}, False)
    for cut, chars in cuts.items():
        yield Dropped(file, line, event.user_id, event.event_id, cut, chars)
    if fate.outcome == "repeated" or fate.outcome == "forgotten" or fate.outcome == "expired":
        yield Dropped(file, line, event.user_id, event.event_id, fate.outcome, len(event.text))
    elif fate.copy_of is not None:
        yield Dropped(file, line, event.user_id, event.event_id, "copy", copy_of=fate.copy_of)
