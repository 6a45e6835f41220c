import csv
import gzip
import json
import random
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import InputError, UsageError
from retrieval.events import Event
from retrieval.loading import MAX_LINE_BYTES, MAX_TEXT_CHARS, BadLine, load_events

ROW = {
    "user_id": "u1",
    "id": "7",
    "time": "2024-03-04",
    "channel": "mail",
    "speaker": "customer",
    "text": "Hi <b>you</b>",
}


def write(path: Path, *lines: Any) -> Path:
    rows = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def load(path: Path, **options: Any) -> list[Event]:
    events = list(load_events(path, **options))
    assert not [event for event in events if isinstance(event, BadLine)]
    return [event for event in events if isinstance(event, Event)]


def reason(path: Path, *lines: Any) -> str:
    bad = list(load_events(write(path / "bad.jsonl", *lines)))[-1]
    assert isinstance(bad, BadLine)
    assert bad.line == len(lines)
    return bad.reason


def test_a_row_becomes_an_event(tmp_path: Path) -> None:
    (event,) = load(write(tmp_path / "a.jsonl", {**ROW, "stars": 5, "tags": ["x", None], "none": None}))
    assert event == Event(
        user_id="u1",
        event_id="7",
        text="Hi you",
        timestamp="2024-03-04",
        epoch=datetime(2024, 3, 4, tzinfo=UTC).timestamp(),
        channel="mail",
        speaker="customer",
        role="user",
        raw="Hi <b>you</b>",
        metadata={"stars": 5, "tags": ["x", None]},
    )


def test_keys_may_differ_from_line_to_line(tmp_path: Path) -> None:
    events = load(write(tmp_path / "a.jsonl", {"uid": 3, "message": "a"}, "", {"用户": 4.0, "内容": "b"}))
    assert [(event.user_id, event.text, event.raw) for event in events] == [("3", "a", None), ("4", "b", None)]


def test_columns_and_own_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"who": "u", "words": "a", "speaker": "Anna"})
    (event,) = load(path, columns={"user_id": "who", "text": "words"}, self_names=["anna"])
    assert (event.user_id, event.text, event.role) == ("u", "a", "user")


def test_without_an_id_the_content_is_the_id(tmp_path: Path) -> None:
    one, same, other = load(
        write(
            tmp_path / "a.jsonl",
            {"user_id": "u", "text": "a", "stars": 1},
            {"user_id": "u", "text": " a ", "stars": 2},
            {"user_id": "u", "text": "a", "channel": "mail"},
        )
    )
    assert one.event_id == same.event_id != other.event_id
    assert len(one.event_id) == 25
    assert one.event_id.startswith("h")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "broken JSON at character 2"),
        ("[1]", "not a JSON object but 'list'"),
        ("[" * 200_000, "broken JSON"),
        ('{"user_id": ' + "9" * 5000 + ', "text": "a"}', "broken JSON"),
        (
            {"text": "a", "usr": 1},
            "no user id; found the columns 'text, usr'. Name the right one with --map user_id=COLUMN",
        ),
        ({"user_id": None, "text": "a"}, "no user id in 'user_id'"),
        ({"user_id": ["u"], "text": "a"}, "user_id in 'user_id' is a list"),
        ({"user_id": True, "text": "a"}, "user_id in 'user_id' is a boolean"),
        ({"user_id": "a\x00b", "text": "a"}, "holds control characters"),
        ({"user_id": "u" * 30000, "text": "a"}, "has 30,000 characters"),
        ({"user_id": "u"}, "no text; found the columns 'user_id'"),
        ({"user_id": "u", "text": ""}, "no text in 'text'"),
        ({"user_id": "u", "text": "<br> \u200b"}, "no text is left after cleaning"),
        ({"user_id": "u", "text": 5}, "the text in 'text' is a number, not a string"),
        ({"user_id": "u", "text": {"a": 1}}, "is an object"),
        ({"user_id": "u", "text": "a", "time": "03/04/2024"}, "unknown time format '03/04/2024'"),
        ({"user_id": "u", "text": "x" * (MAX_TEXT_CHARS + 1)}, "1,000,001 characters"),
    ],
)
def test_a_bad_line_says_why(tmp_path: Path, line: Any, expected: str) -> None:
    assert expected in reason(tmp_path, ROW, line)


