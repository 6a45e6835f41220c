"""What only a store on servers does: addresses, refusals, many machines, servers that die, what is on them."""

import builtins
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import BackendUnavailable, StoreBusy, StoreError, UsageError
from retrieval.fakes import HashingEmbedder
from retrieval.ingest import IngestReport
from retrieval.servers import ChromaAddress, index_server, record_server
from retrieval.sql import Database, tables
from retrieval.store import Store
from tests.conftest import WriteRows
from tests.retrieval.conftest import ids_in_index
from tests.retrieval.running import PASSWORD, Chroma, Postgres

ROOT = Path(__file__).parents[2]
ROWS = [{"user_id": f"u{n % 2}", "id": str(n), "text": f"Message number {n}"} for n in range(600)]
Servers = tuple[Postgres, Chroma]
OpenStore = Callable[..., Store]
SECRET = "hunter2"


@pytest.fixture
def store(servers: Servers, tmp_path: Path) -> Iterator[Store]:
    """A store on both servers."""
    with Store(tmp_path / "store", HashingEmbedder(), wait=0.3) as store:
        yield store


def other(store: Store, embedder: Any = None) -> Store:
    """The same store as another machine opens it."""
    return Store(store.path.with_name("elsewhere"), embedder or HashingEmbedder(), wait=0.3)


def numbers(store: Store, user: str = "u0") -> list[int]:
    return sorted(int(hit.snippet.text.split()[-1]) for hit in store.search(user, "message number", k=10_000))


def agrees(store: Store) -> bool:
    record = store._open().record
    listed = {each.vector_id for page in record.pages(500) for each in page}
    return ids_in_index(store) == listed and not record.pending(1) and not record.removals(1)


# Addresses


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_record_is_reached_with_psycopg(scheme: str) -> None:
    url = record_server(f"{scheme}://u:{SECRET}@host/db")
    assert url is not None and (url.drivername, url.host, url.database) == ("postgresql+psycopg", "host", "db")


@pytest.mark.parametrize(
    ("text", "shown", "user", "secret"),
    [
        ("http://host", "http://host:8000", "", ""),
        ("https://host", "https://host:443", "", ""),
        ("http://[::1]:9/", "http://[::1]:9", "", ""),
        (f"https://:{SECRET}@host:1", "https://host:1", "", SECRET),
        ("https://u:p%40q@host", "https://host:443", "u", "p@q"),
    ],
)
def test_a_chroma_address_never_shows_its_secret(text: str, shown: str, user: str, secret: str) -> None:
    address = index_server(text)
    assert isinstance(address, ChromaAddress)
    assert (str(address), address.user, address.secret) == (shown, user, secret)
    assert SECRET not in f"{address} {address!r}"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LIMNER_RECORD", f"mysql://u:{SECRET}@host/db"),
        ("LIMNER_RECORD", f"postgresql+psycopg2://u:{SECRET}@host/db"),
        ("LIMNER_RECORD", f"postgresql://u:{SECRET}@host"),
        ("LIMNER_RECORD", f"u:{SECRET}@host"),
        ("LIMNER_RECORD", f"postgresql://u:{SECRET}@host:port/db"),
        ("LIMNER_INDEX", f"ftp://u:{SECRET}@host"),
        ("LIMNER_INDEX", f"http://u:{SECRET}@host/path"),
        ("LIMNER_INDEX", f"http://{SECRET}@host"),
        ("LIMNER_INDEX", f"http://u:{SECRET}@host:port"),
        ("LIMNER_INDEX", "http://[::1"),
        ("LIMNER_INDEX", "host:8000"),
    ],
)
def test_what_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=f"{variable} is no.*It looks like") as caught:
        Store(tmp_path, HashingEmbedder())
    assert SECRET not in str(caught.value)


def test_empty_variables_mean_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_rows: WriteRows
) -> None:
    monkeypatch.setenv("LIMNER_RECORD", "")
    monkeypatch.setenv("LIMNER_INDEX", "")
    with Store(tmp_path / "store", HashingEmbedder()) as store:
        store.ingest([write_rows(*ROWS[:2])])
    assert {"record.sqlite3", "chroma"} <= {each.name for each in store.path.iterdir()}


# Servers that refuse


