"""The two kinds of database that can hold a record: how each is opened and locked, and what its errors mean.

Knows of tables no more than that there are some.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from retrieval.catalog import tables
from retrieval.disk import is_nearly_full, trouble_of
from retrieval.encryption import StoreKey
from retrieval.errors import BackendUnavailable, LimnerError, StoreBusy, StoreError
from retrieval.sqlite_files import connect, driver, failures, open_keyed
from retrieval.urls import reason_of, shown

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.exc import DBAPIError

__all__ = ["DAMAGED", "Backend", "PostgreSQL", "SQLiteFile"]

DAMAGED: Final = "Move the folder away, and restore the last backup into a new one: limner restore FILE --store DIR"
"""What to do about a record that is damaged."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
)
_OLDEST_POSTGRES: Final = 13
_PATIENCE: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""How long libpq waits for a server: seconds, and milliseconds for the last one. The URL's own options come first."""

# A key of limner's own in each schema. ``set_config`` bounds the wait, for this transaction.
_LOCK = (
    "SELECT set_config('lock_timeout', %s, true), {function}(hashtextextended('limner.{what}.' || current_schema(), 0))"
)
_BEGIN_WRITING: Final = _LOCK.format(function="pg_advisory_xact_lock", what="write")
_CLAIM: Final = _LOCK.format(function="pg_advisory_lock", what="claim")
_RELEASE: Final = "SELECT pg_advisory_unlock_all()"
_LOCK_TIMED_OUT: Final = "55P03"
_COMPACT_LATER: Final = "What was erased is out of reach, its bytes are not: call `limner compact` again"


class Backend(Protocol):
    """A database that can hold a record.

    Attributes:
        name: what messages call it; without a password.
        option: what a user changes to name another one.
        tells_values: whether the driver's errors hold values of rows, so that they must not be chained to ours.
        leftover: where deleted rows live on after ``compact``, and what the operator does about it.
    """

    name: str
    option: str
    tells_values: bool
    leftover: str | None

    def engines(self) -> "tuple[Engine, Engine]":
        """One to read with, where a transaction sees one state; one to write with, one transaction after the other."""

    def check(self, connection: "Connection") -> None:
        """Raise when the server cannot be used by limner."""

    def altering(self, engine: "Engine") -> "AbstractContextManager[Connection]":
        """A connection in a transaction in which tables may be changed: all of it is kept, or none."""

    def compact(self, engine: "Engine") -> None:
        """Write the database anew without what was deleted.

        Raises:
            StoreBusy: it is in use.
        """

    def error(self, error: "DBAPIError") -> LimnerError:
        """What the driver's error means to the user."""


class SQLiteFile:
    """A file. Who may write for long is decided by a lock file beside it.

    Args:
        path: the file; made when it is missing.
        wait: seconds to wait for another transaction.
        key: what the file is encrypted with; None: it is plain.
    """

    option = "--store"
    tells_values = False
    leftover: str | None = None

    def __init__(self, path: Path, wait: float, key: StoreKey | None = None) -> None:
        self._path = path
        self._wait = wait
        self._key = key
        self.name = str(path)

    def engines(self) -> "tuple[Engine, Engine]":
        """Engines on the file."""
        from sqlalchemy import URL, create_engine, event

        url = URL.create("sqlite", database=str(self._path))
        if (key := self._key) is None:
            engine = create_engine(url, hide_parameters=True, connect_args={"timeout": self._wait})
        else:  # the key is never a part of the URL, which messages may show
            engine = create_engine(
                url, hide_parameters=True, module=driver(), creator=lambda: open_keyed(self._path, key, self._wait)
            )

        @event.listens_for(engine, "connect")
        def connected(connection: Any, _: object) -> None:
            connection.isolation_level = None  # transactions begin where we say so, tables included
            for pragma in _PRAGMAS:
                connection.execute(pragma).close()

        @event.listens_for(engine, "begin")
        def begun(connection: "Connection") -> None:
            writing = connection.get_execution_options().get("writing", False)
            full = writing and is_nearly_full(self._path.parent)
            if writing:  # what is left of a full disk is for opening the store to read
                connection.exec_driver_sql(f"PRAGMA query_only = {int(full)}")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writing and not full else "BEGIN")

        return engine, engine.execution_options(writing=True)

    def check(self, connection: "Connection") -> None:
        """Any file will do."""

    @contextmanager
    def altering(self, engine: "Engine") -> Iterator["Connection"]:
        """A transaction on a connection of its own, on which no row depends on another one.

        SQLite changes a column by writing a new table and dropping the old one, and dropping one deletes its rows, and
        what depends on them: the snippets of all events. At the end no row may have lost the one that it depends on.
        """
        with engine.connect() as connection:
            connection.detach()  # when it is closed, it does not go back into the pool as it is
            connection.connection.cursor().execute("PRAGMA foreign_keys = OFF").close()  # ignored in a transaction
            with connection.begin():
                was_sound = _is_sound(connection)
                yield connection
                if was_sound and not _is_sound(connection):
                    said = f"the record {self.name!r} was not changed: rows of it would have been left over"
                    raise StoreError(said, hint="Use the limner that made it, and report this")

    def compact(self, engine: "Engine") -> None:
        """VACUUM, then empty the write-ahead log, which has the pages as they were.

        Not by the engine, which begins transactions. A reader that keeps an old state keeps the log, too.
        """
        try:
            with closing(connect(self._path, self._key, self._wait)) as connection:
                connection.execute("VACUUM")
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except failures() as error:
            if "locked" in str(error):
                raise StoreBusy(f"another process uses {self.name!r}", hint=_COMPACT_LATER) from error
            trouble = trouble_of(self._path, str(error))
            said = trouble.what if trouble else error
            raise StoreError(f"the record {self.name!r} cannot be compacted: {said}", hint=_COMPACT_LATER) from error
        if busy:
            raise StoreBusy(f"another process reads {self.name!r}", hint=_COMPACT_LATER)

    def error(self, error: "DBAPIError") -> LimnerError:
        """A lock, or damage."""
        if "database is locked" in str(error.orig):
            return StoreBusy(f"another process writes to {self.name!r}", hint="Try again later")
        if trouble := trouble_of(self._path, str(error.orig)):
            return StoreError(f"the record {self.name!r} cannot be used: {trouble.what}", hint=trouble.hint)
        return StoreError(f"the record {self.name!r} cannot be used: {error.orig}", hint=DAMAGED)


