"""Forgetting: nothing is found, nothing comes back, no byte is left, and others keep what is theirs."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import InputError, StoreBusy, StoreError, UsageError
from retrieval.events import Event
from retrieval.fakes import HashingEmbedder
from retrieval.history import UnknownUser
from retrieval.locks import StoreLock
from retrieval.scopes import Scope
from retrieval.store import Store
from tests.conftest import WriteRows
from tests.retrieval.conftest import agrees

OpenStore = Callable[..., Store]
pytestmark = pytest.mark.local

ROOT = Path(__file__).parents[2]
ANNA: list[dict[str, Any]] = [
    {"user_id": "anna-customer", "id": "e1", "timestamp": "2024-03-01T09:00:00Z", "channel": "email",
     "text": "<p>I moved from Hamburg to Munich &amp; my doctor is Dr. Quastenflosser.</p>"},
    {"user_id": "anna-customer", "id": "e2", "timestamp": "2024-04-01", "channel": "chat",
     "text": "My allergy against hazelnut spread is \"severe\",\nso please no Haselnusscreme."},
    {"user_id": "anna-customer", "id": "e3", "channel": "order", "text": "Ordered: oat milk, tofu", "iban": "DE02"},
]  # fmt: skip
LI: list[dict[str, Any]] = [
    {"user_id": "李小龙用户", "id": "e1", "timestamp": "2024-05-01T08:00:00", "text": "我住的那个小区叫绿洲家园三期。"},
    {"user_id": "李小龙用户", "id": "e2", "timestamp": "2024-05-02T08:00:00", "text": "我喜欢读武侠小说和去云南旅游。"},
]  # fmt: skip
OTHERS: list[dict[str, Any]] = [
    {"user_id": f"other-{n}", "id": f"o{k}", "timestamp": f"2024-01-{k + 1:02d}T10:00:00Z",
     "text": f"Other person {n} writes note {k} about gardening and 园艺{n}{k}号."}
    for n in range(30) for k in range(3)
]  # fmt: skip
ALL = Scope()


@pytest.fixture
def filled(store: Store, write_rows: WriteRows) -> Store:
    store.ingest([write_rows(*ANNA, *LI, *OTHERS)])
    return store


def history(folder: Path, rows: list[dict[str, Any]], name: str = "again.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def left_of(folder: Path, *words: str) -> list[tuple[str, str]]:
    """Which files hold which words, in whatever form."""
    forms = [lambda w: w.encode(), lambda w: w.encode("utf-16-le"), lambda w: json.dumps(w)[1:-1].encode()]
    return [(name, w) for name, data in bytes_of(folder).items() for w in words if any(f(w) in data for f in forms)]


def seen(store: Store, user: str) -> list[tuple[str, str, float]]:
    """All that a search shows of a user."""
    return [(h.snippet.snippet_id, h.event.text, round(h.score, 5)) for h in store.search(user, "gardening 园艺", k=99)]


def test_nothing_of_a_user_is_left_in_any_file_and_others_are_as_before(filled: Store, tmp_path: Path) -> None:
    before = {user.user_id: seen(filled, user.user_id) for user in filled.users()}
    erased = [
        each.passage for page in filled._open().record.pages(99) for each in page if "other" not in each.labels[0]
    ]
    vectors = [vector.tobytes() for vector in filled.embedder.embed_passages(erased)]
    words = [
        "Quastenflosser",
        "Haselnusscreme",
        "oat milk",
        "DE02",
        "anna-customer",
        "绿洲家园",
        "云南旅游",
        "李小龙用户",
    ]
    assert {w for _, w in left_of(filled.path, *words)} == set(words)
    assert all(any(v in data for data in bytes_of(filled.path).values()) for v in vectors)

    for user, events in (("anna-customer", 3), ("李小龙用户", 2)):
        receipt = filled.forgetting.forget(user, ALL)
        assert (receipt["state"], receipt["erased"]["events"]) == ("done", events)
        assert filled.forgetting.is_genuine(receipt, user)

    assert left_of(filled.path, *words) == []
    assert not any(v in data for data in bytes_of(filled.path).values() for v in vectors)
    for user in ("anna-customer", "李小龙用户"):
        with pytest.raises(UnknownUser):
            filled.search(user, "Munich")
        proof = filled.prove_erasure(user, [history(tmp_path, [*ANNA, *LI])])
        assert proof.is_clean and proof.texts > 1 and proof.vectors >= proof.texts and proof.files > 5
        del before[user]
    assert {user.user_id: seen(filled, user.user_id) for user in filled.users()} == before
    assert agrees(filled)
    assert {user.user_id: seen(filled, user.user_id) for user in filled.users()} == before


def test_the_proof_finds_what_is_there(filled: Store, tmp_path: Path) -> None:
    file = history(tmp_path, [*ANNA, *LI])
    proof = filled.prove_erasure("李小龙用户", [file])
    assert not proof.is_clean and proof.still_there == 2

    filled.forgetting.forget("李小龙用户", ALL, defer=True)
    proof = filled.prove_erasure("李小龙用户", [file])
    names = {each.name for each in proof.found}
    assert proof.still_there == 0 and not proof.is_clean
    assert {"vector 1.1", "vector 2.1"} <= names, "vectors are in the files of the index"
    assert json.dumps(proof.as_json()) and "绿洲" not in json.dumps(proof.as_json(), ensure_ascii=False)

    assert [each["state"] for each in filled.forgetting.compact()] == ["done"]
    assert filled.prove_erasure("李小龙用户", [file]).is_clean

    for data in (
        "绿洲家园三期".encode(),
        "我住的那个小区叫绿洲家园三期。".encode("utf-16-be"),
        json.dumps(LI[1]).encode(),
    ):
        (filled.path / "leak.bin").write_bytes(b"\x00" * 5001 + data + b"\x01" * 77)
        found = filled.prove_erasure("李小龙用户", [file]).found
        assert {each.file.name for each in found} == ({"leak.bin"} if data != "绿洲家园三期".encode() else set())
    vector = filled.embedder.embed_passages(["2024-05-01: 我住的那个小区叫绿洲家园三期。"])[0]
    (filled.path / "leak.bin").write_bytes(b"xyz" + (vector * (1 + 1e-7)).astype("<f4").tobytes())
    assert [(each.offset, each.name) for each in filled.prove_erasure("李小龙用户", [file]).found] == [
        (3, "vector 1.1")
    ]


def test_words_that_others_say_too_prove_nothing(filled: Store, tmp_path: Path) -> None:
    rows = [{"user_id": "echo-user", "id": "e", "text": OTHERS[0]["text"], "timestamp": OTHERS[0]["timestamp"]},
            {"user_id": "echo-user", "id": "f", "text": "ok"}]  # fmt: skip
    filled.ingest([history(tmp_path, rows)])
    filled.forgetting.forget("echo-user", ALL)
    proof = filled.prove_erasure("echo-user", [history(tmp_path, rows)])
    assert proof.is_clean and proof.shared > 0 and proof.too_short == 1


def test_what_was_forgotten_stays_out(filled: Store, tmp_path: Path) -> None:
    filled.forgetting.forget("anna-customer", ALL)
    never_loaded = {
        "user_id": "anna-customer",
        "id": "old",
        "timestamp": "2023-01-01T00:00:00Z",
        "text": "An older one.",
    }
    later = {"user_id": "anna-customer", "id": "new", "timestamp": "2199-01-01T00:00:00Z", "text": "I am back."}
    told: list[Any] = []
    report = filled.ingest([history(tmp_path, [*ANNA, never_loaded, *OTHERS, later])], listing=told.extend)

    assert (report.added, report.forgotten, report.unchanged) == (1, 4, len(OTHERS))
    assert report.read == report.added + report.forgotten + report.unchanged
    assert report.reasons["forgotten"] == 4
    assert [each.line for each in told if each.reason == "forgotten"] == [1, 2, 3, 4]
    assert [event.text for event in filled.events("anna-customer")] == ["I am back."]

    forced = filled.ingest([history(tmp_path, ANNA)], force=True)
    assert (forced.added, forced.forgotten) == (3, 0)
    assert filled.ingest([history(tmp_path, ANNA)]).unchanged == 3, "what was brought back on purpose is there"


def test_a_time_without_a_zone_may_be_from_before(filled: Store, tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    filled.forgetting.forget("anna-customer", ALL)
    soon = (datetime.now(UTC) + timedelta(hours=10)).isoformat(timespec="seconds")
    rows = [
        {"user_id": "anna-customer", "id": "a", "timestamp": soon, "text": "Hello from later on"},
        {"user_id": "anna-customer", "id": "b", "timestamp": soon.removesuffix("+00:00"), "text": "Local time"},
    ]
    report = filled.ingest([history(tmp_path, rows)])
    assert (report.added, report.forgotten) == (1, 1)
    assert [each.event_id for each in filled.events("anna-customer")] == ["a"]


def test_tombstones_and_receipts_name_nobody(filled: Store) -> None:
    receipt = filled.forgetting.forget("anna-customer", Scope(("e1", "e2")))
    with closing(sqlite3.connect(filled.path / "record.sqlite3")) as db:
        stones = db.execute("select mark, kind from tombstones").fetchall()
    assert sorted(kind for _, kind in stones) == ["content", "content", "event", "event"]
    for word in ("anna", '"e1"', '"e2"', "email", hashlib.sha256(b"anna-customer").hexdigest()[:16]):
        assert word not in json.dumps([stones, {**receipt, "signature": "", "subject": "", "store": ""}])
    assert filled.forgetting.receipts("anna-customer") == filled.forgetting.receipts() == [receipt]
    assert filled.forgetting.receipts("李小龙用户") == []
    assert stat.S_IMODE((filled.path / "erasure.key").stat().st_mode) == 0o600


def test_a_tampered_receipt_is_not_genuine(filled: Store, open_store: OpenStore, tmp_path: Path) -> None:
    receipt = filled.forgetting.forget("anna-customer", ALL)
    genuine = filled.forgetting.is_genuine
    assert genuine(receipt) and genuine(json.loads(json.dumps(receipt)), "anna-customer")
    assert not genuine(receipt, "李小龙用户")
    for change in (
        {"state": "deferred"},
        {"erased": {**receipt["erased"], "events": 4}},
        {"extra": 1},
        {"signature": {}},
    ):
        assert not genuine({**receipt, **change})
    other = open_store(tmp_path / "other")
    other.ingest([history(tmp_path, LI)])
    assert not other.forgetting.is_genuine(receipt)
    other.forgetting.forget("李小龙用户", ALL)
    assert not other.forgetting.is_genuine(receipt)


@pytest.mark.parametrize(
    ("scope", "stays"),
    [
        (Scope(("e1",)), ["e2", "e3"]),
        (Scope(since="2024-03-02"), ["e1", "e3"]),
        (Scope(until="2024-03-01"), ["e2", "e3"]),
        (Scope(channel="order"), ["e1", "e2"]),
        (Scope(since="2024-01-01", until="2024-12-31", channel="chat"), ["e1", "e3"]),
    ],
)
def test_a_part_of_a_history(filled: Store, tmp_path: Path, scope: Scope, stays: list[str]) -> None:
    words = {"e1": "Quastenflosser", "e2": "Haselnusscreme", "e3": "oat milk"}
    gone = [word for each, word in words.items() if each not in stays]
    preview = filled.forgetting.preview("anna-customer", scope)
    receipt = filled.forgetting.forget("anna-customer", scope)
    assert receipt["erased"] == preview._asdict() and preview.events_left == 2
    assert [event.event_id for event in filled.events("anna-customer")] == stays
    assert {hit.event.event_id for hit in filled.search("anna-customer", "Munich hazelnut tofu")} == set(stays)
    assert left_of(filled.path, *gone) == []
    assert filled.ingest([history(tmp_path, ANNA)]).forgotten == 1
    renamed = [{**row, "id": f"other-{row['id']}"} for row in ANNA if row["id"] not in stays]
    assert filled.ingest([history(tmp_path, renamed)]).forgotten == 1, "nor under another id"
    assert agrees(filled)


def test_events_without_a_time_are_told(filled: Store) -> None:
    erased = filled.forgetting.preview("anna-customer", Scope(until="2024-12-31"))
    assert (erased.events, erased.events_left, erased.undated) == (2, 1, 1)


def test_the_copies_of_a_forgotten_event_stand_for_themselves(store: Store, tmp_path: Path) -> None:
    text = "Please cancel my subscription of the weekly vegetable box as soon as possible, thank you very much."
    rows = [{"user_id": "u", "id": f"c{n}", "timestamp": f"2024-01-0{n + 1}", "text": text} for n in range(3)]
    store.ingest([history(tmp_path, rows)])
    assert [event.copy_of for event in store.events("u")] == [None, "c0", "c0"]
    store.forgetting.forget("u", Scope(("c0",)))
    assert [event.copy_of for event in store.events("u")] == [None, "c1"]


def test_what_cannot_be_forgotten(filled: Store, open_store: OpenStore, tmp_path: Path) -> None:
    forget, key = filled.forgetting.forget, filled.path / "erasure.key"
    before = bytes_of(filled.path)
    with pytest.raises(UnknownUser, match="no user 'nobody' in the store") as caught:
        forget("nobody", ALL)
    assert caught.value.exit_code == 3
    with pytest.raises(InputError, match=r"user 'anna-customer' has no event 'e9'\. Nothing was forgotten"):
        forget("anna-customer", Scope(("e1", "e9")))
    with pytest.raises(InputError, match="no event of user 'anna-customer' is of that time and channel"):
        forget("anna-customer", Scope(channel="fax"))
    for wrong in ({"events": ("e1",), "channel": "x"}, {"events": ()}, {"since": "yesterday"}, {"until": ""}):
        with pytest.raises(UsageError):
            Scope(**wrong)  # type: ignore[arg-type]
    assert len(filled.events("anna-customer")) == 3 and filled.forgetting.receipts() == []
    with pytest.raises(UsageError, match="there is no store"):
        _ = open_store(tmp_path / "none").forgetting
    filled.close()
    key.unlink(missing_ok=True)
    assert bytes_of(filled.path)["chroma/chroma.sqlite3"] == before["chroma/chroma.sqlite3"]


def test_without_its_key_a_store_does_not_load_what_may_be_forgotten(
    filled: Store, open_store: OpenStore, tmp_path: Path
) -> None:
    filled.forgetting.forget("anna-customer", ALL)
    (filled.path / "erasure.key").unlink()
    again = open_store()
    for call in (lambda: again.ingest([history(tmp_path, ANNA)]), lambda: again.forgetting.forget("李小龙用户", ALL)):
        with pytest.raises(StoreError, match=r"the key of the store is missing.*erasure\.key"):
            call()
    assert len(again.events("李小龙用户")) == 2


def test_a_preview_changes_no_byte(filled: Store, open_store: OpenStore) -> None:
    filled.close()
    before = bytes_of(filled.path)
    store = open_store()
    assert store.forgetting.preview("anna-customer", ALL).events == 3
    store.close()
    assert bytes_of(filled.path) == before


def test_a_store_in_use_is_busy(filled: Store) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with StoreLock(filled.path / "lock", 0).held():
            held.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    try:
        with pytest.raises(StoreBusy) as caught:
            filled.forgetting.forget("anna-customer", ALL)
        assert caught.value.exit_code == 5
    finally:
        done.set()
        thread.join()
    assert len(filled.events("anna-customer")) == 3


def test_a_reader_that_keeps_an_old_state_makes_the_bytes_wait(filled: Store, tmp_path: Path) -> None:
    reader = sqlite3.connect(filled.path / "record.sqlite3", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM events").fetchone()
    backend = filled._open().database._backend
    backend._wait = 0.1  # type: ignore[attr-defined]
    receipt = filled.forgetting.forget("anna-customer", ALL)
    assert receipt["state"] == "due" and "limner compact" in receipt["meaning"]
    with pytest.raises(UnknownUser):
        filled.events("anna-customer")
    with pytest.raises(StoreBusy, match="limner compact"):
        filled.forgetting.compact()
    reader.close()
    assert filled.forgetting.forget("anna-customer", ALL)["state"] == "done", "the same command finishes"
    assert left_of(filled.path, "Quastenflosser", "anna-customer") == []
    with pytest.raises(UnknownUser):
        filled.forgetting.forget("anna-customer", ALL)


def test_other_processes_see_it_at_once(filled: Store, open_store: OpenStore) -> None:
    reader = open_store()
    assert reader.search("anna-customer", "Munich") and reader.search("other-3", "gardening")
    filled.forgetting.forget("anna-customer", ALL)
    with pytest.raises(UnknownUser):
        reader.search("anna-customer", "Munich")
    assert len(reader.search("other-3", "gardening")) == 3
    assert set(reader._open().views._kept) == set(filled._open().views._kept) | set(reader._open().views._kept)
    assert all(len(each.view.snippets) == 3 for each in reader._open().views._kept.values())
    assert len(reader._open().views._kept) == 1, "and keeps nothing older in memory"


KILLED_AT = """
import os, signal, sys
from pathlib import Path
from retrieval import HashingEmbedder, Store
from retrieval.scopes import Scope
store, user, stop = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def kill(stage, done, total):
    print(stage, flush=True)
    if stage == stop:
        os.kill(os.getpid(), signal.SIGKILL)
