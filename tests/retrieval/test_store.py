import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.errors import InputError, StoreBusy, StoreError, UsageError
from retrieval.events import Event
from retrieval.fakes import HashingEmbedder
from retrieval.history import UnknownUser, UserSummary
from retrieval.loading import BadLine
from retrieval.store import Store

OpenStore = Callable[..., Store]
WriteRows = Callable[..., Path]

ROOT = Path(__file__).parents[2]
ANNA = [
    {"user_id": "anna", "id": "e1", "timestamp": "2024-03-01T09:00:00Z", "channel": "email", "speaker": "user",
     "text": "I moved from Hamburg to Munich last month."},
    {"user_id": "anna", "id": "e2", "timestamp": "2024-02-01", "channel": "chat", "speaker": "agent",
     "text": "How can I help you with the vacuum cleaner?"},
    {"user_id": "anna", "id": "e3", "channel": "order", "text": "Ordered: oat milk, tofu", "price": 7.5},
]  # fmt: skip
LI = [
    {"user_id": "李", "id": "e1", "timestamp": "2024-05-01T08:00:00", "text": "我住的那个小区叫绿洲家园。"},
    {"user_id": "李", "id": "e2", "timestamp": "2024-05-02T08:00:00", "text": "我喜欢阅读书籍，喜欢旅游。"},
]
ODD_IDS = ["o'brien", 'say "hi"', "../../etc/passwd", "a/b\\c", "🙂👩‍👩‍👧", "x" * 1_000, "%_*?", "a user", "-1", "NULL"]


def refuse() -> HashingEmbedder:
    raise AssertionError("the embedder is not needed here")


def test_an_ingested_history_is_found_again(store: Store, write_rows: WriteRows) -> None:
    report = store.ingest([write_rows(*ANNA, *LI)])

    assert (report.files, report.read, report.added, report.snippets, report.bad_count) == (1, 5, 5, 5, 0)
    hit = store.search("anna", "moved to Munich", k=2)[0]
    assert hit.rank == 1
    assert hit.snippet.text == "I moved from Hamburg to Munich last month."
    assert hit.snippet.snippet_id == "e1#0"
    assert (hit.event.event_id, hit.event.channel, hit.event.role) == ("e1", "email", "user")
    assert store.search("李", "我住的小区叫什么家园", k=1)[0].event.event_id == "e1"
    assert store.event("anna", "e3").metadata == {"price": 7.5}


def test_users_and_histories_are_told_in_time_order(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA, *LI)])

    assert store.users() == [
        UserSummary("anna", 3, 3, "2024-02-01", "2024-03-01T09:00:00Z", {"en": 2}),
        UserSummary("李", 2, 2, "2024-05-01T08:00:00", "2024-05-02T08:00:00", {"zh": 2}),
    ]
    assert [event.event_id for event in store.events("anna")] == ["e2", "e1", "e3"]
    assert [event.event_id for event in store.events("anna", ["e3", "e1"])] == ["e1", "e3"]
    assert [snippet.snippet_id for snippet in store.history("anna")] == ["e2#0", "e1#0", "e3#0"]
    assert [snippet.snippet_id for snippet in store.history("anna", limit=2)] == ["e1#0", "e3#0"]
    assert store.history("anna", limit=0) == []
    assert store.snippet_count("anna") == 3


def test_users_and_histories_need_no_embedder(store: Store, open_store: OpenStore, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA)])
    store.close()

    bare = open_store(embedder=refuse)
    assert [user.user_id for user in bare.users()] == ["anna"]
    assert len(bare.history("anna")) == len(bare.events("anna")) == 3


def test_every_snippet_is_a_span_of_its_event(store: Store, write_rows: WriteRows) -> None:
    text = "".join(
        f"这是第{n}句话，说的是第{n}件事情。 This is sentence number {n} of a long message. " for n in range(80)
    )
    report = store.ingest([write_rows({"user_id": "u", "id": "long", "text": text})])

    event = store.event("u", "long")
    snippets = store.history("u")
    assert report.snippets == len(snippets) == store.snippet_count("u") > 10
    assert all(snippet.text == event.text[snippet.start : snippet.end] for snippet in snippets)
    hits = store.search("u", "sentence number 42", k=1000)
    assert len(hits) == len(snippets)
    assert all(hit.snippet.text == hit.event.text[hit.snippet.start : hit.snippet.end] for hit in hits)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert sorted((hit.score for hit in hits), reverse=True) == [hit.score for hit in hits]