class PostgreSQL:
    """A database on a server. The schema that its ``search_path`` names first (usually ``public``) is the store.

    Args:
        url: with the driver psycopg.
        wait: seconds to wait for another transaction.
    """

    option = "database or schema in LIMNER_RECORD"
    tells_values = True
    leftover: str | None = (
        "PostgreSQL: its write-ahead log (pg_wal, archives), replicas and backups still hold the rows; the operator "
        "lets them expire or makes them anew"
    )

    def __init__(self, url: "URL", wait: float) -> None:
        self._url = url
        self._wait = wait
        self.name = shown(url)

    def engines(self) -> "tuple[Engine, Engine]":
        """Engines on the database; they connect when they are used.

        Raises:
            BackendUnavailable: psycopg is not installed.
        """
        from sqlalchemy import create_engine, event

        waits = {key: value for key, value in _PATIENCE.items() if key not in self._url.query}
        try:
            engine = create_engine(
                self._url,
                hide_parameters=True,
                pool_pre_ping=True,
                connect_args={"application_name": "limner", **waits},
            )
        except ImportError as error:
            raise BackendUnavailable(
                f"the record {self.name!r} needs the package psycopg: {error}",
                hint="Install it with: pip install 'limner[postgres]'",
            ) from error

        @event.listens_for(engine, "begin")
        def begun(connection: "Connection") -> None:
            if connection.get_execution_options().get("writing", False):
                connection.exec_driver_sql(_BEGIN_WRITING, (_milliseconds(self._wait),))

        return (
            engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True),
            engine.execution_options(writing=True),
        )

    def check(self, connection: "Connection") -> None:
        """Refuse servers that are too old."""
        found = int((connection.dialect.server_version_info or (0,))[0])
        if found < _OLDEST_POSTGRES:
            raise BackendUnavailable(
                f"the database {self.name!r} is PostgreSQL {found}, older than {_OLDEST_POSTGRES}",
                hint="Use a newer server",
            )

    def claim(self, connection: "Connection", wait: float) -> bool:
        """Let no other connection claim until ``release`` or the end of this one; False when another one did, for
        ``wait`` seconds."""
        from sqlalchemy.exc import OperationalError

        connection.detach()  # when it is closed, it does not go back into the pool with the lock
        connection.execution_options(writing=False)
        try:
            with connection.begin():
                connection.exec_driver_sql(_CLAIM, (_milliseconds(wait),))
        except OperationalError as error:
            if _state(error) == _LOCK_TIMED_OUT:
                return False
            raise
        connection.execution_options(writing=True)
        return True

    def release(self, connection: "Connection") -> None:
        """Give the claim back and close the connection."""
        from sqlalchemy.exc import DBAPIError

        with connection, suppress(DBAPIError):  # when the connection was lost, so is the claim
            if not connection.invalidated:
                connection.execution_options(writing=False).exec_driver_sql(_RELEASE)

    def altering(self, engine: "Engine") -> "AbstractContextManager[Connection]":
        """A transaction like any other."""
        return engine.begin()

    def compact(self, engine: "Engine") -> None:
        """VACUUM FULL of each table: readers wait meanwhile."""
        from sqlalchemy import text

        with engine.connect() as given:
            connection = given.execution_options(isolation_level="AUTOCOMMIT", writing=False)
            connection.execute(text(f"SET lock_timeout = {_milliseconds(self._wait)}"))
            for table in tables():
                connection.execute(text(f'VACUUM FULL "{table.name}"'))
            connection.execute(text("RESET lock_timeout"))

    def error(self, error: "DBAPIError") -> LimnerError:
        """A lock, a server that does not answer, or what the database says against the statement."""
        from sqlalchemy.exc import InterfaceError, OperationalError

        if _state(error) == _LOCK_TIMED_OUT:
            return StoreBusy(f"another process writes to {self.name!r}", hint="Try again later")
        said = reason_of(error, self._url)
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            return BackendUnavailable(
                f"the database {self.name!r} does not answer: {said}",
                hint="Check that the server runs, that the database exists, and the address, user and password in "
                "LIMNER_RECORD; then call again",
            )
        return StoreError(
            f"the record {self.name!r} cannot be used: {said}",
            hint="Give limner a database or schema of its own, in which the user may create tables",
        )


def _is_sound(connection: "Connection") -> bool:
    return connection.exec_driver_sql("PRAGMA foreign_key_check").first() is None


def _state(error: "DBAPIError") -> str | None:
    """The SQLSTATE, as far as the server gave one."""
    return getattr(error.orig, "sqlstate", None)


def _milliseconds(seconds: float) -> str:
    return str(max(1, int(seconds * 1000)))  # 0 would mean for ever
