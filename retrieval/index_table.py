"""The index of an encrypted store: a table of vectors inside of the record, since Chroma cannot encrypt.

limner reads vectors by id only, of one user at a time, and compares them itself: a table does that as well as Chroma,
opens at once, takes no memory, is in the record's backups, and other processes see what one has written. Knows nothing
of texts or of embedders, nor of encryption.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retrieval.index import Labels, VectorIndex
from retrieval.index_folder import wipe
from retrieval.record import Record
from retrieval.sql import Database, chunks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Connection

__all__ = ["IndexTable", "TableIndex"]

_USED: Final = "vectors"
_NEW: Final = "vectors_new"
_MADE_BY: Final = "_made_by"


class TableIndex(VectorIndex):
    """The vectors in a table of the record. What others write is seen at once."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def close(self) -> None:
        """The connection is the record's."""

    def put(self, ids: Sequence[str], vectors: "NDArray[np.float32]", labels: Sequence[Labels]) -> None:
        """Add vectors, or replace those whose ids are there; the record has their labels."""
        rows = [(each, vector.astype("<f4").tobytes()) for each, vector in zip(ids, vectors, strict=True)]
        if rows:
            with self._database.writing() as db:
                db.exec_driver_sql(f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?)", rows)

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are ignored."""
        if ids:
            with self._database.writing() as db:
                db.exec_driver_sql(f"DELETE FROM {self._table} WHERE vector_id = ?", [(each,) for each in ids])

    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32] | None":
        """The vectors of these ids, in their order, shape (len(ids), dimension); None when one of them is not there."""
        import numpy as np

        found: dict[str, bytes] = {}
        with self._database.reading() as db:
            for part in chunks(ids):
                marks = ", ".join("?" * len(part))
                query = f"SELECT vector_id, vector FROM {self._table} WHERE vector_id IN ({marks})"
                found.update((row[0], row[1]) for row in db.exec_driver_sql(query, tuple(part)))
        if any(each not in found for each in ids):
            return None
        rows = [np.frombuffer(found[each], dtype="<f4") for each in ids]
        return np.asarray(rows, dtype=np.float32)

    def having(self, ids: Sequence[str]) -> set[str]:
        """Those of these ids whose vectors are there."""
        found: set[str] = set()
        with self._database.reading() as db:
            for part in chunks(ids):
                marks = ", ".join("?" * len(part))
                query = f"SELECT vector_id FROM {self._table} WHERE vector_id IN ({marks})"
                found.update(db.exec_driver_sql(query, tuple(part)).scalars())
        return found

    def count(self) -> int:
        """How many vectors there are."""
        with self._database.reading() as db:
            return int(db.exec_driver_sql(f"SELECT count(*) FROM {self._table}").scalar_one())

    def ids(self) -> set[str]:
        """The ids of all vectors."""
        with self._database.reading() as db:
            return set(db.exec_driver_sql(f"SELECT vector_id FROM {self._table}").scalars())

    def let_go(self) -> None:
        """Nothing is held."""

    def probe(self) -> None:
        """Damage shows when the record is read."""


class IndexTable:
    """The place of an index in the record; the one built beside it is another table.

    Args:
        database: of the record, in a file.
        record: of the store; keeps who made the index.
        unpacked: where a restore that was killed may have left what it unpacked.
    """

    def __init__(self, database: Database, record: Record, unpacked: Path) -> None:
        self._database = database
        self._record = record
        self._unpacked = unpacked
        self.leftover: str | None = None
        self.name = database.name

    def open(self) -> TableIndex:
        """The table in use."""
        return self._opened(_USED)

    def wipe(self) -> None:
        """Empty the table in use."""
        self._drop(_USED)

    def made_by(self) -> Mapping[str, str] | None:
        """What the record's settings say."""
        return self._note(_USED)

    def beside(self, made_by: Mapping[str, str]) -> TableIndex:
        """The table being filled."""
        if self._note(_NEW) != made_by:
            self._drop(_NEW)
            self._record.keep_settings(**{_NEW + _MADE_BY: json.dumps(made_by)})
        return self._opened(_NEW)

    def discard_beside(self) -> None:
        """Drop its table."""
        self._drop(_NEW)

    def swap(self) -> Mapping[str, str]:
        """Rename the tables, in one transaction."""
        with self._database.writing() as db:
            db.exec_driver_sql(f"DROP TABLE IF EXISTS {_USED}")
            db.exec_driver_sql(f"ALTER TABLE {_NEW} RENAME TO {_USED}")
            db.exec_driver_sql("DELETE FROM meta WHERE key = ?", (_USED + _MADE_BY,))
            db.exec_driver_sql("UPDATE meta SET key = ? WHERE key = ?", (_USED + _MADE_BY, _NEW + _MADE_BY))
        return {}

    def tidy(self) -> None:
        """Nothing is left of the table that was in use before, but perhaps of a restore."""
        wipe(self._unpacked)

    def prune(self) -> bool:
        """Take out what the record does not list; its bytes go with the next compaction of the record."""
        self.discard_beside()
        index = self.open()
        with self._database.writing() as db:
            db.exec_driver_sql(f"DELETE FROM {_USED} WHERE vector_id NOT IN (SELECT vector_id FROM snippets)")
        index.close()
        return True

    def guarded(self) -> AbstractContextManager[None]:
        """The record's transactions take care of it."""
        return nullcontext()

    def frozen(self) -> AbstractContextManager[None]:
        """The record's transactions take care of it."""
        return nullcontext()

    def close(self) -> None:
        """The connection is the record's."""

    def remove_all(self) -> None:
        """Leave no table and no setting of an index in the record."""
        for table in (_USED, _NEW):
            self._drop(table)

    def _opened(self, table: str) -> TableIndex:
        with self._database.reading() as db:
            there = db.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).first()
        if there is None:
            with self._database.writing() as db:
                _make(db, table)
        return TableIndex(self._database, table)

    def _drop(self, table: str) -> None:
        with self._database.writing() as db:
            db.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
            db.exec_driver_sql("DELETE FROM meta WHERE key = ?", (table + _MADE_BY,))

    def _note(self, table: str) -> Mapping[str, str] | None:
        text = self._record.setting(table + _MADE_BY)
        return None if text is None else dict(json.loads(text))


def _make(db: "Connection", table: str) -> None:
    db.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {table} (vector_id TEXT PRIMARY KEY, vector BLOB NOT NULL)")
