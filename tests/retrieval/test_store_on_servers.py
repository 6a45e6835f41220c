"""What only a store on servers does: machines that share it, and servers that die."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import BackendUnavailable, StoreBusy, StoreError, UsageError
from retrieval.fakes import HashingEmbedder
from retrieval.ingest import IngestReport
from retrieval.store import Store
from tests.conftest import WriteRows
from tests.retrieval.conftest import agrees, numbers, other
from tests.retrieval.running import PASSWORD, Chroma, Postgres

ROOT = Path(__file__).parents[2]
ROWS = [{"user_id": f"u{n % 2}", "id": str(n), "text": f"Message number {n}"} for n in range(600)]
Servers = tuple[Postgres, Chroma]


def test_a_newer_record_is_refused(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS[:2])])
    store._open().record.keep_settings(schema="99")
    with pytest.raises(StoreError, match=r"has version '99', this limner reads 6.*schema in LIMNER_RECORD"):
        other(store).users()


def test_a_store_that_is_not_there(store: Store) -> None:
    with pytest.raises(UsageError, match=r"there is no store in 'postgresql.*:\*\*\*@.*limner ingest"):
        store.users()
    assert not store.path.exists()


def test_two_records_on_servers_share_a_folder_for_their_indexes(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_rows: WriteRows
) -> None:
    monkeypatch.delenv("LIMNER_INDEX")
    first = Store(tmp_path / "store", HashingEmbedder())
    second = Store(tmp_path / "store", HashingEmbedder(), record=servers[0].schema("second"))
    first.ingest([write_rows(*ROWS[:40])])
    second.ingest([write_rows(*ROWS[40:60])])
    for store, expected in ((first, range(0, 40, 2)), (second, range(40, 60, 2))):
        assert numbers(store) == list(expected) and agrees(store)
        assert (store.path / f"chroma-{store._open().record.identity()}").is_dir()
        store.close()


def test_the_index_alone_on_a_server(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_rows: WriteRows
) -> None:
    monkeypatch.delenv("LIMNER_RECORD")
    with Store(tmp_path / "store", HashingEmbedder()) as store:
        store.ingest([write_rows(*ROWS[:40])])
        assert numbers(store) == list(range(0, 40, 2)) and agrees(store)
        assert not (store.path / "chroma").exists()


def test_a_store_moves_its_index_to_a_server(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_rows: WriteRows
) -> None:
    monkeypatch.delenv("LIMNER_RECORD")
    monkeypatch.delenv("LIMNER_INDEX")
    with Store(tmp_path / "store", HashingEmbedder()) as store:
        store.ingest([write_rows(*ROWS[:40])])
    with Store(tmp_path / "store", HashingEmbedder(), index=servers[1].url) as store:
        assert numbers(store) == list(range(0, 40, 2)) and agrees(store)


def test_stores_on_the_same_servers_are_kept_apart(store: Store, servers: Servers, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS[:40])])
    with Store(store.path, HashingEmbedder(32), record=servers[0].schema("apart")) as second:
        second.ingest([write_rows({**ROWS[0], "text": "Message number 1000"})])
        assert numbers(second) == [1000]
        assert agrees(second) and agrees(store)
    assert numbers(store) == list(range(0, 40, 2))


HOLDS = """
import sys
from pathlib import Path
from retrieval.fakes import HashingEmbedder
from retrieval.store import Store

def progress(report):
    print(report.read, flush=True)
    input()

