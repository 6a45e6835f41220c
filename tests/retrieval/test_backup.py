"""Backup and restore: all or nothing, checked, nothing embedded, and what was forgotten stays forgotten."""

import json
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from retrieval.archives import FORMAT, check_archive
from retrieval.errors import InputError, StoreBusy, StoreError, UsageError
from retrieval.fakes import HashingEmbedder
from retrieval.history import UnknownUser
from retrieval.locks import StoreLock
from retrieval.migrating import SCHEMA_VERSION
from retrieval.personal.policy import PersonalData
from retrieval.scopes import Scope
from retrieval.store import Store
from tests.conftest import WriteRows
from tests.retrieval.conftest import agrees

OpenStore = Callable[..., Store]
pytestmark = pytest.mark.local

ROWS: list[dict[str, Any]] = [
    {"user_id": user, "id": f"e{n}", "timestamp": f"2024-01-{n + 1:02d}T10:00:00Z",
     "text": f"{user} writes note {n} about gardening, 园艺{n}号 and Quastenflosser{user[-1]}{n}."}
    for user in ("anna-1", "boris-2", "李雷用户3") for n in range(4)
]  # fmt: skip
ALL = Scope()


class Unwilling(HashingEmbedder):
    """An embedder that must not be asked for passages."""

    def embed_passages(self, texts: list[str]) -> Any:
        assert not any("Quastenflosser" in text for text in texts), "a passage was embedded"
        return super().embed_passages(texts)


@pytest.fixture
def filled(store: Store, write_rows: WriteRows) -> Store:
    store.ingest([write_rows(*ROWS)])
    return store


def shown(store: Store, user: str) -> list[tuple[str, str, float]]:
    return [(h.snippet.snippet_id, h.event.text, round(h.score, 5)) for h in store.search(user, "gardening 园艺", k=9)]


def all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def unpacked(file: Path, folder: Path) -> bytes:
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    return all_bytes(folder)


def test_a_backup_makes_the_same_store_again_and_nothing_is_embedded(
    filled: Store, open_store: OpenStore, tmp_path: Path
) -> None:
    made = filled.backup(tmp_path / "b")
    assert made.counts == {
        "users": 3, "events": 12, "snippets": 12, "profile_versions": 0, "corrections": 0, "tombstones": 0,
        "receipts": 0, "consents": 0,
    }  # fmt: skip
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["b", "history.jsonl", "store"]
    other = open_store(tmp_path / "new" / "store", Unwilling())
    done = other.restore(tmp_path / "b")
    assert (done.counts, done.again.users, any(done.replaced.values())) == (made.counts, 0, False)
    for user in ("anna-1", "李雷用户3"):
        assert shown(other, user) == shown(filled, user)
        assert other.events(user) == filled.events(user)
    assert other.health().agrees and agrees(other)
    assert sorted(each.name for each in other.path.iterdir() if not each.name.startswith("record")) == [
        "chroma", "index.lock", "lock", "open.lock"
    ]  # fmt: skip


def test_others_read_and_write_meanwhile(filled: Store, open_store: OpenStore, tmp_path: Path) -> None:
    writer, ended, failed = open_store(), threading.Event(), list[BaseException]()
    loaded = 0

    def write() -> None:
        nonlocal loaded
        try:
            while not ended.is_set():
                path = tmp_path / f"more-{loaded}.jsonl"
                path.write_text(
                    json.dumps({"user_id": "carl-4", "id": f"c{loaded}", "text": f"Words number {loaded}."})
                )
                assert writer.ingest([path]).added == 1
                loaded += 1
                assert shown(writer, "anna-1")
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    backups = []
    ends = time.monotonic() + 30
    while len(backups) < 6 or (loaded < 4 and time.monotonic() < ends):
        before, file = loaded, tmp_path / f"b{len(backups)}"
        filled.backup(file)
        backups.append((before, file))
    ended.set()
    thread.join()
    assert failed == [] and loaded > 3
    for n, (least, file) in enumerate(backups[-6:]):
        other = open_store(tmp_path / f"store-{n}")
        other.restore(file)
        ids = {each.event_id for each in other.events("carl-4")} if least else set()
        assert ids >= {f"c{k}" for k in range(least)}
        assert shown(other, "anna-1") == shown(filled, "anna-1") and agrees(other)


