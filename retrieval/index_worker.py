"""What the process does that keeps indexes open for a server: it answers the requests on its stdin.

It ends when its stdin does, so never before the server, and soon after it, however that ends. Knows nothing of records
or of texts.
"""

import os
import pickle
import signal
import sys
import threading
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

from retrieval.errors import LimnerError
from retrieval.index_folder import FolderIndex
from retrieval.locks import StoreLock

__all__ = ["Reply", "Request", "main"]

_AT_ONCE: Final = 8
_WRITES: Final = ("put", "remove")
_OTHERS: Final = ("vectors", "having", "count", "ids", "probe", "let_go")


class Request(NamedTuple):
    """What is to be done: ``open``, ``close``, or a method of the index that ``handle`` was opened as."""

    number: int
    handle: str
    what: str
    arguments: tuple[Any, ...] = ()


class Reply(NamedTuple):
    """What came of the request with this number; ``is_open``: whether its handle was known."""

    number: int
    value: Any = None
    error: LimnerError | None = None
    is_open: bool = True


class _Opened(NamedTuple):
    folder_index: FolderIndex
    guard: StoreLock


class _Worker:
    """Does what requests ask for, several at a time: Chroma reads while it writes elsewhere."""

    def __init__(self, replies: BinaryIO) -> None:
        self._replies = replies
        self._open: dict[str, _Opened] = {}
        self._lock = threading.Lock()

    def answer(self, request: Request) -> None:
        """Do it, and say what came of it."""
        try:
            if request.what == "open":
                self._open_folder(request.handle, *request.arguments)
                reply = Reply(request.number)
            elif (found := self._open.get(request.handle)) is None:
                reply = Reply(request.number, is_open=False)
            else:
                reply = Reply(request.number, self._done(found, request))
        except LimnerError as error:
            reply = Reply(request.number, error=error)
        packed = pickle.dumps(reply)
        with self._lock:
            self._replies.write(packed)
            self._replies.flush()

    def close(self) -> None:
        """Close what is open."""
        for each in self._open.values():
            each.folder_index.close()

    def _open_folder(self, handle: str, folder: Path, lock: Path, wait: float) -> None:
        guard = StoreLock(lock, wait)
        with guard.held():
            self._open[handle] = _Opened(FolderIndex(folder, guard), guard)

    def _done(self, found: _Opened, request: Request) -> Any:
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


def main() -> int:
    """Answer until stdin ends; the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server is told to end, and what it still writes must be done
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whoever prints does not disturb
    worker = _Worker(replies)
    with ThreadPoolExecutor(_AT_ONCE) as threads, suppress(EOFError):
        while True:
            request = cast(Request, pickle.load(sys.stdin.buffer))  # only the server can write to it
            threads.submit(worker.answer, request).add_done_callback(_end_if_failed)
    worker.close()
    return 0


def _end_if_failed(done: "Future[None]") -> None:
    """What nobody foresaw ends the process: the server learns it, and tries once more with a new one."""
    error = done.exception()
    if isinstance(error, BrokenPipeError):  # the server is gone
        os._exit(0)
    if error is not None:
        traceback.print_exception(error)
        os._exit(1)
