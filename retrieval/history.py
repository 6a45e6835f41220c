"""Reads histories back from the record: users, events, snippets, all of one user at a time.

Writes nothing, and knows nothing of vectors but their ids.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.drafts import event_key, user_key
from retrieval.errors import NotFound, shorten
from retrieval.events import Event, Snippet
from retrieval.own import Own, UnknownUser
from retrieval.sql import Database, chunks, tables

if TYPE_CHECKING:
    from sqlalchemy import Row

__all__ = ["History", "Indexed", "UnknownUser", "UserSummary", "event_of", "with_events"]


class UserSummary(NamedTuple):
    """How much the store holds of a user; ``first`` and ``last`` are timestamps, None where no event has one.

    ``languages`` counts the events in each language, most frequent first, as far as it is known.
    """

    user_id: str
    events: int
    snippets: int
    first: str | None
    last: str | None
    languages: Mapping[str, int] = {}


class Indexed(NamedTuple):
    """A snippet, or a window over several, that has a vector in the index."""

    vector_id: str
    snippet: Snippet
    event: Event
    wide: bool


class History:
    """The histories in a record. Time order is by epoch, events without a time last, in the order they were loaded."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def users(self, ids: Collection[str] | None = None) -> list[UserSummary]:
        """Users, sorted by id: all, or those among ``ids`` that there are."""
        if ids is None:
            return self._summed(None)
        keys = [user_key(each) for each in ids]
        return sorted(summary for part in chunks(keys) for summary in self._summed(part))

    def _summed(self, keys: Sequence[str] | None) -> list[UserSummary]:
        """One look at the events for each column: correlated lookups took SQLite five times as long."""
        from sqlalchemy import func, or_, select

        events, snippets = tables().events, tables().snippets
        key, epoch = events.c.user_key, events.c.epoch
        own = [] if keys is None else [key.in_(keys)]
        first, last = func.min(epoch).label("first"), func.max(epoch).label("last")
        totals = select(key, func.min(events.c.user_id).label("user_id"), func.count().label("events"), first, last)
        totals = totals.where(*own).group_by(key)
        ends = totals.subquery()
        moments = select(key, epoch, func.min(events.c.timestamp)).join(ends, ends.c.user_key == key)
        moments = moments.where(*own, or_(epoch == ends.c.first, epoch == ends.c.last)).group_by(key, epoch)
        cut = select(key, func.count()).join(snippets).where(~snippets.c.wide, *own).group_by(key)
        spoken = select(key, events.c.language, func.count().label("times"))
        spoken = spoken.where(events.c.language.is_not(None), *own).group_by(key, events.c.language)
        languages: dict[str, dict[str, int]] = {}
        with self._database.reading() as db:
            for user, language, times in sorted(db.execute(spoken), key=lambda row: (-row.times, row.language)):
                languages.setdefault(user, {})[language] = times
            times_at = {(user, moment): timestamp for user, moment, timestamp in db.execute(moments)}
            counts = {user: count for user, count in db.execute(cut)}
            return sorted(
                UserSummary(
                    row.user_id,
                    row.events,
                    counts.get(row.user_key, 0),
                    times_at.get((row.user_key, row.first)),
                    times_at.get((row.user_key, row.last)),
                    languages.get(row.user_key, {}),
                )
                for row in db.execute(totals)
            )

    def check_user(self, user_id: str) -> None:
        """Raise UnknownUser unless there is an event of the user."""
        with self._database.reading() as db:
            Own(db, user_id).check()

    def events(self, user_id: str, ids: Collection[str] | None = None) -> list[Event]:
        """The user's events in time order: all, or those with the given ids.

        Raises:
            UnknownUser: there is no event of the user.
            NotFound: an id is not one of the user's events.
        """
        with self._database.reading() as db:
            own = Own(db, user_id)
            own.check()
            rows = list(own.execute(own.select(tables().events)) if ids is None else own.named(ids))
        wanted = {event_key(user_id, each): each for each in ids or ()}
        if missing := wanted.keys() - {row.event_key for row in rows}:
            names = ", ".join(sorted(shorten(wanted[key]) for key in missing)[:3])
            raise NotFound(f"user {shorten(user_id)} has no event {names}")
        return [event_of(row) for row in sorted(rows, key=_moment)]

    def snippets(self, user_id: str, limit: int | None = None) -> list[Snippet]:
        """The user's snippets in time order: all, or the ``limit`` newest ones.

        Raises:
            UnknownUser: there is no event of the user.
        """
        with self._database.reading() as db:
            own = Own(db, user_id)
            own.check()
            rows = [row for row in _cuts(own) if not row.wide]
            rows = rows if limit is None else rows[max(0, len(rows) - limit) :]
            return [snippet for _, snippet, _ in with_events(rows, own.numbered)]

    def indexed(self, user_id: str) -> list[Indexed]:
        """The user's snippets and windows that are in the index, in time order, with their vector ids and events.

        Raises:
            UnknownUser: there is no event of the user.
        """
        with self._database.reading() as db:
            own = Own(db, user_id)
            own.check()
            rows = [row for row in _cuts(own) if row.indexed]
            found = with_events(rows, own.numbered)
            return [Indexed(row.vector_id, snippet, event, row.wide) for row, snippet, event in found]


def with_events(
    rows: "Sequence[Row[Any]]", numbered: "Callable[[Sequence[int]], Iterable[Row[Any]]]"
) -> "list[tuple[Row[Any], Snippet, Event]]":
    """Rows of the table ``snippets`` as snippets, each with its event; an event's text is read once.

    ``numbered``: reads the rows of the table ``events`` with these numbers.
    """
    found = {row.pk: event_of(row) for row in numbered(list({row.event_pk: None for row in rows}))}
    return [(row, _cut(row, found[row.event_pk]), found[row.event_pk]) for row in rows]


def _moment(row: "Row[Any]") -> tuple[bool, float, int]:
    return row.epoch is None, row.epoch or 0.0, row.pk


def _cuts(own: Own) -> "list[Row[Any]]":
    """Rows of the table ``snippets`` that are the user's, in time order.

    With ``indexed`` among its conditions, SQLite would read the snippets of all users: that column has an index, too.
    """
    rows = own.execute(own.select(tables().snippets, tables().snippets, tables().events.c.epoch))
    return sorted(rows, key=lambda row: (row.epoch is None, row.epoch or 0.0, row.event_pk, row.ordinal))


def event_of(row: "Row[Any]") -> Event:
    """A row of the table ``events`` as an event."""
    return Event(
        user_id=row.user_id,
        event_id=row.event_id,
        text=row.text,
        timestamp=row.timestamp,
        epoch=row.epoch,
        channel=row.channel,
        speaker=row.speaker,
        role=row.role,
        raw=row.raw,
        metadata=json.loads(row.metadata),
        language=row.language,
        copy_of=row.copy_of,
    )


def _cut(row: "Row[Any]", event: Event) -> Snippet:
    return Snippet.cut(event, row.ordinal, row.start, row.end, row.speaker, row.role, wide=row.wide)