def test_a_backup_is_made_while_another_process_writes(filled: Store, tmp_path: Path) -> None:
    with StoreLock(filled.path / "lock", 0).held():
        assert filled.backup(tmp_path / "b").counts["events"] == 12
        with pytest.raises(StoreBusy):
            Store(filled.path, HashingEmbedder(), wait=0.1).restore(tmp_path / "b", force=True)
    with StoreLock(filled.path / "index.lock", 0).held():
        filled._open().place._guard._wait = 0.1  # type: ignore[attr-defined]
        with pytest.raises(StoreBusy):
            filled.backup(tmp_path / "b2")
    assert not (tmp_path / "b2").exists() and not (tmp_path / "b2.partial").exists()


def test_where_a_backup_may_be(filled: Store, tmp_path: Path) -> None:
    filled.backup(tmp_path / "b")
    before = (tmp_path / "b").read_bytes()
    for out, words in ((tmp_path / "b", "--force"), (filled.path / "b", "inside"), (tmp_path, "a folder"),
                       (tmp_path / "no" / "b", "no folder")):  # fmt: skip
        with pytest.raises(UsageError, match=words):
            filled.backup(out)
    assert (tmp_path / "b").read_bytes() == before
    filled.forgetting.forget("anna-1", ALL)
    assert filled.backup(tmp_path / "b", force=True).counts["users"] == 2


def test_a_store_that_holds_something_is_not_replaced_without_force(
    filled: Store, write_rows: WriteRows, tmp_path: Path
) -> None:
    filled.backup(tmp_path / "b")
    filled.ingest([write_rows({"user_id": "dora-5", "id": "d", "text": "I came later."}, name="d.jsonl")])
    with pytest.raises(UsageError, match=r"4 users and 13 events.*--force"):
        filled.restore(tmp_path / "b")
    assert filled.events("dora-5")
    done = filled.restore(tmp_path / "b", force=True)
    assert (done.replaced["events"], done.counts["events"]) == (13, 12)
    with pytest.raises(UnknownUser):
        filled.events("dora-5")
    assert agrees(filled)
    assert b"I came later" not in all_bytes(filled.path)


def test_a_program_that_has_the_store_open_sees_the_restored_one(
    filled: Store, open_store: OpenStore, write_rows: WriteRows, tmp_path: Path
) -> None:
    filled.backup(tmp_path / "b")
    filled.ingest([write_rows({"user_id": "dora-5", "id": "d", "text": "I came later."}, name="d.jsonl")])
    reader = open_store()
    assert shown(reader, "dora-5") and shown(reader, "anna-1")
    filled.restore(tmp_path / "b", force=True)
    with pytest.raises(UnknownUser):
        reader.search("dora-5", "later")
    assert shown(reader, "anna-1") == shown(filled, "anna-1")
    reader.ingest([write_rows({"user_id": "emil-6", "id": "x", "text": "I am new."}, name="e.jsonl")])
    assert len(filled.events("emil-6")) == 1, "it writes into the restored store"


def test_what_was_forgotten_since_does_not_come_back(filled: Store, write_rows: WriteRows, tmp_path: Path) -> None:
    filled.backup(tmp_path / "b")
    whole = filled.forgetting.forget("anna-1", ALL)
    part = filled.forgetting.forget("李雷用户3", Scope(("e0", "e1")), defer=True)
    filled.forgetting.forget("boris-2", Scope(("e3",)))
    filled.ingest([write_rows(ROWS[7], name="back.jsonl")], force=True)  # boris-2 e3 is wanted back
    filled.forgetting.forget("boris-2", Scope(("e2",)))
    done = filled.restore(tmp_path / "b", force=True)
    assert (done.again.users, done.again.events) == (3, 7)
    with pytest.raises(UnknownUser):
        filled.search("anna-1", "gardening")
    assert [each.event_id for each in filled.events("李雷用户3")] == ["e2", "e3"]
    assert [each.event_id for each in filled.events("boris-2")] == ["e0", "e1", "e3"]
    receipts = filled.forgetting.receipts()
    assert [each["state"] for each in receipts] == ["done"] * 4 and receipts[0] == whole
    assert receipts[1]["signature"] != part["signature"], "its bytes are gone now"
    assert all(filled.forgetting.is_genuine(each) for each in receipts)
    assert filled.ingest([write_rows(*ROWS)]).forgotten == 7
    assert agrees(filled)
    left = all_bytes(filled.path)
    assert [
        word for word in ("Quastenflosser12", "Quastenflosser30", "Quastenflosser22") if word.encode() in left
    ] == []
    assert b"Quastenflosser32" in left and b"Quastenflosser23" in left


