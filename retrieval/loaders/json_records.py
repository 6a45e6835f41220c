"""Takes the records out of a JSON file, one after the other, however long its only line is.

Knows where records stand in a document, not what they mean. A file is parsed to its end before its first record is
given, so that nothing is taken from a broken one.
"""

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from retrieval.errors import InputError
from retrieval.rows import Rows

__all__ = ["MAX_RECORD_BYTES", "Document", "survey"]

MAX_RECORD_BYTES: Final = 16 * 1024 * 1024

_RECORD_LISTS: Final = frozenset({"tickets", "conversations"})
_SIDE_LISTS: Final = frozenset({"users", "groups", "organizations", "admins", "contacts"})
_BUFFER_BYTES: Final = 64 * 1024
_OPENING: Final = frozenset({"start_map", "start_array"})
_CLOSING: Final = frozenset({"end_map", "end_array"})


class Document(NamedTuple):
    """A sound JSON file: where its records are, and which lists stand beside them."""

    path: Path
    opener: Callable[[], IO[bytes]]
    prefix: str
    beside: frozenset[str]

    def records(self) -> Rows:
        """(number from 1, object) for each record, or (number, reason)."""
        for number, value in enumerate(self._items(self.prefix), 1):
            yield number, value if isinstance(value, dict) else f"not a JSON object but {type(value).__name__!r}"

    def side_list(self, name: str) -> Iterator[Any]:
        """What the list called ``name`` beside the records holds; nothing when there is no such list."""
        if name in self.beside:
            yield from self._items(f"{name}.item")

    def _items(self, prefix: str) -> Iterator[Any]:
        import ijson

        with self.opener() as stream:
            yield from ijson.items(_Counted(stream, None), prefix, multiple_values=True, use_float=True)


def survey(path: Path, opener: Callable[[], IO[bytes]]) -> Document:
    """Read the file once: see that it is sound, and find its records.

    They are the items of an array at the top, or of ``tickets`` or ``conversations`` in an object at the top, or the
    objects at the top themselves.

    Raises:
        InputError: the file is broken JSON, not UTF-8, or has a record over 16 MB.
    """
    import ijson

    seen = _Seen()
    with opener() as stream:
        counted = _Counted(stream, MAX_RECORD_BYTES)
        try:
            for event, value in ijson.basic_parse(counted, multiple_values=True, use_float=True):
                if seen.note(event, value):
                    counted.count = 0
        except (ijson.JSONError, ValueError) as error:  # ValueError: half a surrogate, a number with 5,000 digits
            raise InputError(
                f"{str(path)!r}, record {seen.records + 1}: broken JSON{_reason(error)}",
                hint="Export the file again, in UTF-8; nothing was loaded from it",
            ) from error
        except _TooLong as error:
            raise InputError(
                f"{str(path)!r}, record {seen.records + 1} is longer than {MAX_RECORD_BYTES:,} bytes",
                hint="Export fewer at a time, or give one record a line (.jsonl)",
            ) from error
    return Document(path, opener, seen.prefix, frozenset(seen.beside))


def _reason(error: Exception) -> str:
    """What the parser says, without the lines below it, which quote the file."""
    said = error.args[0] if error.args else ""
    line = (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)).strip().partition("\n")[0]
    kind, colon, what = line.rstrip(".").partition(": ")
    return f": {what}" if colon and kind in ("parse error", "lexical error") else ""


class _Seen:
    """What the events of a parse have shown so far."""

    def __init__(self) -> None:
        self.prefix = ""
        self.records = 0
        self.beside: set[str] = set()
        self._depth = 0
        self._key = ""
        self._record_depth = 0

    def note(self, event: str, value: Any) -> bool:
        """Take one event in; whether a record, or an item beside the records, has just ended."""
        if event == "map_key":
            if self._depth == 1:
                self._key = value
            return False
        if event in _OPENING:
            self._open(event)
            return False
        if event in _CLOSING:
            self._depth -= 1
        if self._depth == self._record_depth and (self._depth < 2 or self._key in _RECORD_LISTS):
            self.records += 1
            return True
        return self._depth == 2 and self._key in self.beside

    def _open(self, event: str) -> None:
        if event == "start_array" and not self.records and self._depth == 0:
            self.prefix, self._record_depth = "item", 1
        elif event == "start_array" and self._depth == 1 and self.prefix != "item":
            if self._key in _RECORD_LISTS and not self.records:
                self.prefix, self._record_depth = f"{self._key}.item", 2
            elif self._key in _SIDE_LISTS:
                self.beside.add(self._key)
        self._depth += 1


class _TooLong(Exception):
    pass


class _Counted:
    """A stream for the parser, without a byte order mark, that ends with an error when ``count`` exceeds ``limit``."""

    def __init__(self, stream: IO[bytes], limit: int | None) -> None:
        self._stream = stream
        self._limit = limit
        self._start = True
        self.count = 0

    def read(self, size: int = _BUFFER_BYTES) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        if self._start and size:
            self._start = False
            data = data.removeprefix(codecs.BOM_UTF8) or self._stream.read(size)
        self.count += len(data)
        if self._limit is not None and self.count > self._limit:
            raise _TooLong
        return data
