"""Reads history files into events, one row at a time. Memory does not grow with the file.

Knows which loader reads what, and JSON Lines. Does not know what a row means (see ``rows``), nor the store.
"""

import json
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, NoReturn

from retrieval.columns import check_columns
from retrieval.errors import InputError, UsageError, shorten
from retrieval.events import Event, bare_id
from retrieval.loaders.kinds import SUFFIXES as _SUFFIXES
from retrieval.loaders.kinds import kind_of, opener_of
from retrieval.loaders.reading import Format, Reading, check_format
from retrieval.rows import MAX_TEXT_CHARS, LoadedRow, RowError, RowKind, RowReader, Rows

__all__ = ["MAX_LINE_BYTES", "MAX_TEXT_CHARS", "SUFFIXES", "BadLine", "events_of", "load_events", "load_lines"]

MAX_LINE_BYTES: Final = 8 * 1024 * 1024
SUFFIXES: Final = tuple(_SUFFIXES)
"""The kinds of file that are read; most may also end in ``.gz``."""

_DAMAGED_HINT: Final = "Copy it again"


class BadLine(NamedTuple):
    """A row that holds no event: file, line and reason, and the kind of reason under which it is counted.

    The line counts from 1; for a CSV row over several lines it is the first one, for a table the number of the row, for
    JSON, mail and databases that of the record. Reasons say more where that number is not enough.
    """

    file: str
    line: int
    reason: str
    kind: RowKind = "unreadable"


def load_events(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    self_names: Collection[str] = (),
    user_id: str | None = None,
    format: Format | str | None = None,
) -> Iterator[Event | BadLine]:
    """Reads a history file in order, yielding an event or a bad line for each row that is not blank.

    Args:
        path: a file with one of the ``SUFFIXES``; see docs/loaders.md for what is found in each.
        columns: field of an event -> column of the file, where the usual names do not fit.
        self_names: further names under which the user speaks.
        user_id: whose the rows are that have no column for the user.
        format: the format, where it is not the one that name and content say.

    Raises:
        InputError: at once, when the file does not exist or is of an unknown kind; while reading, when it is damaged,
            of an unknown encoding, or does not say who the user is or what was said.
        UsageError: at once, when ``columns`` names an unknown field, or ``format`` an unknown format.
    """
    check_columns(columns)
    if user_id is not None and not bare_id(user_id):
        raise UsageError(f"{user_id!r} is no user id", hint="Name the user with --user ID")
    reading = Reading(dict(columns or {}), tuple(self_names), user_id, check_format(format))
    return events_of(str(path), _rows_of(path, reading), RowReader(columns, self_names, user_id))


def load_lines(
    stream: IO[bytes],
    name: str,
    *,
    columns: Mapping[str, str] | None = None,
    self_names: Collection[str] = (),
    user_id: str | None = None,
) -> Iterator[Event | BadLine]:
    """The same for JSON Lines that are open already; messages call them ``name``."""
    from retrieval.loaders.shapes import line_rows

    check_columns(columns)
    reading = Reading(dict(columns or {}), tuple(self_names), user_id, None)
    rows = line_rows(Path(name), _jsonl_rows(Path(name), lambda: stream), reading)
    return events_of(name, rows, RowReader(columns, self_names, user_id))


def _rows_of(path: Path, reading: Reading) -> Rows:
    kind = kind_of(path, reading.format)
    opener = opener_of(path, kind)
    match kind.format:
        case "csv" | "tsv":
            from retrieval.tables import csv_rows

            return csv_rows(path, opener, reading, delimiter="\t" if kind.format == "tsv" else None)
        case "parquet":
            from retrieval.tables import parquet_rows

            return parquet_rows(path, reading)
        case "xlsx":
            from retrieval.loaders.excel import excel_rows

            return excel_rows(path, reading)
        case "jsonl":
            from retrieval.loaders.shapes import line_rows

            return line_rows(path, _jsonl_rows(path, opener), reading)
        case "whatsapp" | "whatsapp-dmy" | "whatsapp-mdy":
            from retrieval.loaders.whatsapp import chat_rows

            return chat_rows(path, opener, reading)
        case "mbox" | "eml":
            from retrieval.loaders.mail import mail_rows

            return mail_rows(path, opener, reading, box=kind.format == "mbox")
    from retrieval.loaders.shapes import document_rows

    return document_rows(path, opener, reading)


def events_of(file: str, rows: Rows, reader: RowReader) -> Iterator[Event | BadLine]:
    """The events of ``rows``, which come from ``file``, and a bad line for each row that is none.

    Raises:
        InputError: while reading, when the file is damaged or cannot be read.
    """
    try:
        for line, row in rows:
            if isinstance(row, str):
                yield BadLine(file, line, row)
                continue
            try:
                event = reader.event(row, file, line)
            except InputError as error:
                reason = f"{row.place}: {error}" if isinstance(row, LoadedRow) and row.place else str(error)
                yield BadLine(file, line, reason, error.kind if isinstance(error, RowError) else "wrong value")
            else:
                yield event
    except (EOFError, zlib.error) as error:
        raise InputError(f"the compressed file {file!r} is damaged or cut short", hint=_DAMAGED_HINT) from error
    except OSError as error:
        raise InputError(f"the file {file!r} cannot be read: {error.strerror or error}") from error


def _jsonl_rows(path: Path, opener: Callable[[], IO[bytes]]) -> Rows:
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