def refusal(record: str | None = None, index: str | None = None) -> str:
    """What a store on such servers says, to reading and to writing."""
    said = []
    for call in (lambda store: store.users(), lambda store: store.ingest_events([])):
        with Store(Path("never-made"), HashingEmbedder(), record=record, index=index) as store:
            with pytest.raises(BackendUnavailable) as caught:
                call(store)
            error: BaseException | None = caught.value
            said.append(str(error))
            assert caught.value.exit_code == 4
            while error is not None:
                assert SECRET not in str(error) and PASSWORD not in str(error)
                error = error.__cause__
    assert said[0] == said[1]
    return said[0]


def test_a_database_server_that_is_not_there() -> None:
    said = refusal(record=f"postgresql://u:{SECRET}@127.0.0.1:1/db", index="http://127.0.0.1:1")
    assert "'postgresql+psycopg://u:***@127.0.0.1:1/db' does not answer" in said
    assert "Check that the server runs" in said


def test_a_database_server_that_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/db?connect_timeout=2"
        with pytest.raises(BackendUnavailable, match=r"does not answer: .*timeout"):
            Store(tmp_path, HashingEmbedder(), record=url).users()


def test_a_database_that_refuses(servers: Servers) -> None:
    url = servers[0].url
    assert "password authentication failed" in refusal(url.replace(PASSWORD, SECRET), servers[1].url)
    assert 'database "missing" does not exist' in refusal(url.replace("/postgres", "/missing"), servers[1].url)


def test_a_database_with_other_tables_or_no_schema(servers: Servers, tmp_path: Path) -> None:
    postgres, chroma = servers
    url = postgres.schema("songs")
    postgres.execute("CREATE TABLE songs.songs (title text)")
    for place, message in ((url, "a database, but not limner's"), (f"{url}x", "no schema has been selected")):
        with pytest.raises(StoreError, match=message) as caught:
            Store(tmp_path, HashingEmbedder(), record=place, index=chroma.url).ingest_events([])
        assert PASSWORD not in str(caught.value)


def test_a_newer_record_is_refused(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS[:2])])
    store._open().record.keep_settings(schema="99")
    with pytest.raises(StoreError, match=r"has version '99', this limner reads 2.*schema in LIMNER_RECORD"):
        other(store).users()


def test_a_server_that_is_too_old(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.backends._OLDEST_POSTGRES", 99)
    assert "older than 99. Use a newer server" in refusal(servers[0].url, servers[1].url)


def test_a_store_that_is_not_there(store: Store) -> None:
    with pytest.raises(UsageError, match=r"there is no store in 'postgresql.*:\*\*\*@.*limner ingest"):
        store.users()
    assert not store.path.exists()


def test_without_psycopg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'")
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BackendUnavailable, match=r"pip install 'limner\[postgres\]'"):
        Store(tmp_path, HashingEmbedder(), record="postgresql://u:p@host/db").users()


class Answers:
    """A web server that is no Chroma server: it answers everything with one status and text, or not at all."""

    def __init__(self, status: int | None, text: str = "<html>hello</html>") -> None:
        self.seen: list[str | None] = []
        answers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answers.seen.append(self.headers["Authorization"])
                if status is None:
                    time.sleep(1)
                    return
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://u:{SECRET}@127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize(
    ("status", "text", "message"),
    [
        (401, "<html>who are you, hunter2?</html>", "refuses with status 401"),
        (404, "not here", "refuses with status 404"),
        (200, "<html>hello</html>", "does not answer like a Chroma server"),
        (200, '{"hello": 1}', "does not answer like a Chroma server"),
        (503, '{"error": "InternalError", "message": "out of disk"}', "fails: 'out of disk'"),
        (None, "", "does not answer: timed out"),
    ],
)
def test_what_is_no_chroma_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int | None, text: str, message: str
) -> None:
    monkeypatch.setattr("retrieval.index_server._ANSWER_SECONDS", 0.5)
    answers = Answers(status, text)
    with Store(tmp_path / "store", HashingEmbedder(), index=answers.url) as store:
        try:
            with pytest.raises(BackendUnavailable, match=message) as caught:
                store.ingest_events([])
        finally:
            answers.close()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("user", "sent"), [("u", "Basic dTpodW50ZXIy"), ("", f"Bearer {SECRET}")])
def test_what_a_chroma_server_is_told(tmp_path: Path, user: str, sent: str) -> None:
    answers = Answers(401)
    url = answers.url.replace("u:", f"{user}:", 1) if user else answers.url.replace("//u:", "//:")
    with Store(tmp_path / "store", HashingEmbedder(), index=url) as store, pytest.raises(BackendUnavailable):
        store.ingest_events([])
    answers.close()
    assert answers.seen == [sent]