def test_users_with_the_same_event_ids_are_kept_apart(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA, *LI)])

    assert store.event("anna", "e1").text != store.event("李", "e1").text
    for user in ("anna", "李"):
        hits = store.search(user, "Munich 小区 vacuum 阅读", k=10)
        assert len(hits) == store.snippet_count(user)
        assert {hit.event.user_id for hit in hits} == {hit.snippet.user_id for hit in hits} == {user}


def test_odd_user_ids(store: Store, write_rows: WriteRows) -> None:
    rows = [{"user_id": user, "id": "e'1", "text": f"My number is {n}"} for n, user in enumerate(ODD_IDS)]
    store.ingest([write_rows(*rows)])

    assert {user.user_id for user in store.users()} == set(ODD_IDS)
    for n, user in enumerate(ODD_IDS):
        assert [hit.snippet.text for hit in store.search(user, "number")] == [f"My number is {n}"]
        assert store.event(user, "e'1").user_id == user


@pytest.mark.parametrize("nobody", ["", " ", "\u3000\n"])
def test_events_that_a_program_makes_of_nobody_are_bad_rows(store: Store, nobody: str) -> None:
    report = store.ingest_events([Event("anna", "e1", "I am here."), Event(nobody, "e2", "Who am I?")])
    assert (report.added, report.bad) == (1, [BadLine("events", 2, "no user id", "no user")])
    assert [each.user_id for each in store.users()] == ["anna"]


def test_an_unknown_user_is_named_in_short(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA)])

    for ask in (store.events, store.history, store.snippet_count, lambda user: store.search(user, "x")):
        with pytest.raises(UnknownUser, match=r"no user 'anno' in the store.*limner users") as caught:
            ask("anno")
        assert caught.value.exit_code == 3
    with pytest.raises(UnknownUser) as caught:
        store.events("x" * 10_000)
    assert len(str(caught.value)) < 200
    with pytest.raises(InputError, match="user 'anna' has no event 'e9'"):
        store.event("anna", "e9")


def test_what_a_search_cannot_be(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA)])

    with pytest.raises(UsageError, match="k is 0"):
        store.search("anna", "x", k=0)
    with pytest.raises(UsageError, match="query ' ' is empty"):
        store.search("anna", " ")
    assert store.search_many("anna", []) == []


def test_many_queries_answer_like_one_by_one(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA)])

    queries = ["Munich", "tofu", "vacuum cleaner"]
    assert store.search_many("anna", queries, k=2) == [store.search("anna", query, k=2) for query in queries]


def test_another_embedder_is_refused_before_anything_is_written(
    store: Store, open_store: OpenStore, write_rows: WriteRows
) -> None:
    store.ingest([write_rows(*ANNA)])
    other = open_store(embedder=HashingEmbedder(32))

    for call in (lambda: other.search("anna", "x"), lambda: other.ingest([write_rows(*LI)])):
        with pytest.raises(UsageError, match=r"'fake:hashing-64' \(64 dim.*'fake:hashing-32' \(32\).*--store"):
            call()
    assert [user.user_id for user in other.users()] == ["anna"]


def test_an_empty_store_takes_another_embedder(open_store: OpenStore, write_rows: WriteRows) -> None:
    open_store().ingest([write_rows("")])
    other = open_store(embedder=HashingEmbedder(32))
    other.ingest([write_rows(*ANNA)])

    assert other.search("anna", "Munich")[0].event.event_id == "e1"


@pytest.mark.local
def test_a_store_that_is_not_there(store: Store) -> None:
    with pytest.raises(UsageError, match=r"there is no store in .*limner ingest"):
        store.users()
    assert not store.path.exists()


@pytest.mark.local
def test_a_path_that_cannot_be_a_store(tmp_path: Path, open_store: OpenStore, write_rows: WriteRows) -> None:
    history = write_rows(*ANNA)
    (tmp_path / "diary").mkdir()
    (tmp_path / "diary" / "monday.txt").write_text("dear diary")

    for path, message in ((history, "is a file"), (tmp_path / "diary", "is not a limner store: it holds 'monday.txt'")):
        for call in (lambda s: s.users(), lambda s: s.ingest([history])):
            with pytest.raises(StoreError, match=message) as caught:
                call(open_store(path))
            assert caught.value.exit_code == 5
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(history / "below").ingest([history])
    assert [each.name for each in (tmp_path / "diary").iterdir()] == ["monday.txt"]


