"""Reads a record a page at a time: users by id, events by time. Nothing is read that is not on the page.

Writes nothing; knows nothing of protocols, nor of what cursors look like there.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.drafts import user_key
from retrieval.events import Event, Role
from retrieval.history import event_of
from retrieval.scopes import bounds
from retrieval.sql import Database, tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

__all__ = ["EventFilter", "EventPage", "Place", "page_of_events", "user_ids"]


class Place(NamedTuple):
    """Where an event stands in its user's time order: events without a time (``epoch`` None) are the last ones."""

    epoch: float | None
    pk: int


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
    from sqlalchemy import select

    events = tables().events
    narrow = select(events.c.pk, events.c.epoch).where(events.c.user_key == user_key(user_id))
    narrow = narrow.where(*(wanted or EventFilter()).conditions())
    with database.reading() as db:
        found = db.execute(_ordered(narrow, after, newest_first).limit(limit + 1)).all()
        shown = [row.pk for row in found[:limit]]
        rows = {row.pk: row for row in db.execute(events.select().where(events.c.pk.in_(shown)))}
    more = Place(found[limit - 1].epoch, found[limit - 1].pk) if len(found) > limit else None
    return EventPage([event_of(rows[pk]) for pk in shown], more)


def _ordered(narrow: "Select[Any]", after: Place | None, newest_first: bool) -> "Select[Any]":
    """In time order from behind a place on. Undated events are the last ones, or the first ones of the other order."""
    from sqlalchemy import and_, or_

    epoch, pk = tables().events.c.epoch, tables().events.c.pk
    if after is not None:
        behind = pk < after.pk if newest_first else pk > after.pk
        if after.epoch is None:
            same = and_(epoch.is_(None), behind)
            narrow = narrow.where(or_(same, epoch.is_not(None)) if newest_first else same)
        elif newest_first:
            narrow = narrow.where(or_(epoch < after.epoch, and_(epoch == after.epoch, behind)))
        else:
            later = or_(epoch > after.epoch, and_(epoch == after.epoch, behind), epoch.is_(None))
            narrow = narrow.where(later)
    if newest_first:
        return narrow.order_by(epoch.is_(None).desc(), epoch.desc(), pk.desc())
    return narrow.order_by(epoch.is_(None), epoch, pk)


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
