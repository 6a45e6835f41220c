"""Says which process serves a store, and where: one server a store, and other programs can tell.

A server of many tenants serves the stores in the folders below its own.

The lock goes with its process, whatever that dies of; the file beside it says where the server answers.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from agent.errors import StoreBusy, StoreError

__all__ = ["Hosting", "Running", "running_at", "server_of"]

_LOCK: Final = "serve.lock"
_FILE: Final = "serve.json"


class Running(NamedTuple):
    """A server that is up; ``url`` may be empty while it starts. ``tenants``: it serves the stores below its folder."""

    pid: int
    url: str
    tenants: bool = False


class Hosting:
    """The right to serve the store in a folder; with ``tenants``, the stores in the folders below it."""

    def __init__(self, folder: Path, *, tenants: bool = False) -> None:
        self._folder = folder
        self._tenants = tenants

    @contextmanager
    def held(self, url: str) -> Iterator[None]:
        """Hold it.

        Raises:
            StoreBusy: another process serves this store, or one of them.
            StoreError: the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self._folder / _LOCK)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise _busy(self._folder, running_at(self._folder)) from None
        except OSError as error:
            raise StoreError(
                f"the folder {str(self._folder)!r} cannot be written: {error.strerror or error}",
                hint="Choose another one, or give the rights to it",
            ) from error
        try:
            told = {"pid": os.getpid(), "url": url, "tenants": self._tenants}
            (self._folder / _FILE).write_text(json.dumps(told), "utf-8")  # first: of two that start at once none misses
            self._check_others()
            yield
        finally:
            with suppress(OSError):
                (self._folder / _FILE).unlink(missing_ok=True)
            lock.release()

    def _check_others(self) -> None:
        if (above := _host_of_tenants(self._folder)) is not None:
            raise _busy(self._folder, above)
        for store in sorted(self._folder.iterdir()) if self._tenants else ():
            if (below := running_at(store)) is not None:
                raise _busy(store, below)


def server_of(store: Path) -> Running | None:
    """The server that serves the store in a folder, by itself or as one of its tenants' stores; None: nobody does."""
    return running_at(store) or _host_of_tenants(store)


def _host_of_tenants(store: Path) -> Running | None:
    above = running_at(store.resolve().parent)
    return above if above is not None and above.tenants else None


def _busy(store: Path, where: Running | None) -> StoreBusy:
    at = f" at {where.url} (process {where.pid})" if where else ""
    return StoreBusy(f"the store {str(store)!r} is already served{at}", hint="Use that, or stop it")


def running_at(folder: Path) -> Running | None:
    """The server that was started on ``folder``, if one runs; nothing is made or changed."""
    if not (folder / _FILE).is_file() or not _is_locked(folder / _LOCK):
        return None
    try:
        told: dict[str, Any] = json.loads((folder / _FILE).read_text("utf-8"))
        return Running(int(told["pid"]), str(told["url"]), bool(told.get("tenants")))
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