# Either server alone, and several stores


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


# Many machines


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
        assert holder.stdout is not None and holder.stdout.readline() == "256\n"
        with pytest.raises(StoreBusy, match=r"'postgresql.*\*\*\*@.*is in use.*another process") as caught:
            store.ingest([history])
        assert caught.value.exit_code == 5
        assert numbers(store) == list(range(0, 256, 2))  # reading goes on
    finally:
        holder.kill()
        holder.communicate()
    assert store.ingest([history]).added == len(ROWS) - 256  # its lock ended with it
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
    assert numbers(store) == list(range(0, 256, 2))
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


def test_a_reindex_leaves_one_collection(store: Store, write_rows: WriteRows, monkeypatch: pytest.MonkeyPatch) -> None:
    def collections() -> list[str]:
        place = store._open().place
        names = [each.name for each in place._connected().list_collections()]  # type: ignore[attr-defined]
        return [each for each in names if store._open().record.identity() in each]

    store.ingest([write_rows(*ROWS[:40])])
    before = collections()
    with monkeypatch.context() as patch:
        patch.setattr("retrieval.index_server.IndexServer.tidy", lambda self: None)
        store.reindex()
    assert len(collections()) == 2 and numbers(store) == list(range(0, 40, 2))
    store.ingest([write_rows(*ROWS[:40])])
    assert len(collections()) == 1 and collections() != before
    store.reindex()
    assert len(collections()) == 1 and agrees(store)


def test_a_collection_that_was_deleted_is_made_anew(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS[:40])])
    assert numbers(store) == list(range(0, 40, 2))
    with other(store) as elsewhere:
        elsewhere._open().place.wipe()
    store._open().views._kept.clear()
    assert numbers(store) == list(range(0, 40, 2)) and agrees(store)


def test_counts_are_plain_numbers(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS[:4])])
    assert json.dumps(store.users()) == '[["u0", 2, 2, null, null], ["u1", 2, 2, null, null]]'


# Servers that die


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
    assert set(numbers(store)) >= set(range(0, 256, 2))  # what was reported is there
    report = store.ingest([history])
    assert report.added + report.unchanged == len(ROWS) and report.unchanged >= 256
    assert numbers(store) == list(range(0, 600, 2)) and agrees(store)


def test_a_connection_that_went_away_is_made_again(store: Store, servers: Servers, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*ROWS[:40])])
    for server in servers:
        server.kill()
        server.start()
    store._open().views._kept.clear()
    assert numbers(store) == list(range(0, 40, 2))


# What is on the servers


def test_the_chroma_server_holds_no_text(store: Store, servers: Servers, write_rows: WriteRows) -> None:
    words = ("Hamburg", "tofu", "绿洲家园")
    store.ingest(
        [
            write_rows(
                {"user_id": "ann-of-chroma", "id": "1", "text": "I moved to Hamburg. I love tofu. 我住在绿洲家园。"}
            )
        ]
    )
    store.search("ann-of-chroma", "Hamburg")
    held = b"".join(path.read_bytes() for path in servers[1].folder.rglob("*") if path.is_file())
    assert b"ann-of-chroma" in held
    for word in words:
        assert word.encode() not in held and word.encode("utf-16-le") not in held


def test_errors_of_the_database_tell_no_values(servers: Servers) -> None:
    url = record_server(None)
    assert url is not None
    database = Database(url)
    with pytest.raises(StoreError, match=r"cannot be used: .*duplicate key") as caught, database.writing() as db:
        db.execute(tables().meta.insert(), [{"key": SECRET, "value": "x"}, {"key": SECRET, "value": "x"}])
    assert SECRET not in f"{caught.value} {caught.value.__cause__}" and caught.value.__suppress_context__
    database.close()


def test_a_transaction_that_waits_too_long_is_busy(servers: Servers) -> None:
    url = record_server(None)
    assert url is not None
    first, second = Database(url), Database(url, wait=0.1)
    with first.writing() as db:
        db.execute(tables().meta.insert().values(key="x", value="y"))
        with pytest.raises(StoreBusy, match="another process writes"), second.writing():
            raise AssertionError("it should not come to this")
    first.close()
    second.close()


def test_a_raw_text_with_nul_is_kept_without_it(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows({"user_id": "u", "id": "1", "text": "A\x00 rose", "note": "B\x00"})])
    event = store.event("u", "1")
    assert (event.text, event.raw, event.metadata) == ("A rose", "A\ufffd rose", {"note": "B\ufffd"})
