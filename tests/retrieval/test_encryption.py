"""Encryption at rest: what stands in the files, which key opens them, and what survives a kill."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from retrieval.archives import extract
from retrieval.converting import change_key, check_record
from retrieval.encryption import StoreKey, find_store_key, make_key_file, read_store_key
from retrieval.errors import StoreBusy, StoreError, UsageError, WrongKey
from retrieval.fakes import HashingEmbedder
from retrieval.residue import pieces, scan_files
from retrieval.scopes import Scope
from retrieval.store import Store
from retrieval.unsealing import unsealed

pytest.importorskip("sqlcipher3")

ONE, OTHER = StoreKey("1a" * 32), StoreKey("2b" * 32)
ROWS = [
    {"user_id": f"customer-{user:03d}", "id": f"e{number}", "timestamp": f"2024-01-{number + 1:02d}T10:00:00Z",
     "channel": "hotline-north", "text": text.format(word=f"w{user:03d}{number:03d}z")}
    for user in range(6)
    for number, text in enumerate(
        ["I moved to Oslo and my code word is bramble{word}, please keep it.",
         "我搬到慕尼黑了，我的暗号是青花鱼罐头{word}，请保密。", "The parcel {word} never came and nobody answers."]
    )
]  # fmt: skip
Open = Callable[..., Store]


@pytest.fixture
def open_keyed(tmp_path: Path) -> Iterator[Open]:
    opened: list[Store] = []

    def open_(key: StoreKey | None = ONE, path: Path | None = None) -> Store:
        opened.append(Store(path or tmp_path / "store", HashingEmbedder(96), key=key, wait=0.3))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@pytest.fixture
def history(write_rows: Any) -> Path:
    file: Path = write_rows(*ROWS)
    return file


@pytest.fixture
def filled(open_keyed: Open, history: Path) -> Store:
    store = open_keyed()
    store.ingest([history])
    return store


def left_in(folder: Path) -> set[str]:
    """What of the history stands in the files of a folder, in whatever form."""
    texts = {f"text of {row['user_id']} {row['id']}": pieces(row["text"]) for row in ROWS}
    texts |= {f"user {row['user_id']}": [row["user_id"]] for row in ROWS}
    texts |= {"channel": ["hotline-north"]}
    vectors = {f"vector {at}": vector for at, vector in enumerate(vectors_of())}
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {found.name for found in scan_files(files, texts, vectors)}


@cache
def vectors_of() -> Any:
    """All vectors of the history, as a store makes them."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store", HashingEmbedder(96)) as store:
        file = Path(folder) / "rows.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
        store.ingest([file])
        parts: Any = store._open()
        return HashingEmbedder(96).embed_passages([each.passage for page in parts.record.pages(500) for each in page])


def found_by(store: Store, user: str = "customer-001") -> list[tuple[str, float]]:
    return [(hit.event.event_id, round(hit.score, 5)) for hit in store.search(user, "code word 暗号")]


def test_no_byte_of_a_history_stands_in_the_files(open_keyed: Open, history: Path, tmp_path: Path) -> None:
    plain = open_keyed(None, tmp_path / "plain")
    plain.ingest([history])
    found = found_by(plain)
    plain.close()
    assert len([each for each in left_in(tmp_path / "plain") if each.startswith("text")]) == len(ROWS)
    assert {each for each in left_in(tmp_path / "plain") if each.startswith("vector")}  # so they would be found

    store = open_keyed()
    store.ingest([history])
    assert found_by(store) == found
    assert left_in(store.path) == set()  # while it is open, with its write-ahead log
    store.forgetting.forget("customer-002", Scope())
    store.backup(tmp_path / "backup")
    extract(tmp_path / "backup", tmp_path / "unpacked")
    assert [each.name for each in (tmp_path / "unpacked").iterdir()] == ["record.sqlcipher"]
    store.reindex()
    assert found_by(store) == found
    assert left_in(store.path) | left_in(tmp_path / "unpacked") == set()
    store.close()
    assert sorted(each.name for each in store.path.iterdir()) == ["lock", "open.lock", "record.sqlcipher"]
    assert left_in(store.path) == set()


