"""Looks for texts and vectors in the bytes of files, whatever wrote them.

A text is looked for in pieces, since databases divide long values among pages, and in every form in which a program
writes text: UTF-8, UTF-16, JSON with and without escapes. A vector is found when it differs by no more than rounding,
as Chroma's own copies do. Knows nothing of what the files are.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from retrieval.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SHORTEST", "Found", "as_it_is", "pieces", "scan_files"]

SHORTEST: Final = 8
"""So many bytes a piece has at least: fewer stand in any file by chance."""

_PIECE_CHARS: Final = 32
_BLOCK: Final = 64  # so many numbers of a vector are compared at once
_TELLING: Final = 48  # so many of them must not be zero
_ROUNDING: Final = 1e-6
_STEPS: Final = 16  # so many float32 numbers below and above one
_CHUNK: Final = 1 << 22
_SPREAD: Final = 0x9E3779B97F4A7C15
_BITS: Final = 20


class Found(NamedTuple):
    """One place: ``form`` is how it is written, ``name`` what was looked for."""

    file: Path
    offset: int
    form: str
    name: str


def pieces(text: str) -> list[str]:
    """The pieces of a text of which each is looked for; a part of 64 characters holds at least one of them."""
    cut = [text[start : start + _PIECE_CHARS] for start in range(0, len(text), _PIECE_CHARS)]
    if len(cut) > 1:
        cut[-1] = text[-_PIECE_CHARS:]
    return [each for each in dict.fromkeys(cut) if len(each.encode("utf-8", "replace")) >= SHORTEST]


def scan_files(
    files: Iterable[Path],
    texts: Mapping[str, Sequence[str]],
    vectors: Mapping[str, "NDArray[np.float32]"],
    reading: "Callable[[Path], Iterator[bytes]] | None" = None,
) -> Iterator[Found]:
    """Every place where a piece of a text, or a vector, stands in a file.

    Args:
        files: are read, byte by byte.
        texts: name -> pieces.
        vectors: name -> numbers.
        reading: gives the bytes of a file in portions; None: as they are.

    Raises:
        StoreError: a file cannot be read.
    """
    words, numbers = _Words(texts), _Numbers(vectors)
    overlap = max(words.longest, numbers.longest)
    for path in files:
        try:
            portions = _in_chunks((reading or as_it_is)(path))
            start, data = 0, next(portions, b"")
            while data:
                more = next(portions, b"")
                for each in (*words.find(data), *numbers.find(data)):
                    if not more or each[0] < len(data) - overlap:  # else it is in the next portion, too
                        yield Found(path, start + each[0], each[1], each[2])
                if not more:
                    break
                kept = min(overlap, len(data))
                start, data = start + len(data) - kept, data[len(data) - kept :] + more
        except FileNotFoundError:
            continue  # another process deleted it
        except OSError as error:
            said = f"the file {str(path)!r} cannot be read: {error.strerror or error}"
            raise StoreError(said, hint="Call with the rights of the store's owner") from error


def as_it_is(path: Path) -> Iterator[bytes]:
    """The bytes of a file."""
    with path.open("rb") as stream:
        while data := stream.read(_CHUNK):
            yield data


def _in_chunks(portions: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, in portions that are worth looking through."""
    held = bytearray()
    for portion in portions:
        held += portion
        if len(held) >= _CHUNK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


