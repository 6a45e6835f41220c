"""Says which process serves a store, and where: one server a store, and other programs can tell.

The lock goes with its process, whatever that dies of; the file beside it says where the server answers.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from agent.errors import StoreBusy, StoreError

__all__ = ["Hosting", "Running", "running_at"]

_LOCK: Final = "serve.lock"
_FILE: Final = "serve.json"


class Running(NamedTuple):
    """A server that is up; ``url`` may be empty while it starts."""

    pid: int
    url: str


class Hosting:
    """The right to serve the store in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def held(self, url: str) -> Iterator[None]:
        """Hold it.

        Raises:
            StoreBusy: another process serves this store.
            StoreError: the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self._folder / _LOCK)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            where = running_at(self._folder)
            at = f" at {where.url} (process {where.pid})" if where else ""
            raise StoreBusy(
                f"the store {str(self._folder)!r} is already served{at}", hint="Use that, or stop it"
            ) from None
        except OSError as error:
            raise StoreError(
                f"the folder {str(self._folder)!r} cannot be written: {error.strerror or error}",
                hint="Choose another one, or give the rights to it",
            ) from error
        try:
            (self._folder / _FILE).write_text(json.dumps({"pid": os.getpid(), "url": url}), "utf-8")
            yield
        finally:
            with suppress(OSError):
                (self._folder / _FILE).unlink(missing_ok=True)
            lock.release()


def running_at(folder: Path) -> Running | None:
    """The server that serves the store in ``folder``, if one does; nothing is made or changed."""
    if not (folder / _FILE).is_file() or not _is_locked(folder / _LOCK):
        return None
    try:
        told: dict[str, Any] = json.loads((folder / _FILE).read_text("utf-8"))
        return Running(int(told["pid"]), str(told["url"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_locked(path: Path) -> bool:
    from filelock import FileLock, Timeout

    if not path.is_file():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False
