import sqlite3
from pathlib import Path

import pytest

from retrieval.errors import StoreBusy, StoreError
from retrieval.sql import Database, chunks, tables


def test_a_reader_sees_one_state(tmp_path: Path) -> None:
    database = Database(tmp_path / "record.sqlite3")
    meta = tables().meta
    with database.reading() as reader:
        before = len(reader.execute(meta.select()).all())
        with database.writing() as writer:
            writer.execute(meta.insert().values(key="new", value="1"))
        assert len(reader.execute(meta.select()).all()) == before
    with database.reading() as reader:
        assert len(reader.execute(meta.select()).all()) == before + 1
    database.close()


def test_errors_hide_the_values(tmp_path: Path) -> None:
    database = Database(tmp_path / "record.sqlite3")
    with pytest.raises(StoreError, match="cannot be used: UNIQUE") as caught, database.writing() as db:
        db.execute(tables().meta.insert(), [{"key": "x", "value": "a secret"}, {"key": "x", "value": "a secret"}])
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"
    database.close()


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite3"
    Database(path).close()
    path.write_bytes(path.read_bytes()[:4096] + b"garbage" * 3000)
    with pytest.raises(StoreError, match=r"record\.sqlite3' cannot be used: .*backup"):
        Database(path)


def test_a_record_without_a_version(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite3"
    Database(path).close()
    with sqlite3.connect(path) as other:
        other.execute("DELETE FROM meta")
    other.close()
    with pytest.raises(StoreError, match="does not say its version"):
        Database(path)


def test_a_locked_record_is_busy(tmp_path: Path) -> None:
    database = Database(tmp_path / "record.sqlite3", wait=0.1)
    other = sqlite3.connect(tmp_path / "record.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="another process writes"), database.writing() as db:
        db.execute(tables().meta.insert().values(key="x", value="y"))
    other.close()
    database.close()


def test_chunks_lose_nothing() -> None:
    parts = list(chunks(list(range(1201))))
    assert [len(part) for part in parts] == [500, 500, 201]
    assert [each for part in parts for each in part] == list(range(1201))
