"""The vector index, in Chroma collections of vectors, ids and filterable metadata, and what a place for it has to do.

Knows nothing of the record, of texts or of embedders: it can be thrown away and filled again at any time.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from retrieval.buckets import Collections
from retrieval.errors import StoreError
from retrieval.events import Role

if TYPE_CHECKING:
    import numpy as np
    from chromadb import Collection
    from chromadb.api.types import Metadata
    from chromadb.config import Settings
    from numpy.typing import NDArray

__all__ = ["ChromaIndex", "IndexDamaged", "IndexPlace", "Labels", "VectorIndex", "chroma_settings"]

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

    Raises:
        IndexDamaged: from every method, when what it holds cannot be used.
        BackendUnavailable: the Chroma server does not answer.
    """

    @abstractmethod
    def close(self) -> None:
        """Release files and memory; the index cannot be used afterwards."""

    @abstractmethod
    def put(self, ids: Sequence[str], vectors: "NDArray[np.float32]", labels: Sequence[Labels]) -> None:
        """Add vectors, or replace those whose ids are there; ``vectors`` has shape (len(ids), dimension)."""

    @abstractmethod
    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are ignored."""

    @abstractmethod
    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32] | None":
        """The vectors of these ids, in their order, shape (len(ids), dimension); None when one of them is not there."""

    @abstractmethod
    def having(self, ids: Sequence[str]) -> set[str]:
        """Those of these ids whose vectors are there."""

    @abstractmethod
    def count(self) -> int:
        """How many vectors there are."""

    @abstractmethod
    def ids(self) -> set[str]:
        """The ids of all vectors."""

    @abstractmethod
    def probe(self) -> None:
        """Read a little of everything, so that damage shows: for small indexes."""

    @abstractmethod
    def let_go(self) -> None:
        """Hold nothing in memory of what was read and written: for whoever goes through all of it.

        Raises:
            StoreBusy: another process keeps the files for long, and nothing was let go.
        """


class ChromaIndex(VectorIndex):
    """An open index in Chroma.

    Args:
        collections: Chroma's, and which of them a vector lies in.
        batch: the most vectors that Chroma takes at once.
    """

    def __init__(self, collections: Collections, batch: int) -> None:
        self._collections = collections
        self._batch = batch

    @abstractmethod
    def _translated(self) -> AbstractContextManager[None]:
        """Raises our errors for Chroma's."""

    def _used(self) -> AbstractContextManager[None]:
        """Nothing is let go meanwhile."""
        return nullcontext()

    @contextmanager
    def _reading(self, name: str, *, in_passing: bool = False) -> "Iterator[Collection | None]":
        """The collection of that name, to be read; ``in_passing``: it is one of all, and not read again soon."""
        with self._used():
            yield self._collections.opened(name)

    def put(self, ids: Sequence[str], vectors: "NDArray[np.float32]", labels: Sequence[Labels]) -> None:
        """Add vectors, or replace those whose ids are there; ``vectors`` has shape (len(ids), dimension)."""
        with self._translated():
            for collection, positions in self._collections.taking(ids):
                for part in _portions(positions, self._batch):
                    collection.upsert(
                        ids=[ids[at] for at in part],
                        embeddings=vectors[part],
                        metadatas=[_metadata(labels[at]) for at in part],
                    )
                self._collections.weigh(collection, len(positions), vectors.shape[1])

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are ignored."""
        with self._translated():
            for collection, positions in self._collections.losing(ids):
                for part in _portions(positions, self._batch):
                    collection.delete(ids=[ids[at] for at in part])

    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32] | None":
        """The vectors of these ids, in their order, shape (len(ids), dimension); None when one of them is not there.

        Read by id, which leaves the others alone. Chroma's own filtered queries look at the whole collection: 90 ms in
        one of 100,000, where the unfiltered query takes 2.
        """
        import numpy as np

        found: dict[str, Any] = {}

        def read(collection: "Collection", part: list[str]) -> None:
            page = collection.get(ids=part, include=["embeddings"])
            vectors = page["embeddings"] if page["embeddings"] is not None else []
            found.update(zip(page["ids"], vectors, strict=True))

        self._read(ids, read)
        if any(each not in found for each in ids):
            return None
        return np.asarray([found[each] for each in ids], dtype=np.float32)

    def having(self, ids: Sequence[str]) -> set[str]:
        """Those of these ids whose vectors are there."""
        found: set[str] = set()
        self._read(ids, lambda collection, part: found.update(collection.get(ids=part, include=[])["ids"]))
        return found

    def count(self) -> int:
        """How many vectors there are. Chroma opens every collection for it, so that damage shows."""
        counts: list[int] = []
        self._look_at_all(lambda collection: counts.append(collection.count()))
        return sum(counts)

    def ids(self) -> set[str]:
        """The ids of all vectors, read page by page."""
        found: set[str] = set()

        def look(collection: "Collection") -> None:
            offset, page = 0, [""]
            while page:
                page = collection.get(limit=_PAGE, offset=offset, include=[])["ids"]
                found.update(page)
                offset += len(page)

        self._look_at_all(look)
        return found

    def probe(self) -> None:
        """Read back one vector of each collection, which makes Chroma open all of them: for small indexes.

        Chroma keeps ids and vectors in different files and opens the latter only for this.
        """
        self._look_at_all(lambda collection: collection.get(limit=1, include=["embeddings"]))

    def _read(self, ids: Sequence[str], read: "Callable[[Collection, list[str]], object]") -> None:
        """Read of each collection in which some of the ids may lie, with portions of them."""
        with self._translated():
            for name, positions in self._collections.divided(ids).items():
                with self._reading(name) as collection:
                    if collection is None:
                        continue
                    for part in _portions(positions, _PAGE):
                        read(collection, [ids[at] for at in part])

    def _look_at_all(self, look: "Callable[[Collection], object]") -> None:
        """Look at each collection, one after the other."""
        with self._translated():
            with self._used():
                names = self._collections.names()
            for name in names:
                with self._reading(name, in_passing=True) as collection:
                    if collection is not None:
                        look(collection)

    def let_go(self) -> None:
        """Hold no collection in memory, where this process does."""
        with self._translated():
            self._collections.let_go()


class IndexPlace(Protocol):
    """Where the index of a store is kept, and where another one is built beside it.

    Attributes:
        name: what messages call it; without a password.
        leftover: where deleted vectors live on after ``wipe`` and ``tidy``, and what the operator does about it.
    """

    name: str
    leftover: str | None

    def open(self) -> VectorIndex:
        """The index in use; an empty one when there is none."""

    def wipe(self) -> None:
        """Delete the index in use; it must not be open."""

    def made_by(self) -> Mapping[str, str] | None:
        """Which embedder made the index in use, as far as it was built beside another one."""

    def beside(self, made_by: Mapping[str, str]) -> VectorIndex:
        """The index being built; what the same embedder began is continued, all else is deleted."""

    def discard_beside(self) -> None:
        """Delete the index being built; it must not be open."""

    def swap(self) -> Mapping[str, str]:
        """Put the index that was built beside into use; returns what the record must note for that."""

    def tidy(self) -> None:
        """Delete what was in use before."""

    def prune(self) -> bool:
        """Take out vectors that the record does not list, if nothing is left of them so; False: it is left."""

    def guarded(self) -> AbstractContextManager[None]:
        """Keeps other processes from opening and writing files of the index, while this one does."""

    def frozen(self) -> AbstractContextManager[None]:
        """Keeps everyone from opening and writing files of the index; nothing is asked of it meanwhile."""

    def close(self) -> None:
        """Release connections; they are opened again when they are needed."""


def _portions(positions: list[int], size: int) -> Iterator[list[int]]:
    return (positions[start : start + size] for start in range(0, len(positions), size))


def _metadata(labels: Labels) -> "Metadata":
    present = {"user_id": labels.user_id, "role": labels.role, "channel": labels.channel, "epoch": labels.epoch}
    return {key: value for key, value in present.items() if value is not None}


def chroma_settings(**more: Any) -> "Settings":
    """How Chroma is used: it reports to nobody, and takes no settings from a file ``.env`` in the working folder."""
    from chromadb.config import Settings

    return Settings(_env_file=None, anonymized_telemetry=False, **more)  # type: ignore[call-arg]  # of pydantic-settings