@pytest.mark.local
def test_a_record_that_is_none(store: Store, write_rows: WriteRows) -> None:
    history = write_rows(*ANNA)
    store.path.mkdir()
    record = store.path / "record.sqlite3"

    record.write_text("no database at all, " * 100)
    with pytest.raises(StoreError, match=r"record\.sqlite3' cannot be used: file is not a database"):
        store.users()
    record.unlink()
    with sqlite3.connect(record) as other:
        other.execute("CREATE TABLE songs (title)")
    other.close()
    with pytest.raises(StoreError, match="a database, but not limner's"):
        store.ingest([history])


@pytest.mark.local
def test_a_newer_store_is_refused(store: Store, open_store: OpenStore, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA)])
    store.close()
    with sqlite3.connect(store.path / "record.sqlite3") as record:
        record.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    record.close()

    with pytest.raises(StoreError, match=r"has version '99', this limner reads 6.*Update limner"):
        open_store().users()


@pytest.mark.local
def test_a_store_in_use_by_another_process(store: Store, open_store: OpenStore, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA)])
    code = "import sys, filelock\nwith filelock.FileLock(sys.argv[1]):\n print(1, flush=True)\n input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(store.path / "lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "1\n"
        with pytest.raises(StoreBusy, match=r"is in use: 'lock' is held by another process.*Wait") as caught:
            store.ingest([write_rows(*LI)])
        assert caught.value.exit_code == 5
        assert open_store().search("anna", "Munich")[0].event.event_id == "e1"  # reading goes on
    finally:
        holder.communicate("\n")
    assert store.ingest([write_rows(*LI)]).added == 2


def test_a_reader_sees_what_another_process_ingests(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA)])
    assert len(store.search("anna", "Munich")) == 3
    more = write_rows({"user_id": "anna", "id": "e4", "text": "My cat is called Miez"}, name="more.jsonl")
    code = (
        "import sys\nfrom pathlib import Path\nfrom retrieval.fakes import HashingEmbedder\n"
        "from retrieval.store import Store\nStore(Path(sys.argv[1]), HashingEmbedder()).ingest([Path(sys.argv[2])])"
    )
    subprocess.run([sys.executable, "-c", code, str(store.path), str(more)], check=True, cwd=ROOT)

    assert store.search("anna", "cat called Miez", k=1)[0].event.event_id == "e4"
    assert store.ingest([write_rows(*LI)]).added == 2
    assert len(store.search("anna", "Munich")) == 4


def test_searches_go_on_while_another_thread_ingests(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA)])
    rows = [{"user_id": "bob", "id": str(n), "text": f"Message number {n}"} for n in range(1500)]
    history = write_rows(*rows, name="bob.jsonl")
    failures: list[BaseException] = []

    def load() -> None:
        try:
            store.ingest([history])
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    while thread.is_alive():
        assert len(store.search("anna", "Munich")) == 3
    thread.join()
    assert not failures
    assert store.snippet_count("bob") == len(store.search("bob", "number", k=2000)) == 1500


def test_two_stores_on_one_folder_in_one_process(open_store: OpenStore, write_rows: WriteRows) -> None:
    first, second = open_store(), open_store()
    first.ingest([write_rows(*ANNA)])
    assert len(second.search("anna", "Munich")) == 3
    second.ingest([write_rows(*LI)])
    second.close()

    assert len(first.search("李", "小区")) == 2
    with second._open().lock.held(), pytest.raises(StoreBusy):
        first.ingest([write_rows(*LI)])


def test_a_closed_store_opens_again(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ANNA)])
    with store as same:
        assert len(same.search("anna", "Munich")) == 3
    assert len(store.search("anna", "Munich")) == 3


@pytest.mark.local
def test_the_index_holds_no_text(store: Store, write_rows: WriteRows) -> None:
    rows = [*ANNA, *LI, *({"user_id": "u", "id": str(n), "text": f"Filler message number {n}"} for n in range(1200))]
    store.ingest([write_rows(*rows)])
    store.ingest([write_rows({**ANNA[0], "text": "I moved back to Hamburg, Munich was too dear."})])
    store.search("anna", "Hamburg")
    store.close()

    held = b"".join(path.read_bytes() for path in (store.path / "chroma").rglob("*") if path.is_file())
    assert b"anna" in held
    for word in ("Hamburg", "Munich", "cleaner", "tofu", "Filler", "小区", "绿洲家园", "阅读"):
        for encoding in ("utf-8", "utf-16-le"):
            assert word.encode(encoding) not in held
