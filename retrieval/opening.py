"""Where the parts of a store are, in its folder or on servers, and how they are opened and joined.

Knows nothing of what the store is used for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from retrieval.backends import DAMAGED
from retrieval.browsing import Browsing
from retrieval.consents import Consents
from retrieval.encryption import HOW, StoreKey
from retrieval.errors import NoStore, StoreError, UsageError, WrongKey
from retrieval.files import ENCRYPTED, INDEX, KEY, RECORD, RESTORING, finish
from retrieval.forgetting import Forgetting, Use
from retrieval.history import History
from retrieval.index import IndexPlace
from retrieval.index_apart import ApartFolder
from retrieval.index_folder import IndexFolder
from retrieval.index_process import IndexProcess
from retrieval.index_server import IndexServer
from retrieval.index_table import IndexTable
from retrieval.keeping import Keeping
from retrieval.locks import DatabaseLock, Lock, StoreLock
from retrieval.mirror import Mirror
from retrieval.presence import Presence
from retrieval.record import Record
from retrieval.retention import Retention
from retrieval.roster import Roster
from retrieval.seal import KeyFile, KeyPlace, KeySetting, Seal
from retrieval.servers import index_server, record_server
from retrieval.sql import Database
from retrieval.views import Views

if TYPE_CHECKING:
    from retrieval.embedders import Embedder

__all__ = ["Location", "Parts"]

_PRESENCE = "open.lock"
_BESIDE = {
    "lock",
    _PRESENCE,
    "index.lock",
    RESTORING,
    "serve.lock",
    "serve.json",
    "service.sqlite3",
    "service.sqlite3-journal",
}
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
    roster: Roster
    forgetting: Forgetting
    retention: Retention
    consents: Consents
    seal_place: KeyPlace
    presence: Presence | None

    def close(self) -> None:
        """Release files, connections and memory."""
        try:
            self.mirror.close()
            self.place.close()
            self.database.close()
        finally:
            if self.presence is not None:
                self.presence.end()


class Location:
    """Where a store is.

    Args:
        path: the folder for what is not on a server.
        record: the address of a PostgreSQL database; None: see ``record_server``.
        index: the address of a Chroma server; None: see ``index_server``.
        wait: seconds to wait for another process that writes.
        key: what the store is encrypted with, or is to be when it is made; None: it is plain.
        process: what opens an index in the folder; None: this process does.

    Raises:
        UsageError: an address is none, or there is a key for a store on servers.
    """

    def __init__(
        self,
        path: Path,
        record: str | None,
        index: str | None,
        wait: float,
        key: StoreKey | None = None,
        process: IndexProcess | None = None,
    ) -> None:
        self._path = path
        self._process = process
        self._key = key
        self._record = record_server(record)
        self._index = index_server(index)
        self._wait = wait
        if key is not None and self.has_servers:
            raise UsageError(
                "limner encrypts stores in a folder, and a part of this one is on a server",
                hint="Let the server encrypt its disk, and give no key; or leave LIMNER_RECORD and LIMNER_INDEX out",
            )

    @property
    def key(self) -> StoreKey | None:
        """What the store is encrypted with."""
        return self._key

    @property
    def record(self) -> Path:
        """The file of the record, where it is in a file."""
        return self._path / (RECORD if self._key is None else ENCRYPTED)

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
                said = error.strerror or error
                hint = "Choose another --store, or give the rights to its folder"
                raise StoreError(f"the store {str(self._path)!r} cannot be made: {said}", hint=hint) from error
        elif self._record is None and not self._has_record():
            raise NoStore(f"there is no store in {str(self._path)!r}", hint="Load a history with: limner ingest")

    def open(self, embedder: "Callable[[], Embedder]", *, make: bool) -> Parts:
        """Open the record and prepare the rest; ``make``: also when there is no record yet.

        Raises:
            NoStore: there is no record, and it is not to be made.
            StoreError, StoreBusy, BackendUnavailable: it cannot be used.
        """
        if self._record is not None:
            return self._joined(Database(self._record, make=make), embedder, None)
        presence = Presence(self._path / _PRESENCE, self._wait)
        try:
            finish(self._path)
            self._check_key()
            return self._joined(Database(self.record, make=make, key=self._key), embedder, presence)
        except BaseException:
            presence.end()
            raise

    def _joined(self, database: Database, embedder: "Callable[[], Embedder]", presence: Presence | None) -> Parts:
        record, history = Record(database), History(database)
        lock = DatabaseLock(database, self._wait) if self._record else StoreLock(self._path / "lock", self._wait)
        place = self._place(database, record)
        mirror = Mirror(place, record, embedder, lock)
        views, roster = Views(record, history, mirror, embedder), Roster(database, record, history)
        in_record = self._record is not None or self._key is not None
        seal_place: KeyPlace = KeySetting(record) if in_record else KeyFile(self._path / KEY)
        forgetting = Forgetting(Use(database, record, mirror, views, roster, place, lock), Seal(seal_place))
        retention = Retention(database, record, forgetting)
        keeping, browsing = Keeping(database), Browsing(database)
        return Parts(
            database, record, history, keeping, browsing, place, lock, mirror, views, roster, forgetting, retention,
            Consents(database), seal_place, presence,
        )  # fmt: skip

    def _place(self, database: Database, record: Record) -> IndexPlace:
        if self._index is not None:
            return IndexServer(self._index, record)
        if self._key is not None:
            return IndexTable(database, record, self._path / RESTORING)
        # beside a record on a server, the folder may hold the indexes of other records, too
        name = INDEX if self._record is None else f"{INDEX}-{record.identity()}"
        folder, lock = self._path / name, self._path / "index.lock"
        if self._process is not None:
            return ApartFolder(folder, lock, _INDEX_WAIT_SECONDS, self._process)
        return IndexFolder(folder, StoreLock(lock, _INDEX_WAIT_SECONDS))

    def _check_folder(self) -> None:
        if self._path.exists() and not self._path.is_dir():
            raise StoreError(f"the store {str(self._path)!r} is a file, not a folder", hint="Choose another --store")
        if (said := self._emptied()) is not None:
            raise StoreError(f"the record {said!r} is empty, but was not", hint=DAMAGED)
        if self._path.is_dir() and not self._has_record():
            strangers = sorted(each.name for each in self._path.iterdir() if not self._owns(each.name))
            if strangers:
                raise StoreError(
                    f"{str(self._path)!r} is not a limner store: it holds {strangers[0]!r}, but no {RECORD!r}",
                    hint="Choose an empty or new folder",
                )

    def _has_record(self) -> bool:
        return any((self._path / each).exists() for each in (RECORD, ENCRYPTED))

    def _emptied(self) -> str | None:
        """The file of a record that was emptied: what is made after it is there."""
        for name, later in ((RECORD, (INDEX, KEY)), (ENCRYPTED, ("lock",))):
            record = self._path / name
            if record.exists() and not record.stat().st_size and any((self._path / each).exists() for each in later):
                return str(record)
        return None

    def _check_key(self) -> None:
        """Refuse an encrypted store without a key, and a plain one with a key."""
        plain, encrypted = (self._path / RECORD).exists(), (self._path / ENCRYPTED).exists()
        if plain and encrypted:
            raise StoreError(
                f"{str(self._path)!r} holds two records, {RECORD!r} and {ENCRYPTED!r}", hint="Move one of them away"
            )
        if encrypted and self._key is None:
            raise WrongKey(f"the store {str(self._path)!r} is encrypted, and no key was given", hint=HOW)
        if plain and self._key is not None:
            raise WrongKey(
                f"the store {str(self._path)!r} is not encrypted, and a key was given",
                hint="Encrypt it with: limner encryption on; or give no key",
            )

    def _owns(self, name: str) -> bool:
        return name in _BESIDE or (self._record is not None and name.startswith("chroma-"))
