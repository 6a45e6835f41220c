"""Forgets in a copy of a store what another store remembers as forgotten, and merges what the two remember.

A backup that is older than an erasure has what was erased. Before it takes the place of the store that knows better,
the copy forgets the same: whatever the store would refuse to load is taken out of it, with what was made of it. What
somebody brought back on purpose, and is in the store now, stays. Knows nothing of archives or of how a copy is put in
place.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.consents import entries_of, merge
from retrieval.errors import StoreError, UsageError
from retrieval.files import KEY
from retrieval.opening import Parts
from retrieval.own import Own
from retrieval.policies import POLICY
from retrieval.record import begin_edition, raise_generation
from retrieval.removing import Derived, plan_removal, remove
from retrieval.scopes import Scope
from retrieval.sql import tables
from retrieval.tombstones import Said

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

__all__ = ["Again", "bring_consents", "bring_key", "reapply"]


class Again(NamedTuple):
    """What was forgotten once more: so many users whole or in part, events, versions of profiles and corrections."""

    users: int = 0
    events: int = 0
    profile_versions: int = 0
    corrections: int = 0


def bring_key(store: Parts, copy: Parts, *, remembers: bool) -> None:
    """See that a copy has the key with which the store remembers.

    Args:
        remembers: whether the store remembers anything by its key.

    Raises:
        UsageError: the copy has another one.
        StoreError: the key is missing or cannot be read.
    """
    mine, its = store.seal_place.read(), copy.seal_place.read()
    if not remembers:
        return
    if mine is None:
        raise StoreError(
            f"the key of the store {store.database.name!r} is missing, without which it does not know what was "
            "forgotten",
            hint=f"Restore the file {KEY!r} first, or restore the backup into a new folder",
        )
    if its is None:
        copy.seal_place.make(mine)
    elif its != mine:
        raise UsageError(
            f"the backup is of another store than {store.database.name!r}: what was forgotten in the two cannot be "
            "merged",
            hint="Restore it into a new folder",
        )


def bring_consents(store: Parts, copy: Parts, *, remembers: bool) -> dict[str, str]:
    """Let the copy know who allowed and withdrew what since; returns the setting of the store's policy, if any.

    Args:
        remembers: whether the store remembers by its key who was forgotten.
    """
    log = tables().consents
    with store.database.reading() as db:
        theirs = entries_of(db, db.scalars(log.select().with_only_columns(log.c.user_id).distinct()))
    with copy.database.reading() as db:
        own = list(db.scalars(log.select().with_only_columns(log.c.user_id).distinct()))
    gone = store.forgetting.tombstones.forgotten(own) if remembers and own else set()
    with copy.database.writing() as db:
        merge(db, [each for entries in theirs.values() for each in entries], gone)
    policy = store.record.setting(POLICY)
    return {} if policy is None else {POLICY: policy}


def reapply(store: Parts, copy: Parts, derived: Derived) -> Again:
    """Take out of the copy what the store refuses, and add to it what the store remembers; both have the same key.

    Args:
        derived: says what of profiles and corrections was made without the events that go.
    """
    again = Again()
    for user_id in _users(copy):
        with copy.database.reading() as db:
            own = _said_of(db, user_id)
        refused = store.forgetting.tombstones.refuse([[each] for each in own])
        gone = [each.event_id for each, no in zip(own, refused, strict=True) if no]
        if gone:
            scope = Scope() if len(gone) == len(own) else Scope(tuple(gone))
            with copy.database.writing() as db:
                removal = plan_removal(db, user_id, scope, derived)
                remove(db, removal)
                raise_generation(db)
                begin_edition(db)
            erased = removal.erased
            again = Again(
                again.users + 1,
                again.events + erased.events,
                again.profile_versions + erased.profile_versions,
                again.corrections + erased.corrections,
            )
    with store.database.reading() as db:
        stones = db.execute(tables().tombstones.select()).all()
        receipts = db.execute(tables().erasures.select().order_by(tables().erasures.c.number)).all()
    with copy.database.writing() as db:
        _add_tombstones(db, stones)
        _add_receipts(db, receipts, copy)
    if again.users:
        copy.mirror.rewrite()
    return again


def _users(copy: Parts) -> list[str]:
    events = tables().events
    with copy.database.reading() as db:
        return sorted(db.scalars(events.select().with_only_columns(events.c.user_id).distinct()))


def _said_of(db: "Connection", user_id: str) -> list[Said]:
    own = Own(db, user_id)
    rows = own.execute(own.select(tables().events))
    return [Said(user_id, row.event_id, row.timestamp, row.epoch, row.text) for row in rows]


def _add_tombstones(db: "Connection", stones: "Sequence[Row[Any]]") -> None:
    """Of a user who was forgotten twice, the later moment counts."""
    kept = tables().tombstones
    there = {row.mark: row.until for row in db.execute(kept.select())}
    if new := [row._asdict() for row in stones if row.mark not in there]:
        db.execute(kept.insert(), new)
    for row in stones:
        if row.until is not None and row.mark in there and row.until > (there[row.mark] or 0):
            db.execute(kept.update().where(kept.c.mark == row.mark).values(until=row.until))


def _add_receipts(db: "Connection", receipts: "Sequence[Row[Any]]", copy: Parts) -> None:
    """The store's receipts keep their numbers; those that only the copy has follow them, signed anew."""
    kept = tables().erasures
    of_store = {_identity(row): row for row in receipts}
    own = [row for row in db.execute(kept.select().order_by(kept.c.number)).all() if _identity(row) not in of_store]
    db.execute(kept.delete())
    rows = [row._asdict() for row in receipts]
    number = max((row.number for row in receipts), default=0)
    for row in own:
        number += 1
        document = copy.forgetting.seal.signed({**json.loads(row.receipt), "number": number})
        rows.append({**row._asdict(), "number": number, "receipt": json.dumps(document)})
    if rows:
        db.execute(kept.insert(), rows)


def _identity(row: "Row[Any]") -> tuple[str, str, str]:
    """What makes two receipts those of one erasure, whatever became of it since."""
    document: Mapping[str, Any] = json.loads(row.receipt)
    return row.subject, str(document["erased_at"]), json.dumps(document["scope"], sort_keys=True)
