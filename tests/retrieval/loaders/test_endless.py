"""One text that never ends, in each format: it is told, and never held in memory."""

import tracemalloc
import zipfile
from pathlib import Path

import pytest

from retrieval.errors import InputError
from retrieval.loaders.mail import MAX_MAIL_BYTES
from retrieval.loading import BadLine, load_events
from tests.retrieval.loaders.loaded import FIXTURES, events

MB = 1_000_000


def grow(path: Path, start: bytes, megabytes: int, end: bytes = b"\n") -> Path:
    with path.open("wb") as file:
        file.write(start)
        for _ in range(megabytes):
            file.write(b"abcd " * (MB // 5))
        file.write(end)
    return path


def told(path: Path) -> tuple[str, int]:
    """What is said of the file, and the most memory that was needed."""
    tracemalloc.start()
    try:
        found = next(load_events(path, user_id="u", self_names=["Anna"]))
        assert isinstance(found, BadLine)
        said = found.reason
    except InputError as error:
        said = str(error)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return said, most


@pytest.mark.parametrize(
    ("name", "start", "message"),
    [
        ("a.jsonl", b'{"user_id": "u", "text": "', "the line is longer than 8,388,608 bytes"),
        ("a.json", b'[{"user_id": "u", "text": "', "record 1 is longer than 16,777,216 bytes"),
        ("a.csv", b'user_id,text\nu,"', "line 2: the line is longer than 8,388,608 characters"),
        ("b.csv", b"user_id,", "line 1: the line is longer than 8,388,608 characters"),
        ("a.txt", b"12/31/23, 9:05 PM - Anna: ", "characters, more than 1,000,000"),
    ],
)
def test_an_endless_text_is_told_and_not_held(tmp_path: Path, name: str, start: bytes, message: str) -> None:
    said, most = told(grow(tmp_path / name, start, 60))
    assert message in said and most < 40 * MB


def test_an_endless_mail_is_told_and_not_held(tmp_path: Path) -> None:
    said, most = told(grow(tmp_path / "a.mbox", b"From x\nFrom: a@b.c\n\n", 200))
    assert "the mail is longer than 67,108,864 bytes" in said and most < 2.5 * MAX_MAIL_BYTES


def test_mails_behind_one_that_is_too_long_are_read(tmp_path: Path) -> None:
    path = grow(tmp_path / "a.mbox", b"From x\nFrom: a@b.c\n\n", 70, b"\n\nFrom y\nFrom: c@d.e\n\n>From here\n\n")
    assert [(each.speaker, each.text) for each in events(path, user_id="u")] == [("c@d.e", "From here")]


def test_a_workbook_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(FIXTURES / "shop.xlsx") as good, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name in good.namelist():
            with bomb.open(name, "w", force_zip64=True) as part:
                part.write(good.read(name))
                for _ in range(300 if name == "xl/styles.xml" else 0):
                    part.write(b" " * MB)
    assert path.stat().st_size < MB
    with pytest.raises(InputError, match=r"a\.xlsx' are longer than 268,435,456 bytes\. Save it as several"):
        next(load_events(path))
