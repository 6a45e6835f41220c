"""Says whether a disk is full or may not be written, where a library only says that something failed."""

import os
import shutil
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["RESERVE", "Trouble", "is_nearly_full", "trouble_of"]

_LEAST: Final = 1 << 20  # bytes; whoever failed may have given some back


RESERVE: Final = 64 * 1024
"""So many bytes it takes to open a store: SQLite has 32 KB beside the record and beside Chroma's database meanwhile."""


class Trouble(NamedTuple):
    """What is wrong with a disk, and what to do."""

    what: str
    hint: str


_FULL: Final = Trouble("the disk is full", "Free some space, then call again: nothing that was reported is lost")
_READ_ONLY: Final = Trouble(
    "the folder may not be written",
    "Give the rights, or mount the disk for writing: limner writes a little even to read",
)


def trouble_of(path: Path, said: str = "") -> Trouble | None:
    """What is wrong with the disk of a file or folder; None: nothing that can be seen.

    Args:
        path: it need not be there.
        said: the message of the failure.
    """
    place = next((each for each in (path, *path.absolute().parents) if each.exists()), Path("/"))
    folder = place if place.is_dir() else place.parent
    words = said.lower()
    if "is full" in words or "no space left" in words:
        return _FULL
    try:
        writable, free = _may_write(place) and _may_write(folder), shutil.disk_usage(folder).free
    except OSError:
        return None
    if not writable:
        return _READ_ONLY
    return _FULL if free < _LEAST else None


def is_nearly_full(folder: Path) -> bool:
    """Whether less is free than it takes to open a store."""
    try:
        return shutil.disk_usage(folder).free < RESERVE
    except OSError:
        return False


def _may_write(path: Path) -> bool:
    """Also root may not, where the disk is mounted for reading only."""
    return os.access(path, os.W_OK) and not os.statvfs(path).f_flag & os.ST_RDONLY
