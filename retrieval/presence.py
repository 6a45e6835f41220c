"""Who has a store open: everybody at once, or one process alone, which changes how its files are written.

A lock of the system on a file of its own, which goes with its process. The file is as long as what it takes to open a
store, and gives that up where the disk is full, so that it can still be read. Knows nothing of what is in a store.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from retrieval.disk import RESERVE, is_nearly_full, trouble_of
from retrieval.errors import StoreBusy, StoreError

__all__ = ["Presence"]

_PAUSE_SECONDS = 0.05


class Presence:
    """That this process has the store of a folder open, shared with others; until ``end``.

    Args:
        path: the file; made when it is missing, and left there.
        wait: seconds to wait for a process that is alone.

    Raises:
        StoreBusy: a process is alone for longer than that.
        StoreError: the file cannot be made.
    """

    def __init__(self, path: Path, wait: float) -> None:
        import fcntl

        self._path = path
        self._wait = wait
        self._file: int | None = self._opened()
        if not self._locked(fcntl.LOCK_SH):
            self.end()
            raise StoreBusy(
                f"the store {str(path.parent)!r} is being encrypted, decrypted or given another key",
                hint="Wait for that to end",
            )
        if is_nearly_full(path.parent):
            with suppress(OSError):
                os.ftruncate(self._file, 0)

    def end(self) -> None:
        """Have it open no longer."""
        if self._file is not None:
            self._keep_room(self._file)
            os.close(self._file)
        self._file = None

    def _keep_room(self, file: int) -> None:
        """Take what the next one needs; not from somebody who has the store open."""
        import fcntl

        with suppress(OSError):  # somebody has it open, or there is no room
            if os.fstat(file).st_size < RESERVE:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.pwrite(file, bytes(RESERVE), 0)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else has the store open meanwhile.

        Raises:
            StoreBusy: somebody has.
        """
        import fcntl

        if not self._locked(fcntl.LOCK_EX):
            self._locked(fcntl.LOCK_SH)  # a failed change of a lock loses it
            raise StoreBusy(
                f"another program has the store {str(self._path.parent)!r} open",
                hint="Stop it (limner serve, limner mcp, …), then call again",
            )
        try:
            yield
        finally:
            self._locked(fcntl.LOCK_SH)

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            trouble = trouble_of(self._path, str(error))
            said = trouble.what if trouble else error.strerror or str(error)
            hint = trouble.hint if trouble else "Check the folder"
            raise StoreError(f"the file {str(self._path)!r} cannot be made: {said}", hint=hint) from error

    def _locked(self, kind: int) -> bool:
        import fcntl

        assert self._file is not None, "it is open"
        end = time.monotonic() + self._wait
        while True:
            try:
                fcntl.flock(self._file, kind | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= end:
                    return False
                time.sleep(_PAUSE_SECONDS)
