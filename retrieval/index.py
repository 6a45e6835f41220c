"""The vector index: one Chroma collection of vectors, ids and filterable metadata, and what a place for it has to do.

Knows nothing of the record, of texts or of embedders: it can be thrown away and filled again at any time.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from retrieval.errors import StoreError
from retrieval.events import Role

if TYPE_CHECKING:
    import numpy as np
    from chromadb import Collection
    from chromadb.api.collection_configuration import CreateCollectionConfiguration
    from chromadb.api.types import Metadata
    from chromadb.config import Settings
    from numpy.typing import NDArray

__all__ = ["CONFIGURATION", "IndexDamaged", "IndexPlace", "Labels", "VectorIndex", "chroma_settings"]

CONFIGURATION: Final["CreateCollectionConfiguration"] = {"hnsw": {"space": "cosine"}}
"""How Chroma makes a collection."""

_PAGE = 5000


class IndexDamaged(StoreError):
    """Chroma cannot use what it holds; the remedy is to fill it again."""


class Labels(NamedTuple):
    """What the index knows of a snippet beside its vector, to filter by. Never text."""

    user_id: str
    role: Role
    channel: str | None
    epoch: float | None


class VectorIndex(ABC):
    """An open index.

    Args:
        collection: Chroma's.
        batch: the most vectors that Chroma takes at once.

    Raises:
        IndexDamaged: from every method, when Chroma cannot use what it holds.
        BackendUnavailable: the Chroma server does not answer.
    """

    def __init__(self, collection: "Collection", batch: int) -> None:
        self._collection = collection
        self._batch = batch

    @abstractmethod
    def close(self) -> None:
        """Release files and memory; the index cannot be used afterwards."""

    @abstractmethod
    def _translated(self) -> AbstractContextManager[None]:
        """Raises our errors for Chroma's."""

    def put(self, ids: Sequence[str], vectors: "NDArray[np.float32]", labels: Sequence[Labels]) -> None:
        """Add vectors, or replace those whose ids are there; ``vectors`` has shape (len(ids), dimension)."""
        for start in range(0, len(ids), self._batch):
            part = slice(start, start + self._batch)
            with self._translated():
                self._collection.upsert(
                    ids=list(ids[part]), embeddings=vectors[part], metadatas=[_metadata(each) for each in labels[part]]
                )

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are ignored."""
        for start in range(0, len(ids), self._batch):
            with self._translated():
                self._collection.delete(ids=list(ids[start : start + self._batch]))

    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32] | None":
        """The vectors of these ids, in their order, shape (len(ids), dimension); None when one of them is not there.

        Read by id, which leaves the others alone. Chroma's own filtered queries look at the whole collection: 90 ms in
        one of 100,000, where the unfiltered query takes 2.
        """
        import numpy as np

        found: dict[str, Any] = {}
        for start in range(0, len(ids), _PAGE):
            with self._translated():
                page = self._collection.get(ids=list(ids[start : start + _PAGE]), include=["embeddings"])
            found.update(zip(page["ids"], page["embeddings"] if page["embeddings"] is not None else [], strict=True))
        if any(each not in found for each in ids):
            return None
        return np.asarray([found[each] for each in ids], dtype=np.float32)

    def count(self) -> int:
        """How many vectors there are."""
        with self._translated():
            return self._collection.count()

    def ids(self) -> set[str]:
        """The ids of all vectors, read page by page."""
        found: set[str] = set()
        while True:
            with self._translated():
                page = self._collection.get(limit=_PAGE, offset=len(found), include=[])["ids"]
            found.update(page)
            if len(page) < _PAGE:
                return found

    def probe(self) -> None:
        """Read one vector back. Chroma keeps ids and vectors in different files and opens the latter only here."""
        with self._translated():
            self._collection.get(limit=1, include=["embeddings"])


class IndexPlace(Protocol):
    """Where the index of a store is kept, and where another one is built beside it.

    Attributes:
        name: what messages call it; without a password.
    """

    name: str

    def open(self) -> VectorIndex:
        """The index in use; an empty one when there is none."""

    def wipe(self) -> None:
        """Delete the index in use; it must not be open."""

    def made_by(self) -> Mapping[str, str] | None:
        """Which embedder made the index in use, as far as it was built beside another one."""

    def beside(self, made_by: Mapping[str, str]) -> VectorIndex:
        """The index being built; what the same embedder began is continued, all else is deleted."""

    def swap(self) -> Mapping[str, str]:
        """Put the index that was built beside into use; returns what the record must note for that."""

    def tidy(self) -> None:
        """Delete what was in use before."""

    def guarded(self) -> AbstractContextManager[None]:
        """Keeps other processes from opening and writing files of the index."""

    def close(self) -> None:
        """Release connections; they are opened again when they are needed."""


def _metadata(labels: Labels) -> "Metadata":
    present = {"user_id": labels.user_id, "role": labels.role, "channel": labels.channel, "epoch": labels.epoch}
    return {key: value for key, value in present.items() if value is not None}


def chroma_settings(**more: Any) -> "Settings":
    """How Chroma is used: it reports to nobody, and takes no settings from a file ``.env`` in the working folder."""
    from chromadb.config import Settings

    return Settings(_env_file=None, anonymized_telemetry=False, **more)  # type: ignore[call-arg]  # of pydantic-settings
