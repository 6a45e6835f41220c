"""Takes events out of the record in one transaction, with all that was cut from them, made of them or said of that.

Knows the tables, not vectors or files. What was made of a history is JSON that only its maker understands, who says
what of it was made without the events that go (:class:`Derived`).
"""

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from retrieval.copies import mark_copies, unmark
from retrieval.own import Own
from retrieval.receipts import Erased
from retrieval.scopes import Scope
from retrieval.sql import chunks, tables
from retrieval.tombstones import Said

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Table

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
    """What of a user goes: rows of the tables by their primary keys; ``cut``: corrections of which a part stays."""

    user_id: str
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
    own = Own(db, user_id)
    there = own.execute(own.select(tables().events)).all()
    chosen = scope.choose(user_id, there)
    pks = [row.pk for row in chosen]
    snippets = _snippets(own, pks)
    gone = Gone(frozenset(row.event_id for row in chosen), min(pks, default=0))
    every = len(chosen) == len(there)  # without events, nobody can see what is left
    versions, corrections, cut = _derived(own, gone, Nothing() if every else derived)
    consents = _consents(own) if scope.is_whole else []
    erased = Erased(
        events=len(chosen),
        raw_forms=sum(row.raw is not None for row in chosen),
        snippets=sum(not row.wide for row in snippets),
        vectors=len(snippets),
        profile_versions=len(versions),
        corrections=len(corrections),
        corrections_cut=len(cut),
        consents=len(consents),
        events_left=len(there) - len(chosen),
        undated=scope.undated(there),
    )
    said = [Said(user_id, row.event_id, row.timestamp, row.epoch, row.text) for row in chosen]
    vectors = [row.vector_id for row in snippets]
    return Removal(user_id, pks, said, vectors, versions, corrections, cut, consents, erased)


def remove(db: "Connection", removal: Removal) -> None:
    """Take it out, and note which vectors have to leave the index."""
    kept, own = tables(), Own(db, removal.user_id)
    if removal.vectors:
        db.execute(kept.removals.insert(), [{"vector_id": each} for each in removal.vectors])
    others = [] if not removal.erased.events_left else [*(set(unmark(db, removal.events)) - set(removal.events))]
    _delete(own, kept.events, removal.events)  # and with them snippets and keys of copies
    if others:
        mark_copies(db, sorted(others))
    _delete(own, kept.versions, removal.versions)
    _delete(own, kept.corrections, removal.corrections)
    _delete(own, kept.consents, removal.consents)
    for pk, document in removal.cut.items():
        change = own.update(kept.corrections).where(kept.corrections.c.pk == pk)
        own.execute(change.values(document=json.dumps(document)))


def _delete(own: Own, table: "Table", pks: Sequence[int]) -> None:
    for part in chunks(pks):
        own.execute(own.delete(table).where(table.c.pk.in_(part)))


def _snippets(own: Own, events: Collection[int]) -> "list[Row[Any]]":
    snippets = tables().snippets
    wanted = own.select(snippets, snippets.c.vector_id, snippets.c.wide)
    return [row for part in chunks(list(events)) for row in own.execute(wanted.where(snippets.c.event_pk.in_(part)))]


def _consents(own: Own) -> list[int]:
    return list(own.scalars(own.select(tables().consents, tables().consents.c.pk)))


def _derived(own: Own, gone: Gone, derived: Derived) -> tuple[list[int], list[int], dict[int, dict[str, Any]]]:
    """Which versions and corrections go, and what stays of others."""
    versions, corrections = tables().versions, tables().corrections
    made = own.execute(own.select(versions, versions.c.pk, versions.c.private))
    going = [row.pk for row in made if not derived.keeps(json.loads(row.private), gone)]
    dropped, cut = [], {}
    for row in own.execute(own.select(corrections)):
        before = json.loads(row.document)
        after = derived.correction(before, gone)
        if after is None:
            dropped.append(row.pk)
        elif after != before:
            cut[row.pk] = after
    return going, dropped, cut
