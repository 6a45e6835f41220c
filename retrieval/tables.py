"""Reads the rows of CSV and Parquet files, a few at a time.

Knows encodings and delimiters; of columns only that a user id and a text are needed.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from retrieval.columns import match_columns
from retrieval.errors import InputError, shorten

__all__ = ["csv_rows", "parquet_rows"]

_Rows = Iterator[tuple[int, Mapping[str, Any] | str]]

_SAMPLE_BYTES: Final = 1024 * 1024
_MAX_FIELD_CHARS: Final = 8 * 1024 * 1024
_BATCH_ROWS: Final = 512
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


def csv_rows(
    path: Path, opener: Callable[[], IO[bytes]], columns: Mapping[str, str], *, delimiter: str | None
) -> _Rows:
    """(line, row) for each row of a CSV file that is not blank, or (line, reason); lines count from 1.

    Raises InputError when the encoding is unknown, the columns are missing, or a quotation mark is never closed.
    """
    encoding = _encoding(path, opener)
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_FIELD_CHARS))
    with opener() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        first = text.readline(_MAX_FIELD_CHARS)
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter or _delimiter(first))
        header = [name.strip() for name in next(_guarded(path, reader), [])]
        _require_columns(path, header, columns)
        line = reader.line_num + 1
        for cells in _guarded(path, reader):
            if len(cells) > len(header):
                yield line, f"{len(cells)} columns where the header has {len(header)}"
            elif any(cell.strip() for cell in cells):
                yield line, dict(zip(header, cells, strict=False))
            line = reader.line_num + 1


def parquet_rows(path: Path, columns: Mapping[str, str]) -> _Rows:
    """(row number from 1, row) for each row of a Parquet file, read batch by batch.

    Raises InputError when the file is damaged, or pyarrow or the columns are missing.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(f"reading {path.name!r} needs pyarrow", hint="Install it with: pip install pyarrow") from error

    try:
        with pq.ParquetFile(path) as file:
            _require_columns(path, file.schema_arrow.names, columns)
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for row in _microseconds(batch).to_pylist():
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        raise InputError(f"the file {str(path)!r} is not a readable Parquet file", hint="Write it again") from error


def _require_columns(path: Path, found: Collection[str], columns: Mapping[str, str]) -> None:
    """Raises InputError when a mapped column, or any column for the user id or the text, is not among ``found``."""
    matched = match_columns(found, columns)
    names = shorten(", ".join(found), 300)
    for field, column in columns.items():
        if field not in matched:
            raise InputError(
                f"{str(path)!r} has no column {shorten(column)} for {field}; found {names}", hint="Correct --map"
            )
    for field in ("user_id", "text"):
        if field not in matched:
            raise InputError(
                f"{str(path)!r} has no column for {field}; found {names}", hint=f"Name it with --map {field}=COLUMN"
            )


def _guarded(path: Path, reader: Any) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise InputError(
            f"{str(path)!r}, line {reader.line_num}: {error}", hint="Look for a quotation mark that is never closed"
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
    """UTF-8, UTF-16 with a byte order mark, or GB18030 where that gives common Chinese characters."""
    with opener() as stream:
        sample = stream.read(_SAMPLE_BYTES)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _decodes(sample, "utf-8") is not None:
        return "utf-8-sig"
    text = _decodes(sample, "gb18030")
    if text is not None and _is_common_chinese(text):
        return "gb18030"
    raise InputError(
        f"the encoding of {str(path)!r} is neither UTF-8 nor GB18030",
        hint="Convert it with: iconv -f ENCODING -t utf-8",
    )


def _decodes(sample: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return None


def _is_common_chinese(text: str) -> bool:
    """Whether most of the Han characters are of GB 2312's first level, and they and ASCII make up most of the text."""
    han = _HAN.findall(text)
    common = sum(b"\xb0" <= char.encode("gb2312", "replace")[:1] <= b"\xd7" for char in han)
    other = sum(char > "\x7f" for char in text) - len(han)
    return len(han) > 0 and common >= 0.8 * len(han) and other <= len(han)


def _microseconds(batch: Any) -> Any:
    """``batch`` with times in microseconds: those in nanoseconds cannot be turned into Python objects."""
    import pyarrow as pa

    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            times = batch.column(index).cast(pa.timestamp("us", field.type.tz), safe=False)
            batch = batch.set_column(index, pa.field(field.name, times.type), times)
    return batch
