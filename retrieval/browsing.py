"""Reads a record a page at a time, for people who look through it: users, the events of one, what is around an event.

However long a history is, a page costs no more memory than what is on it. Knows nothing of how pages are shown.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from retrieval.drafts import user_key
from retrieval.errors import InputError, shorten
from retrieval.events import Event
from retrieval.history import event_of
from retrieval.own import Own, UnknownUser
from retrieval.paging import UNDATED, Place, events_at, places
from retrieval.permits import permits_of
from retrieval.sql import Database, chunks, tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

__all__ = ["Around", "Browsing", "HistoryPage", "Outline", "Period", "UserPage", "UserRow"]

_MOST_SEARCHED: Final = 20_000


class HistoryPage(NamedTuple):
    """Events, newest first; ``newer`` and ``older``: whether there are more, before the first and after the last."""

    events: tuple[Event, ...]
    first: Place | None
    last: Place | None
    newer: bool
    older: bool


class Around(NamedTuple):
    """An event with those of its channel just ``before`` and ``after`` it, oldest first, and whether there are more."""

    event: Event
    place: Place
    before: tuple[Event, ...]
    after: tuple[Event, ...]
    more_before: bool
    more_after: bool


class Outline(NamedTuple):
    """A history in numbers: events in all and by channel (None: of none), and the first and last time."""

    events: int
    channels: Mapping[str | None, int]
    first: str | None
    last: str | None


class Period(NamedTuple):
    """A day (``2026-03-01``) or month (``2026-03``; "" of events without a time), how many events, and some of them."""

    key: str
    events: int
    places: tuple[Place, ...]


class UserRow(NamedTuple):
    """A user; ``last``: the time of the newest event, None where no event has one."""

    user_id: str
    events: int
    last: str | None


class UserPage(NamedTuple):
    """Users, those who wrote last first; ``total``: how many there are on all pages."""

    users: tuple[UserRow, ...]
    total: int


class Browsing:
    """Pages of a record; of profiles, those that may be told for a purpose (None: the store's first one)."""

    def __init__(self, database: Database, purpose: str | None = None) -> None:
        self._database = database
        self._purpose = purpose

    def bound(self, purpose: str | None) -> "Browsing":
        """The same, for a purpose."""
        return Browsing(self._database, purpose)

    def users(self, limit: int, offset: int = 0, *, matching: str = "", among: Collection[str] = ()) -> UserPage:
        """A page of users: all, or those with ``matching`` in their id (in any case), and those ``among`` these ids."""
        from sqlalchemy import func, or_, select

        events = tables().events
        moment = func.coalesce(func.max(events.c.epoch), UNDATED).label("moment")
        grouped = select(
            func.min(events.c.user_id).label("user_id"),
            events.c.user_key,
            func.count().label("events"),
            moment,
        ).group_by(events.c.user_key)
        if matching or among:
            keys = [user_key(each) for each in among]
            alike = [events.c.user_id.icontains(matching, autoescape=True)] if matching else []
            grouped = grouped.where(or_(*alike, events.c.user_key.in_(keys)))
        found = grouped.subquery()
        page = select(found, func.count().over().label("total")).order_by(found.c.moment.desc(), found.c.user_id)
        with self._database.reading() as db:
            rows = db.execute(page.limit(limit).offset(offset)).all()
            total = rows[0].total if rows else db.execute(select(func.count()).select_from(found)).scalar_one()
            last = [_time_at(Own(db, row.user_id), row.moment) for row in rows]
        found_users = zip(rows, last, strict=True)
        return UserPage(tuple(UserRow(row.user_id, row.events, time) for row, time in found_users), total)

    def outline(self, user_id: str) -> Outline:
        """A user's history in numbers.

        Raises:
            UnknownUser: there is no event of the user.
        """
        from sqlalchemy import func

        events = tables().events
        columns = events.c.channel, func.count().label("times"), func.min(events.c.epoch), func.max(events.c.epoch)
        with self._database.reading() as db:
            own = Own(db, user_id)
            rows = own.execute(own.select(events, *columns).group_by(events.c.channel)).all()
            if not rows:
                raise UnknownUser(user_id)
            first = min((row[2] for row in rows if row[2] is not None), default=UNDATED)
            last = max((row[3] for row in rows if row[3] is not None), default=UNDATED)
            bounds = _time_at(own, first), _time_at(own, last)
        channels = {row.channel: row.times for row in sorted(rows, key=lambda row: -row.times)}
        return Outline(sum(channels.values()), channels, *bounds)

    def page(
        self,
        user_id: str,
        limit: int,
        *,
        before: Place | None = None,
        after: Place | None = None,
        until: float | None = None,
        channel: str | None = None,
    ) -> HistoryPage:
        """Events of a user, newest first: the newest ones, those ``before`` or ``after`` a place, or ``until`` a time.

        Raises:
            UnknownUser: there is no event of the user.
        """
        chosen = [] if channel is None else [tables().events.c.channel == channel]
        if until is not None:
            before = Place(until, 2**31 - 1)
        with self._database.reading() as db:
            own = Own(db, user_id)
            own.check()
            if after is not None:
                found = places(own, limit + 1, chosen, behind=after, newest_first=False)
                shown, newer = found[:limit][::-1], len(found) > limit
                last = _last(shown, after)
                older = bool(places(own, 1, chosen, behind=last, newest_first=True))
            else:
                found = places(own, limit + 1, chosen, behind=before, newest_first=True)
                shown, older = found[:limit], len(found) > limit
                start = shown[0] if shown else before
                newer = start is not None and bool(places(own, 1, chosen, behind=start, newest_first=False))
            events = tuple(events_at(own, shown).values())
        return HistoryPage(events, shown[0] if shown else None, shown[-1] if shown else None, newer, older)

    def around(self, user_id: str, event_id: str, most: int) -> Around:
        """An event with at most so many of its channel before it, and after it.

        Raises:
            UnknownUser: there is no event of the user.
            InputError: the user has no such event.
        """
        events = tables().events
        with self._database.reading() as db:
            own = Own(db, user_id)
            row = next(own.named([event_id]), None)
            if row is None:
                own.check()
                raise InputError(f"user {shorten(user_id)} has no event {shorten(event_id)}")
            place = Place(UNDATED if row.epoch is None else row.epoch, row.pk)
            same = [events.c.channel.is_(None) if row.channel is None else events.c.channel == row.channel]
            before = places(own, most + 1, same, behind=place, newest_first=True)
            after = places(own, most + 1, same, behind=place, newest_first=False)
            return Around(
                event_of(row),
                place,
                tuple(events_at(own, before[:most][::-1]).values()),
                tuple(events_at(own, after[:most]).values()),
                len(before) > most,
                len(after) > most,
            )

    def periods(self, user_id: str, by: Literal["day", "month"], most: int) -> list[Period]:
        """The days or months of a history, newest first, each with the places of ``most`` events: the user's own first.

        Reads each row once, however long the history is. A user without events has no periods.
        """
        from sqlalchemy import case, func

        events = tables().events
        key = func.substr(func.coalesce(events.c.timestamp, ""), 1, 10 if by == "day" else 7)
        moment = func.coalesce(events.c.epoch, UNDATED)
        own_first = case((events.c.role == "user", 0), else_=1)
        rank = func.row_number().over(partition_by=key, order_by=(own_first, moment.desc(), events.c.pk.desc()))
        count = func.count().over(partition_by=key)
        labels = key.label("key"), count.label("events"), moment.label("moment"), events.c.pk, rank.label("rank")
        with self._database.reading() as db:
            own = Own(db, user_id)
            wanted = own.among(own.select(events, *labels))
            found = wanted.selected_columns
            rows = own.execute(wanted.where(found.rank <= most).order_by(found.key.desc(), found.rank)).all()
        return [
            Period(name, same[0].events, tuple(Place(row.moment, row.pk) for row in same))
            for name, same in ((name, list(group)) for name, group in groupby(rows, lambda row: str(row.key)))
        ]

    def at(self, user_id: str, places: Collection[Place]) -> dict[Place, Event]:
        """The user's events at places that a page or a period has named, without those that were erased since."""
        with self._database.reading() as db:
            return events_at(Own(db, user_id), places)

    def latest_documents(self, user_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The newest version of any profile of these users, where there is one, by user id."""
        kept = tables().versions
        keys = [user_key(each) for each in user_ids]
        with self._database.reading() as db:
            newest = self._newest(db, [kept.c.user_key.in_(keys)])
            wanted = kept.select().with_only_columns(kept.c.user_id, kept.c.document).where(kept.c.pk.in_(newest))
            return {row.user_id: json.loads(row.document) for row in db.execute(wanted)}

    def documents_with(self, words: str, most: int) -> dict[str, dict[str, Any]] | None:
        """The newest profiles that hold these words anywhere, by user id, at most so many; case counts but for A to Z.

        None: there are too many profiles to look through them.
        """
        from sqlalchemy import func, select

        kept = tables().versions
        written = json.dumps(words)[1:-1]
        with self._database.reading() as db:
            if db.execute(select(func.count()).select_from(kept)).scalar_one() > _MOST_SEARCHED:
                return None
            found: dict[str, dict[str, Any]] = {}
            for part in chunks(self._newest(db, [])):
                wanted = select(kept.c.user_id, kept.c.document).where(
                    kept.c.pk.in_(part), kept.c.document.icontains(written, autoescape=True)
                )
                rows = db.execute(wanted.limit(most - len(found)))
                found.update({row.user_id: json.loads(row.document) for row in rows})
            return found

    def _newest(self, db: "Connection", chosen: "Sequence[ColumnElement[bool]]") -> list[int]:
        """The numbers of the newest version of each user's that may be told."""
        kept = tables().versions
        columns = (kept.c.pk, kept.c.user_id, kept.c.purpose, kept.c.sensitive)
        rows = db.execute(kept.select().with_only_columns(*columns).where(*chosen).order_by(kept.c.pk)).all()
        permits = permits_of(db, (row.user_id for row in rows), self._purpose)
        told = {row.user_id: row.pk for row in rows if row.user_id in permits and permits[row.user_id].covers(row)}
        return list(told.values())


def _last(places: Sequence[Place], otherwise: Place) -> Place:
    return places[-1] if places else Place(otherwise.moment, otherwise.number + 1)


def _time_at(own: Own, moment: float) -> str | None:
    from sqlalchemy import func

    events = tables().events
    if moment == UNDATED:
        return None
    there = own.select(events, func.min(events.c.timestamp)).where(events.c.epoch == moment)
    found: str | None = own.execute(there).scalar()
    return found
