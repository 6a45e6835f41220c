"""Starts a process that works for this one, and asks it; many threads and many stores share one.

What keeps Python's lock for long, or takes all processors, keeps all of a server from answering if it does so in the
server's process. Knows nothing of what is asked.
"""

import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from retrieval.worker import Reply, Request

__all__ = ["ProcessEnded", "WorkerProcess"]

_ROOT: Final = Path(__file__).parents[1]
_PROGRAM: Final = "import sys; from {} import main; sys.exit(main())"
_KEPT: Final = ("LIMNER_CACHE",)  # the other settings are keys and addresses, which such a process need not know
_END_SECONDS: Final = 10.0


class ProcessEnded(Exception):
    """The process ended, and what it had open is closed."""


class WorkerProcess:
    """The process; started when it is first asked, and again when it has ended. Threads may share it.

    Args:
        module: whose ``main()`` is what the process does; see :mod:`retrieval.worker`.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: dict[int, Future[Reply]] = {}
        self._numbers = count()
        self._lock = threading.Lock()

    def ask(self, handle: str, what: str, *arguments: Any) -> Any:
        """What comes of a request; see :class:`retrieval.worker.Request`.

        Raises:
            ProcessEnded: it ended meanwhile, or is another one than the one that had ``handle`` open.
            LimnerError: what the process raises.
        """
        future: Future[Reply] = Future()
        number = next(self._numbers)
        packed = pickle.dumps(Request(number, handle, what, arguments))
        with self._lock:
            requests = cast(BinaryIO, self._running().stdin)
            self._waiting[number] = future
            with suppress(BrokenPipeError):  # whoever reads the replies sees that it ended
                requests.write(packed)
                requests.flush()
        reply = future.result()
        if reply.error is not None:
            raise reply.error
        if not reply.is_open:
            raise ProcessEnded
        return reply.value

    @property
    def pid(self) -> int | None:
        """The id of the process; None: it does not run."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """End the process, when what was asked is done; it is started again when it is needed."""
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            with suppress(BrokenPipeError):
                cast(BinaryIO, process.stdin).close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            settings = {
                name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith("LIMNER_")
            }
            path = os.pathsep.join(filter(None, (str(_ROOT), settings.get("PYTHONPATH"))))
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM.format(self._module)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=settings | {"PYTHONPATH": path},
                process_group=0,  # Ctrl-C is for the server
            )
            threading.Thread(target=self._read, args=(self._process,), name=self._module, daemon=True).start()
        return self._process

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        """Hand out replies until there are no more."""
        replies = cast(BinaryIO, process.stdout)
        try:
            with replies, suppress(EOFError, pickle.UnpicklingError):  # the latter: it died while it wrote
                while True:
                    reply = cast(Reply, pickle.load(replies))
                    self._waiting.pop(reply.number).set_result(reply)
        finally:
            with self._lock:
                if self._process is process:
                    self._process = None
                left, self._waiting = self._waiting, {}
                with suppress(BrokenPipeError):
                    cast(BinaryIO, process.stdin).close()
            for each in left.values():
                each.set_exception(ProcessEnded())
            process.wait()
