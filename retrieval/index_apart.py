"""An index in a folder of this machine that another process keeps open, so that writing it does not stop this one.

Knows what is asked of the other process, nothing of how.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from retrieval.errors import StoreError
from retrieval.index import Labels, VectorIndex
from retrieval.index_folder import IndexFolder
from retrieval.index_process import IndexProcess
from retrieval.locks import StoreLock
from retrieval.worker_process import ProcessEnded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ApartFolder", "ApartIndex"]

_TRIES: Final = 2
_PUT: Final = 512


class ApartIndex(VectorIndex):
    """The index in ``folder``, open in another process. All of its methods may be done twice, and are, if that ends.

    Args:
        folder: made when it is missing.
        process: what opens it.
        guard: the file of the lock that is held while files are opened or written, and how long to wait for it.
    """

    def __init__(self, folder: Path, process: IndexProcess, guard: tuple[Path, float]) -> None:
        self._folder = folder
        self._process = process
        self._guard = guard
        self._handle: str | None = None
        self._ask("count")

    def close(self) -> None:
        """Let the process close it."""
        handle, self._handle = self._handle, None
        if handle is not None and self._process.pid is not None:
            try:
                self._process.ask(handle, "close")
            except ProcessEnded:
                return

    def put(self, ids: Sequence[str], vectors: "NDArray[np.float32]", labels: Sequence[Labels]) -> None:
        """Add vectors, or replace those whose ids are there; ``vectors`` has shape (len(ids), dimension)."""
        for part in _portions(len(ids)):
            self._ask("put", list(ids[part]), vectors[part], list(labels[part]))

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are ignored."""
        self._ask("remove", list(ids))

    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32] | None":
        """The vectors of these ids, in their order, shape (len(ids), dimension); None when one of them is not there."""
        found: NDArray[np.float32] | None = self._ask("vectors", list(ids))
        return found

    def having(self, ids: Sequence[str]) -> set[str]:
        """Those of these ids whose vectors are there."""
        return set(self._ask("having", list(ids)))

    def count(self) -> int:
        """How many vectors there are."""
        return int(self._ask("count"))

    def ids(self) -> set[str]:
        """The ids of all vectors."""
        return set(self._ask("ids"))

    def probe(self) -> None:
        """Read a little of everything, so that damage shows: for small indexes."""
        self._ask("probe")

    def let_go(self) -> None:
        """Let the process hold nothing of it in memory."""
        self._ask("let_go")

    def _ask(self, what: str, *arguments: Any) -> Any:
        for _ in range(_TRIES):
            try:
                if self._handle is None:
                    handle = uuid4().hex
                    self._process.ask(handle, "open", self._folder, *self._guard)
                    self._handle = handle
                return self._process.ask(self._handle, what, *arguments)
            except ProcessEnded:
                self._handle = None
        raise StoreError(
            f"the process that has the index {str(self._folder)!r} open ended, and so did the next one",
            hint="Look at what it said in the log; if the index is damaged: limner reindex",
        )


class ApartFolder(IndexFolder):
    """The place of an index in ``folder`` that is opened in another process.

    That process holds the guard while it opens and writes files, and this one while it moves and deletes them.

    Args:
        folder: made when it is missing.
        lock: the file of the guard.
        wait: seconds to wait for it.
        process: what opens it; shared with other stores, and not closed with this one.
    """

    def __init__(self, folder: Path, lock: Path, wait: float, process: IndexProcess) -> None:
        super().__init__(folder, StoreLock(lock, wait))
        self._lock = lock, wait
        self._process = process

    def wipe(self) -> None:
        """Delete the folder."""
        with self._guard.held():
            super().wipe()

    def discard_beside(self) -> None:
        """Delete its folder."""
        with self._guard.held():
            super().discard_beside()

    def swap(self) -> Mapping[str, str]:
        """Rename the folders."""
        with self._guard.held():
            return super().swap()

    def tidy(self) -> None:
        """Delete the folder that was in use before, and what a restore that was killed has unpacked."""
        with self._guard.held():
            super().tidy()

    def guarded(self) -> AbstractContextManager[None]:
        """The other process keeps others away, whenever it has to."""
        return nullcontext()

    def _opened(self, folder: Path) -> ApartIndex:
        return ApartIndex(folder, self._process, self._lock)


def _portions(count: int) -> Iterator[slice]:
    return (slice(start, start + _PUT) for start in range(0, count, _PUT))
