"""The database behind the record: the versions of its tables, and its transactions.

Knows nothing of events as objects, nor of the vector index.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from retrieval.backends import Backend, PostgreSQL, SQLiteFile
from retrieval.catalog import tables
from retrieval.encryption import StoreKey
from retrieval.errors import BackendUnavailable, NoStore, StoreError, shorten

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Inspector

__all__ = ["SCHEMA_VERSION", "Database", "chunks", "tables"]

_T = TypeVar("_T")

SCHEMA_VERSION = 6
"""Goes up by one when the tables change; an older store is brought up to date, one of a newer version is refused."""

_CHUNK = 500


class Database:
    """An open database with the tables in it; they are made when there are none.

    Args:
        place: an SQLite file, or the address of a PostgreSQL database.
        wait: seconds to wait for the transaction of another process.
        make: whether tables are made; else their absence is a NoStore.
        key: what the file is encrypted with; None: it is plain.

    Raises:
        StoreError: from every method, when the database is not limner's, of a newer version, or damaged.
        WrongKey: the file is encrypted with another key.
        StoreBusy: another process keeps it locked for longer than ``wait`` seconds.
        BackendUnavailable: the server does not answer.
    """

    def __init__(
        self, place: "Path | URL", *, wait: float = 10.0, make: bool = True, key: StoreKey | None = None
    ) -> None:
        self._backend: Backend = SQLiteFile(place, wait, key) if isinstance(place, Path) else PostgreSQL(place, wait)
        self._readers, self._writers = self._backend.engines()
        self._claim: _Claim | None = None
        try:
            self._prepare(make)
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        """What messages call it; without a password."""
        return self._backend.name

    def close(self) -> None:
        """Close all connections."""
        self._readers.dispose()

    @contextmanager
    def reading(self) -> Iterator["Connection"]:
        """A connection to read from; within the block it sees one state."""
        with self._translated(), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator["Connection"]:
        """A connection in a transaction: all of the block is kept, or on an exception none of it.

        Who holds the claim writes over the connection that holds it: who lost it cannot write.
        """
        claim = self._claim
        with self._translated():
            if claim is None or claim.thread != get_ident():
                with self._writers.begin() as connection:
                    yield connection
                return
            if claim.connection.invalidated:
                raise BackendUnavailable(f"the connection to {self.name!r} was lost", hint="Call again")
            with claim.connection.begin():
                yield claim.connection

    def claim(self, wait: float) -> bool:
        """Keep other processes from claiming until ``release``; False when another one did, for ``wait`` seconds."""
        assert isinstance(self._backend, PostgreSQL), "a file has a lock file beside it"
        with self._translated():
            connection = self._writers.connect()
            try:
                claimed = self._backend.claim(connection, wait)
            except BaseException:
                connection.close()
                raise
        if claimed:
            self._claim = _Claim(get_ident(), connection)
        else:
            connection.close()
        return claimed

    def release(self) -> None:
        """Give the claim back."""
        assert self._claim is not None and isinstance(self._backend, PostgreSQL), "it was claimed"
        connection, self._claim = self._claim.connection, None
        self._backend.release(connection)

    @property
    def leftover(self) -> str | None:
        """What ``compact`` cannot remove, and who can; None: nothing is left."""
        return self._backend.leftover

    def compact(self) -> None:
        """Write the database anew without what was deleted, so that no byte of it is left in its files.

        Raises:
            StoreBusy: another process reads or writes; nothing is lost, and it can be called again.
        """
        with self._translated():
            self._readers.dispose()
            self._backend.compact(self._writers)

    def _prepare(self, make: bool) -> None:
        from sqlalchemy import inspect

        catalog = tables().meta.metadata
        with self.reading() as db:
            self._backend.check(db)
            names = set(inspect(db).get_table_names())
        if names and not names >= {"meta", "events", "snippets"}:
            raise StoreError(
                f"{self.name!r} is a database, but not limner's", hint=f"Choose another {self._backend.option}"
            )
        if not names and not make:
            raise NoStore(f"there is no store in {self.name!r}", hint="Load a history with: limner ingest")
        if not names:
            with self.writing() as db:
                if not inspect(db).get_table_names():  # another process may just have made them
                    catalog.create_all(db)
                    db.execute(tables().meta.insert(), [{"key": "schema", "value": str(SCHEMA_VERSION)}])
        self._check_version()

    def _check_version(self) -> None:
        meta = tables().meta
        with self.reading() as db:
            found = db.execute(meta.select().where(meta.c.key == "schema")).one_or_none()
        if found is None or not found.value.isdecimal():
            raise StoreError(f"the store {self.name!r} does not say its version", hint="Restore it from a backup")
        if found.value == "1":
            self._add_windows()
        if found.value in ("1", "2"):
            self._add_likeness()
        if found.value in ("1", "2", "3"):
            self._add_keeping()
        if found.value in ("1", "2", "3", "4"):
            self._add_forgetting()
        if found.value in ("1", "2", "3", "4", "5"):
            self._add_consents()
        if int(found.value) > SCHEMA_VERSION:
            raise StoreError(
                f"the store {self.name!r} has version {shorten(found.value)}, this limner reads {SCHEMA_VERSION}",
                hint=f"Update limner, or choose another {self._backend.option}",
            )

    def _add_windows(self) -> None:
        """Version 1 had no windows; those of its events come when the events are loaded again."""
        meta = tables().meta
        with self.writing() as db:
            if db.execute(meta.update().where(meta.c.key == "schema", meta.c.value == "1").values(value="2")).rowcount:
                db.exec_driver_sql("ALTER TABLE snippets ADD COLUMN wide BOOLEAN DEFAULT FALSE NOT NULL")

    def _add_likeness(self) -> None:
        """Version 2 knew neither languages nor copies; those of its events come when the events are loaded again."""
        meta = tables().meta
        with self.writing() as db:
            if db.execute(meta.update().where(meta.c.key == "schema", meta.c.value == "2").values(value="3")).rowcount:
                for column in ("language", "copy_of"):
                    db.exec_driver_sql(f"ALTER TABLE events ADD COLUMN {column} TEXT")
                tables().likeness.create(db)

    def _add_keeping(self) -> None:
        """Version 3 kept no profiles and no corrections."""
        meta = tables().meta
        with self.writing() as db:
            if db.execute(meta.update().where(meta.c.key == "schema", meta.c.value == "3").values(value="4")).rowcount:
                tables().versions.create(db)
                tables().corrections.create(db)

    def _add_forgetting(self) -> None:
        """Version 4 could not forget."""
        meta = tables().meta
        with self.writing() as db:
            if db.execute(meta.update().where(meta.c.key == "schema", meta.c.value == "4").values(value="5")).rowcount:
                tables().tombstones.create(db)
                tables().erasures.create(db)

    def _add_consents(self) -> None:
        """Version 5 knew no purposes and no consents; what its profiles were made for, and hold, nobody can tell."""
        meta = tables().meta
        with self.writing() as db:
            if db.execute(meta.update().where(meta.c.key == "schema", meta.c.value == "5").values(value="6")).rowcount:
                tables().consents.create(db)
                there = {each["name"] for each in _inspected(db).get_columns("versions")}
                for column, kind in (("purpose", "VARCHAR(64)"), ("sensitive", "TEXT")):
                    if column not in there:  # made just now, by a migration of an older version
                        db.exec_driver_sql(f"ALTER TABLE versions ADD COLUMN {column} {kind}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from sqlalchemy.exc import DBAPIError

        try:
            yield
        except DBAPIError as error:
            raise self._backend.error(error) from (None if self._backend.tells_values else error)


def _inspected(db: "Connection") -> "Inspector":
    from sqlalchemy import inspect

    return inspect(db)


class _Claim(NamedTuple):
    """The connection that holds the claim, and the thread that it was granted to."""

    thread: int
    connection: "Connection"


def chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """The values in portions that fit into one ``IN (...)`` of any database."""
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