Store(Path(sys.argv[1]), HashingEmbedder()).ingest([Path(sys.argv[2])], progress=progress)
"""


def test_two_processes_do_not_write_at_once(store: Store, write_rows: WriteRows) -> None:
    history = write_rows(*ROWS)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(store.path), str(history)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "512\n"
        with pytest.raises(StoreBusy, match=r"'postgresql.*\*\*\*@.*is in use.*another process") as caught:
            store.ingest([history])
        assert caught.value.exit_code == 5
        assert numbers(store) == list(range(0, 512, 2))  # reading goes on
    finally:
        holder.kill()
        holder.communicate()
    assert store.ingest([history]).added == len(ROWS) - 512  # its lock ended with it
    assert numbers(store) == list(range(0, 600, 2)) and agrees(store)


def test_threads_of_one_store_take_turns(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS[:2])])
    failures: list[BaseException] = []

    def load() -> None:
        try:
            store.ingest([write_rows(*ROWS[:4], name="more.jsonl")])
        except StoreBusy as error:
            failures.append(error)

    with store._open().lock.held(), store._open().lock.held():
        thread = threading.Thread(target=load)
        thread.start()
        thread.join()
    assert len(failures) == 1
    load()
    assert len(failures) == 1 and numbers(store) == [0, 2]


def test_who_lost_the_lock_cannot_write(store: Store, servers: Servers, write_rows: WriteRows) -> None:
    rivals: list[int] = []

    def progress(report: IngestReport) -> None:
        if not rivals:
            servers[0].execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'limner'"
            )
            with other(store) as rival:
                rivals.append(rival.ingest([write_rows({**ROWS[1], "id": "rival"}, name="rival.jsonl")]).added)

    with pytest.raises(BackendUnavailable, match="then call again"):
        store.ingest([write_rows(*ROWS)], progress=progress)
    assert rivals == [1]
    assert numbers(store) == list(range(0, 512, 2))
    store.ingest([write_rows(*ROWS)])
    assert numbers(store) == list(range(0, 600, 2)) and agrees(store)


def test_searches_go_on_while_another_machine_reindexes(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS)])
    expected, failures = numbers(store), []

    class Slow(HashingEmbedder):
        def embed_passages(self, texts: list[str]) -> Any:
            time.sleep(0.3)
            return super().embed_passages(texts)

    def reindex() -> None:
        try:
            with other(store, Slow()) as second:
                for _ in range(3):
                    second.reindex()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=reindex)
    thread.start()
    searches = 0
    while thread.is_alive():
        with other(store) as reader:
            assert numbers(reader) == numbers(store) == expected
        searches += 1
    thread.join()
    assert not failures and searches > 1
    assert agrees(store)


def test_counts_are_plain_numbers(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS[:4])])
    assert json.dumps(store.users()) == '[["u0", 2, 2, null, null, {}], ["u1", 2, 2, null, null, {}]]'


@pytest.mark.parametrize("which", [0, 1], ids=["postgres", "chroma"])
def test_a_server_killed_in_the_middle_of_an_ingest(
    store: Store, servers: Servers, write_rows: WriteRows, which: int
) -> None:
    history, server = write_rows(*ROWS), servers[which]

    def progress(report: IngestReport) -> None:
        server.kill()

    try:
        with pytest.raises(BackendUnavailable, match=r"does not answer.*then call again") as caught:
            store.ingest([history], progress=progress)
        assert PASSWORD not in str(caught.value) and "Message number" not in str(caught.value)
        with other(store) as elsewhere, pytest.raises(BackendUnavailable):
            numbers(elsewhere)
    finally:
        server.start()
    assert set(numbers(store)) >= set(range(0, 512, 2))  # what was reported is there
    report = store.ingest([history])
    assert report.added + report.unchanged == len(ROWS) and report.unchanged >= 512
    assert numbers(store) == list(range(0, 600, 2)) and agrees(store)


def test_a_connection_that_went_away_is_made_again(store: Store, servers: Servers, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS[:40])])
    for server in servers:
        server.kill()
        server.start()
    store._open().views._kept.clear()
    assert numbers(store) == list(range(0, 40, 2))


def test_a_raw_text_with_nul_is_kept_without_it(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows({"user_id": "u", "id": "1", "text": "A\x00 rose", "note": "B\x00"})])
    event = store.event("u", "1")
    assert (event.text, event.raw, event.metadata) == ("A rose", "A\ufffd rose", {"note": "B\ufffd"})
