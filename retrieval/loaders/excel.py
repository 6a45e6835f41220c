"""Reads the rows of Excel workbooks (.xlsx), sheet by sheet, without holding a whole sheet.

Knows sheets and cells; of columns only how to find the header.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from retrieval.columns import match_columns
from retrieval.errors import InputError, shorten
from retrieval.loaders.reading import Reading
from retrieval.rows import LoadedRow, Rows
from retrieval.tables import require_columns

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["excel_rows"]

_HEADER_WITHIN: Final = 20
_MAX_HELD_BYTES: Final = 256 * 1024 * 1024
# What zipfile, openpyxl and its parsers (lxml's is a SyntaxError) raise about damaged, encrypted and strange files.
_UNREADABLE: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BadZipFile,
    EOFError,
    LookupError,
    ParseError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    ZlibError,
)
_Cells = tuple[Any, ...]
_Numbered = Iterator[tuple[int, _Cells]]


def excel_rows(path: Path, reading: Reading) -> Rows:
    """(row number from 1, row) for each row of every sheet that is not blank, or (row number, reason).

    The header of a sheet is the first of its top rows with a column for the user id (unless the caller gives it) and
    one for the text. A sheet without one is told as a reason, a workbook without any is an error. With several sheets,
    rows have their sheet's name under ``sheet``.

    Raises:
        InputError: the file is no readable workbook, or no sheet has the columns.
    """
    with _workbook(path) as book:
        sheets = [(sheet.title, _filled(sheet)) for sheet in book.worksheets]
        if not any(match for _, rows in sheets for match in _headers(rows, reading)):
            _refuse(path, book, reading)
        for sheet in book.worksheets:
            yield from _sheet_rows(sheet, reading, several=len(sheets) > 1)


def _sheet_rows(sheet: Any, reading: Reading, *, several: bool) -> Rows:
    rows = _filled(sheet)
    top = list(islice(rows, _HEADER_WITHIN))
    if not top:
        return
    at = next((n for n, (_, cells) in enumerate(top) if _is_header(cells, reading)), None)
    place = f"sheet {shorten(sheet.title)}" if several else None
    if at is None:
        yield top[0][0], f"{place}: no header with columns for the user id and the text; the sheet was left out"
        return
    header = [str(cell).strip() if cell is not None else "" for cell in top[at][1]]
    texts = match_columns([name for name in header if name], reading.columns)
    for number, cells in chain(top[at + 1 :], rows):
        row = {name: cell for name, cell in zip(header, cells, strict=False) if name}
        if isinstance(words := row.get(texts["text"]), int | float | datetime | time):
            row[texts["text"]] = str(words)
        if several:
            row.setdefault("sheet", sheet.title)
        yield number, LoadedRow(row, place=place, fixed=False)


def _filled(sheet: Any) -> _Numbered:
    """The rows that hold anything, numbered as Excel shows them."""
    sheet.reset_dimensions()  # some programs write a wrong size, which would cut the sheet
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if any(cell is not None and str(cell).strip() for cell in cells):
            yield number, cells


def _headers(rows: _Numbered, reading: Reading) -> Iterator[bool]:
    return (_is_header(cells, reading) for _, cells in islice(rows, _HEADER_WITHIN))


def _is_header(cells: _Cells, reading: Reading) -> bool:
    matched = match_columns([cell for cell in cells if isinstance(cell, str)], reading.columns)
    needed = {"text", *reading.columns} | (set() if reading.user_id is not None else {"user_id"})
    return needed <= matched.keys()


def _refuse(path: Path, book: "Workbook", reading: Reading) -> None:
    """Raises InputError about the first row that looks like a header, if there is any row."""
    for sheet in book.worksheets:
        for _, cells in _filled(sheet):
            found = [str(cell) for cell in cells if cell is not None]
            require_columns(f"{path}[{sheet.title}]", found, reading)


def _check_size(path: Path, stream: IO[bytes]) -> None:
    """Raises InputError when the parts that openpyxl holds in memory would fill it; they may be packed very small."""
    with ZipFile(stream) as book:
        size = sum(each.file_size for each in book.infolist() if not each.filename.startswith("xl/worksheets/"))
    stream.seek(0)
    if size > _MAX_HELD_BYTES:
        raise InputError(
            f"the texts and styles of {str(path)!r} are longer than {_MAX_HELD_BYTES:,} bytes",
            hint="Save it as several workbooks, or as CSV",
        )


@contextmanager
def _workbook(path: Path) -> Iterator["Workbook"]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        hint = "Install it with: pip install openpyxl"
        raise InputError(f"reading {path.name!r} needs openpyxl", hint=hint) from error

    try:
        with path.open("rb") as stream:  # given a path, openpyxl insists on its suffix
            _check_size(path, stream)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", module="openpyxl")  # styles and extensions that it does not know
                book = load_workbook(stream, read_only=True, data_only=True)
            yield book
            book.close()
    except _UNREADABLE as error:
        raise InputError(
            f"{str(path)!r} is not a readable Excel workbook", hint="Save it again as .xlsx, without a password"
        ) from error
