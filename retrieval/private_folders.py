"""Folders for what must not outlive this process, which nobody else may enter; a killed one's are deleted by the next.

A process keeps its folder locked, and the system frees the lock however it ends: whoever can lock a folder that is not
empty has found one that was left behind. Knows nothing of what is in them.
"""

import os
import shutil
import stat
import sys
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

__all__ = ["PrivateFolder"]

_PREFIX: Final = "limner-private-"  # not what other programs of limner call theirs, which are not locked


class PrivateFolder:
    """A new folder, mode 0700, and those of dead processes of this user deleted; gone when it is closed or let go.

    Attributes:
        path: where it is.

    Args:
        parent: where it is made; None: the system's folder for temporary files.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        descriptor = None if sys.platform == "win32" else _lock(self.path)
        self._end = weakref.finalize(self, _delete, self.path, descriptor, os.getpid())
        if sys.platform != "win32":
            _sweep(self.path.parent)

    def close(self) -> None:
        """Delete it with all that is in it."""
        self._end()

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _delete(path: Path, descriptor: int | None, owner: int) -> None:
    if os.getpid() == owner:  # not a fork of it, which has the lock as well
        shutil.rmtree(path, ignore_errors=True)
    if descriptor is not None:
        os.close(descriptor)


if sys.platform != "win32":  # which has neither this lock nor modes
    import fcntl

    def _lock(path: Path) -> int:
        """Lock a folder, still empty, until the descriptor is closed: by the system, when the process dies."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        with suppress(OSError):  # where folders cannot be locked (NFS), nobody can lock a dead one's either
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor

    def _sweep(parent: Path) -> None:
        for path in parent.glob(f"{_PREFIX}*"):
            with suppress(OSError):  # another user's, alive, or deleted meanwhile: nothing to be done
                _delete_if_dead(path)

    def _delete_if_dead(path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            found = os.fstat(descriptor)
            if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
                return
            if os.listdir(descriptor):  # one that is empty may be about to be locked
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
        finally:
            os.close(descriptor)
