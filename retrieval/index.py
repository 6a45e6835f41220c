"""The vector index: Chroma collections of vectors, ids and filterable metadata, opened by path.

Knows nothing of the record, of texts or of embedders: it can be thrown away and filled again at any time.
"""

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.buckets import Buckets
from retrieval.errors import StoreError
from retrieval.events import Role

if TYPE_CHECKING:
    import numpy as np
    from chromadb.api.types import Metadata
    from chromadb.config import Settings, System
    from numpy.typing import NDArray

__all__ = ["IndexDamaged", "Labels", "VectorIndex", "wipe"]

_PAGE = 5000
_OPENING = threading.Lock()


class IndexDamaged(StoreError):
    """Chroma cannot use what lies in its folder; the remedy is to fill it again."""


class Labels(NamedTuple):
    """What the index knows of a snippet beside its vector, to filter by. Never text."""

    user_id: str
    role: Role
    channel: str | None
    epoch: float | None


class VectorIndex:
    """The open index. Not shared with any other: each one reads the folder by itself.

    A process that has it open does not see what another one writes; it must be opened again.

    Raises:
        IndexDamaged: from every method, when Chroma fails on the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self._translated():
            self._system, self._buckets, self._batch = _open(folder)

    def close(self) -> None:
        """Release files and memory; the index cannot be used afterwards."""
        self._system.stop()

    def put(self, ids: Sequence[str], vectors: "NDArray[np.float32]", labels: Sequence[Labels]) -> None:
        """Add vectors, or replace those whose ids are there; ``vectors`` has shape (len(ids), dimension)."""
        with self._translated():
            for collection, positions in self._buckets.taking(ids):
                for part in _portions(positions, self._batch):
                    collection.upsert(
                        ids=[ids[at] for at in part],
                        embeddings=vectors[part],
                        metadatas=[_metadata(labels[at]) for at in part],
                    )

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are ignored."""
        with self._translated():
            for collection, positions in self._buckets.holding(ids):
                for part in _portions(positions, self._batch):
                    collection.delete(ids=[ids[at] for at in part])

    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32] | None":
        """The vectors of these ids, in their order, shape (len(ids), dimension); None when one of them is not there.

        Read by id, which leaves the others alone. Chroma's own filtered queries look at the whole collection: 90 ms in
        one of 100,000, where the unfiltered query takes 2.
        """
        import numpy as np

        found: dict[str, Any] = {}
        with self._translated():
            for collection, positions in self._buckets.holding(ids):
                for part in _portions(positions, _PAGE):
                    page = collection.get(ids=[ids[at] for at in part], include=["embeddings"])
                    vectors = page["embeddings"] if page["embeddings"] is not None else []
                    found.update(zip(page["ids"], vectors, strict=True))
        if any(each not in found for each in ids):
            return None
        return np.asarray([found[each] for each in ids], dtype=np.float32)

    def count(self) -> int:
        """How many vectors there are."""
        with self._translated():
            return sum(collection.count() for collection in self._buckets.all())

    def ids(self) -> set[str]:
        """The ids of all vectors, read page by page."""
        found: set[str] = set()
        with self._translated():
            for collection in self._buckets.all():
                offset, page = 0, [""]
                while page:
                    page = collection.get(limit=_PAGE, offset=offset, include=[])["ids"]
                    found.update(page)
                    offset += len(page)
        return found

    def probe(self) -> None:
        """Read back one vector of each collection, which makes Chroma open all of them: for small indexes.

        Chroma keeps ids and vectors in different files and opens the latter only for this.
        """
        with self._translated():
            for collection in self._buckets.all():
                collection.get(limit=1, include=["embeddings"])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from chromadb.errors import ChromaError

        try:
            yield
        except ChromaError as error:
            raise IndexDamaged(f"Chroma cannot use the index {str(self._folder)!r}: {error}") from error


def wipe(folder: Path) -> None:
    """Delete the index with all its files; no index may be open on it."""
    try:
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"the index {str(folder)!r} cannot be deleted: {error.strerror or error}") from error


def _portions(positions: list[int], size: int) -> Iterator[list[int]]:
    return (positions[start : start + size] for start in range(0, len(positions), size))


def _metadata(labels: Labels) -> "Metadata":
    present = {"user_id": labels.user_id, "role": labels.role, "channel": labels.channel, "epoch": labels.epoch}
    return {key: value for key, value in present.items() if value is not None}


def _settings() -> "Settings":
    from chromadb.config import Settings

    # Without _env_file=None, Chroma would take settings from a file .env in whatever folder the process runs in.
    return Settings(_env_file=None, anonymized_telemetry=False)  # type: ignore[call-arg]  # of pydantic-settings


def _open(folder: Path) -> "tuple[System, Buckets, int]":
    """Open Chroma without its process-wide cache of open folders.

    The cache would hand out a stale index after another process wrote, and a broken one after a failed start
    (chromadb 1.5.9 enters a system into it before starting it).
    """
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    key = str(folder)
    with _OPENING:
        try:
            client = chromadb.PersistentClient(key, _settings())
        finally:
            system = SharedSystemClient._identifier_to_system.pop(key, None)
            SharedSystemClient._identifier_to_refcount.pop(key, None)
    assert system is not None, "PersistentClient enters its system under the path"
    try:
        buckets = Buckets(client)
    except BaseException:
        system.stop()
        raise
    return system, buckets, client.get_max_batch_size()