def test_what_was_forgotten_before_is_not_in_a_backup(
    filled: Store, open_store: OpenStore, write_rows: WriteRows, tmp_path: Path
) -> None:
    filled.forgetting.forget("anna-1", ALL)
    filled.forgetting.forget("boris-2", ALL, defer=True)
    filled.backup(tmp_path / "b")
    assert filled.forgetting.receipts()[1]["state"] == "deferred", "the store is as it was"
    found = unpacked(tmp_path / "b", tmp_path / "unpacked")
    assert b"Quastenflosser32" in found
    assert [word for word in (b"anna-1", b"boris-2", b"Quastenflosser2") if word in found] == []
    other = open_store(tmp_path / "other")
    other.restore(tmp_path / "b")
    assert [each["state"] for each in other.forgetting.receipts()] == ["done", "done"]
    assert other.ingest([write_rows(*ROWS)]).forgotten == 8, "the key and the tombstones are in the backup"


def test_receipts_that_only_a_backup_has_are_kept(filled: Store, open_store: OpenStore, tmp_path: Path) -> None:
    filled.forgetting.forget("anna-1", Scope(("e0",)))
    filled.backup(tmp_path / "early")
    filled.forgetting.forget("boris-2", ALL)
    filled.backup(tmp_path / "late")
    other = open_store(tmp_path / "other")
    other.restore(tmp_path / "early")
    other.forgetting.forget("李雷用户3", ALL)
    done = other.restore(tmp_path / "late", force=True)
    assert done.again.users == 1
    receipts = other.forgetting.receipts()
    assert [each["number"] for each in receipts] == [1, 2, 3]
    users = ("anna-1", "李雷用户3", "boris-2")
    assert all(other.forgetting.is_genuine(each, user) for each, user in zip(receipts, users, strict=True))
    assert [each.user_id for each in other.users()] == ["anna-1"]


def test_another_store_with_another_key_is_refused(
    filled: Store, open_store: OpenStore, write_rows: WriteRows, tmp_path: Path
) -> None:
    other = open_store(tmp_path / "other")
    other.ingest([write_rows(*ROWS)])
    other.forgetting.forget("anna-1", ALL)
    other.backup(tmp_path / "b")
    filled.restore(tmp_path / "b", force=True)
    assert [each.user_id for each in filled.users()] == ["boris-2", "李雷用户3"]
    third = open_store(tmp_path / "third")
    third.ingest([write_rows(*ROWS)])
    third.forgetting.forget("boris-2", ALL)
    with pytest.raises(UsageError, match="another store"):
        third.restore(tmp_path / "b", force=True)
    assert [each.user_id for each in third.users()] == ["anna-1", "李雷用户3"] and agrees(third)
    (third.path / "erasure.key").unlink()
    with pytest.raises(StoreError, match="key of the store"):
        third.restore(tmp_path / "b", force=True)


def test_damage_anywhere_is_found_before_anything_is_changed(filled: Store, tmp_path: Path) -> None:
    filled.backup(tmp_path / "b")
    whole, broken = (tmp_path / "b").read_bytes(), tmp_path / "broken"
    before = [(user.user_id, shown(filled, user.user_id)) for user in filled.users()]
    random_, refused = random.Random(7), 0
    for n in range(120):
        data = bytearray(whole)
        if n % 3 == 0:
            data = data[: random_.randrange(len(data))]
        else:
            data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)
        broken.write_bytes(data)
        try:
            found = check_archive(broken)
        except InputError as error:
            refused += 1
            if n % 10 == 0:
                with pytest.raises(InputError):
                    filled.restore(broken, force=True)
            assert error.exit_code == 3
        else:  # a bit that says nothing, such as the time of a file
            assert found == check_archive(tmp_path / "b")
    assert refused > 100
    assert [(user.user_id, shown(filled, user.user_id)) for user in filled.users()] == before
    assert not list(filled.path.glob("*restoring*"))


def change_manifest(file: Path, out: Path, **changes: Any) -> Path:
    """The same backup, with another manifest that is whole in itself."""
    from retrieval.archives import _hash_of

    with zipfile.ZipFile(file) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "manifest.json":
                document = {**json.loads(data), **changes}
                del document["sha256"]
                data = json.dumps({**document, "sha256": _hash_of(document)}).encode()
            target.writestr(name, data)
    return out


