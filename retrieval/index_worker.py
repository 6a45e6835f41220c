"""What the process does that keeps indexes open for a server. Knows nothing of records or of texts."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from retrieval.index_folder import FolderIndex
from retrieval.locks import StoreLock
from retrieval.worker import NotOpen, Request, answer_requests

__all__ = ["main"]

_AT_ONCE: Final = 8
_WRITES: Final = ("put", "remove")
_OTHERS: Final = ("vectors", "having", "count", "ids", "probe", "let_go")


class _Opened(NamedTuple):
    folder_index: FolderIndex
    guard: StoreLock


class _Worker:
    """Does what requests ask for: ``open``, ``close``, or a method of the index that a handle was opened as."""

    def __init__(self) -> None:
        self._open: dict[str, _Opened] = {}

    def do(self, request: Request) -> Any:
        """Do it; what comes of it."""
        if request.what == "open":
            return self._open_folder(request.handle, *request.arguments)
        found = self._open.get(request.handle)
        if found is None:
            raise NotOpen
        if request.what == "close":
            found.folder_index.close()
            del self._open[request.handle]
            return None
        method = getattr(found.folder_index, request.what)
        if request.what in _WRITES:
            with found.guard.held():  # here, so that it is held for as long as files are written, whoever dies
                return method(*request.arguments)
        assert request.what in _OTHERS, "there is no other method"
        return method(*request.arguments)

    def close(self) -> None:
        """Close what is open."""
        for each in self._open.values():
            each.folder_index.close()

    def _open_folder(self, handle: str, folder: Path, lock: Path, wait: float) -> None:
        guard = StoreLock(lock, wait)
        with guard.held():
            self._open[handle] = _Opened(FolderIndex(folder, guard), guard)


def main() -> int:
    """Answer until stdin ends; the exit code. Chroma reads while it writes elsewhere, hence several at a time."""
    worker = _Worker()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        answer_requests(worker.do, lambda request: threads)
    worker.close()
    return 0
