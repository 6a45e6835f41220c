"""Reads history files (JSON Lines, CSV, Parquet) into events, one row at a time.

Memory does not grow with the file. Does not know what a row means (see ``rows``), nor the store.
"""

import json
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, NoReturn, cast

from retrieval.columns import check_columns
from retrieval.errors import InputError, shorten
from retrieval.events import Event
from retrieval.rows import MAX_TEXT_CHARS, RowReader
from retrieval.tables import csv_rows, parquet_rows

__all__ = ["MAX_LINE_BYTES", "MAX_TEXT_CHARS", "SUFFIXES", "BadLine", "load_events"]

MAX_LINE_BYTES: Final = 8 * 1024 * 1024
SUFFIXES: Final = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
"""The kinds of file that are read; all but Parquet may also end in ``.gz``."""

_ACCEPTED: Final = f"Accepted are {', '.join(SUFFIXES)}, and .gz of all but the last"


class BadLine(NamedTuple):
    """A row that holds no event: file, line and reason.

    The line counts from 1; for a CSV row over several lines it is the first one, for Parquet the number of the row.
    """

    file: str
    line: int
    reason: str


_Rows = Iterator[tuple[int, Mapping[str, Any] | str]]
"""(line, row) or (line, reason why it is none)."""


def load_events(
    path: Path, *, columns: Mapping[str, str] | None = None, self_names: Collection[str] = ()
) -> Iterator[Event | BadLine]:
    """Reads a history file in order, yielding an event or a bad line for each row that is not blank.

    Args:
        path: a ``.jsonl``, ``.ndjson``, ``.csv``, ``.tsv`` (each also ``.gz``) or ``.parquet`` file.
        columns: field of an event -> column of the file, where the usual names do not fit.
        self_names: further names under which the user speaks.

    Raises:
        InputError: at once, when the file does not exist or is of an unknown kind; while reading, when it is damaged,
            of an unknown encoding, or is a table without a column for the user id or the text.
        UsageError: at once, when ``columns`` names an unknown field.
    """
    check_columns(columns)
    rows = _rows_of(path, dict(columns or {}))
    return _events(path, rows, RowReader(columns, self_names))


def _rows_of(path: Path, columns: dict[str, str]) -> _Rows:
    if not path.exists():
        raise InputError(f"the file {str(path)!r} does not exist", hint="Check the path")
    if not path.is_file():
        raise InputError(f"{str(path)!r} is not a file", hint="Name the files themselves, e.g. DIR/*.jsonl")
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    packed = suffixes[-1:] == [".gz"]
    suffix = (suffixes[:-1] if packed else suffixes)[-1:]
    match suffix:
        case [".jsonl" | ".ndjson"]:
            return _jsonl_rows(path, partial(_open, path, packed))
        case [".csv" | ".tsv" as kind]:
            return csv_rows(path, partial(_open, path, packed), columns, delimiter="\t" if kind == ".tsv" else None)
        case [".parquet"] if not packed:
            return parquet_rows(path, columns)
        case [".json"]:
            raise InputError(f"{path.name!r} is not JSON Lines", hint="Turn a JSON array into one with: jq -c '.[]'")
    raise InputError(f"unknown kind of file {path.name!r}", hint=_ACCEPTED)


def _open(path: Path, packed: bool) -> IO[bytes]:
    if packed:
        import gzip

        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def _events(path: Path, rows: _Rows, reader: RowReader) -> Iterator[Event | BadLine]:
    file = str(path)
    try:
        for line, row in rows:
            if isinstance(row, str):
                yield BadLine(file, line, row)
                continue
            try:
                event = reader.event(row)
            except InputError as error:
                yield BadLine(file, line, str(error))
            else:
                yield event
    except (EOFError, zlib.error) as error:
        raise InputError(f"the compressed file {file!r} is damaged or cut short", hint="Copy it again") from error
    except OSError as error:
        raise InputError(f"the file {file!r} cannot be read: {error.strerror or error}") from error


def _jsonl_rows(path: Path, opener: Callable[[], IO[bytes]]) -> _Rows:
    with opener() as stream:
        number = 0
        while line := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                _skip_line(stream, line)
                yield number, f"the line is longer than {MAX_LINE_BYTES:,} bytes"
                continue
            if number == 1:
                _refuse_utf16(path, line)
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield number, _object(line)


def _skip_line(stream: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(1024 * 1024)


def _object(line: bytes) -> Mapping[str, Any] | str:
    """The JSON object of a line, or the reason why it is none."""
    try:
        value = json.loads(line.rstrip().decode("utf-8"), parse_constant=lambda _: None)
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start}; convert the file with iconv -f ENCODING -t utf-8"
    except json.JSONDecodeError as error:
        return f"broken JSON at character {error.pos + 1}: {error.msg}"
    except (RecursionError, ValueError):  # nested too deeply; a number with thousands of digits
        return "broken JSON: nested too deeply or a number too long"
    return value if isinstance(value, dict) else f"not a JSON object but {shorten(type(value).__name__)}"


def _refuse_utf16(path: Path, line: bytes) -> None:
    if line[:2] in (b"\xff\xfe", b"\xfe\xff"):
        _refuse(path, "is UTF-16")


def _refuse(path: Path, problem: str) -> NoReturn:
    raise InputError(f"the file {str(path)!r} {problem}", hint="Convert it with: iconv -f utf-16 -t utf-8")