class _Words:
    """Pieces of texts, found by their first eight bytes."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        import numpy as np

        self._needles: dict[int, dict[bytes, tuple[str, str]]] = {}
        for name, parts in texts.items():
            for part in parts:
                for form, needle in _forms(part).items():
                    key = int.from_bytes(needle[:SHORTEST], "little")
                    self._needles.setdefault(key, {}).setdefault(needle, (form, name))
        every = [needle for group in self._needles.values() for needle in group]
        self.longest = max((len(each) for each in every), default=0)
        self._keys = np.array(sorted(self._needles), dtype=np.uint64)
        self._table = np.zeros(1 << _BITS, dtype=bool)
        self._table[_spread(self._keys)] = True

    def find(self, data: bytes) -> Iterator[tuple[int, str, str]]:
        """(offset, form, name) of each place."""
        import numpy as np

        if not len(self._keys):
            return
        for shift in range(SHORTEST):
            count = (len(data) - shift) // SHORTEST
            windows = np.frombuffer(data, dtype="<u8", count=max(0, count), offset=shift if count > 0 else 0)
            likely = np.flatnonzero(self._table[_spread(windows)])
            for at in likely[np.isin(windows[likely], self._keys)]:
                offset = int(at) * SHORTEST + shift
                for needle, (form, name) in self._needles[int(windows[at])].items():
                    if data.startswith(needle, offset):
                        yield offset, form, name


class _Numbers:
    """Vectors, found by the largest number of each of their blocks.

    A block that says little, since most of it is zero, counts only with the whole vector around it.
    """

    def __init__(self, vectors: Mapping[str, "NDArray[np.float32]"]) -> None:
        import numpy as np

        self._parts: dict[int, list[tuple[int, NDArray[np.float32], str]]] = {}
        for name, given in vectors.items():
            vector = np.ascontiguousarray(given, dtype=np.float32)
            for start in range(0, max(1, len(vector) - _BLOCK + 1), _BLOCK):
                block = vector[start : start + _BLOCK]
                anchor = int(np.abs(block).argmax())
                bits = int(block[anchor : anchor + 1].view(np.uint32)[0])
                says_little = np.count_nonzero(block) < _TELLING
                if block[anchor]:
                    part = (start + anchor, vector, name) if says_little else (anchor, block, name)
                    for key in range(max(0, bits - _STEPS), bits + _STEPS + 1):
                        self._parts.setdefault(key, []).append(part)
        self.longest = 4 * max((len(each) for each in vectors.values()), default=0)
        self._keys = np.array(sorted(self._parts), dtype=np.uint64)
        self._table = np.zeros(1 << _BITS, dtype=bool)
        self._table[_spread(self._keys)] = True

    def find(self, data: bytes) -> Iterator[tuple[int, str, str]]:
        """(offset, form, name) of each place."""
        import numpy as np

        if not len(self._keys):
            return
        for shift in range(4):
            count = (len(data) - shift) // 4
            floats = np.frombuffer(data, dtype="<f4", count=max(0, count), offset=shift if count > 0 else 0)
            bits = floats.view(np.uint32).astype(np.uint64)
            likely = np.flatnonzero(self._table[_spread(bits)])
            for at in likely[np.isin(bits[likely], self._keys)]:
                for anchor, part, name in self._parts[int(bits[at])]:
                    start = int(at) - anchor
                    there = floats[start : start + len(part)] if start >= 0 else floats[:0]
                    if len(there) == len(part) and _alike(there, part):
                        yield start * 4 + shift, "float32", name


def _alike(one: "NDArray[np.float32]", other: "NDArray[np.float32]") -> bool:
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.all(np.abs(one - other) <= _ROUNDING))


def _spread(keys: "NDArray[np.uint64]") -> "NDArray[np.uint64]":
    import numpy as np

    with np.errstate(over="ignore"):
        return (keys * np.uint64(_SPREAD)) >> np.uint64(64 - _BITS)


def _forms(text: str) -> dict[str, bytes]:
    """A text as programs write it; equal forms once, and none that is too short to be told from chance."""
    forms = {
        "UTF-8": text.encode("utf-8", "surrogatepass"),
        "UTF-16-LE": text.encode("utf-16-le", "surrogatepass"),
        "UTF-16-BE": text.encode("utf-16-be", "surrogatepass"),
        "JSON": json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass"),
        "JSON, escaped": json.dumps(text)[1:-1].encode("ascii"),
    }
    seen: dict[bytes, str] = {}
    for form, data in forms.items():
        if len(data) >= SHORTEST:
            seen.setdefault(data, form)
    return {form: data for data, form in seen.items()}
