"""Locks between processes, which the system or the database frees when their holder dies.

Knows nothing of what they protect.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.errors import StoreBusy, StoreError
from retrieval.sql import Database

__all__ = ["DatabaseLock", "Lock", "StoreLock"]


class Lock(ABC):
    """A lock that one process holds at a time. A thread that holds it may take it again.

    Args:
        store: what messages call the store.
        name: what they call the lock.
        wait: seconds to wait for another holder.
    """

    def __init__(self, store: str, name: str, wait: float) -> None:
        self._store = store
        self._name = name
        self._wait = wait

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock.

        Raises:
            StoreBusy: another process or thread holds it, for longer than ``wait``.
            StoreError, BackendUnavailable: it cannot be locked at all.
        """
        if not self._acquired(self._wait):
            raise StoreBusy(
                f"the store {self._store!r} is in use: {self._name!r} is held by another process",
                hint="Wait for it to end, or stop it",
            )
        try:
            yield
        finally:
            self._release()

    @contextmanager
    def if_free(self) -> Iterator[bool]:
        """Hold the lock if it is free, without waiting; tells whether it is held.

        Raises:
            StoreError, BackendUnavailable: it cannot be locked at all.
        """
        if not self._acquired(0):
            yield False
            return
        try:
            yield True
        finally:
            self._release()

    @abstractmethod
    def _acquired(self, wait: float) -> bool:
        """Try for ``wait`` seconds to take it, or to take it once more."""

    @abstractmethod
    def _release(self) -> None:
        """Give it back as often as it was taken."""


class StoreLock(Lock):
    """A lock on the file ``path``; the file is made when it is missing, and left there."""

    def __init__(self, path: Path, wait: float) -> None:
        from filelock import FileLock

        super().__init__(str(path.parent), path.name, wait)
        self._path = path
        self._lock = FileLock(path)

    def _acquired(self, wait: float) -> bool:
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=wait)
        except Timeout:
            return False
        except OSError as error:
            raise StoreError(f"the file {str(self._path)!r} cannot be locked: {error.strerror or error}") from error
        return True

    def _release(self) -> None:
        self._lock.release()


class DatabaseLock(Lock):
    """A lock in the database of a record, for writers on any machine; see :meth:`retrieval.sql.Database.claim`."""

    def __init__(self, database: Database, wait: float) -> None:
        super().__init__(database.name, "the writers' lock", wait)
        self._database = database
        self._threads = threading.RLock()
        self._times = 0

    def _acquired(self, wait: float) -> bool:
        if not self._threads.acquire(timeout=wait):
            return False
        try:
            if self._times or self._database.claim(wait):
                self._times += 1
                return True
        except BaseException:
            self._threads.release()
            raise
        self._threads.release()
        return False

    def _release(self) -> None:
        self._times -= 1
        try:
            if not self._times:
                self._database.release()
        finally:
            self._threads.release()
