"""What benchmarks/fuzz found: each input that once made a loader fail, or an error quote what somebody said."""

import zipfile
from pathlib import Path

import pytest

from retrieval.errors import InputError
from retrieval.events import Event
from retrieval.loading import BadLine, load_events
from retrieval.timestamps import parse_timestamp
from tests.retrieval.loaders.loaded import FIXTURES, bad, events

SECRET = "my password is swordfish"
TABLE = "user_id,text\nu,a\n".encode("utf-16")


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("content", [TABLE[:-1], TABLE[:20] + b"\x00\xdc" + TABLE[20:], TABLE + b"\x00\xd8"])
def test_damaged_utf_16_is_refused_before_any_row_is_used(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.csv', line \d: damaged UTF-16\. Save it again"):
        next(load_events(write(tmp_path / "a.csv", content)))


@pytest.mark.parametrize("text", [b'"\xed\xa0\x80"', b'"a", "n": ' + b"9" * 5000, b'"a", "n": 1e999'])
def test_json_that_python_cannot_hold_is_broken_json(tmp_path: Path, text: bytes) -> None:
    path = write(tmp_path / "a.json", b'[{"user_id": "u", "text": ' + text + b"}]")
    with pytest.raises(InputError, match=r"a\.json', record 1: broken JSON"):
        next(load_events(path))


def test_a_date_that_is_too_large_for_the_mail_parser_is_told(tmp_path: Path) -> None:
    mail = f"From: a@b.c\nDate: Mon, 04 Mar {'9' * 30} 10:15:00 +0100\n\nhi"
    assert "unknown time format" in bad(write(tmp_path / "a.eml", mail), user_id="u")[0][1]


def test_rows_of_parquet_that_python_cannot_hold_are_bad_lines(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    texts = pa.array([b"a", b"caf\xe9", b"c"]).view(pa.string())
    days = pa.array([0, 0, 2**30], pa.int32()).view(pa.date32())
    pq.write_table(pa.table({"user_id": ["u"] * 3, "text": texts, "day": days}), path)
    first, second, third = load_events(path)
    assert isinstance(first, Event) and first.text == "a"
    assert second == BadLine(str(path), 2, "the row holds text that is not UTF-8")
    assert third == BadLine(str(path), 3, "the row holds a value out of range")


@pytest.mark.parametrize(
    "part", [b"<workbook", b"<worksheet><sheetData><row r='x'/></sheetData></worksheet>", b"<a b/>", b"\xff", b""]
)
@pytest.mark.parametrize(
    "name", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"]
)
def test_a_workbook_with_a_damaged_part_is_an_error(tmp_path: Path, name: str, part: bytes) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(FIXTURES / "shop.xlsx") as good, zipfile.ZipFile(path, "w") as broken:
        for each in good.namelist():
            broken.writestr(each, part if each == name else good.read(each))
    try:
        assert list(load_events(path)) is not None  # damage that openpyxl does not mind
    except InputError as error:
        assert "a.xlsx" in str(error)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", f'u1,2024-03-01,"Hello, {SECRET}."\nu2,2024-03-02,Hi\n'),
        ("b.csv", f"user_id;{SECRET}, he said; and more of the same\n"),
        ("c.tsv", f"张三\t我的密码是123456，请不要告诉别人，{SECRET}\n"),
        ("d.jsonl", f'{{"{SECRET}, and so on": 1}}\n'),
        ("e.txt", f"1我的密码是{SECRET.replace(' ', '')}\n"),
        ("f.jsonl", f'{{"user_id": "u", "text": "a", "speaker": "{SECRET}\\nbye"}}\n'),
        ("g.jsonl", f'{{"user_id": "u", "text": "a", "speaker": "{SECRET * 1000}"}}\n'),
        ("h.jsonl", f'{{"user_id": "u", "text": "a", "time": "{SECRET}"}}\n'),
        ("k.jsonl", '{"user_id": "u", "text": "a", "time": "2024年3月4日 swordfish last year 287200"}\n'),
        ("i.jsonl", f'{{"user_id": "u", "text": "a", "time": ["{SECRET}"]}}\n'),
        ("j.eml", f"From: a@b.c\nDate: {SECRET}\n\nhi"),
    ],
)
def test_no_message_quotes_what_stands_where_ids_and_names_should(tmp_path: Path, name: str, content: str) -> None:
    path = write(tmp_path / name, content)
    user = "u" if path.suffix in (".txt", ".eml") else None
    try:
        said = " ".join(reason for _, reason in bad(path, user_id=user))
        assert said and not events(path, user_id=user)
    except InputError as error:
        said = str(error)
    assert "swordfish" not in said and "123456" not in said and name in f"{said} {path}"


def test_short_names_of_columns_and_what_looks_like_a_time_are_shown(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found the columns 'name, Some Words, 邮箱'"):
        next(load_events(write(tmp_path / "a.csv", "name,Some Words,邮箱\nu,a,b\n")))
    with pytest.raises(InputError, match=r"3 columns that are not called like columns \(is the header missing\?\)"):
        next(load_events(write(tmp_path / "b.csv", "u1,2024-03-01,hello\n")))
    with pytest.raises(InputError, match=r"unknown time format '31/12/2023 at 9:05'"):
        parse_timestamp("31/12/2023 at 9:05")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.json",
            '[{"messages": [{"role": "I said swordfish to her", "content": "x"}]}]',
            "the role is neither user nor",
        ),
        ("a.json", '[{"messages": [{"role": "critic", "content": "x"}]}]', "the role 'critic' is neither"),
        ("a.mbox", "From x\nFrom: a@b.c\nMessage-ID: I said swordfish to her\n\n> x\n", "nothing is left"),
        ("a.txt", f"12/31/23, 9:05 PM - I said {SECRET} and nothing else: x\n", "none of the speakers"),
    ],
)
def test_long_names_are_not_shown(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = write(tmp_path / name, content)
    try:
        said = " ".join(reason for _, reason in bad(path, user_id="u"))
    except InputError as error:
        said = str(error)
    assert message in said and "swordfish" not in said
