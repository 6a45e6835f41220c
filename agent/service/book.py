"""The file in which a service keeps what is its own: keys, registered schemas. No word of a history stands in it."""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from agent.errors import StoreBusy, StoreError

__all__ = ["Book"]

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, tenant TEXT NOT NULL, scopes TEXT NOT NULL, label TEXT NOT NULL,
    created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT, purposes TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS schemas (
    tenant TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, registered_at TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
);
"""


class Book:
    """A small SQLite database, made when it is first used; threads and processes may share it.

    Raises:
        StoreError: from every method, when the file is damaged or cannot be used.
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
        connection.execute("PRAGMA secure_delete = ON")
        connection.executescript(_TABLES)
        _bring_up(connection)
        return connection


def _bring_up(connection: sqlite3.Connection) -> None:
    """Add to a file of an earlier limner what it lacks; another process may do so at the same moment."""
    if "purposes" not in _columns_of_keys(connection):
        try:
            connection.execute("ALTER TABLE keys ADD COLUMN purposes TEXT NOT NULL DEFAULT ''")
        except sqlite3.OperationalError:
            if "purposes" not in _columns_of_keys(connection):
                raise


def _columns_of_keys(connection: sqlite3.Connection) -> set[str]:
    return {row[1] for row in connection.execute("PRAGMA table_info(keys)")}
