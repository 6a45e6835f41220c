"""What a process does that works for a server: it answers the requests on its stdin, several at a time.

It ends when its stdin does, so never before the server, and soon after it, however that ends. Knows nothing of what is
asked.
"""

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple, cast

from retrieval.errors import LimnerError

__all__ = ["NotOpen", "Reply", "Request", "answer_requests"]


class NotOpen(Exception):
    """The process does not know the handle of a request: it was started after that was opened."""


class Request(NamedTuple):
    """What is to be done with what was opened as ``handle``, or to be opened as it."""

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


def answer_requests(do: Callable[[Request], Any], threads_for: Callable[[Request], Executor]) -> None:
    """Answer until stdin ends.

    Args:
        do: does what a request asks for; raises NotOpen, or a LimnerError, which the server raises then.
        threads_for: which threads do it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server is told to end, and what it still writes must be done
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whoever prints does not disturb
    writing = threading.Lock()

    def answer(request: Request) -> None:
        packed = pickle.dumps(_reply(do, request))
        with writing:
            replies.write(packed)
            replies.flush()

    with suppress(EOFError):
        while True:
            request = cast(Request, pickle.load(cast(BinaryIO, sys.stdin.buffer)))  # only the server can write to it
            threads_for(request).submit(answer, request).add_done_callback(_end_if_failed)


def _reply(do: Callable[[Request], Any], request: Request) -> Reply:
    try:
        return Reply(request.number, do(request))
    except NotOpen:
        return Reply(request.number, is_open=False)
    except LimnerError as error:
        return Reply(request.number, error=error)


def _end_if_failed(done: "Future[None]") -> None:
    """What nobody foresaw ends the process: the server learns it, and tries once more with a new one."""
    error = done.exception()
    if isinstance(error, BrokenPipeError):  # the server is gone
        os._exit(0)
    if error is not None:  # where it came about, and not its message, which may quote a history
        print("".join(traceback.format_tb(error.__traceback__)), type(error).__name__, file=sys.stderr, flush=True)
        os._exit(1)
