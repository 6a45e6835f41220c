"""Loads uploads into a tenant's store in parts, between which other writers have their turn.

Knows events and stores, nothing of requests.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from agent.service.turns import Turns

if TYPE_CHECKING:
    from agent.limner import Limner
    from retrieval import BadLine, Event, IngestReport

__all__ = ["load_in_parts"]

_SECONDS: Final = 10.0


def load_in_parts(
    limner: "Limner",
    rows: "Iterable[Event | BadLine]",
    turns: Turns,
    *,
    force: bool = False,
    progress: "Callable[[IngestReport], None] | None" = None,
    seconds: float = _SECONDS,
) -> "IngestReport":
    """Load events, at most about ``seconds`` of them at a time; what ``progress`` raises ends it.

    Raises:
        StoreBusy: another program writes, or other requests do for too long; what was reported is kept.
    """
    from retrieval.ingest import IngestReport

    report, left = IngestReport(files=1), _Rest(rows, seconds)
    while not left.is_over:
        with turns.taken():
            limner.ingest_events(left.part(), force=force, progress=progress, report=report)
    return report


class _Rest:
    """What is left of an upload."""

    def __init__(self, rows: "Iterable[Event | BadLine]", seconds: float) -> None:
        self._rows = iter(rows)
        self._seconds = seconds
        self.is_over = False

    def part(self) -> "Iterator[Event | BadLine]":
        """Rows until the time is over; at least one, if there is one."""
        ends = time.monotonic() + self._seconds
        for row in self._rows:
            yield row
            if time.monotonic() > ends:
                return
        self.is_over = True