def test_nothing_is_written_elsewhere(history: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    code = (
        "import os, sys; from pathlib import Path\n"
        "from retrieval import HashingEmbedder, Store; from retrieval.languages import language_of\n"
        "from retrieval.scopes import Scope\n"
        "language_of('some words')  # py3langid unpacks its own model into a temporary file\n"
        "Path('begin-here').exists()\n"
        "store = Store(Path(sys.argv[1]), HashingEmbedder(96))\n"
        "store.ingest([Path(sys.argv[2])]); store.search('customer-001', 'code word')\n"
        "store.forgetting.forget('customer-002', Scope()); store.reindex(); store.close()\n"
    )
    trace = tmp_path / "trace"
    tracing = (
        ["strace", "-f", "-e", "trace=openat,open,creat,stat,newfstatat,statx", "-o", str(trace)]
        if _has_strace()
        else []
    )
    environment = {**os.environ, "TMPDIR": str(temporary), "LIMNER_KEY": ONE.digits(), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([*tracing, sys.executable, "-c", code, str(tmp_path / "store"), str(history)],
                   check=True, env=environment, capture_output=True)  # fmt: skip
    assert left_in(temporary) == set() and left_in(tmp_path / "store") == set()
    if tracing:
        written = {
            line.split('"')[1]
            for line in trace.read_text(errors="replace").partition('"begin-here"')[2].splitlines()
            if ("O_WRONLY" in line or "O_RDWR" in line) and " = -1 " not in line
        }
        strangers = {each for each in written if not each.startswith((str(tmp_path / "store"), "/dev/", "/proc/"))}
        assert written and strangers == set()


def _has_strace() -> bool:
    import shutil

    return shutil.which("strace") is not None


def test_three_clear_errors(filled: Store, open_keyed: Open, history: Path, tmp_path: Path) -> None:
    filled.close()
    with pytest.raises(WrongKey, match=r"is encrypted, and no key was given\. Give --key-file F"):
        open_keyed(None).users()
    with pytest.raises(WrongKey, match=rf"the key {OTHER.name} does not open .* with the key {ONE.name}\. Give") as one:
        open_keyed(OTHER).users()
    assert one.value.exit_code == 5 and one.value.made_with == ONE.name
    plain = open_keyed(None, tmp_path / "plain")
    plain.ingest([history])
    with pytest.raises(WrongKey, match=r"is not encrypted, and a key was given\. Encrypt it with"):
        open_keyed(ONE, tmp_path / "plain").users()
    with pytest.raises(WrongKey):
        open_keyed(OTHER).ingest([history])
    assert len(open_keyed().users()) == 6


def test_a_key_is_in_no_message_and_no_repr(filled: Store, tmp_path: Path) -> None:
    said = [repr(ONE), str(ONE), repr(vars(filled)), repr(vars(filled._location))]
    for wrong in ("1a" * 31, "x" * 64, f"{ONE.digits()}0"):
        with pytest.raises(UsageError) as error:
            find_store_key(wrong)
        said.append(str(error.value))
    file = tmp_path / "key"
    file.write_text(f"{ONE.digits()}1")
    with pytest.raises(UsageError, match=r"holds 65 characters that are not 64 hex digits\. Make one with") as error:
        read_store_key(file)
    said += [str(error.value), repr(error.value.__cause__)]
    assert not [each for each in said if ONE.digits()[:16] in each.lower()]
    with pytest.raises(TypeError):
        import pickle

        pickle.dumps(ONE)


def test_an_error_of_the_database_does_not_tell_the_key(filled: Store) -> None:
    import traceback

    filled.close()
    record = filled.path / "record.sqlcipher"
    data = bytearray(record.read_bytes())
    data[5000:] = os.urandom(len(data) - 5000)
    record.write_bytes(data)
    with pytest.raises(StoreError, match=r"record\.sqlcipher'.*damaged|cannot be used") as error:
        filled.users()
    text = "".join(traceback.format_exception(error.value))
    assert ONE.digits()[:16] not in text


def test_keys_come_from_files_and_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert find_store_key(None) is None
    key = make_key_file(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600 and read_store_key(tmp_path / "key") == key
    with pytest.raises(UsageError, match="is there already"):
        make_key_file(tmp_path / "key")
    with pytest.raises(UsageError, match="cannot be written"):
        make_key_file(tmp_path / "none" / "key")
    with pytest.raises(UsageError, match="cannot be read"):
        read_store_key(tmp_path / "none")
    monkeypatch.setenv("LIMNER_KEY_FILE", str(tmp_path / "key"))
    assert find_store_key(None) == key
    monkeypatch.setenv("LIMNER_KEY", OTHER.digits().upper())
    with pytest.raises(UsageError, match="both LIMNER_KEY and LIMNER_KEY_FILE"):
        find_store_key(None)
    monkeypatch.delenv("LIMNER_KEY_FILE")
    assert find_store_key(None) == OTHER and find_store_key(ONE) == ONE
    assert make_key_file(tmp_path / "second") != key


def test_damage_is_told_from_a_wrong_key(filled: Store) -> None:
    filled.close()
    record = filled.path / "record.sqlcipher"
    data = record.read_bytes()
    record.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    with pytest.raises(StoreError, match="is damaged: its key does not open it") as error:
        filled.users()
    assert not isinstance(error.value, WrongKey)
    record.write_bytes(os.urandom(len(data)))
    with pytest.raises(StoreError, match="its first bytes do not name a key"):
        filled.users()
    record.write_bytes(b"")
    with pytest.raises(StoreError, match="is empty, but was not"):
        filled.users()


def test_one_changed_bit_is_noticed_wherever_it_is(filled: Store) -> None:
    filled.close()
    record = filled.path / "record.sqlcipher"
    data = bytearray(record.read_bytes())
    data[len(data) // 2] ^= 1
    record.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged"):
        check_record(record, ONE)


def test_a_store_is_encrypted_and_decrypted_in_place(open_keyed: Open, history: Path, tmp_path: Path) -> None:
    store = open_keyed(None)
    store.ingest([history])
    store.forgetting.forget("customer-002", Scope(), defer=True)
    found, receipts = found_by(store), len(store.forgetting.receipts())
    store.close()
    change_key(store.path, None, ONE)
    assert sorted(each.name for each in store.path.iterdir()) == [
        "index.lock", "lock", "open.lock", "record.sqlcipher"
    ]  # fmt: skip
    assert left_in(store.path) == set()
    encrypted = open_keyed()
    assert found_by(encrypted) == found and encrypted.health().agrees
    (receipt,) = encrypted.forgetting.receipts()
    assert receipts == 1 and receipt["state"] == "done" and encrypted.forgetting.is_genuine(receipt, "customer-002")
    assert encrypted.ingest([history]).forgotten == 3
    encrypted.close()

    change_key(store.path, ONE, OTHER)
    assert left_in(store.path) == set()
    with pytest.raises(WrongKey):
        found_by(open_keyed(ONE))
    assert found_by(open_keyed(OTHER)) == found
    for each in (encrypted, store):
        each.close()
    open_keyed(OTHER).close()


def test_decrypted_it_is_what_it_was(open_keyed: Open, history: Path) -> None:
    store = open_keyed()
    store.ingest([history])
    store.forgetting.forget("customer-002", Scope())
    found = found_by(store)
    store.close()
    change_key(store.path, ONE, None)
    plain = open_keyed(None)
    assert found_by(plain) == found and plain.health().agrees
    assert all(map(plain.forgetting.is_genuine, plain.forgetting.receipts()))
    assert plain.ingest([history]).forgotten == 3
    plain.close()
    with sqlite3.connect(plain.path / "record.sqlite3") as db:
        names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        settings = {row[0] for row in db.execute("SELECT key FROM meta")}
    db.close()
    assert not {each for each in names if each.startswith("vectors")} and "erasure_key" not in settings
    assert not {each for each in settings if each.startswith("vectors")}


def test_nothing_is_embedded_when_the_kind_changes(open_keyed: Open, history: Path) -> None:
    store = open_keyed(None)
    store.ingest([history])
    store.close()
    change_key(store.path, None, ONE)

    class Fails(HashingEmbedder):
        def embed_passages(self, texts: Any) -> Any:
            raise AssertionError("a vector was made anew")

        def embed_queries(self, texts: Any) -> Any:
            return HashingEmbedder(96).embed_queries(texts)

    with Store(store.path, Fails(96), key=ONE) as encrypted:
        assert len(encrypted.search("customer-001", "code word")) == 3


def test_who_has_the_store_open_is_in_the_way(filled: Store, open_keyed: Open) -> None:
    assert filled.users()
    with pytest.raises(StoreBusy, match=r"another program has the store .* open\. Stop it"):
        change_key(filled.path, ONE, OTHER)
    assert len(filled.users()) == 6
    filled.close()
    change_key(filled.path, ONE, OTHER)
    with pytest.raises(WrongKey, match="does not open"):
        filled.users()  # it opens again with the key that it was given


def test_wrong_calls_change_nothing(filled: Store, open_keyed: Open, tmp_path: Path) -> None:
    filled.close()
    with pytest.raises(UsageError, match="is encrypted already"):
        change_key(filled.path, None, ONE)
    with pytest.raises(UsageError, match="this is the key that the store has"):
        change_key(filled.path, ONE, ONE)
    with pytest.raises(WrongKey, match="does not open"):
        change_key(filled.path, OTHER, None)
    change_key(filled.path, ONE, None)
    with pytest.raises(UsageError, match="is not encrypted"):
        change_key(filled.path, ONE, OTHER)
    with pytest.raises(UsageError, match="there is no store"):
        change_key(tmp_path / "none", ONE, OTHER)
    assert len(open_keyed(None).users()) == 6


def test_encryption_is_for_stores_in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIMNER_INDEX", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="limner encrypts stores in a folder"):
        Store(tmp_path, HashingEmbedder(96), key=ONE)
    with pytest.raises(UsageError, match="limner encrypts stores in a folder"):
        change_key(tmp_path, ONE, None)


@pytest.mark.parametrize("stage", ["copying", "written", "switched"])
@pytest.mark.parametrize(("old", "new"), [(None, ONE), (ONE, None), (ONE, OTHER)])
def test_killed_at_each_stage_it_is_the_old_or_the_new_one(
    stage: str, old: StoreKey | None, new: StoreKey | None, open_keyed: Open, history: Path
) -> None:
    if stage == "copying" and None not in (old, new):
        pytest.skip("nothing is copied by itself")
    store = open_keyed(old)
    store.ingest([history])
    found = found_by(store)
    store.close()
    code = (
        "import os, sys; from pathlib import Path\n"
        "from retrieval.converting import change_key; from retrieval.encryption import StoreKey\n"
        "old, new = (StoreKey(each) if each else None for each in sys.argv[2:4])\n"
        f"change_key(Path(sys.argv[1]), old, new, lambda stage, *_: stage == {stage!r} and os.kill(os.getpid(), 9))\n"
    )
    words = [each.digits() if each else "" for each in (old, new)]
    assert subprocess.run([sys.executable, "-c", code, str(store.path), *words], timeout=60).returncode == -9
    holds = open_keyed(new if stage == "switched" else old)
    assert found_by(holds) == found and holds.health().agrees
    holds.close()
    assert not [each.name for each in store.path.iterdir() if each.name.endswith(("-new", "ing"))]
    if (new if stage == "switched" else old) is not None:
        assert left_in(store.path) == set()
    if stage != "switched":
        change_key(store.path, old, new)
        assert found_by(open_keyed(new)) == found
        if new is not None:
            assert left_in(store.path) == set()


def test_plain_files_that_a_kill_left_are_deleted_by_the_next_one_to_open(open_keyed: Open, history: Path) -> None:
    from retrieval.files import begin

    store = open_keyed(None)
    store.ingest([history])
    store.close()
    saved = {each.name: each.read_bytes() for each in store.path.iterdir() if each.is_file()}
    change_key(store.path, None, ONE)
    for name, data in saved.items():
        (store.path / name).write_bytes(data)  # as if killed right after the renaming
    encrypted = (store.path / "record.sqlcipher").read_bytes()
    begin(store.path, "record.sqlcipher")
    (store.path / "record.sqlcipher").write_bytes(encrypted)
    assert len(open_keyed().users()) == 6
    assert left_in(store.path) == set() and not (store.path / "encrypting").exists()


def test_two_records_are_not_guessed_about(filled: Store, open_keyed: Open) -> None:
    filled.close()
    (filled.path / "record.sqlite3").write_bytes(b"")
    with pytest.raises(StoreError, match="holds two records"):
        open_keyed().users()


def test_a_backup_is_encrypted_and_restored_with_its_key(
    filled: Store, open_keyed: Open, history: Path, tmp_path: Path
) -> None:
    found = found_by(filled)
    filled.backup(tmp_path / "backup")
    filled.close()
    change_key(filled.path, ONE, OTHER)
    with pytest.raises(WrongKey, match=rf"made with the key {ONE.name}, .*--backup-key-file"):
        open_keyed(OTHER).restore(tmp_path / "backup", force=True)
    again = open_keyed(OTHER)
    again.forgetting.forget("customer-002", Scope())
    done = again.restore(tmp_path / "backup", force=True, backup_key=ONE)
    assert done.again.users == 1 and found_by(again) == found
    assert left_in(again.path) == set()
    new = open_keyed(ONE, tmp_path / "new")
    new.restore(tmp_path / "backup")
    assert found_by(new) == found and left_in(new.path) == set()


def test_a_plain_backup_becomes_encrypted_and_never_the_other_way_round(
    filled: Store, open_keyed: Open, history: Path, tmp_path: Path
) -> None:
    plain = open_keyed(None, tmp_path / "plain")
    plain.ingest([history])
    found = found_by(plain)
    plain.backup(tmp_path / "plain.backup")
    plain.close()
    filled.restore(tmp_path / "plain.backup", force=True)
    assert found_by(filled) == found and left_in(filled.path) == set() and filled.health().agrees
    with pytest.raises(WrongKey, match="is not encrypted, and a key was given for it"):
        filled.restore(tmp_path / "plain.backup", force=True, backup_key=OTHER)
    filled.backup(tmp_path / "backup")
    for target in (plain.path, tmp_path / "nothing"):
        with pytest.raises(WrongKey, match="is encrypted, and the store has no key"):
            open_keyed(None, target).restore(tmp_path / "backup", force=True)
    assert not (tmp_path / "nothing").exists()


def test_an_erasure_is_proved_inside_of_the_encrypted_pages(filled: Store, history: Path) -> None:
    user = "customer-003"
    assert filled.prove_erasure(user, [history]).still_there == 3
    filled.forgetting.forget(user, Scope(), defer=True)
    deferred = filled.prove_erasure(user, [history])
    names = {each.name.partition(" ")[0] for each in deferred.found}
    assert not deferred.still_there and names >= {"text", "vector", "user", "hash"}
    assert {each.file.name for each in deferred.found} <= {"record.sqlcipher", "record.sqlcipher-wal"}
    filled.forgetting.compact()
    assert filled.prove_erasure(user, [history]).is_clean
    filled.close()
    pages = b"".join(unsealed(filled.path / "record.sqlcipher", ONE))
    assert b"w001000z" in pages and "青花鱼罐头w001001z".encode() in pages and b"w003000z" not in pages
    with pytest.raises(StoreError, match="cannot be read"):
        list(unsealed(filled.path / "record.sqlcipher", OTHER))


def test_two_first_ingests_at_once_make_one_store(history: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from retrieval import HashingEmbedder, Store\n"
        "with Store(Path(sys.argv[1]), HashingEmbedder(96), wait=30) as store: store.ingest([Path(sys.argv[2])])\n"
    )
    environment = {**os.environ, "LIMNER_KEY": ONE.digits()}
    for number in range(1):
        folder = tmp_path / f"store-{number}"
        running = [subprocess.Popen([sys.executable, "-c", code, str(folder), str(history)], env=environment)
                   for _ in range(3)]  # fmt: skip
        assert [each.wait(60) for each in running] == [0, 0, 0]
        with Store(folder, HashingEmbedder(96), key=ONE) as store:
            assert len(store.users()) == 6
