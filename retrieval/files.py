"""The files of a store in a folder, and the step by which another one becomes the record.

A store that is encrypted, or decrypted, is written anew beside itself; one renaming makes the new record the one in
use. An empty file says meanwhile which way it goes, so that whatever is killed, the next one to open the store knows
which files to delete. Knows nothing of what is in them.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retrieval.errors import StoreError
from retrieval.sqlite_files import companions

if TYPE_CHECKING:
    from retrieval.archives import Manifest

__all__ = [
    "ENCRYPTED",
    "INDEX",
    "KEY",
    "RECORD",
    "RESTORING",
    "begin",
    "finish",
    "fresh",
    "is_encrypted",
    "switch",
    "sync",
]

RECORD: Final = "record.sqlite3"
"""The file of the record."""
KEY: Final = "erasure.key"
"""The file of the key."""
INDEX: Final = "chroma"
"""The folder of the index."""
ENCRYPTED: Final = "record.sqlcipher"
"""The file of an encrypted record, in which the index and the key are, too."""
RESTORING: Final = "chroma-restoring"
"""The folder in which a backup is unpacked; what a killed run left there is deleted by the next one that writes."""

_GOING: Final = {RECORD: "decrypting", ENCRYPTED: "encrypting"}


def fresh(folder: Path, name: str) -> Path:
    """The file in which a new record is written, which is to be called ``name``; there is none yet."""
    path = _new(folder, name)
    _delete(path, *companions(path))
    return path


def begin(folder: Path, name: str) -> None:
    """Say that the other kind of record, ``name``, is being made, with whatever belongs to it."""
    _delete(*_belongings(folder, name))
    (folder / _GOING[name]).touch()
    sync(folder)


def switch(folder: Path, name: str) -> None:
    """Make the new record the one in use, in one step, and delete what was in use before."""
    try:
        _new(folder, name).replace(folder / name)
    except OSError as error:
        raise StoreError(f"{str(folder / name)!r} cannot be written: {error.strerror or error}") from error
    sync(folder)
    finish(folder)


def finish(folder: Path) -> None:
    """Delete what a change that was killed has left: before its one step the new files, after it the old ones.

    No change may be under way.
    """
    for name, word in _GOING.items():
        marker = folder / word
        if marker.exists():
            (other,) = _GOING.keys() - {name}
            _delete(*_belongings(folder, other if (folder / name).exists() else name))
            sync(folder)
            _delete(marker)
    for name in _GOING:
        _delete(_new(folder, name), *companions(_new(folder, name)))


def is_encrypted(manifest: "Manifest") -> bool:
    """Whether a backup is that of an encrypted store."""
    return ENCRYPTED in manifest.files


def sync(folder: Path) -> None:
    """Make renamings and deletions last; of a file, what was written to it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _new(folder: Path, name: str) -> Path:
    return folder / f"{name}-new"


def _belongings(folder: Path, name: str) -> Iterator[Path]:
    """All files that a record of this kind has, and what is beside it."""
    for record in (folder / name, _new(folder, name)):
        yield record
        yield from companions(record)
    if name == RECORD:
        for each in (INDEX, KEY):
            yield from (folder / f"{each}{end}" for end in ("", "-new", "-old"))
        yield folder / RESTORING


def _delete(*paths: Path) -> None:
    for path in paths:
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)  # another process may be at it, too
                if path.exists():
                    raise StoreError(f"the folder {str(path)!r} cannot be deleted", hint="Delete it yourself")
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{str(path)!r} cannot be deleted: {error.strerror or error}") from error
