"""The database behind the record: its transactions; it is made, or brought up to date, when it is opened.

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
from retrieval.migrating import SCHEMA_VERSION, make_tables, migrate, version_of

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

__all__ = ["Database", "chunks", "tables"]

_T = TypeVar("_T")

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
                    make_tables(db)
        self._bring_up_to_date()

    def _bring_up_to_date(self) -> None:
        with self.reading() as db:
            found = self._version(db)
        if found == SCHEMA_VERSION:
            return
        with self._translated(), self._backend.altering(self._writers) as db:
            found = self._version(db)  # another process may just have done it, even one of a newer version
            if found < SCHEMA_VERSION:
                migrate(db, found)

    def _version(self, db: "Connection") -> int:
        """The version of the tables, none of them newer than this program."""
        found = version_of(db)
        if found is None:
            raise StoreError(f"the store {self.name!r} does not say its version", hint="Restore it from a backup")
        if found > SCHEMA_VERSION:
            raise StoreError(
                f"the store {self.name!r} has version {shorten(str(found))}, this limner reads {SCHEMA_VERSION}",
                hint=f"Update limner, or choose another {self._backend.option}",
            )
        return found

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from sqlalchemy.exc import DBAPIError

        try:
            yield
        except DBAPIError as error:
            raise self._backend.error(error) from (None if self._backend.tells_values else error)


class _Claim(NamedTuple):
    """The connection that holds the claim, and the thread that it was granted to."""

    thread: int
    connection: "Connection"


def chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """The values in portions that fit into one ``IN (...)`` of any database."""
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