def test_a_line_that_is_too_long_is_skipped_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"user_id": "u", "text": "')
        for _ in range(40):
            file.write(b"x" * 1024 * 1024)
        file.write(b'"}\n' + json.dumps(ROW).encode())
    tracemalloc.start()
    bad, event = load_events(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert bad == BadLine(str(path), 1, f"the line is longer than {MAX_LINE_BYTES:,} bytes")
    assert isinstance(event, Event)
    assert peak < 4 * MAX_LINE_BYTES


def test_bytes_that_are_not_utf8_spoil_only_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = json.dumps({"user_id": "u", "text": "好"}, ensure_ascii=False)
    path.write_bytes(b"\xef\xbb\xbf" + good.encode() + b"\n" + good.encode("gb18030") + b"\n" + good.encode())
    one, bad, two = load_events(path)
    assert isinstance(one, Event) and one == two
    assert isinstance(bad, BadLine) and "not UTF-8" in bad.reason


def test_lone_surrogates_and_nan_do_not_get_through(tmp_path: Path) -> None:
    line = '{"user_id": "u", "text": "a\\ud800", "m": "\\udc00", "n": NaN, "d": [Infinity]}'
    (event,) = load(write(tmp_path / "a.jsonl", line))
    assert event.text == "a�"
    assert json.dumps([event.raw, dict(event.metadata)], ensure_ascii=False).encode("utf-8")
    assert event.metadata == {"m": "�", "d": [None]}


def test_metadata_that_is_nested_too_deeply_is_cut(tmp_path: Path) -> None:
    (event,) = load(
        write(tmp_path / "a.jsonl", '{"user_id": "u", "text": "a", "d": ' + "[" * 200 + "1" + "]" * 200 + "}")
    )
    assert json.dumps(event.metadata["d"]).count("[") == 50


@pytest.mark.parametrize("suffix", ["jsonl", "ndjson", "JSONL"])
def test_the_other_suffixes_and_gzip(tmp_path: Path, suffix: str) -> None:
    plain = write(tmp_path / f"a.{suffix}", ROW)
    packed = tmp_path / f"a.{suffix}.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert load(plain) == load(packed) != []


@pytest.mark.parametrize("cut", [slice(-9), slice(0, 30), slice(5, None)])
def test_a_damaged_gzip_file_is_an_error(tmp_path: Path, cut: slice) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(ROW).encode() * 50)[cut])
    with pytest.raises(InputError, match=r"a\.jsonl\.gz"):
        list(load_events(path))


def test_wrong_files_are_refused_at_once(tmp_path: Path) -> None:
    for name in ("a.docx", "a.parquet.gz", "a.xlsx.gz", "a.gz", "a"):
        (tmp_path / name).touch()
        with pytest.raises(InputError, match=r"unknown kind of file .*--format"):
            load_events(tmp_path / name)
    (tmp_path / "a.xls").touch()
    with pytest.raises(InputError, match=r"unknown kind of file 'a\.xls'\. Save it as \.xlsx"):
        load_events(tmp_path / "a.xls")
    with pytest.raises(UsageError, match="'doc' is not a format"):
        load_events(tmp_path / "a.xls", format="doc")
    with pytest.raises(InputError, match="does not exist"):
        load_events(tmp_path / "gone.jsonl")
    with pytest.raises(InputError, match="not a file"):
        load_events(tmp_path)
    with pytest.raises(UsageError, match="'txt' is not a field"):
        load_events(tmp_path / "gone.jsonl", columns={"txt": "a"})


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    assert load(write(tmp_path / "a.jsonl")) == []


def test_utf16_json_lines_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(ROW), encoding="utf-16")
    with pytest.raises(InputError, match="is UTF-16"):
        list(load_events(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(
            [
                ["用户", "内容", "时间", "评分"],
                ["张三", "第一行，很好\n第二行", "2024年3月4日", "5"],
                [],
                ["李四", "不错", "", ""],
            ]
        )
    one, two = load(path)
    assert (one.user_id, one.text, one.timestamp, one.metadata) == (
        "张三",
        "第一行，很好\n第二行",
        "2024-03-04",
        {"评分": "5"},
    )
    assert (two.user_id, two.text, two.timestamp, two.metadata) == ("李四", "不错", None, {})


def test_tsv_and_packed_csv(tmp_path: Path) -> None:
    tsv = tmp_path / "a.tsv"
    tsv.write_text("user_id\ttext\nu\ta, b\n")
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(b'user_id,text\nu,"a, b"\n'))
    assert load(tsv) == load(packed) != []


def test_bad_rows_of_a_csv_carry_the_line_where_they_start(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('user_id,text\nu,"a\nb"\nu,x,y\n,z\nu\n')
    events = list(load_events(path))
    assert [event.line for event in events if isinstance(event, BadLine)] == [4, 5, 6]
    assert events[1] == BadLine(str(path), 4, "3 columns where the header has 2")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"name,words\nu,a\n",
            r"no column for user_id; found the columns 'name, words'\. Name it with --map user_id=COLUMN",
        ),
        (b"user_id,words\nu,a\n", r"no column for text"),
        (b"", r"no column for user_id"),
        (b"user_id,text\nu,caf\xe9 \xff\n", r"neither UTF-8 nor GB18030"),
        ("user_id,text\nu,臺灣的天氣很好，我們去吃飯吧\n".encode("big5"), r"neither UTF-8 nor GB18030"),
        (
            b"user_id,text\n" + (b"u," + b"a" * 1000 + b"\n") * 1_100 + b"u,\xff\n",
            r"line 1102: the byte 0xff is not UTF-8",
        ),
        (b'user_id,text\nu,"' + b"x" * 9_000_000, r"line 2: .*longer than 8,388,608.*never closed"),
    ],
)
def test_a_csv_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(load_events(path))


