from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from retrieval.errors import InputError
from retrieval.events import Event
from retrieval.loading import BadLine, load_events

SHOP = Path(__file__).parent / "fixtures" / "shop.xlsx"


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def test_all_sheets_are_read_each_below_its_header() -> None:
    found = list(load_events(SHOP))
    events = [each for each in found if isinstance(each, Event)]
    assert [(e.user_id, e.text, e.timestamp, e.role, e.metadata["sheet"]) for e in events] == [
        ("1001", "The lamp flickers after two days.", "2024-03-04T12:30:00", "user", "Reviews"),
        ("1002", "Great tea, ordered twice.", "2024-03-05T00:00:00", "user", "Reviews"),
        ("u-7", "杯子到货时碎了，请换一个。", "2024-03-06T10:05", "user", "客服对话"),
        ("u-7", "您好，马上为您补发。", "2024-03-06T10:09", "agent", "客服对话"),
    ]
    assert events[0].metadata == {"Order": "A-17", "Rating": 2, "sheet": "Reviews"}
    assert [each for each in found if isinstance(each, BadLine)] == [
        BadLine(str(SHOP), 6, "sheet 'Reviews': no user id in 'Customer ID'", "no user"),
        BadLine(
            str(SHOP),
            1,
            "sheet 'Notes': no header with columns for the user id and the text; the sheet was left out",
        ),
    ]


def test_bad_rows_carry_the_number_that_excel_shows(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[[], ["user_id", "text"], ["u", "a"], [], ["u", None], [None, "b"]])
    assert [each.line for each in load_events(path) if isinstance(each, BadLine)] == [5, 6]
    only = [each for each in load_events(path) if isinstance(each, Event)]
    assert [(each.text, each.metadata) for each in only] == [("a", {})]


def test_a_message_that_looks_like_a_number_is_text(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[["user_id", "text"], ["u", 5]])
    assert [each.text for each in load_events(path) if isinstance(each, Event)] == ["5"]


def test_a_workbook_may_be_called_anything(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[["user_id", "text"], ["u", "a"]]).rename(tmp_path / "download")
    assert len(list(load_events(path, format="xlsx"))) == 1


def test_columns_and_a_user_may_be_given(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[["Title", "Body"], ["x", "a"]])
    (event,) = load_events(path, columns={"text": "body"}, user_id="u")
    assert isinstance(event, Event)
    assert (event.user_id, event.text, event.metadata) == ("u", "a", {"Title": "x"})


def test_a_workbook_without_the_columns_is_an_error(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[["name", "words"], ["u", "a"]])
    with pytest.raises(
        InputError, match=r"a\.xlsx\[S\]' has no column for user_id; found the columns 'name, words'.*--map"
    ):
        list(load_events(path))
    with pytest.raises(InputError, match=r"no column 'body' for text"):
        list(load_events(path, columns={"text": "body"}))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no", b"\xd0\xcf\x11\xe0 a password"])
def test_what_is_no_workbook_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.xlsx' is not a readable Excel workbook\. Save it again"):
        list(load_events(path))


def test_an_empty_workbook_holds_nothing(tmp_path: Path) -> None:
    assert list(load_events(book(tmp_path / "a.xlsx", S=[]))) == []
