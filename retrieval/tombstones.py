"""Remembers what was forgotten, by keyed hashes that tell nobody what it was, and keeps it from being loaded again.

Of a user that was forgotten, whatever is from before that moment stays out, also what the store never had, and so does
what has no time; what is from later comes in, since someone who comes back is a customer again. Of events that were
forgotten, exactly these stay out: by their id, and by what was said when. An event that is in the store can be loaded
again whatever is remembered of it: somebody brought it back on purpose.

Knows nothing of how anything is erased.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from retrieval.drafts import Draft, event_key
from retrieval.events import Event
from retrieval.seal import Seal
from retrieval.sql import Database, chunks, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Said", "Tombstones", "is_after"]

_MOST_HOURS_AHEAD: Final = 14 * 3600
"""A time without a zone may be so many seconds earlier than it reads: it was written down at UTC+14."""


class Said(NamedTuple):
    """What an event is known by: its id, and what was said when."""

    user_id: str
    event_id: str
    timestamp: str | None
    epoch: float | None
    text: str


class Tombstones:
    """The keyed hashes in a record.

    Args:
        database: of the record.
        seal: makes the hashes.
    """

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    def subject(self, user_id: str) -> str:
        """What receipts call a user."""
        return self._seal.mark("user", user_id)

    def forgotten(self, users: Iterable[str]) -> set[str]:
        """Which of these users were forgotten whole, whenever that was."""
        stones = tables().tombstones
        marks = {self.subject(user): user for user in users}
        found: set[str] = set()
        with self._database.reading() as db:
            for part in chunks(list(marks)):
                whole = stones.select().where(stones.c.mark.in_(part), stones.c.until.is_not(None))
                found.update(marks[row.mark] for row in db.execute(whole))
        return found

    def set_user(self, db: "Connection", user_id: str, until: float) -> None:
        """Remember that all of a user was forgotten, at the moment ``until``; of several moments the latest counts."""
        stones = tables().tombstones
        mark = self.subject(user_id)
        own = stones.c.mark == mark
        if db.execute(stones.select().where(own)).first() is None:
            db.execute(stones.insert().values(mark=mark, kind="user", until=until))
        db.execute(stones.update().where(own, stones.c.until.is_(None) | (stones.c.until < until)).values(until=until))

    def set_events(self, db: "Connection", events: Iterable[Said]) -> None:
        """Remember that single events were forgotten."""
        stones = tables().tombstones
        marks = {mark: kind for each in events for kind, mark in self._of_event(each).items()}
        for part in chunks(list(marks)):
            known = set(db.scalars(stones.select().with_only_columns(stones.c.mark).where(stones.c.mark.in_(part))))
            if new := [{"mark": mark, "kind": marks[mark], "until": None} for mark in part if mark not in known]:
                db.execute(stones.insert(), new)

    def remember(self, events: Iterable[Event]) -> bool:
        """Whether each of these events was forgotten; False of none."""
        forms = [[_said(event)] for event in events]
        return bool(forms) and all(self.refuse(forms))

    def refused(self, drafts: Sequence[Draft]) -> list[bool]:
        """Which drafts must not be written, since they were forgotten.

        Raises:
            StoreError: something was forgotten, but the key is missing.
        """
        return self.refuse([[_said(form) for form in (each.event, *each.former)] for each in drafts])

    def refuse(self, forms: Sequence[Sequence[Said]]) -> list[bool]:
        """The same of what events are known by, each in all its forms, the present one first."""
        events, stones = tables().events, tables().tombstones
        with self._database.reading() as db:
            if not forms or db.execute(stones.select().limit(1)).first() is None:
                return [False] * len(forms)
            said = [each[0] for each in forms]
            users = {user: self.subject(user) for user in {each.user_id for each in said}}
            marks = [{mark for form in each for mark in self._of_event(form).values()} for each in forms]
            wanted = {*users.values(), *(mark for each in marks for mark in each)}
            until: dict[str, float | None] = {}
            for part in chunks(sorted(wanted)):
                rows = db.execute(stones.select().where(stones.c.mark.in_(part)))
                until.update((row.mark, row.until) for row in rows)
            if not until:
                return [False] * len(forms)
            keys = [{event_key(form.user_id, form.event_id) for form in each} for each in forms]
            present: set[str] = set()
            column = events.c.event_key
            for part in chunks(sorted(set().union(*keys))):
                present.update(db.scalars(events.select().with_only_columns(column).where(column.in_(part))))
        return [
            present.isdisjoint(key)
            and (not until.keys().isdisjoint(own) or _is_before(each, until.get(users[each.user_id])))
            for key, own, each in zip(keys, marks, said, strict=True)
        ]

    def _of_event(self, said: Said) -> dict[str, str]:
        return {
            "event": self._seal.mark("event", said.user_id, said.event_id),
            "content": self._seal.mark("content", said.user_id, said.epoch, said.text),
        }


def is_after(said: Said, moment: float) -> bool:
    """Whether an event is surely from after a moment."""
    if said.epoch is None or said.timestamp is None:
        return False
    zoned = said.timestamp.endswith("Z")
    return said.epoch - (0 if zoned else _MOST_HOURS_AHEAD) > moment


def _is_before(said: Said, forgotten: float | None) -> bool:
    return forgotten is not None and not is_after(said, forgotten)


def _said(event: Event) -> Said:
    return Said(event.user_id, event.event_id, event.timestamp, event.epoch, event.text)
