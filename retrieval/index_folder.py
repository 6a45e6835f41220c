"""An index in a folder of this machine, opened by Chroma itself.

Knows nothing of the record, of texts or of embedders.
"""

import json
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retrieval.blanking import Blanking
from retrieval.buckets import MOST_OPEN, Buckets
from retrieval.disk import trouble_of
from retrieval.errors import StoreError
from retrieval.giving_back import give_back
from retrieval.holdings import NOTHING, OF_PROCESS, Holdings
from retrieval.index import ChromaIndex, IndexDamaged, Labels, VectorIndex, chroma_settings
from retrieval.locks import Lock
from retrieval.turns import Shared

if TYPE_CHECKING:
    import numpy as np
    from chromadb import Collection
    from chromadb.api import ClientAPI
    from chromadb.config import System
    from numpy.typing import NDArray

__all__ = ["FolderIndex", "IndexFolder", "wipe"]

_NOTE: Final = "limner.json"
_OPENING = threading.Lock()
_IN_PASSING: Final = 160 * 1024 * 1024
"""So much is held by whoever goes through all collections: some 58,000 vectors of 384 dimensions."""


class FolderIndex(ChromaIndex):
    """The open index in ``folder``. Not shared with any other: each one reads the folder by itself.

    A process that has it open does not see what another one writes; it must be opened again. Many threads may read it
    while one writes. Both open it anew now and then, when it holds much, and whoever reads it meanwhile waits.

    Args:
        folder: made when it is missing.
        guard: keeps other processes from writing the folder; None: there are none.
        most: so many collections are written before all are let go.
        holdings: bounds what is held for reading, together with other indexes.
        in_passing: so many bytes are held by whoever goes through all collections.
    """

    def __init__(
        self,
        folder: Path,
        guard: Lock | None = None,
        most: int = MOST_OPEN,
        holdings: Holdings = OF_PROCESS,
        in_passing: int = _IN_PASSING,
    ) -> None:
        self._folder = folder
        self._holdings = holdings
        self._in_passing = in_passing
        self._writing = threading.RLock()
        self._is_closed = False
        self._guard = guard
        self._blanking = Blanking(folder, guard)
        self._made_by = _note_in(folder)
        self._use = Shared()
        self._system: System | None
        with _translated(folder):
            self._system, client = _open(folder)
        super().__init__(Buckets(client, self._opened_anew, most), client.get_max_batch_size())

    def close(self) -> None:
        """Release files and memory; the index cannot be used afterwards."""
        with self._use.alone():
            self._is_closed = True
            self._stop()

    def put(self, ids: Sequence[str], vectors: "NDArray[np.float32]", labels: Sequence[Labels]) -> None:
        """Add vectors, or replace those whose ids are there; ``vectors`` has shape (len(ids), dimension)."""
        with self._writing:
            super().put(ids, vectors, labels)
            self._holdings.note(self, self._collections.held)
        self._holdings.settle(keep=self)  # this one lets go when it has written many

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are ignored."""
        with self._writing:
            super().remove(ids)

    def let_go(self) -> None:
        """Hold no collection in memory."""
        with self._writing:
            super().let_go()

    def let_go_if_free(self) -> None:
        """The same, where nobody writes it. What goes wrong shows when it is used next: that opens it again."""
        with suppress(StoreError), nullcontext(True) if self._guard is None else self._guard.if_free() as free:
            if free and self._writing.acquire(blocking=False):
                try:
                    self.let_go()
                finally:
                    self._writing.release()

    def _not_open(self) -> IndexDamaged:
        return IndexDamaged(f"the index {str(self._folder)!r} is not open any more")

    def _stop(self) -> None:
        self._holdings.note(self, NOTHING)
        if self._system is not None:
            self._system.stop()
            self._system = None
            give_back()

    @contextmanager
    def _opened_anew(self) -> "Iterator[ClientAPI]":
        """The same index with nothing of it in memory; nobody reads it meanwhile.

        Whoever reads holds no guard, so that whoever waits for them may.

        Raises:
            IndexDamaged: another embedder's is in its place by now.
        """
        with nullcontext() if self._guard is None else self._guard.held(), self._use.alone():
            self._stop()
            if self._is_closed:
                raise self._not_open()
            if _note_in(self._folder) != self._made_by:
                raise IndexDamaged(f"the index {str(self._folder)!r} was replaced while it was used")
            self._system, client = _open(self._folder)
            yield client

    @contextmanager
    def _used(self) -> Iterator[None]:
        with self._use.used():
            if self._system is None:
                raise self._not_open()
            yield

    @contextmanager
    def _reading(self, name: str, *, in_passing: bool = False) -> "Iterator[Collection | None]":
        with super()._reading(name) as collection:
            yield collection
            if collection is not None:
                self._collections.weigh(collection)
        held = self._collections.held
        self._holdings.note(self, held)
        if in_passing and held.size > self._in_passing:
            self.let_go_if_free()
        else:
            self._holdings.settle()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with _translated(self._folder):
                yield
        finally:
            self._blanking.look()


class IndexFolder:
    """The place of an index in ``folder``; the one built beside it is in ``folder``-new.

    Args:
        folder: made when it is missing.
        guard: held while files are opened or written.
    """

    def __init__(self, folder: Path, guard: Lock) -> None:
        self._folder = folder
        self._new = folder.with_name(f"{folder.name}-new")
        self._old = folder.with_name(f"{folder.name}-old")
        self._unpacked = folder.with_name(f"{folder.name}-restoring")
        self._guard = guard
        self.leftover: str | None = None
        self.name = str(folder)

    def open(self) -> VectorIndex:
        """The index in use."""
        return self._opened(self._folder)

    def wipe(self) -> None:
        """Delete the folder."""
        wipe(self._folder)

    def made_by(self) -> Mapping[str, str] | None:
        """What a note in the folder says."""
        return _note_in(self._folder)

    def beside(self, made_by: Mapping[str, str]) -> VectorIndex:
        """The index being built."""
        if _note_in(self._new) != made_by:
            wipe(self._new)
            with _written(self._new):
                self._new.mkdir(parents=True)
                (self._new / _NOTE).write_text(json.dumps(made_by), encoding="utf-8")
        return self._opened(self._new)

    def discard_beside(self) -> None:
        """Delete its folder."""
        wipe(self._new)

    def swap(self) -> Mapping[str, str]:
        """Rename the folders; the record need not know."""
        wipe(self._old)
        with _written(self._folder):
            if self._folder.exists():
                self._folder.rename(self._old)
            self._new.rename(self._folder)
        return {}

    def tidy(self) -> None:
        """Delete the folder that was in use before, and what a restore that was killed has unpacked."""
        wipe(self._old)
        wipe(self._unpacked)

    def prune(self) -> bool:
        """Chroma keeps what it deletes."""
        return False

    def guarded(self) -> AbstractContextManager[None]:
        """Holds the guard."""
        return self._guard.held()

    def frozen(self) -> AbstractContextManager[None]:
        """Holds the guard."""
        return self._guard.held()

    def close(self) -> None:
        """There is no connection."""

    def _opened(self, folder: Path) -> VectorIndex:
        return FolderIndex(folder, self._guard)


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    from chromadb.errors import ChromaError

    try:
        yield
    except ChromaError as error:
        if trouble := trouble_of(folder, str(error)):  # to make the index anew would not help
            raise StoreError(f"the index {str(folder)!r} cannot be used: {trouble.what}", hint=trouble.hint) from error
        raise IndexDamaged(f"Chroma cannot use the index {str(folder)!r}: {error}") from error


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        trouble = trouble_of(folder, str(error))
        said = f"the index {str(folder)!r} cannot be written: {trouble.what if trouble else error.strerror or error}"
        raise StoreError(said, hint=trouble.hint if trouble else "Check the disk") from error


def _note_in(folder: Path) -> Mapping[str, str] | None:
    try:
        note = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) else None


def wipe(folder: Path) -> None:
    """Delete the index with all its files; no index may be open on it."""
    try:
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"the index {str(folder)!r} cannot be deleted: {error.strerror or error}") from error


def _open(folder: Path) -> "tuple[System, ClientAPI]":
    """Open Chroma without its process-wide cache of open folders.

    The cache would hand out a stale index after another process wrote, and a broken one after a failed start
    (chromadb 1.5.9 enters a system into it before starting it).
    """
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    key = str(folder)
    with _OPENING:
        try:
            client = chromadb.PersistentClient(key, chroma_settings())
        finally:
            system = SharedSystemClient._identifier_to_system.pop(key, None)
            SharedSystemClient._identifier_to_refcount.pop(key, None)
    assert system is not None, "PersistentClient enters its system under the path"
    return system, client
