"""Locks between processes: files that one process at a time holds, and that the system frees when it dies.

Knows nothing of what they protect.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.errors import StoreBusy, StoreError

__all__ = ["StoreLock"]


class StoreLock:
    """A lock on a file. A thread that holds it may take it again.

    Args:
        path: the lock file; made when it is missing, and left there.
        wait: seconds to wait for another holder.
    """

    def __init__(self, path: Path, wait: float) -> None:
        from filelock import FileLock

        self._path = path
        self._wait = wait
        self._lock = FileLock(path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock.

        Raises:
            StoreBusy: another process or thread holds it, for longer than ``wait``.
            StoreError: the lock file cannot be made.
        """
        if not self._acquired(self._wait):
            raise StoreBusy(
                f"the store {str(self._path.parent)!r} is in use: {self._path.name!r} is held by another process",
                hint="Wait for it to end, or stop it",
            )
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def if_free(self) -> Iterator[bool]:
        """Hold the lock if it is free, without waiting; tells whether it is held.

        Raises:
            StoreError: the lock file cannot be made.
        """
        if not self._acquired(0):
            yield False
            return
        try:
            yield True
        finally:
            self._lock.release()

    def _acquired(self, wait: float) -> bool:
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=wait)
        except Timeout:
            return False
        except OSError as error:
            raise StoreError(f"the file {str(self._path)!r} cannot be locked: {error.strerror or error}") from error
        return True
