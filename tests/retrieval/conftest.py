import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL

from retrieval.encryption import find_store_key
from retrieval.fakes import HashingEmbedder
from retrieval.index import IndexPlace
from retrieval.index_folder import IndexFolder
from retrieval.index_server import IndexServer
from retrieval.index_table import IndexTable
from retrieval.locks import StoreLock
from retrieval.record import Record
from retrieval.servers import index_server, record_server
from retrieval.sql import Database
from retrieval.sqlite_files import has_sqlcipher
from retrieval.store import Store
from tests.retrieval.running import Chroma, Postgres, Server

ON_SERVERS_TOO = {
    "test_browsing",
    "test_index",
    "test_ingest",
    "test_keeping",
    "test_mirror",
    "test_record",
    "test_reindex",
    "test_store",
    "test_views",
}
"""The modules whose tests run twice: with the store in a folder, and with it on servers."""

ENCRYPTED_TOO = ON_SERVERS_TOO | {"test_retention", "test_personal_data"}
"""The modules whose tests run once more with an encrypted store, where SQLCipher is installed."""

ONLY_ON_SERVERS = {"test_forgetting_on_servers", "test_index_server", "test_store_on_servers"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        local = module not in ONLY_ON_SERVERS
        servers = not local or (module in ON_SERVERS_TOO and metafunc.definition.get_closest_marker("local") is None)
        encrypted = module in ENCRYPTED_TOO and metafunc.definition.get_closest_marker("local") is None
        names = ["local"] * local + ["servers"] * servers + ["encrypted"] * (encrypted and has_sqlcipher())
        metafunc.parametrize("backend", names, indirect=True)


def run(make: Callable[[Path], Server]) -> Iterator[Any]:
    folder = Path(tempfile.mkdtemp(prefix="limner-test-"))
    try:
        server = make(folder)
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server."""
    yield from run(Postgres)


@pytest.fixture(scope="session")
def chroma() -> Iterator[Chroma]:
    """A Chroma server."""
    yield from run(Chroma)


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> tuple[Postgres, Chroma]:
    """Both servers running, and the environment saying that this test's store is on them, also to other processes."""
    postgres: Postgres = request.getfixturevalue("postgres")
    chroma: Chroma = request.getfixturevalue("chroma")
    postgres.start()
    chroma.start()
    monkeypatch.setenv("LIMNER_RECORD", postgres.schema(f"s{uuid4().hex}"))
    monkeypatch.setenv("LIMNER_INDEX", chroma.url)
    return postgres, chroma


@pytest.fixture
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where this test's store is."""
    if request.param == "servers":
        request.getfixturevalue("servers")
    if request.param == "encrypted":
        monkeypatch.setenv("LIMNER_KEY", "1a" * 32)
    return str(request.param)


@pytest.fixture
def record_place(backend: str, tmp_path: Path) -> "Path | URL":
    """Where a record can be made."""
    return record_server(None) or tmp_path / ("record.sqlite3" if find_store_key(None) is None else "record.sqlcipher")


@pytest.fixture
def database(record_place: "Path | URL") -> Iterator[Database]:
    """An empty record."""
    database = Database(record_place, key=find_store_key(None))
    yield database
    database.close()


@pytest.fixture
def place(backend: str, database: Database, tmp_path: Path) -> Iterator[IndexPlace]:
    """Where an index can be made."""
    address, lock = index_server(None), StoreLock(tmp_path / "index.lock", 1)
    place: IndexPlace = IndexServer(address, Record(database)) if address else IndexFolder(tmp_path / "chroma", lock)
    if backend == "encrypted":
        place = IndexTable(database, Record(database), tmp_path / "chroma-restoring")
    yield place
    place.close()


@pytest.fixture
def open_store(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Store]]:
    """Open the store in tmp_path (or elsewhere) with the fake embedder (or another); closed at the end."""
    opened: list[Store] = []
    elsewhere: dict[Path, str] = {}

    def open_(path: Path | None = None, embedder: Any = None) -> Store:
        if backend == "servers" and path is not None and path not in elsewhere:
            elsewhere[path] = request.getfixturevalue("postgres").schema(f"s{uuid4().hex}")
        record = elsewhere.get(path) if path is not None else None
        opened.append(Store(path or tmp_path / "store", embedder or HashingEmbedder(), wait=0.3, record=record))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    """A store, not yet made, with the fake embedder."""
    return open_store()


def ids_in_index(store: Store) -> set[str]:
    """The ids of the vectors that the store's index really holds."""
    place = store._open().place
    index = place.open()
    try:
        return index.ids()
    finally:
        index.close()


def agrees(store: Store) -> bool:
    """Whether the index, opened anew, holds exactly the vectors of the record's snippets, and none is owed."""
    store.close()
    record = store._open().record
    listed = {each.vector_id for page in record.pages(500) for each in page}
    return ids_in_index(store) == listed and not record.pending(1) and not record.removals(1)


def numbers(store: Store, user: str = "u0") -> list[int]:
    """Which of the user's messages "Message number N" are found."""
    return sorted(int(hit.snippet.text.split()[-1]) for hit in store.search(user, "message number", k=10_000))


def other(store: Store, embedder: Any = None) -> Store:
    """The same store on servers as another machine opens it."""
    return Store(store.path.with_name("elsewhere"), embedder or HashingEmbedder(), wait=0.3)
