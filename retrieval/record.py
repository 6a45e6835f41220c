"""The record: every event and snippet in SQL, the source of truth, and what the vector index still owes it.

``history`` reads it back. Knows nothing of Chroma or of embedders, only which vectors there should be.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import uuid4

from retrieval.buckets import ROOM, Numbering
from retrieval.drafts import Applied, Draft, DraftWriter, passage
from retrieval.history import with_events
from retrieval.index import Labels
from retrieval.own import Own
from retrieval.sql import Database, chunks, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select

__all__ = ["Pending", "Record", "begin_edition", "raise_generation"]

_NUMBERING: Final = "collections"
_EDITION: Final = "edition"


class Pending(NamedTuple):
    """A snippet whose vector is not in the index yet: what to embed, and under which id and labels it goes in."""

    vector_id: str
    passage: str
    labels: Labels


class Record:
    """The events and snippets of all users.

    A snippet's vector id ends with a hash of all that its vector and labels are made of; before, it tells where in the
    index it lies (see ``buckets``). The index is therefore complete and correct exactly when it holds the ids that the
    record lists, and a changed text means another id.

    Every transaction that says the index will change, or did, raises the ``generation``; whoever has the index open
    under an older one must open it again.
    """

    def __init__(self, database: Database, room: int = ROOM) -> None:
        self._database = database
        self._room = room

    def apply(self, drafts: Iterable[Draft]) -> Applied:
        """Write events in one transaction: new ones are added, changed ones replaced, repeated ones dropped.

        An event is repeated when it is new but the same user already said the same words as the same speaker at the
        same (known) time under another event id.
        """
        with self._database.writing() as db:
            numbering = Numbering(_get(db, _NUMBERING), self._room)
            writer = DraftWriter(db, numbering)
            writer.write(drafts)
            if numbering.changed:
                _set(db, _NUMBERING, numbering.text)
            if writer.applied.snippets:
                raise_generation(db)
            if writer.applied.added or writer.applied.updated:
                begin_edition(db)
        return writer.applied

    def generation(self) -> int:
        """How often the index was, or was about to be, changed."""
        return int(self.setting("generation") or 0)

    def edition(self) -> str | None:
        """A name for the events as they are: another one as soon as any comes, changes or goes."""
        return self.setting(_EDITION)

    def setting(self, key: str) -> str | None:
        """A value kept with the store, such as the embedder's name."""
        with self._database.reading() as db:
            return _get(db, key)

    def identity(self) -> str:
        """A name that no other store has; made when it is first asked for."""
        found = self.setting("store")
        if found is not None:
            return found
        meta = tables().meta
        with self._database.writing() as db:
            row = db.execute(meta.select().where(meta.c.key == "store")).one_or_none()
            name = uuid4().hex if row is None else str(row.value)
            _set(db, "store", name)
        return name

    def keep_settings(self, **values: str) -> None:
        """Set values kept with the store."""
        with self._database.writing() as db:
            for key, value in values.items():
                _set(db, key, value)

    def pending(self, limit: int) -> list[Pending]:
        """At most ``limit`` snippets that are not in the index, in the order they were written."""
        snippets = tables().snippets
        wanted = snippets.select().where(snippets.c.indexed.is_(False)).order_by(snippets.c.pk).limit(limit)
        return [each for _, each in self._to_embed(wanted)]

    def pages(self, size: int) -> Iterator[list[Pending]]:
        """All snippets, whether they are in the index or not, ``size`` at a time in the order they were written."""
        snippets = tables().snippets
        last = -1
        while True:
            page = self._to_embed(snippets.select().where(snippets.c.pk > last).order_by(snippets.c.pk).limit(size))
            if not page:
                return
            yield [each for _, each in page]
            last = page[-1][0]

    def listed(self, size: int) -> Iterator[list[tuple[str, Labels]]]:
        """The ids and labels of all vectors, ``size`` at a time in the order of the ids: those of a user together."""
        from sqlalchemy import select

        events, snippets = tables().events, tables().snippets
        wanted = select(snippets.c.vector_id, events.c.user_id, snippets.c.role, events.c.channel, events.c.epoch)
        wanted = wanted.join(events).order_by(snippets.c.vector_id).limit(size)
        last = ""
        while True:
            with self._database.reading() as db:
                rows = db.execute(wanted.where(snippets.c.vector_id > last)).all()
            if not rows:
                return
            yield [(row.vector_id, Labels(row.user_id, row.role, row.channel, row.epoch)) for row in rows]
            last = rows[-1].vector_id

    def _to_embed(self, wanted: "Select[Any]") -> list[tuple[int, Pending]]:
        with self._database.reading() as db:
            found = with_events(db.execute(wanted).all(), partial(_numbered, db))
        return [
            (
                row.pk,
                Pending(
                    row.vector_id,
                    passage(event, snippet),
                    Labels(event.user_id, snippet.role, event.channel, event.epoch),
                ),
            )
            for row, snippet, event in found
        ]

    def replaced(self, lacking: Sequence[str] = (), /, **settings: str) -> None:
        """Note that another index is in place, with all vectors but the ``lacking`` ones, and how it was made."""
        with self._database.writing() as db:
            snippets = tables().snippets
            db.execute(snippets.update().values(indexed=True))
            for part in chunks(lacking):
                db.execute(snippets.update().where(snippets.c.vector_id.in_(part)).values(indexed=False))
            db.execute(tables().removals.delete())
            for key, value in settings.items():
                _set(db, key, value)
            raise_generation(db)

    def removals(self, limit: int) -> list[str]:
        """At most ``limit`` ids of vectors that must leave the index."""
        with self._database.reading() as db:
            return list(db.scalars(tables().removals.select().limit(limit)))

    def settle(self, *, indexed: Sequence[str] = (), removed: Sequence[str] = ()) -> int:
        """Note that the index now has, or no longer has, these vectors; returns the new generation."""
        snippets, removals = tables().snippets, tables().removals
        with self._database.writing() as db:
            for part in chunks(indexed):
                db.execute(snippets.update().where(snippets.c.vector_id.in_(part)).values(indexed=True))
            for part in chunks(removed):
                db.execute(removals.delete().where(removals.c.vector_id.in_(part)))
            return raise_generation(db)

    def count(self, *, user_id: str | None = None, indexed: bool | None = None) -> int:
        """How many vectors there should be, or, of one user, how many snippets there are.

        ``indexed``: only those that are, or are not, in the index.
        """
        from sqlalchemy import func, select

        snippets = tables().snippets
        chosen = [] if indexed is None else [snippets.c.indexed.is_(indexed)]
        with self._database.reading() as db:
            if user_id is None:
                return db.execute(select(func.count()).select_from(snippets).where(*chosen)).scalar_one()
            own = Own(db, user_id)
            return int(own.execute(own.select(snippets, func.count()).where(~snippets.c.wide, *chosen)).scalar_one())

    def compare(self, present: set[str]) -> bool:
        """Take over what the index really holds: what it lacks becomes pending, what it has too much a removal.

        Returns whether anything differed.
        """
        snippets, removals = tables().snippets, tables().removals
        known = snippets.select().with_only_columns(snippets.c.vector_id, snippets.c.indexed)
        with self._database.writing() as db:
            listed = {row.vector_id: row.indexed for row in db.execute(known)}
            lost = [each for each, indexed in listed.items() if indexed and each not in present]
            extra = present - listed.keys()
            if not lost and not extra:
                return False
            for part in chunks(lost):
                db.execute(snippets.update().where(snippets.c.vector_id.in_(part)).values(indexed=False))
            db.execute(removals.delete())
            if extra:
                db.execute(removals.insert(), [{"vector_id": each} for each in extra])
            raise_generation(db)
            return True

    def forget_index(self) -> None:
        """Take all snippets for pending, since the index is about to be thrown away."""
        with self._database.writing() as db:
            db.execute(tables().snippets.update().values(indexed=False))
            db.execute(tables().removals.delete())
            raise_generation(db)


