"""Where the parts of a store are, in its folder or on servers, and how they are opened and joined.

Knows nothing of what the store is used for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from retrieval.backends import DAMAGED
from retrieval.browsing import Browsing
from retrieval.consents import Consents
from retrieval.errors import NoStore, StoreError
from retrieval.forgetting import Forgetting, Use
from retrieval.history import History
from retrieval.index import IndexPlace
from retrieval.index_folder import IndexFolder
from retrieval.index_server import IndexServer
from retrieval.keeping import Keeping
from retrieval.locks import DatabaseLock, Lock, StoreLock
from retrieval.mirror import Mirror
from retrieval.record import Record
from retrieval.retention import Retention
from retrieval.seal import KeyFile, KeySetting, Seal
from retrieval.servers import index_server, record_server
from retrieval.sql import Database
from retrieval.views import Views

if TYPE_CHECKING:
    from retrieval.embedders import Embedder

__all__ = ["INDEX", "KEY", "RECORD", "RESTORING", "Location", "Parts"]

RECORD: Final = "record.sqlite3"
"""The file of the record."""
KEY: Final = "erasure.key"
"""The file of the key."""
INDEX: Final = "chroma"
"""The folder of the index."""
RESTORING: Final = "chroma-restoring"
"""The folder in which a backup is unpacked; what a killed run left there is deleted by the next one that writes."""
_BESIDE = {"lock", "index.lock", RESTORING, "serve.lock", "serve.json", "service.sqlite3", "service.sqlite3-journal"}
"""What may be in the folder before the record is: locks, what a killed run left, and what a server keeps there."""

_INDEX_WAIT_SECONDS = 60.0


class Parts(NamedTuple):
    """An open store. ``lock`` is held by whoever writes."""

    database: Database
    record: Record
    history: History
    keeping: Keeping
    browsing: Browsing
    place: IndexPlace
    lock: Lock
    mirror: Mirror
    views: Views
    forgetting: Forgetting
    retention: Retention
    consents: Consents

    def close(self) -> None:
        """Release files, connections and memory."""
        self.mirror.close()
        self.place.close()
        self.database.close()


class Location:
    """Where a store is.

    Args:
        path: the folder for what is not on a server.
        record: the address of a PostgreSQL database; None: see ``record_server``.
        index: the address of a Chroma server; None: see ``index_server``.
        wait: seconds to wait for another process that writes.

    Raises:
        UsageError: an address is none.
    """

    def __init__(self, path: Path, record: str | None, index: str | None, wait: float) -> None:
        self._path = path
        self._record = record_server(record)
        self._index = index_server(index)
        self._wait = wait

    @property
    def has_servers(self) -> bool:
        """Whether a part of the store is on a server."""
        return self._record is not None or self._index is not None

    def check(self, *, make: bool) -> None:
        """Refuse a folder that is no store, or make it.

        Raises:
            NoStore: there is nothing, and it is not to be made.
            StoreError: it is a file, holds other things, or cannot be made.
        """
        if self._record is not None and self._index is not None:
            return
        self._check_folder()
        if make:
            try:
                self._path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"the store {str(self._path)!r} cannot be made: {error.strerror or error}") from error
        elif self._record is None and not (self._path / RECORD).exists():
            raise NoStore(f"there is no store in {str(self._path)!r}", hint="Load a history with: limner ingest")

    def open(self, embedder: "Callable[[], Embedder]", *, make: bool) -> Parts:
        """Open the record and prepare the rest; ``make``: also when there is no record yet.

        Raises:
            NoStore: there is no record, and it is not to be made.
            StoreError, StoreBusy, BackendUnavailable: it cannot be used.
        """
        database = Database(self._record or self._path / RECORD, make=make)
        record, history = Record(database), History(database)
        lock = DatabaseLock(database, self._wait) if self._record else StoreLock(self._path / "lock", self._wait)
        place = self._place(record)
        mirror = Mirror(place, record, embedder, lock)
        views = Views(record, history, mirror, embedder)
        seal = Seal(KeySetting(record) if self._record else KeyFile(self._path / KEY))
        forgetting = Forgetting(Use(database, record, mirror, views, place, lock), seal)
        retention = Retention(database, record, forgetting)
        kept = Keeping(database), Browsing(database)
        consents = Consents(database)
        return Parts(
            database, record, history, *kept, place, lock, mirror, views, forgetting, retention, consents
        )  # fmt: skip

    def _place(self, record: Record) -> IndexPlace:
        if self._index is not None:
            return IndexServer(self._index, record)
        # beside a record on a server, the folder may hold the indexes of other records, too
        name = INDEX if self._record is None else f"{INDEX}-{record.identity()}"
        return IndexFolder(self._path / name, StoreLock(self._path / "index.lock", _INDEX_WAIT_SECONDS))

    def _check_folder(self) -> None:
        if self._path.exists() and not self._path.is_dir():
            raise StoreError(f"the store {str(self._path)!r} is a file, not a folder", hint="Choose another --store")
        record = self._path / RECORD
        if record.exists() and not record.stat().st_size and any((self._path / each).exists() for each in (INDEX, KEY)):
            raise StoreError(f"the record {str(record)!r} is empty, but was not", hint=DAMAGED)
        if self._path.is_dir() and not record.exists():
            strangers = sorted(each.name for each in self._path.iterdir() if not self._owns(each.name))
            if strangers:
                raise StoreError(
                    f"{str(self._path)!r} is not a limner store: it holds {strangers[0]!r}, but no {RECORD!r}",
                    hint="Choose an empty or new folder",
                )

    def _owns(self, name: str) -> bool:
        return name in _BESIDE or (self._record is not None and name.startswith("chroma-"))
