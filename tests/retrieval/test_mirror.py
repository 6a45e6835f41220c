import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.drafts import Draft
from retrieval.errors import StoreError
from retrieval.events import Event, Snippet
from retrieval.fakes import HashingEmbedder
from retrieval.index_folder import IndexFolder
from retrieval.ingest import IngestReport
from retrieval.locks import StoreLock
from retrieval.mirror import Mirror
from retrieval.record import Record
from retrieval.sql import Database
from retrieval.store import Store
from tests.retrieval.conftest import agrees, numbers

OpenStore = Callable[..., Store]
WriteRows = Callable[..., Path]

ROOT = Path(__file__).parents[2]
ROWS = [
    {"user_id": f"u{n % 2}", "id": str(n), "timestamp": "2024-01-01", "text": f"Message number {n}"} for n in range(40)
]

DIES_BEFORE = """
import os, sys
from pathlib import Path
from retrieval.fakes import HashingEmbedder
from retrieval.store import Store

class DyingEmbedder(HashingEmbedder):
    def embed_passages(self, texts):
        os._exit(9)

Store(Path(sys.argv[1]), DyingEmbedder()).ingest([Path(sys.argv[2])])
"""
DIES_AFTER = """
import os, sys
from pathlib import Path
from retrieval.fakes import HashingEmbedder
from retrieval.record import Record
from retrieval.store import Store

Record.settle = lambda self, **done: os._exit(9)
Store(Path(sys.argv[1]), HashingEmbedder()).ingest([Path(sys.argv[2])])
"""


@pytest.fixture
def filled(store: Store, write_rows: WriteRows) -> Store:
    store.ingest([write_rows(*ROWS)])
    store.close()
    return store


@pytest.mark.parametrize("dying", [DIES_BEFORE, DIES_AFTER], ids=["before", "after"])
def test_a_process_killed_around_the_write_to_chroma(filled: Store, write_rows: WriteRows, dying: str) -> None:
    changed = [{**ROWS[0], "text": "Message number 100"}, {**ROWS[0], "id": "new", "text": "Message number 200"}]
    history = write_rows(*changed, name="changed.jsonl")
    died = subprocess.run([sys.executable, "-c", dying, str(filled.path), str(history)], cwd=ROOT)
    assert died.returncode == 9
    assert not agrees(filled)

    assert numbers(filled) == [*range(2, 40, 2), 100, 200]
    assert agrees(filled)
    report = filled.ingest([history])
    assert (report.unchanged, report.added, report.updated) == (2, 0, 0)


@pytest.mark.parametrize("dying", [DIES_BEFORE, DIES_AFTER], ids=["before", "after"])
def test_a_process_killed_in_its_first_batch(store: Store, write_rows: WriteRows, dying: str) -> None:
    history = write_rows(*ROWS)
    died = subprocess.run([sys.executable, "-c", dying, str(store.path), str(history)], cwd=ROOT)
    assert died.returncode == 9

    assert store.ingest([history]).unchanged == 40
    assert numbers(store, "u1") == list(range(1, 40, 2))
    assert agrees(store)


def delete(chroma: Path) -> None:
    shutil.rmtree(chroma)


def replace_by_file(chroma: Path) -> None:
    shutil.rmtree(chroma)
    chroma.write_text("no folder")


def garble_database(chroma: Path) -> None:
    (chroma / "chroma.sqlite3").write_bytes(b"garbage" * 5000)


def cut_database(chroma: Path) -> None:
    os.truncate(chroma / "chroma.sqlite3", 60_000)


def empty_database(chroma: Path) -> None:
    os.truncate(chroma / "chroma.sqlite3", 0)


def delete_database(chroma: Path) -> None:
    (chroma / "chroma.sqlite3").unlink()


def delete_vectors(chroma: Path) -> None:
    for header in chroma.glob("*/header.bin"):
        shutil.rmtree(header.parent)


def garble_vectors(chroma: Path) -> None:
    for header in chroma.glob("*/header.bin"):
        header.write_bytes(b"garbage" * 100)


DAMAGES = [delete, replace_by_file, garble_database, cut_database, empty_database, delete_database]
"""Damage to the folder of a small index."""


@pytest.mark.local
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("by", ["search", "ingest"])
def test_a_damaged_index_is_made_anew(
    filled: Store, write_rows: WriteRows, damage: Callable[[Path], None], by: str
) -> None:
    damage(filled.path / "chroma")

    if by == "ingest":
        filled.ingest([write_rows({**ROWS[0], "id": "new", "text": "Message number 40"})])
    assert numbers(filled) == list(range(0, 42 if by == "ingest" else 40, 2))
    assert agrees(filled)