def test_one_of_three_encodings_is_refused_with_its_line_before_any_row_is_used(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [b"user_id,text\n", *(b"u,row %d\n" % n for n in range(300_000))]
    rows[200_001] = "u,茶很好喝\n".encode("gb18030")
    rows[250_000] = "u,caf\xe9\n".encode("latin-1")
    rows[1] = "u,größe 茶\n".encode()
    path.write_bytes(b"".join(rows))
    with pytest.raises(InputError, match=r"a\.csv', line 200002: the byte 0xb2 is not UTF-8.*iconv"):
        next(load_events(path))


def test_a_user_may_be_given_for_rows_without_such_a_column(tmp_path: Path) -> None:
    lines = write(tmp_path / "a.jsonl", {"text": "a"}, {"text": "b", "user_id": "v"})
    assert [(event.user_id, event.text) for event in load(lines, user_id="u")] == [("u", "a"), ("v", "b")]
    table = tmp_path / "a.csv"
    table.write_text("text\na\n")
    assert [event.user_id for event in load(table, user_id="u")] == ["u"]
    with pytest.raises(InputError, match=r"no column for user_id; found the columns 'text'.*--user ID"):
        list(load_events(table))


def test_a_given_user_does_not_get_the_rows_of_nobody(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("user_id,text\nv,a\n,b\n")
    lines = write(tmp_path / "a.jsonl", {"text": "a", "user_id": "v"}, {"text": "b", "user_id": None})
    for path in (table, lines):
        event, bad = load_events(path, user_id="u")
        assert isinstance(event, Event) and event.user_id == "v"
        assert isinstance(bad, BadLine) and bad.reason == "no user id in 'user_id'"


def test_a_format_goes_before_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("user_id\ttext\nu\ta, b\n")
    assert [event.text for event in load(path, format="tsv")] == ["a, b"]


def test_a_mapped_column_must_be_in_the_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("user_id,text\nu,a\n")
    with pytest.raises(InputError, match=r"no column 'body' for text; found the columns 'user_id, text'"):
        list(load_events(path, columns={"text": "body"}))


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    moment = datetime(2024, 3, 4, 12, 30, tzinfo=UTC)
    table = pa.table(
        {
            "user_id": [1, 2, None],
            "text": ["a", None, "c"],
            "time": pa.array([1709555400_123456789] * 3, pa.timestamp("ns", "UTC")),
            "day": [moment.date()] * 3,
            "seen": [moment] * 3,
            "score": [1.5, float("nan"), None],
            "items": [[{"n": 1}]] * 3,
            "blob": [b"\x01\xff"] * 3,
        }
    )
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)
    event, *bad = load_events(path)
    assert isinstance(event, Event)
    assert (event.user_id, event.timestamp) == ("1", "2024-03-04T12:30:00.123456Z")
    assert event.metadata == {
        "day": "2024-03-04",
        "seen": "2024-03-04T12:30:00+00:00",
        "score": 1.5,
        "items": [{"n": 1}],
        "blob": "01ff",
    }
    assert bad == [
        BadLine(str(path), 2, "no text in 'text'", "no text"),
        BadLine(str(path), 3, "no user id in 'user_id'", "no user"),
    ]


def test_a_row_group_of_parquet_is_not_held_whole(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path, rows = tmp_path / "a.parquet", 20_000
    texts = [f"{n} {random.Random(n).randbytes(500).hex()}" for n in range(rows)]
    pq.write_table(pa.table({"user_id": ["u"] * rows, "text": texts}), path, row_group_size=rows)
    del texts
    before = pa.total_allocated_bytes()
    held = max(pa.total_allocated_bytes() - before for _ in load_events(path))
    assert held < 8_000_000 < path.stat().st_size / 2


def test_a_parquet_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        list(load_events(path))
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(InputError, match="no column for user_id; found the columns 'a'"):
        list(load_events(path))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = write(tmp_path / "a.jsonl", *([ROW] * rows))
        tracemalloc.start()
        for _ in load_events(path):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(100)
    assert peak(10_000) < peak(1_000) + 200_000
