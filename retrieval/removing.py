"""Takes events out of the record in one transaction, with all that was cut from them, made of them or said of that.

Knows the tables, not vectors or files. What was made of a history is JSON that only its maker understands, who says
what of it was made without the events that go (:class:`Derived`).
"""

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from retrieval.copies import mark_copies, unmark
from retrieval.drafts import user_key
from retrieval.receipts import Erased
from retrieval.scopes import Scope
from retrieval.sql import chunks, tables
from retrieval.tombstones import Said

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

__all__ = ["Derived", "Gone", "Nothing", "Removal", "plan_removal", "remove"]


class Gone(NamedTuple):
    """The events that go: their ids, and the lowest of the numbers that they got when they were loaded."""

    events: frozenset[str]
    oldest: int


class Derived(Protocol):
    """What stays of that which was made of a history, when some of its events go."""

    def keeps(self, private: dict[str, Any], gone: Gone) -> bool:
        """Whether a version of a profile was made without them."""

    def correction(self, document: dict[str, Any], gone: Gone) -> dict[str, Any] | None:
        """What stays of a correction; None: nothing."""


class Nothing:
    """Nothing stays: for whoever does not know what was made of the events."""

    def keeps(self, private: dict[str, Any], gone: Gone) -> bool:
        """No."""
        return False

    def correction(self, document: dict[str, Any], gone: Gone) -> dict[str, Any] | None:
        """Nothing."""
        return None


class Removal(NamedTuple):
    """What goes: rows of the tables by their primary keys; ``cut``: corrections of which a part stays."""

    events: Sequence[int]
    said: Sequence[Said]
    vectors: Sequence[str]
    versions: Sequence[int]
    corrections: Sequence[int]
    cut: dict[int, dict[str, Any]]
    consents: Sequence[int]
    erased: Erased


def plan_removal(db: "Connection", user_id: str, scope: Scope, derived: Derived) -> Removal:
    """What an erasure would take out; nothing, when there is nothing of the user.

    Raises:
        InputError: nothing is in the scope, or one of its ids is not there.
    """
    events = tables().events
    own = db.execute(events.select().where(events.c.user_key == user_key(user_id))).all()
    chosen = scope.choose(user_id, own)
    pks = [row.pk for row in chosen]
    snippets = _snippets(db, pks)
    gone = Gone(frozenset(row.event_id for row in chosen), min(pks, default=0))
    every = len(chosen) == len(own)  # without events, nobody can see what is left
    versions, corrections, cut = _derived(db, user_id, gone, Nothing() if every else derived)
    consents = _consents(db, user_id) if scope.is_whole else []
    erased = Erased(
        events=len(chosen),
        raw_forms=sum(row.raw is not None for row in chosen),
        snippets=sum(not row.wide for row in snippets),
        vectors=len(snippets),
        profile_versions=len(versions),
        corrections=len(corrections),
        corrections_cut=len(cut),
        consents=len(consents),
        events_left=len(own) - len(chosen),
        undated=scope.undated(own),
    )
    said = [Said(user_id, row.event_id, row.timestamp, row.epoch, row.text) for row in chosen]
    return Removal(pks, said, [row.vector_id for row in snippets], versions, corrections, cut, consents, erased)


def remove(db: "Connection", removal: Removal) -> None:
    """Take it out, and note which vectors have to leave the index."""
    kept = tables()
    if removal.vectors:
        db.execute(kept.removals.insert(), [{"vector_id": each} for each in removal.vectors])
    others = [] if not removal.erased.events_left else [*(set(unmark(db, removal.events)) - set(removal.events))]
    for part in chunks(removal.events):
        db.execute(kept.events.delete().where(kept.events.c.pk.in_(part)))  # and with them snippets and keys of copies
    if others:
        mark_copies(db, sorted(others))
    for part in chunks(removal.versions):
        db.execute(kept.versions.delete().where(kept.versions.c.pk.in_(part)))
    for part in chunks(removal.corrections):
        db.execute(kept.corrections.delete().where(kept.corrections.c.pk.in_(part)))
    for part in chunks(removal.consents):
        db.execute(kept.consents.delete().where(kept.consents.c.pk.in_(part)))
    for pk, document in removal.cut.items():
        change = kept.corrections.update().where(kept.corrections.c.pk == pk)
        db.execute(change.values(document=json.dumps(document)))


def _snippets(db: "Connection", events: Collection[int]) -> "list[Row[Any, Any]]":
    snippets = tables().snippets
    wanted = snippets.select().with_only_columns(snippets.c.vector_id, snippets.c.wide)
    return [row for part in chunks(list(events)) for row in db.execute(wanted.where(snippets.c.event_pk.in_(part)))]


def _consents(db: "Connection", user_id: str) -> list[int]:
    kept = tables().consents
    return list(db.scalars(kept.select().with_only_columns(kept.c.pk).where(kept.c.user_key == user_key(user_id))))


def _derived(
    db: "Connection", user_id: str, gone: Gone, derived: Derived
) -> tuple[list[int], list[int], dict[int, dict[str, Any]]]:
    """Which versions and corrections go, and what stays of others."""
    versions, corrections = tables().versions, tables().corrections
    key = user_key(user_id)
    made = versions.select().with_only_columns(versions.c.pk, versions.c.private).where(versions.c.user_key == key)
    going = [row.pk for row in db.execute(made) if not derived.keeps(json.loads(row.private), gone)]
    dropped, cut = [], {}
    for row in db.execute(corrections.select().where(corrections.c.user_key == key)):
        before = json.loads(row.document)
        after = derived.correction(before, gone)
        if after is None:
            dropped.append(row.pk)
        elif after != before:
            cut[row.pk] = after
    return going, dropped, cut