Store(store, HashingEmbedder()).forgetting.forget(user, Scope(), progress=kill)
"""


@pytest.mark.parametrize("stage", ["erased", "copying", "swapped", "compacted"])
@pytest.mark.parametrize("then", ["forget", "ingest", "compact"])
def test_a_killed_erasure_is_finished_by_the_next_run(
    filled: Store, open_store: OpenStore, tmp_path: Path, stage: str, then: str
) -> None:
    before = seen(filled, "other-7")
    filled.close()
    command = [sys.executable, "-c", KILLED_AT, str(filled.path), "anna-customer", stage]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL and killed.stdout.split()[-1] == stage, killed.stderr

    store = open_store()
    with pytest.raises(UnknownUser):
        store.search("anna-customer", "Munich")
    assert seen(store, "other-7") == before
    if then == "forget":
        assert store.forgetting.forget("anna-customer", ALL)["state"] == "done"
    elif then == "ingest":
        assert store.ingest([history(tmp_path, ANNA)]).forgotten == 3
    else:
        assert [each["state"] for each in store.forgetting.compact()] == ["done"]
    (receipt,) = store.forgetting.receipts()
    assert receipt["state"] == "done" and store.forgetting.is_genuine(receipt, "anna-customer")
    assert left_of(store.path, "Quastenflosser", "Haselnusscreme", "oat milk", "anna-customer") == []
    assert seen(store, "other-7") == before and agrees(store)
    assert sorted(each.name for each in store.path.iterdir() if not each.name.startswith("record")) == [
        "chroma", "erasure.key", "index.lock", "lock", "open.lock"
    ]  # fmt: skip


def test_a_killed_erasure_of_a_part_is_finished_by_the_same_command(filled: Store) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    for scope in (Scope(("e1",)), Scope(channel="email")):
        if len(filled.events("anna-customer")) == 3:
            with pytest.raises(KeyboardInterrupt):
                filled.forgetting.forget("anna-customer", scope, progress=stop)
            assert filled.forgetting.receipts()[0]["state"] == "due"
        with pytest.raises(InputError, match="Nothing was forgotten"):
            filled.forgetting.forget("anna-customer", scope)
        assert filled.forgetting.receipts()[0]["state"] == "done"
    assert left_of(filled.path, "Quastenflosser") == []


def test_searches_go_on_meanwhile(filled: Store, open_store: OpenStore) -> None:
    reader, ended, failed = open_store(), threading.Event(), list[BaseException]()
    count = 0

    def search() -> None:
        nonlocal count
        try:
            while not ended.is_set():
                assert len(reader.search(f"other-{10 + count % 20}", "gardening")) == 3
                count += 1
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=search)
    thread.start()
    for n in range(5):
        filled.forgetting.forget(f"other-{n}", ALL)
    ended.set()
    thread.join()
    assert failed == [] and count > 5


def test_many_erasures_wait_for_one_compaction(filled: Store) -> None:
    for n in range(10):
        receipt = filled.forgetting.forget(f"other-{n}", ALL, defer=True)
        assert receipt["state"] == "deferred" and receipt["completed_at"] is None and "until" in receipt["meaning"]
    assert left_of(filled.path, "other-3") != []
    filled.close()
    done = filled.forgetting.compact()
    assert [each["state"] for each in done] == ["done"] * 10 == [each["state"] for each in filled.forgetting.receipts()]
    assert left_of(filled.path, *(f"Other person {n} writes" for n in range(10))) == []
    assert filled.forgetting.compact() == []


def test_a_damaged_index_is_thrown_away(filled: Store) -> None:
    before = seen(filled, "other-7")
    filled.close()
    (filled.path / "chroma" / "chroma.sqlite3").write_bytes(b"not a database, of anna-customer")
    assert filled.forgetting.forget("anna-customer", ALL)["state"] == "done"
    assert left_of(filled.path, "anna-customer", "Quastenflosser") == []
    assert seen(filled, "other-7") == before


def test_what_the_index_lacks_is_made_by_the_next_program(filled: Store) -> None:
    place = filled._open().place
    index = place.open()
    lost = sorted(index.ids())[::3]
    index.remove(lost)
    index.close()
    filled.forgetting.compact()
    assert {each.vector_id for each in filled._open().record.pending(100)} == set(lost)
    filled.close()
    filled.search("other-1", "gardening")
    assert agrees(filled)


def test_no_embedder_is_needed(filled: Store, open_store: OpenStore) -> None:
    filled.close()

    def refuse() -> HashingEmbedder:
        raise AssertionError("the embedder is not needed here")

    bare = open_store(embedder=refuse)
    assert bare.forgetting.forget("anna-customer", ALL)["state"] == "done"
    assert len(bare.users()) == 31


def test_the_last_user(store: Store, tmp_path: Path) -> None:
    store.ingest([history(tmp_path, LI)])
    assert store.forgetting.forget("李小龙用户", ALL)["state"] == "done"
    assert store.users() == [] and left_of(store.path, "绿洲家园", "李小龙用户") == []
    assert store.ingest([history(tmp_path, ANNA)]).added == 3
    assert store.search("anna-customer", "Munich", k=1)[0].event.event_id == "e1"


def test_a_store_of_version_4_is_brought_up(filled: Store, open_store: OpenStore) -> None:
    filled.close()
    with sqlite3.connect(filled.path / "record.sqlite3") as db:
        for table in ("tombstones", "erasures", "consents"):
            db.execute(f"DROP TABLE {table}")
        for column in ("purpose", "sensitive"):
            db.execute(f"ALTER TABLE versions DROP COLUMN {column}")
        db.execute("UPDATE meta SET value = '4' WHERE key = 'schema'")
    db.close()
    store = open_store()
    assert store.forgetting.receipts() == []
    assert store.forgetting.forget("anna-customer", ALL)["state"] == "done"


def test_an_event_of_many_pages(store: Store) -> None:
    """Long values lie in pieces on several pages of a database, and vectors of many dimensions, too."""
    words = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(3000)]
    store = Store(store.path, HashingEmbedder(1536))
    long = Event("u-long", "e", " ".join(words) + ".", raw="raw " + " ".join(reversed(words)))
    store.ingest_events([long, Event("v", "e", "Something else is here.")])
    pieces = words[5:3000:97]
    assert {w for _, w in left_of(store.path, *pieces)} == set(pieces)
    store.forgetting.forget("u-long", ALL)
    assert left_of(store.path, *pieces) == []
    store.close()


def test_the_key_is_whole_or_not_there(filled: Store, tmp_path: Path) -> None:
    (filled.path / "erasure.key-new").write_text("half")
    filled.forgetting.forget("anna-customer", ALL)
    assert not (filled.path / "erasure.key-new").exists()
    copy = tmp_path / "copy"
    shutil.copytree(filled.path, copy)
    os.truncate(copy / "erasure.key", 11)
    with pytest.raises(StoreError, match="key is damaged"):
        Store(copy, HashingEmbedder()).ingest([history(tmp_path, ANNA)])