def test_an_archive_with_a_name_that_is_no_text_is_damaged(filled: Store, tmp_path: Path) -> None:
    filled.backup(tmp_path / "b")
    whole = (tmp_path / "b").read_bytes()
    directory = whole.rindex(b"PK\x01\x02")
    flags, name = directory + 9, directory + 46
    (tmp_path / "b").write_bytes(whole[:flags] + b"\x08" + whole[flags + 1 : name] + b"\xff" + whole[name + 1 :])
    with pytest.raises(InputError, match="is damaged: it cannot be unpacked"):
        filled.restore(tmp_path / "b", force=True)


def test_a_newer_backup_is_refused(filled: Store, open_store: OpenStore, tmp_path: Path) -> None:
    filled.backup(tmp_path / "b")
    other = open_store(tmp_path / "other")
    for changes, words in (
        ({"limner_backup": FORMAT + 1}, "Update limner"),
        ({"schema": 99}, "version 99"),
        ({"counts": {"users": 4}}, "not what its manifest says"),
    ):
        file = change_manifest(tmp_path / "b", tmp_path / "changed", **changes)
        with pytest.raises(InputError, match=words):
            other.restore(file)
    with pytest.raises(UsageError, match="no store"):
        open_store(tmp_path / "never").users()


def test_names_that_lead_out_of_the_folder_are_refused(filled: Store, tmp_path: Path) -> None:
    filled.backup(tmp_path / "b")
    entry = {"bytes": 1, "sha256": "0" * 64}
    for name in ("../evil", "/etc/evil", "chroma/../../evil", "a/b/c/d", "c:evil", "", "x\\y"):
        file = change_manifest(tmp_path / "b", tmp_path / "changed", files={name: entry})
        with pytest.raises(InputError, match="damaged"):
            filled.restore(file, force=True)
    for data in (b"", b"no zip", b"PK\x05\x06" + bytes(18)):
        (tmp_path / "changed").write_bytes(data)
        with pytest.raises(InputError, match="no backup"):
            filled.restore(tmp_path / "changed", force=True)
    with pytest.raises(InputError, match="cannot be read"):
        filled.restore(tmp_path / "nothing", force=True)


