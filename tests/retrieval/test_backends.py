import builtins
import socket
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import BackendUnavailable, StoreBusy, StoreError
from retrieval.fakes import HashingEmbedder
from retrieval.servers import record_server
from retrieval.sql import Database, tables
from retrieval.store import Store
from tests.retrieval.running import PASSWORD, Chroma, Postgres

Servers = tuple[Postgres, Chroma]
SECRET = "hunter2"


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


def test_a_server_that_is_too_old(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.backends._OLDEST_POSTGRES", 99)
    assert "older than 99. Use a newer server" in refusal(servers[0].url, servers[1].url)


def test_without_psycopg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'")
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BackendUnavailable, match=r"pip install 'limner\[postgres\]'"):
        Store(tmp_path, HashingEmbedder(), record="postgresql://u:p@host/db").users()


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
