"""Opens SQLite files, plain ones and those that SQLCipher encrypts, and copies one into the other.

Knows nothing of what is in them. Plain files need nothing but Python; SQLCipher comes with the package sqlcipher3,
which has its own SQLite and the same interface.
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final, cast

from retrieval.encryption import HOW, StoreKey
from retrieval.errors import BackendUnavailable, StoreError, WrongKey

__all__ = ["KEYED_PRAGMAS", "companions", "connect", "copy_file", "driver", "failures", "has_sqlcipher", "open_keyed"]

KEYED_PRAGMAS: Final = ("PRAGMA temp_store = MEMORY",)
"""For a connection to an encrypted file: what SQLite sorts and rewrites stays in memory."""

_NOT_READABLE: Final = "file is not a database"
_BEGIN: Final = "BEGIN IMMEDIATE; PRAGMA application_id = 0x6c696d6e; COMMIT"
"""Writes the first page of a new file, with its salt."""


def driver() -> Any:
    """The module of SQLCipher.

    Raises:
        BackendUnavailable: it is not installed.
    """
    try:
        from sqlcipher3 import dbapi2
    except ImportError as error:
        raise BackendUnavailable(
            f"encrypted stores need the package sqlcipher3: {error}",
            hint="Install it with: pip install 'limner[encryption]'",
        ) from error
    return dbapi2


def has_sqlcipher() -> bool:
    """Whether SQLCipher is installed."""
    from importlib.util import find_spec

    return find_spec("sqlcipher3") is not None


def failures(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What SQLite raises, whichever of the two it is; and more, for an ``except``."""
    module = sys.modules.get("sqlcipher3.dbapi2")  # what was not imported raises nothing
    return (sqlite3.DatabaseError, *([module.DatabaseError] if module else []), *more)


def connect(path: Path, key: StoreKey | None, wait: float = 5.0) -> sqlite3.Connection:
    """A connection outside of any transaction; the file is made when it is missing.

    Raises:
        WrongKey: the file was written with another key.
        StoreError: with a key, and the file is damaged.
        BackendUnavailable: SQLCipher is not installed.
    """
    if key is None:
        return sqlite3.connect(path, timeout=wait, isolation_level=None)
    return open_keyed(path, key, wait)


def open_keyed(path: Path, key: StoreKey, wait: float) -> sqlite3.Connection:
    """A connection to an encrypted file, which any thread may use.

    Raises:
        WrongKey, StoreError, BackendUnavailable: as for ``connect``.
    """
    module = driver()
    is_new = not path.exists() or not path.stat().st_size
    connection = module.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA cipher_log_level = NONE").close()  # else it writes to stderr
        salt = key.salt().hex() if is_new else ""
        connection.execute(f"PRAGMA key = \"x'{key.digits()}{salt}'\"").close()
        for pragma in KEYED_PRAGMAS:
            connection.execute(pragma).close()
        try:
            if is_new:  # of two processes, one makes the file, and the other one opens it
                connection.executescript(_BEGIN)
            connection.execute("SELECT count(*) FROM sqlite_master").close()
        except module.DatabaseError as error:
            if str(error) != _NOT_READABLE:
                raise
            if not is_new:
                raise _unreadable(path, key, connection.execute("PRAGMA cipher_salt").fetchone()) from error
            connection.close()
            return open_keyed(path, key, wait)
    except BaseException:
        connection.close()
        raise
    return cast(sqlite3.Connection, connection)


def copy_file(source: Path, old: StoreKey | None, target: Path, new: StoreKey | None) -> None:
    """Write all that a database holds, and nothing that was deleted from it, to a new file under another key, or plain.

    Nobody else may have the source open. Its write-ahead log is worked in and removed.

    Raises:
        StoreError: somebody has.
        WrongKey, BackendUnavailable: as for ``connect``.
    """
    module = driver()
    reading = open_keyed(source, old, 5.0) if old else module.connect(source, isolation_level=None)
    with closing(reading) as connection:
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        word = f"x'{new.digits()}{new.salt().hex()}'" if new else ""
        connection.execute("ATTACH DATABASE ? AS other KEY ?", (str(target), word)).close()
        connection.execute("SELECT sqlcipher_export('other')").fetchall()
        connection.execute("DETACH DATABASE other").close()
    if busy or companions(source)[0].exists():  # the last one to close a database removes its log
        raise StoreError(f"{str(source)!r} is in use", hint="Stop the program that has it open")


def companions(path: Path) -> list[Path]:
    """The files that SQLite makes beside a database."""
    return [path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal")]


def _unreadable(path: Path, key: StoreKey, salt: tuple[str] | None) -> StoreError:
    """What it means that a key opens nothing: the first bytes of the file name the key that does."""
    named = StoreKey.named_by(bytes.fromhex(salt[0])) if salt and salt[0] else None
    if named == key.name:
        return StoreError(
            f"the record {str(path)!r} is damaged: its key does not open it", hint="Restore it from a backup"
        )
    if named is None:
        return StoreError(
            f"{str(path)!r} is damaged, or no file of limner: its first bytes do not name a key",
            hint="Restore it from a backup",
        )
    said = f"the key {key.name} does not open {str(path)!r}, which was written with the key {named}"
    return WrongKey(said, hint=f"{HOW}, with that key", made_with=named)
