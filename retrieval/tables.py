"""Reads the rows of CSV and Parquet files, a few at a time.

Knows encodings and delimiters; of columns only that a user id and a text are needed.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, Any, Final

from retrieval.columns import match_columns, shown_columns
from retrieval.errors import InputError, shorten
from retrieval.loaders.reading import Reading
from retrieval.rows import Rows

__all__ = ["csv_rows", "parquet_rows", "require_columns"]

_SAMPLE_BYTES: Final = 1024 * 1024
_MAX_FIELD_CHARS: Final = 8 * 1024 * 1024
_BATCH_ROWS: Final = 64
_BUFFER_BYTES: Final = 1024 * 1024
_NOT_IN_PYTHON: Final = (ValueError, OverflowError, KeyError)  # KeyError: an unknown time zone
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


def csv_rows(path: Path, opener: Callable[[], IO[bytes]], reading: Reading, *, delimiter: str | None) -> Rows:
    """(line, row) for each row of a CSV file that is not blank, or (line, reason); lines count from 1.

    Raises InputError when the encoding is unknown, the columns are missing, or a quotation mark is never closed.
    """
    encoding = _encoding(path, opener)
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_FIELD_CHARS))
    with opener() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        first = text.readline(_MAX_FIELD_CHARS)
        text.seek(0)
        reader = csv.reader(_bounded(text), delimiter=delimiter or _delimiter(first))
        header = [name.strip() for name in next(_guarded(path, reader), [])]
        require_columns(path, header, reading)
        line = reader.line_num + 1
        for cells in _guarded(path, reader):
            if len(cells) > len(header):
                yield line, f"{len(cells)} columns where the header has {len(header)}"
            elif any(cell.strip() for cell in cells):
                yield line, dict(zip(header, cells, strict=False))
            line = reader.line_num + 1


def parquet_rows(path: Path, reading: Reading) -> Rows:
    """(row number from 1, row) for each row of a Parquet file, read batch by batch, however large its row groups are.

    Only a page, which is packed as one, is held whole: 1 MB by default, but 1,024 rows, however long, in some writers.

    Raises InputError when the file is damaged, or pyarrow or the columns are missing.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(f"reading {path.name!r} needs pyarrow", hint="Install it with: pip install pyarrow") from error

    try:
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES) as file:
            require_columns(path, file.schema_arrow.names, reading)
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for row in _python_rows(_microseconds(batch)):
                    number += 1
                    yield number, row
    except (pa.ArrowException, UnicodeDecodeError) as error:  # the latter of a name of a column
        raise InputError(f"the file {str(path)!r} is not a readable Parquet file", hint="Write it again") from error


def require_columns(path: Path | str, found: Collection[str], reading: Reading) -> None:
    """Raises InputError when a mapped column, or any column for the user id or the text, is not among ``found``.

    No user id is needed where the caller says whose the rows are.
    """
    matched = match_columns(found, reading.columns)
    names = shown_columns(found)
    for field, column in reading.columns.items():
        if field not in matched:
            raise InputError(
                f"{str(path)!r} has no column {shorten(column)} for {field}; found {names}", hint="Correct --map"
            )
    if "user_id" not in matched and reading.user_id is None:
        hint = "Name it with --map user_id=COLUMN, or give one user's id with --user ID"
        raise InputError(f"{str(path)!r} has no column for user_id; found {names}", hint=hint)
    if "text" not in matched:
        raise InputError(f"{str(path)!r} has no column for text; found {names}", hint="Name it with --map text=COLUMN")


class _LongLine(csv.Error):
    pass


def _bounded(text: IO[str]) -> Iterator[str]:
    """The lines of a text. Raises _LongLine for one that is too long to be held."""
    while line := text.readline(_MAX_FIELD_CHARS + 1):
        if len(line) > _MAX_FIELD_CHARS:
            raise _LongLine(f"the line is longer than {_MAX_FIELD_CHARS:,} characters")
        yield line


def _guarded(path: Path, reader: Any) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        line = reader.line_num + isinstance(error, _LongLine)  # which the reader has not counted
        raise InputError(
            f"{str(path)!r}, line {line}: {error}", hint="Look for a quotation mark that is never closed"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{str(path)!r}, after line {reader.line_num}: not {error.encoding}",
            hint="Convert it with: iconv -f ENCODING -t utf-8",
        ) from error


def _delimiter(header: str) -> str:
    bare = re.sub(r'"[^"]*"', "", header)
    return max(",\t;|", key=bare.count)


def _encoding(path: Path, opener: Callable[[], IO[bytes]]) -> str:
    """UTF-8, UTF-16 with a byte order mark, or GB18030 where that gives common Chinese characters.

    The whole file is looked at, so that one of several encodings is refused before its first row is used.
    """
    with opener() as stream:
        sample = stream.read(_SAMPLE_BYTES)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if (strange := _strange_byte(opener, "utf-16")) is not None:
            hint = "Save it again, as UTF-8"
            raise InputError(f"{str(path)!r}, line {strange[0]}: damaged UTF-16", hint=hint)
        return "utf-16"
    strange = _strange_byte(opener, "utf-8")
    if strange is None:
        return "utf-8-sig"
    text = codecs.getincrementaldecoder("gb18030")("replace").decode(sample)
    if _strange_byte(opener, "gb18030") is None and _is_common_chinese(text):
        return "gb18030"
    line, byte = strange
    raise InputError(
        f"{str(path)!r}, line {line}: the byte 0x{byte:02x} is not UTF-8; the file is neither UTF-8 nor GB18030, "
        "or has several encodings",
        hint="Convert it with: iconv -f ENCODING -t utf-8, each part from its own",
    )


def _strange_byte(opener: Callable[[], IO[bytes]], encoding: str) -> tuple[int, int] | None:
    """The line and the first byte that ``encoding`` cannot have, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with opener() as stream:
        while True:
            chunk = stream.read(_SAMPLE_BYTES)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return line + error.object.count(b"\n", 0, error.start), error.object[error.start]
            if not chunk:
                return None
            line += chunk.count(b"\n")


def _is_common_chinese(text: str) -> bool:
    """Whether most of the Han characters are of GB 2312's first level, and they and ASCII make up most of the text."""
    han = _HAN.findall(text)
    common = sum(b"\xb0" <= char.encode("gb2312", "replace")[:1] <= b"\xd7" for char in han)
    other = sum(char > "\x7f" for char in text) - len(han)
    return len(han) > 0 and common >= 0.8 * len(han) and other <= len(han)


def _python_rows(batch: Any) -> Iterator[dict[str, Any] | str]:
    """The rows of a batch; a reason for each that holds what Python cannot: other encodings, the year 20000."""
    try:
        yield from batch.to_pylist()
    except _NOT_IN_PYTHON:
        for at in range(batch.num_rows):
            try:
                yield from batch.slice(at, 1).to_pylist()
            except _NOT_IN_PYTHON as error:
                known = "text that is not UTF-8" if isinstance(error, UnicodeDecodeError) else "a value out of range"
                yield f"the row holds {known}"


def _microseconds(batch: Any) -> Any:
    """``batch`` with times in microseconds: those in nanoseconds cannot be turned into Python objects."""
    import pyarrow as pa

    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            times = batch.column(index).cast(pa.timestamp("us", field.type.tz), safe=False)
            batch = batch.set_column(index, pa.field(field.name, times.type), times)
    return batch
