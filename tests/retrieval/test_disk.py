"""A full disk, a read-only one, damaged files: a clear error, nothing lost, and a command that mends it."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import StoreError, UsageError
from retrieval.fakes import HashingEmbedder
from retrieval.scopes import Scope
from retrieval.store import Store
from tests.conftest import WriteRows
from tests.disks import FULL, Disk, fill
from tests.retrieval.conftest import agrees

OpenStore = Callable[..., Store]
pytestmark = pytest.mark.local
ROWS = 4000


@pytest.fixture
def on_disk(disk: Disk, open_store: OpenStore) -> Iterator[Store]:
    store = open_store(disk.folder / "store")
    yield store
    store.close()


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.jsonl"
    rows = ({"user_id": f"u{n % 40}", "id": f"e{n}", "text": f"Message number {n}. " * 8} for n in range(ROWS))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def count(store: Store) -> int:
    return sum(user.events for user in store.users())


def test_an_ingest_that_fills_the_disk_goes_on_when_there_is_room(disk: Disk, on_disk: Store, big: Path) -> None:
    kept = [0]
    with pytest.raises(StoreError, match=FULL) as caught:
        on_disk.ingest([big], progress=lambda report: kept.append(report.added))
    assert caught.value.exit_code == 5 and "Message number" not in str(caught.value)
    on_disk.close()
    disk.resize("200m")
    assert kept[-1] <= count(on_disk) < ROWS
    assert len(on_disk.search("u1", "message number")) > 0 or kept[-1] == 0
    report = on_disk.ingest([big])
    assert report.added + report.unchanged == ROWS and report.unchanged >= kept[-1]
    assert agrees(on_disk)


@pytest.mark.parametrize("left", [0, 300_000])
def test_nothing_is_lost_by_any_call_on_a_full_disk(
    disk: Disk, on_disk: Store, write_rows: WriteRows, tmp_path: Path, left: int
) -> None:
    rows = [{"user_id": f"u{n % 4}", "id": f"e{n}", "text": f"Message number {n}."} for n in range(80)]
    on_disk.ingest([write_rows(*rows)])
    on_disk.backup(tmp_path / "b")
    before = {user: on_disk.events(user) for user in ("u0", "u1", "u2", "u3")}
    on_disk.close()
    filler = fill(disk, left)
    more = write_rows({"user_id": "u9", "id": "x", "text": "One more."}, name="more.jsonl")
    calls: list[Callable[[], Any]] = [
        lambda: on_disk.backup(disk.folder / "b"),
        lambda: on_disk.restore(tmp_path / "b", force=True),
        on_disk.reindex,
        lambda: on_disk.ingest([more]),
        lambda: on_disk.forgetting.forget("u3", Scope()),
    ]
    for call in calls:
        try:
            call()
        except StoreError as error:
            assert error.exit_code == 5 and "Restore" not in str(error), error
        on_disk.close()
    assert not (disk.folder / "b").exists() or left
    filler.unlink()
    for user, events in before.items():
        if user != "u3" or on_disk.forgetting.receipts() == []:
            assert on_disk.events(user) == events
            assert len(on_disk.search(user, "message number", k=99)) == 20
    on_disk.ingest([more])
    if on_disk.forgetting.receipts():
        on_disk.forgetting.compact()
        assert [each["state"] for each in on_disk.forgetting.receipts()] == ["done"]
    assert agrees(on_disk)


@pytest.mark.parametrize("trouble", ["read-only", "full"])
def test_an_older_record_that_cannot_be_brought_up_to_date_stays_as_it_is(disk: Disk, trouble: str) -> None:
    folder, filler = disk.folder / "store", disk.folder / "filler"
    folder.mkdir()
    path = folder / "record.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(Path(__file__).with_name("records").joinpath("v1.sqlite.sql").read_text("utf-8"))
    before = path.read_bytes()
    if trouble == "full":
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
    else:
        disk.read_only(True)
    with Store(folder, HashingEmbedder()) as store:
        with pytest.raises(StoreError, match=FULL if trouble == "full" else "may not be written"):
            store.users()
        assert path.read_bytes() == before
        disk.read_only(False)
        filler.unlink(missing_ok=True)
        assert [each.user_id for each in store.users()] == ["ada", "grace", "李雷"]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == ("6",)


def test_a_read_only_disk_is_named(disk: Disk, on_disk: Store, write_rows: WriteRows, tmp_path: Path) -> None:
    file = write_rows({"user_id": "u", "id": "x", "text": "Words."})
    on_disk.ingest([file])
    on_disk.close()
    disk.read_only(True)
    calls: list[Callable[[], Any]] = [
        on_disk.users,
        lambda: on_disk.search("u", "words"),
        lambda: on_disk.ingest([file]),
        lambda: on_disk.forgetting.forget("u", Scope()),
        on_disk.reindex,
        lambda: on_disk.backup(tmp_path / "b"),
    ]
    for call in calls:
        with pytest.raises(StoreError, match=r"may not be written.*mount the disk for writing"):
            call()
    with pytest.raises(StoreError, match="cannot be made: Read-only file system"):
        Store(disk.folder / "other", HashingEmbedder()).ingest([file])
    disk.read_only(False)
    assert len(on_disk.search("u", "words")) == 1 and agrees(on_disk)


@pytest.fixture
def filled(store: Store, write_rows: WriteRows) -> Store:
    rows = [{"user_id": f"u{n % 4}", "id": f"e{n}", "text": f"Message number {n}."} for n in range(400)]
    store.ingest([write_rows(*rows)])
    return store


def _files_of_the_index(store: Store) -> list[Path]:
    return sorted(path for path in (store.path / "chroma").rglob("*") if path.is_file() and path.stat().st_size)


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "gone"])
def test_a_damaged_file_of_the_index_is_mended_by_the_next_search(filled: Store, damage: str) -> None:
    filled.close()
    names = dict.fromkeys(path.name for path in _files_of_the_index(filled))
    assert {*names} >= {"chroma.sqlite3", "data_level0.bin", "header.bin"}
    for name in names:
        path = next(each for each in _files_of_the_index(filled) if each.name == name)  # mended, it may lie elsewhere
        data = path.read_bytes()
        match damage:
            case "cut":
                path.write_bytes(data[: len(data) // 2])
            case "noise":
                path.write_bytes(os.urandom(len(data)))
            case "empty":
                path.write_bytes(b"")
            case _:
                path.unlink()
        hits = filled.search("u1", "message number", k=999)
        assert len(hits) == 100 and agrees(filled), path
        filled.close()


def test_what_chroma_does_not_notice_is_mended_by_a_command(filled: Store) -> None:
    filled.close()
    (data,) = [p for p in (filled.path / "chroma").rglob("data_level0.bin") if p.stat().st_size][:1]
    data.write_bytes(bytes(data.stat().st_size))
    assert filled.reindex() == filled.health().vectors and agrees(filled)


@pytest.mark.parametrize("cut", [0, 100, 4096, 20_000, -4096])
def test_a_truncated_record_is_an_error_and_a_backup_the_remedy(
    filled: Store, open_store: OpenStore, write_rows: WriteRows, tmp_path: Path, cut: int
) -> None:
    filled.forgetting.forget("u3", Scope())
    filled.backup(tmp_path / "b")
    filled.close()
    record = filled.path / "record.sqlite3"
    with sqlite3.connect(record) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    os.truncate(record, cut if cut >= 0 else record.stat().st_size + cut)
    before = record.read_bytes()
    with pytest.raises(StoreError) as caught:
        for user in ("u0", "u1", "u2"):
            filled.events(user)
        filled.backup(tmp_path / "b2")
    assert "Move the folder away" in str(caught.value) and "limner restore" in str(caught.value)
    assert caught.value.exit_code == 5 and not (tmp_path / "b2").exists()
    filled.close()
    if not cut:
        with pytest.raises(StoreError, match="is empty, but was not"):
            filled.ingest([write_rows({"user_id": "x", "id": "1", "text": "No."}, name="x.jsonl")])
        assert record.read_bytes() == before, "no new store takes its place"
    filled.path.rename(tmp_path / "broken")
    store = open_store()
    store.restore(tmp_path / "b")
    assert [each.user_id for each in store.users()] == ["u0", "u1", "u2"] and agrees(store)
    assert len(store.search("u1", "message number", k=999)) == 100


def test_a_record_that_is_gone_is_not_taken_for_a_new_store(filled: Store, write_rows: WriteRows) -> None:
    filled.close()
    for path in filled.path.glob("record*"):
        path.unlink()
    file = write_rows({"user_id": "x", "id": "1", "text": "No."}, name="x.jsonl")
    with pytest.raises(StoreError, match=r"holds 'chroma', but no 'record\.sqlite3'"):
        filled.ingest([file])
    with pytest.raises((StoreError, UsageError)):
        filled.users()