@pytest.mark.local
@pytest.mark.parametrize("damage", [delete_vectors, garble_vectors])
def test_a_large_index_that_lost_its_vectors_is_made_anew(
    store: Store, write_rows: WriteRows, damage: Callable[[Path], None]
) -> None:
    rows = [{**ROWS[0], "user_id": f"u{n % 2}", "id": str(n), "text": f"Message number {n}"} for n in range(1500)]
    store.ingest([write_rows(*rows)])  # above 1000, Chroma moves vectors out of its database
    store.close()
    assert list((store.path / "chroma").glob("*/header.bin"))
    damage(store.path / "chroma")

    assert numbers(store) == list(range(0, 1500, 2))
    assert agrees(store)


@pytest.mark.local
@pytest.mark.parametrize("damage", [delete, garble_database, delete_vectors])
def test_damage_under_an_open_index(store: Store, write_rows: WriteRows, damage: Callable[[Path], None]) -> None:
    rows = [{**ROWS[0], "user_id": f"u{n % 2}", "id": str(n), "text": f"Message number {n}"} for n in range(1200)]
    store.ingest([write_rows(*rows)])
    assert len(numbers(store)) == 600
    damage(store.path / "chroma")

    assert len(numbers(store)) == 600
    store.ingest([write_rows({**ROWS[0], "id": "new", "text": "Message number 1200"})])
    assert len(numbers(store)) == 601
    assert agrees(store)


@pytest.mark.local
@pytest.mark.parametrize("damage", [delete, garble_database, cut_database])
def test_damage_in_the_middle_of_an_ingest(store: Store, write_rows: WriteRows, damage: Callable[[Path], None]) -> None:
    rows = [{"user_id": f"u{n % 2}", "id": str(n), "text": f"Message number {n}"} for n in range(700)]
    damaged: list[int] = []

    def progress(report: IngestReport) -> None:
        if not damaged:
            damage(store.path / "chroma")
            damaged.append(report.read)

    assert store.ingest([write_rows(*rows)], progress=progress).added == 700
    assert damaged == [512]
    assert numbers(store) == list(range(0, 700, 2))
    assert agrees(store)


def test_a_user_with_a_long_history_is_searched_in_full(store: Store, write_rows: WriteRows) -> None:
    rows = [{"user_id": f"u{n % 2}", "id": str(n), "text": f"Message number {n}"} for n in range(2600)]
    store.ingest([write_rows(*rows)])

    assert store.search("u0", "Message number 1234", k=1)[0].event.event_id == "1234"
    assert numbers(store) == list(range(0, 2600, 2))


@pytest.mark.local
def test_an_old_copy_of_the_index_is_brought_up_to_date(filled: Store, write_rows: WriteRows, tmp_path: Path) -> None:
    shutil.copytree(filled.path / "chroma", tmp_path / "backup")
    filled.ingest([write_rows({**ROWS[0], "text": "Message number 100"})])  # as many vectors as before
    filled.close()
    shutil.rmtree(filled.path / "chroma")
    shutil.copytree(tmp_path / "backup", filled.path / "chroma")

    assert numbers(filled) == [*range(2, 40, 2), 100]
    assert agrees(filled)


@pytest.mark.local
def test_a_link_in_place_of_the_index_is_removed(filled: Store) -> None:
    shutil.rmtree(filled.path / "chroma")
    (filled.path / "chroma").symlink_to("/dev/full")

    assert numbers(filled) == list(range(0, 40, 2))
    assert agrees(filled)


@pytest.mark.local
def test_an_index_that_never_answers_is_an_error(tmp_path: Path) -> None:
    database = Database(tmp_path / "record.sqlite3")
    record = Record(database)
    record.apply([Draft(Event("u", "e", "A rose"), [Snippet("e#0", "u", "e", 0, 6, "A rose")])])
    lock = StoreLock(tmp_path / "lock", 1)
    mirror = Mirror(IndexFolder(tmp_path / "chroma", lock), record, HashingEmbedder, lock)

    with pytest.raises(StoreError, match="lacks vectors even after it was made anew"):
        mirror.vectors(lambda: ["an id that the record does not list"])
    mirror.close()
    database.close()
