"""The file in which a service keeps what is its own: keys, registered schemas. No word of a history stands in it."""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from agent.errors import StoreBusy, StoreError

__all__ = ["Book"]

_VERSION: Final = 1
"""Of the tables, in the file's ``user_version``; 0: of a limner that did not count, with or without ``purposes``."""

_TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS keys (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL, tenant TEXT NOT NULL, scopes TEXT NOT NULL, label TEXT NOT NULL,
        created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT, purposes TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS schemas (
        tenant TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, registered_at TEXT NOT NULL,
        PRIMARY KEY (tenant, name)
    )
    """,
)


class Book:
    """A small SQLite database, made when it is first used; threads and processes may share it.

    Raises:
        StoreError: from every method, when the file is damaged, of a newer limner, or cannot be used.
        StoreBusy: from every method, when another process keeps it locked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    def read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query; none where there is no file yet."""
        with self._lock:
            if self._connection is None and not self.path.exists():
                return []
            return self._run(query, values).fetchall()

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run a statement and commit it; returns how many rows it changed."""
        with self._lock:
            return self._run(statement, values).rowcount

    def check(self) -> None:
        """Look whether the tables can be read; nothing where there is no file yet."""
        for table in ("keys", "schemas"):
            self.read(f"SELECT 1 FROM {table} LIMIT 1")

    def close(self) -> None:
        """Release the file; it opens again when it is used."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _run(self, statement: str, values: Sequence[Any]) -> sqlite3.Cursor:
        try:
            if self._connection is None:
                self._connection = self._open()
            return self._connection.execute(statement, tuple(values))
        except sqlite3.OperationalError as error:
            kind = StoreBusy if "locked" in str(error) else StoreError
            raise kind(
                f"the file {str(self.path)!r} cannot be used: {error}", hint="Check it and its folder"
            ) from error
        except sqlite3.DatabaseError as error:
            hint = "Move it away: it holds API keys and registered schemas, no histories"
            raise StoreError(f"the file {str(self.path)!r} is damaged: {error}", hint=hint) from error

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        made = not self.path.exists()
        connection = sqlite3.connect(self.path, timeout=5.0, isolation_level=None, check_same_thread=False)
        if made:
            self.path.chmod(0o600)
        try:
            connection.execute("PRAGMA secure_delete = ON")
            if self._version(connection) < _VERSION:
                self._bring_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up(self, connection: sqlite3.Connection) -> None:
        """Give a new file, or one of an earlier limner, the tables of today: all of it, or nothing."""
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            if self._version(connection) >= _VERSION:  # another process was quicker
                return
            for statement in _TABLES:
                connection.execute(statement)
            if "purposes" not in {row[1] for row in connection.execute("PRAGMA table_info(keys)")}:
                connection.execute("ALTER TABLE keys ADD COLUMN purposes TEXT NOT NULL DEFAULT ''")
            connection.execute(f"PRAGMA user_version = {_VERSION}")

    def _version(self, connection: sqlite3.Connection) -> int:
        """Which version the file has.

        Raises:
            StoreError: a newer one than this limner's; the file is not touched.
        """
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if not 0 <= found <= _VERSION:
            raise StoreError(
                f"the file {str(self.path)!r} has version {found}, this limner reads {_VERSION}", hint="Update limner"
            )
        return found
