"""Keeps who is in the store, and how much of each, for as long as no event comes, changes or goes.

Lists are asked for often, and reading one takes a step of the database for each user, each of which may wait for other
threads.
"""

import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

from retrieval.history import History, UserSummary
from retrieval.paging import user_ids
from retrieval.record import Record
from retrieval.sql import Database

__all__ = ["Roster"]

_MOST_USERS: Final = 200_000
_MOST_SUMMARIES: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """The ids of all users, sorted, and what is known of some, as of an edition of the record."""

    edition: str | None
    ids: list[str]
    summaries: dict[str, UserSummary] = field(default_factory=dict)


class Roster:
    """The users of one store, as new as the record. Threads may share it."""

    def __init__(self, database: Database, record: Record, history: History) -> None:
        self._database = database
        self._record = record
        self._history = history
        self._kept: _Kept | None = None
        self._lock = threading.Lock()

    def ids(self) -> list[str]:
        """The ids of all users, sorted; not to be changed."""
        return self._now().ids

    def page(self, limit: int, after: str | None = None, matching: str = "") -> tuple[list[UserSummary], bool]:
        """At most ``limit`` users, sorted by id, and whether there are more; see :meth:`retrieval.Store.find_users`."""
        kept, sought = self._now(), matching.casefold()
        start = bisect_right(kept.ids, after) if after else 0
        if sought:
            found = [each for each in kept.ids[start:] if sought in each.casefold()]
        else:
            found = kept.ids[start : start + limit + 1]
        page = found[:limit]
        known = {each: kept.summaries[each] for each in page if each in kept.summaries}
        if lacking := [each for each in page if each not in known]:
            read = {each.user_id: each for each in self._history.users(lacking)}
            known |= read
            if len(kept.summaries) + len(read) <= _MOST_SUMMARIES:
                kept.summaries.update(read)
        return [known[each] for each in page if each in known], len(found) > limit

    def drop(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept = None

    def _now(self) -> _Kept:
        edition = self._record.edition()  # before all else is read, which may be newer, and never older
        with self._lock:
            kept = self._kept
        if kept is not None and kept.edition == edition:
            return kept
        made = _Kept(edition, user_ids(self._database))
        with self._lock:
            self._kept = made if len(made.ids) <= _MOST_USERS else None
        return made
