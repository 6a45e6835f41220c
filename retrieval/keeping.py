"""Keeps what is made of a history beside it: versions of profiles, and the corrections that people made.

Documents are JSON that only who made them understands. Knows how versions are numbered, nothing of what is in them.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.drafts import user_key
from retrieval.errors import NotFound, StoreBusy, shorten
from retrieval.own import Own
from retrieval.paging import Page, numbered_page
from retrieval.permits import Permit, permit_of, permits_of
from retrieval.sql import Database, tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row, Select, Table

__all__ = ["Correction", "HistoryMark", "Keeping", "Version", "VersionNote"]


class HistoryMark(NamedTuple):
    """What a user's history is at a time: a hash over all its events, the number of the one loaded last, a hash over
    their ids, and how many erasures there were in the store."""

    digest: str
    newest: int
    present: str
    erasures: int


class VersionNote(NamedTuple):
    """A version of a profile, counted from 1 for each user and name of a schema; ``made_at`` is when it came to be.

    ``purpose``: what it was made for; ``sensitive``: the categories of sensitive data that it holds, with commas
    between them; None: nobody knows.
    """

    user_id: str
    schema: str
    schema_hash: str
    number: int
    made_at: str
    purpose: str | None = None
    sensitive: str | None = None


class Version(NamedTuple):
    """A version with its document, and with what its maker needs to go on from there."""

    note: VersionNote
    document: dict[str, Any]
    private: dict[str, Any]


class Correction(NamedTuple):
    """What a person said of a value of a user's profile under a schema."""

    user_id: str
    schema: str
    document: dict[str, Any]


