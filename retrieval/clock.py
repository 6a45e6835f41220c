"""What time it is, where that decides what may come back, or be used: clocks jump, and what is recorded tells of it.

Knows times and the events of a record; not what follows from them.
"""

import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from retrieval.sql import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["BEHIND_SECONDS", "now", "now_by_events"]

BEHIND_SECONDS: Final = 3600.0
"""By so much a clock may be set back without being taken for wrong."""

_LOOKED_AT: Final = 1000
_MOST_AHEAD: Final = 0.5
_MOST_BEFORE: Final = 0.99


def now() -> datetime:
    """The system's clock, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


def now_by_events(db: "Connection") -> float:
    """The time now in seconds since 1970: by the clock, unless the events that were loaded last tell that it is behind.

    It is, when more than half of the last thousand that have a time are from after it: then it is at least as late as
    99 % of them. Events that are from the future by right (bookings, appointments) change nothing while they are fewer.
    """
    events = tables().events
    last = events.select().with_only_columns(events.c.epoch).order_by(events.c.pk.desc()).limit(_LOOKED_AT)
    epochs: list[float] = sorted(epoch for epoch in db.scalars(last) if epoch is not None)
    clock = time.time()
    ahead = sum(epoch > clock + BEHIND_SECONDS for epoch in epochs)
    if ahead <= _MOST_AHEAD * len(epochs):
        return clock
    return epochs[math.ceil(_MOST_BEFORE * len(epochs)) - 1]
