"""Blanks what Chroma writes of the memory of its process by accident.

Whoever opens a graph that was never written in full, to write or only to read, writes empty files for it, with room for
a hundred vectors, as malloc gave them (chromadb 1.5.9): they hold whatever was freed before, texts, ids and vectors,
also of users who were forgotten. They count for nothing. Knows nothing of what is in an index.
"""

import struct
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from retrieval.errors import StoreError
from retrieval.locks import Lock

__all__ = ["Blanking"]

_HEADER: Final = struct.Struct("<i4Q")  # version, offset, room, vectors, bytes of one
_UNUSED: Final = ("data_level0.bin", "length.bin")


class Blanking:
    """Looks after the graphs in the folder of an index.

    Args:
        folder: of the index.
        guard: keeps other processes from writing to it; None: there are none.
    """

    def __init__(self, folder: Path, guard: Lock | None) -> None:
        self._folder = folder
        self._guard = guard
        self._seen: dict[Path, int] = {}

    def look(self) -> None:
        """Blank the files of graphs that are empty, where they were written since the last look.

        Raises:
            StoreError: a file cannot be written.
            StoreBusy: another process writes the index for long.
        """
        try:
            if self._written() != self._seen:
                with nullcontext() if self._guard is None else self._guard.held():
                    for data, moment in self._written().items():
                        if self._seen.get(data) != moment:
                            _blank_empty(data.with_name("header.bin"))
                    self._seen = self._written()
        except FileNotFoundError:
            return  # another index was put in its place meanwhile
        except OSError as error:
            said = f"the index {str(self._folder)!r} cannot be written: {error.strerror or error}"
            raise StoreError(said, hint="Check the disk and the rights of the folder") from error

    def _written(self) -> dict[Path, int]:
        """When the graphs were last written, as the file system says."""
        return {path: path.stat().st_mtime_ns for path in self._folder.glob(f"*/{_UNUSED[0]}")}


def _blank_empty(header: Path) -> None:
    if _vectors_in(header) == 0:
        for path in (header.with_name(name) for name in _UNUSED):
            if path.is_file() and path.read_bytes().strip(b"\0"):
                with path.open("r+b") as file:
                    file.write(bytes(path.stat().st_size))


def _vectors_in(header: Path) -> int | None:
    """How many vectors a graph holds; None: its header is not of the known kind."""
    data = header.read_bytes()
    if len(data) < _HEADER.size:
        return None
    version, _, _, vectors, _ = _HEADER.unpack_from(data)
    return int(vectors) if version == 1 else None