def raise_generation(db: "Connection") -> int:
    """Say, within a transaction, that the index changes; returns the new generation."""
    meta = tables().meta
    row = db.execute(meta.select().where(meta.c.key == "generation")).one_or_none()
    generation = 1 if row is None else int(row.value) + 1
    _set(db, "generation", str(generation))
    return generation


def begin_edition(db: "Connection") -> None:
    """Say, within a transaction, that events come, change or go."""
    _set(db, _EDITION, uuid4().hex)


def _numbered(db: "Connection", pks: Sequence[int]) -> "Iterator[Row[Any]]":
    """Rows of the table ``events``, whosever they are, without what is not embedded, which may be large."""
    from sqlalchemy import literal, select

    events = tables().events
    columns = [each for each in events.c if each.name not in ("raw", "metadata")]
    wanted: Select[Any] = select(*columns, literal(None).label("raw"), literal("{}").label("metadata"))
    for part in chunks(pks):
        yield from db.execute(wanted.where(events.c.pk.in_(part)))


def _get(db: "Connection", key: str) -> str | None:
    meta = tables().meta
    row = db.execute(meta.select().where(meta.c.key == key)).one_or_none()
    return None if row is None else str(row.value)


def _set(db: "Connection", key: str, value: str) -> None:
    meta = tables().meta
    if db.execute(meta.update().where(meta.c.key == key).values(value=value)).rowcount == 0:
        db.execute(meta.insert().values(key=key, value=value))