def test_a_damaged_store_is_neither_backed_up_nor_replaced(
    filled: Store, open_store: OpenStore, tmp_path: Path
) -> None:
    filled.backup(tmp_path / "b")
    filled.close()
    record = filled.path / "record.sqlite3"
    with closing(sqlite3.connect(record)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    data = bytearray(record.read_bytes())
    data[len(data) // 2 :] = os.urandom(len(data) - len(data) // 2)
    record.write_bytes(data)
    with pytest.raises(StoreError, match=r"damaged|cannot be used"):
        filled.backup(tmp_path / "b2")
    assert not (tmp_path / "b2").exists()
    filled.close()
    record.write_bytes(b"not a database, " * 1000)
    with pytest.raises(StoreError, match=r"Restore into a new folder"):
        filled.restore(tmp_path / "b", force=True)
    other = open_store(tmp_path / "new")
    other.restore(tmp_path / "b")
    assert len(other.users()) == 3 and agrees(other)


def test_an_old_store_comes_from_an_old_backup(filled: Store, open_store: OpenStore, tmp_path: Path) -> None:
    filled.close()
    with sqlite3.connect(filled.path / "record.sqlite3") as connection:
        for table in ("tombstones", "erasures", "consents"):
            connection.execute(f"DROP TABLE {table}")
        for column in ("purpose", "sensitive"):
            connection.execute(f"ALTER TABLE versions DROP COLUMN {column}")
        connection.execute("UPDATE meta SET value = '4' WHERE key = 'schema'")
    connection.close()
    old = open_store()
    made = old.backup(tmp_path / "b")
    assert made.schema == SCHEMA_VERSION and made.counts["events"] == 12
    other = open_store(tmp_path / "other")
    other.restore(tmp_path / "b")
    assert shown(other, "anna-1") == shown(filled, "anna-1")


def test_without_an_index_it_is_made_from_the_record(
    filled: Store, open_store: OpenStore, tmp_path: Path, write_rows: WriteRows
) -> None:
    import shutil

    filled.close()
    shutil.rmtree(filled.path / "chroma")
    filled.backup(tmp_path / "b")
    other = open_store(tmp_path / "other")
    other.ingest([write_rows({"user_id": "x", "id": "1", "text": "I go away."}, name="x.jsonl")])
    other.restore(tmp_path / "b", force=True)
    assert shown(other, "anna-1") and agrees(other)


def test_a_store_on_servers_has_its_own_tools(filled: Store, tmp_path: Path) -> None:
    store = Store(tmp_path / "x", HashingEmbedder(), record="postgresql://ann:secret@127.0.0.1:1/histories")
    for do in (lambda: store.backup(tmp_path / "b"), lambda: store.restore(tmp_path / "b")):
        with pytest.raises(UsageError, match="pg_dump") as caught:
            do()
        assert "secret" not in str(caught.value)


def test_what_a_killed_restore_left_goes_with_the_next_writer(filled: Store, tmp_path: Path) -> None:
    filled.backup(tmp_path / "b")
    left = filled.path / "chroma-restoring"
    left.mkdir()
    (left / "record.sqlite3").write_bytes(b"Quastenflosser10")
    filled.forgetting.forget("anna-1", ALL)
    assert not left.exists() and b"Quastenflosser10" not in all_bytes(filled.path)


KILLED_AT = """
import os, signal, sys
from pathlib import Path
from retrieval import HashingEmbedder, Store
def kill(stage):
    if stage == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
Store(Path(sys.argv[1]), HashingEmbedder()).restore(Path(sys.argv[2]), force=True, progress=kill)
"""


@pytest.mark.parametrize("stage", ["unpacked", "swapped", "restored"])
@pytest.mark.parametrize("then", ["search", "ingest", "restore"])
def test_a_killed_restore_leaves_the_old_store_or_the_new_one(
    filled: Store, open_store: OpenStore, write_rows: WriteRows, tmp_path: Path, stage: str, then: str
) -> None:
    filled.backup(tmp_path / "b")
    filled.forgetting.forget("anna-1", ALL)
    filled.ingest([write_rows({"user_id": "dora-5", "id": "d", "text": "I came later."}, name="d.jsonl")])
    filled.close()
    command = [sys.executable, "-c", KILLED_AT, str(filled.path), str(tmp_path / "b"), stage]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    store = open_store()
    users = ["boris-2", "李雷用户3"] if stage == "restored" else ["boris-2", "dora-5", "李雷用户3"]
    assert [each.user_id for each in store.users()] == users
    if then == "ingest":
        assert store.ingest([write_rows(*ROWS)]).forgotten == 4
    elif then == "restore":
        assert store.restore(tmp_path / "b", force=True).again.events == 4
    assert len(shown(store, "boris-2")) == 4
    with pytest.raises(UnknownUser):
        store.search("anna-1", "gardening")
    assert agrees(store)
    assert not list(store.path.glob("chroma-*")) and b"Quastenflosser1" not in all_bytes(store.path)


def test_an_older_backup_does_not_loosen_what_is_done_with_personal_data(
    filled: Store, write_rows: WriteRows, tmp_path: Path
) -> None:
    filled.backup(tmp_path / "b")
    later = write_rows({"user_id": "dora-4", "id": "d", "text": "My phone number is 212-555-0147."}, name="l.jsonl")
    filled.ingest([later], personal_data=PersonalData("mask", kinds=["phone"]))
    filled.restore(tmp_path / "b", force=True)
    report = filled.ingest([later])
    assert (report.policy, dict(report.personal)) == ("mask", {"phone": 1})
    assert filled.event("dora-4", "d").text == "My phone number is [PHONE]."


@pytest.mark.parametrize("own_backup", [True, False])
def test_pseudonyms_after_a_restore(
    filled: Store, open_store: OpenStore, write_rows: WriteRows, tmp_path: Path, own_backup: bool
) -> None:
    key = "ab" * 32
    filled.backup(tmp_path / "b")
    store = filled if own_backup else open_store(tmp_path / "other")
    later = write_rows({"user_id": "dora-4", "id": "d", "text": "My phone number is 212-555-0147."}, name="l.jsonl")
    store.ingest([later], personal_data=PersonalData("tokenise", key=key))
    if not own_backup:
        filled._open().record.identity()
        filled.backup(tmp_path / "b2")
    store.restore(tmp_path / ("b" if own_backup else "b2"), force=True)
    report = store.ingest([later], personal_data=PersonalData(key=key))
    assert report.policy == ("tokenise" if own_backup else "mask")
    assert "212" not in store.event("dora-4", "d").text
