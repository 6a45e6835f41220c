"""Reads a record a page at a time: users by id, events by time, what is numbered by its number. Nothing is read that
is not on the page.

The one order of pages is told here: by time, then as it was loaded; events without a time are the oldest ones, so that
neither the newest messages nor the first dated ones hide behind them. Writes nothing; knows nothing of protocols, nor
of what cursors look like there.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from retrieval.events import Event, Role
from retrieval.history import event_of
from retrieval.own import Own
from retrieval.scopes import bounds
from retrieval.sql import Database, tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, CursorResult, Row, Select

__all__ = [
    "MOST_NUMBER",
    "UNDATED",
    "EventFilter",
    "EventPage",
    "Page",
    "Place",
    "events_at",
    "numbered_page",
    "page_of_events",
    "places",
    "user_ids",
]

_Item = TypeVar("_Item")

UNDATED: Final = -1.0
"""The moment of events without a time, before all times: the first year that is read is 1970."""

_END_OF_TIME: Final = 1e12
_READ_ON: Final = 500
MOST_NUMBER: Final = 2**31
"""Rows of the record have smaller numbers."""


class Place(NamedTuple):
    """Where an event stands in its user's history: its time in seconds since 1970, and its number in the record."""

    moment: float
    number: int

    @property
    def is_possible(self) -> bool:
        """Whether an event can stand there; what comes from outside may be anything."""
        return UNDATED <= self.moment < _END_OF_TIME and 0 <= self.number < MOST_NUMBER


class Page(NamedTuple, Generic[_Item]):
    """Some items in the order of their numbers in the record, and the number of the last one if there are more."""

    items: list[_Item]
    next: int | None


class EventPage(NamedTuple):
    """Some events in order, and where the last one stands if there are more."""

    events: list[Event]
    next: Place | None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: those for which all that is given holds.

    Attributes:
        since, until: a time, itself included (of a date as ``until``, the whole day); not for events without one.
        channel, speaker, role: exactly this one.

    Raises:
        UsageError: a time is none.
    """

    since: str | None = None
    until: str | None = None
    channel: str | None = None
    speaker: str | None = None
    role: Role | None = None

    def __post_init__(self) -> None:
        bounds(self.since, self.until)

    def conditions(self) -> "list[ColumnElement[bool]]":
        """What rows of the table ``events`` have to satisfy."""
        events = tables().events
        since, until = bounds(self.since, self.until)
        found = [events.c[name] == value for name in ("channel", "speaker", "role") if (value := getattr(self, name))]
        found += [] if since is None else [events.c.epoch >= since]
        return found if until is None else [*found, events.c.epoch <= until]


def page_of_events(
    database: Database,
    user_id: str,
    limit: int,
    after: Place | None = None,
    wanted: EventFilter | None = None,
    *,
    newest_first: bool = False,
) -> EventPage:
    """At most ``limit`` of the user's events in time order, from behind ``after`` on."""
    chosen = (wanted or EventFilter()).conditions()
    with database.reading() as db:
        own = Own(db, user_id)
        found = places(own, limit + 1, chosen, behind=after, newest_first=newest_first)
        events = [*events_at(own, found[:limit]).values()]
    return EventPage(events, found[limit - 1] if len(found) > limit else None)


def numbered_page(
    execute: "Callable[[Select[*tuple[Any, ...]]], CursorResult[*tuple[Any, ...]]]",
    wanted: "Select[*tuple[Any, ...]]",
    number: "ColumnElement[int]",
    limit: int,
    after: int = 0,
    told: "Callable[[Sequence[Row[Any]]], Sequence[Row[Any]]]" = list,
) -> "Page[Row[Any]]":
    """At most ``limit`` rows in the order of their numbers, from behind ``after`` on.

    Args:
        execute: runs a statement.
        wanted: gives the rows; ``number`` is the first of its columns.
        number: what rows are numbered by.
        limit, after: which.
        told: of rows those that may be told; what is left out is made up for by reading on.
    """
    found: list[Row[Any]] = []
    portion = limit + 1
    while True:
        rows = execute(wanted.where(number > after).order_by(number).limit(portion)).all()
        found += told(rows)
        if len(found) > limit:
            return Page(found[:limit], found[limit - 1][0])
        if len(rows) < portion:
            return Page(found, None)
        after, portion = rows[-1][0], max(portion, _READ_ON)


def places(
    own: Own,
    limit: int,
    chosen: "Sequence[ColumnElement[bool]]" = (),
    *,
    behind: Place | None = None,
    newest_first: bool,
) -> list[Place]:
    """At most ``limit`` places of the user's events, from the first one of the order or from ``behind`` a place on.

    Args:
        own: whose.
        limit: so many at most.
        chosen: what rows of the table ``events`` have to satisfy.
        behind: of the events after this one in the order, whichever it is.
        newest_first: which order.
    """
    from sqlalchemy import and_, func, or_

    events = tables().events
    moment, number = func.coalesce(events.c.epoch, UNDATED), events.c.pk
    wanted = own.select(events, moment, number).where(*chosen)
    if behind is not None and newest_first:
        same = and_(moment == behind.moment, number < behind.number)
        wanted = wanted.where(or_(moment < behind.moment, same))
    elif behind is not None:
        same = and_(moment == behind.moment, number > behind.number)
        wanted = wanted.where(or_(moment > behind.moment, same))
    order = (moment.desc(), number.desc()) if newest_first else (moment, number)
    return [Place(*row) for row in own.execute(wanted.order_by(*order).limit(limit))]


def events_at(own: Own, shown: Collection[Place]) -> dict[Place, Event]:
    """The user's events at these places, in their order, without those that are not there any more."""
    rows = {row.pk: row for row in own.numbered([each.number for each in shown])}
    return {each: event_of(rows[each.number]) for each in shown if each.number in rows}


def user_ids(database: Database) -> list[str]:
    """The ids of all users, sorted. Steps from user to user over the index, however many events each has."""
    from sqlalchemy import func, select

    events = tables().events
    keys = select(func.min(events.c.user_key).label("key")).cte("keys", recursive=True)
    other = events.alias()
    following = select(func.min(other.c.user_key)).where(other.c.user_key > keys.c.key).scalar_subquery()
    keys = keys.union_all(select(following).where(keys.c.key.is_not(None)))
    named = select(events.c.user_id).where(events.c.user_key == keys.c.key).limit(1).scalar_subquery()
    with database.reading() as db:
        return sorted(db.scalars(select(named).where(keys.c.key.is_not(None))))