class Keeping:
    """The versions and corrections in a record.

    Each call is one transaction: a version is there whole or not at all, and two processes never make the same number.
    What is bound to a purpose (:meth:`bound`) reads and writes only what may be made and told for it.

    Raises:
        ConsentMissing: from every method about profiles or corrections of a user, when it is bound to a purpose for
            which nothing may be.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_bound = False
        self._purpose: str | None = None

    def bound(self, purpose: str | None) -> "Keeping":
        """The same, for a purpose; None: the store's first one."""
        keeping = Keeping(self._database)
        keeping._is_bound, keeping._purpose = True, purpose
        return keeping

    def permit(self, user_id: str) -> Permit:
        """What may be made of, and told about, a user."""
        with self._database.reading() as db:
            return self._permit(db, user_id)

    def _permit(self, db: "Connection", user_id: str) -> Permit:
        return permit_of(db, user_id, self._purpose) if self._is_bound else Permit()

    def mark(self, user_id: str) -> HistoryMark:
        """What the user's history is now; equal exactly when no event came, went or changed."""
        events = tables().events
        digest, present, newest = hashlib.sha256(), hashlib.sha256(), 0
        with self._database.reading() as db:
            own = Own(db, user_id)
            wanted = own.select(events, events.c.pk, events.c.event_key, events.c.content_hash)
            for row in own.execute(wanted.order_by(events.c.event_key)):
                digest.update(f"{row.event_key} {row.content_hash}\n".encode())
                present.update(row.event_key.encode())
                newest = max(newest, row.pk)
            erasures = _erasures(db)
        return HistoryMark(digest.hexdigest(), newest, present.hexdigest(), erasures)

    def loaded_since(self, user_id: str, newest: int) -> set[str]:
        """The ids of the user's events that were loaded after the one with this number."""
        events = tables().events
        with self._database.reading() as db:
            own = Own(db, user_id)
            return set(own.scalars(own.select(events, events.c.event_id).where(events.c.pk > newest)))

    def versions(self, user_id: str, schema: str | None = None) -> list[VersionNote]:
        """The user's versions, oldest first: all, or those under the schema of this name."""
        kept = tables().versions
        columns = [kept.c[name] for name in VersionNote._fields]
        with self._database.reading() as db:
            permit, own = self._permit(db, user_id), Own(db, user_id)
            wanted = own.select(kept, *columns).where(*_under(kept, schema))
            rows = own.execute(wanted.order_by(kept.c.made_at, kept.c.pk))
            return [VersionNote(*row) for row in rows if permit.covers(row)]

    def version_page(self, user_id: str, limit: int, after: int = 0, *, schema: str | None = None) -> Page[VersionNote]:
        """At most ``limit`` of the user's versions in the order in which they were made, from behind a place on."""
        kept = tables().versions
        columns = [kept.c[name] for name in VersionNote._fields]
        with self._database.reading() as db:
            permit, own = self._permit(db, user_id), Own(db, user_id)

            def told(rows: "Sequence[Row[Any]]") -> "list[Row[Any]]":
                return [row for row in rows if permit.covers(row)]

            wanted = own.select(kept, kept.c.pk, *columns).where(*_under(kept, schema))
            page = numbered_page(own.execute, wanted, kept.c.pk, limit, after, told)
        return Page([_note(row) for row in page.items], page.next)

    def version(self, user_id: str, schema: str, number: int) -> Version:
        """One version.

        Raises:
            NotFound: there is none with this number.
        """
        kept = tables().versions
        with self._database.reading() as db:
            permit, own = self._permit(db, user_id), Own(db, user_id)
            wanted = own.select(kept).where(*_under(kept, schema), kept.c.number == number)
            row = own.execute(wanted).one_or_none()
        if row is None or not permit.covers(row):
            raise NotFound(
                f"user {shorten(user_id)} has no version {number} of the profile {shorten(schema)}",
                hint="`limner versions USER` lists them",
            )
        return _version(row)

    def latest(self, user_id: str, schema: str, schema_hash: str) -> Version | None:
        """The latest version under exactly this schema, else under another one of its name."""
        kept = tables().versions
        same = (kept.c.schema_hash == schema_hash).desc()
        with self._database.reading() as db:
            permit, own = self._permit(db, user_id), Own(db, user_id)
            wanted = own.select(kept, kept.c.pk, kept.c.purpose, kept.c.sensitive).where(*_under(kept, schema))
            rows = own.execute(wanted.order_by(same, kept.c.number.desc()))
            first = next((row.pk for row in rows if permit.covers(row)), None)
            return None if first is None else _version(own.execute(own.select(kept).where(kept.c.pk == first)).one())

    def save(
        self,
        note: VersionNote,
        content: str,
        document: dict[str, Any],
        private: dict[str, Any],
        mark: HistoryMark | None = None,
    ) -> VersionNote:
        """Keep a profile as the next version (the number of ``note`` counts for nothing); the note as it was kept.

        Where the latest version under the same schema, for the same purpose, has the same ``content`` (a hash of
        whatever makes a version differ), it stays the latest one, and takes ``document`` and ``private``.

        Raises:
            StoreBusy: something was forgotten since the history was as ``mark`` says; nothing is kept.
        """
        from sqlalchemy import func

        kept = tables().versions
        here = _under(kept, note.schema)
        texts = {"document": json.dumps(document), "private": json.dumps(private), "sensitive": note.sensitive}
        with self._database.writing() as db:
            own = Own(db, note.user_id)
            self._permit(db, note.user_id)  # it may have been withdrawn meanwhile
            _check_nothing_gone(own, mark)
            same = kept.c.purpose.is_not_distinct_from(note.purpose)
            alike = own.select(kept).where(*here, kept.c.schema_hash == note.schema_hash, same)
            last = own.execute(alike.order_by(kept.c.number.desc()).limit(1)).one_or_none()
            if last is not None and last.content == content:
                own.execute(own.update(kept).where(kept.c.pk == last.pk).values(texts))
                return _version(last).note
            number = (own.execute(own.select(kept, func.max(kept.c.number)).where(*here)).scalar() or 0) + 1
            made = note._replace(number=number)
            own.add(kept, [made._asdict() | texts | {"schema_key": user_key(note.schema), "content": content}])
            return made

    def correct(self, correction: Correction, mark: HistoryMark | None = None) -> None:
        """Keep a correction.

        Raises:
            StoreBusy: something was forgotten since the history was as ``mark`` says; nothing is kept.
        """
        values = {"schema_key": user_key(correction.schema), "document": json.dumps(correction.document)}
        with self._database.writing() as db:
            own = Own(db, correction.user_id)
            self._permit(db, correction.user_id)
            _check_nothing_gone(own, mark)
            own.add(tables().corrections, [correction._asdict() | values])

    def corrections(self, user_id: str | None = None, schema: str | None = None) -> list[Correction]:
        """Corrections in the order in which they were made: all, or one user's, or those under one schema.

        Of all users, those are left out about whom nothing may be told.
        """
        kept = tables().corrections
        with self._database.reading() as db:
            if user_id is not None:
                self._permit(db, user_id)
                own = Own(db, user_id)
                rows = own.execute(own.select(kept).where(*_under(kept, schema)).order_by(kept.c.pk)).all()
            else:
                rows = self._told(db, db.execute(_of_all(schema).order_by(kept.c.pk)).all())
            return [_correction(row) for row in rows]

    def correction_page(self, limit: int, after: int = 0, *, user_id: str | None = None) -> Page[Correction]:
        """At most ``limit`` of the same, from behind a place on."""
        kept = tables().corrections
        with self._database.reading() as db:
            if user_id is not None:
                self._permit(db, user_id)
                own = Own(db, user_id)
                page = numbered_page(own.execute, own.select(kept), kept.c.pk, limit, after)
            else:
                page = numbered_page(db.execute, _of_all(), kept.c.pk, limit, after, lambda rows: self._told(db, rows))
        return Page([_correction(row) for row in page.items], page.next)

    def _told(self, db: "Connection", rows: "Sequence[Row[Any]]") -> "Sequence[Row[Any]]":
        """Those about whose users something may be told."""
        if not self._is_bound:
            return rows
        allowed = permits_of(db, (row.user_id for row in rows), self._purpose)
        return [row for row in rows if row.user_id in allowed]


def _check_nothing_gone(own: Own, mark: HistoryMark | None) -> None:
    """What was made of events must not be kept when they were forgotten meanwhile."""
    if mark is None or _erasures(own.db) == mark.erasures:
        return
    events, present = tables().events, hashlib.sha256()
    for key in own.scalars(own.select(events, events.c.event_key).order_by(events.c.event_key)):
        present.update(key.encode())
    if present.hexdigest() != mark.present:
        raise StoreBusy(f"events of user {shorten(own.user_id)} were forgotten meanwhile", hint="Call again")


def _erasures(db: "Connection") -> int:
    from sqlalchemy import func, select

    return db.execute(select(func.count()).select_from(tables().erasures)).scalar_one()


def _under(kept: "Table", schema: str | None) -> "list[ColumnElement[bool]]":
    """The condition for what is kept under a schema's name (any length: its hash is compared); None: under any."""
    return [] if schema is None else [kept.c.schema_key == user_key(schema)]


def _of_all(schema: str | None = None) -> "Select[*tuple[Any, ...]]":
    """The corrections of all users."""
    kept = tables().corrections
    return kept.select().where(*_under(kept, schema))


def _correction(row: "Row[Any]") -> Correction:
    return Correction(row.user_id, row.schema, json.loads(row.document))


def _note(row: "Row[Any]") -> VersionNote:
    return VersionNote(*(getattr(row, name) for name in VersionNote._fields))


def _version(row: "Row[Any]") -> Version:
    return Version(_note(row), json.loads(row.document), json.loads(row.private))
