"""Records as every earlier version made them (records/), brought up to date: in SQLite, SQLCipher and PostgreSQL."""

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, Engine, event, inspect

from retrieval.archives import Manifest, write_archive
from retrieval.catalog import tables
from retrieval.encryption import StoreKey
from retrieval.errors import BackendUnavailable, StoreBusy, StoreError
from retrieval.fakes import HashingEmbedder
from retrieval.migrating import SCHEMA_VERSION, migrate, version_of
from retrieval.servers import record_server
from retrieval.sql import Database
from retrieval.sqlite_files import has_sqlcipher, open_keyed
from retrieval.store import Store
from tests.retrieval.conftest import agrees
from tests.retrieval.records.make import KEY, ROWS
from tests.retrieval.running import Postgres

RECORDS = Path(__file__).with_name("records")
VERSIONS = range(1, SCHEMA_VERSION + 1)
STORE_KEY = StoreKey("1a" * 32)
KINDS = ["sqlite", "postgresql", *(["sqlcipher"] if has_sqlcipher() else [])]
Rows = dict[str, set[frozenset[tuple[str, Any]]]]
Place = Path | URL


def dump(version: int, kind: str = "sqlite") -> str:
    """The statements that make a record of a version."""
    return (RECORDS / f"v{version}.{kind}.sql").read_text("utf-8")


def put(path: Path, version: int) -> Path:
    """A plain file of a version, as its program left it."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(dump(version))
        db.execute("PRAGMA journal_mode = WAL").close()
    return path


class Places:
    """Makes records of one kind, and opens them."""

    def __init__(self, kind: str, folder: Path, postgres: Callable[[], Postgres]) -> None:
        self.kind = kind
        self.key = STORE_KEY if kind == "sqlcipher" else None
        self._folder = folder
        self._postgres = postgres

    def empty(self) -> Place:
        """Where a record can be made."""
        if self.kind == "postgresql":
            url = record_server(self._postgres().schema(f"s{uuid4().hex}"))
            assert url is not None
            return url
        return self._folder / f"{uuid4().hex}.{self.kind}"

    def old(self, version: int) -> Place:
        """A record of a version."""
        place = self.empty()
        if isinstance(place, URL):
            import psycopg

            with psycopg.connect(place.set(drivername="postgresql").render_as_string(False)) as db:
                db.execute(dump(version, "postgresql"))  # type: ignore[call-overload]  # it is no literal
            return place
        if self.kind == "sqlite":
            return put(place, version)
        with closing(open_keyed(place, STORE_KEY, 1)) as keyed:
            keyed.executescript(dump(version))
        return place

    def open(self, place: Place, wait: float = 10.0) -> Database:
        """Open it."""
        return Database(place, wait=wait, key=self.key)


@pytest.fixture(params=KINDS)
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    def postgres() -> Postgres:
        server: Postgres = request.getfixturevalue("postgres")
        server.start()
        return server

    return Places(request.param, tmp_path, postgres)


def rows_of(db: Connection) -> Rows:
    """All rows of all tables, each as its columns with their values."""
    found: Rows = {}
    for name in inspect(db).get_table_names():
        columns = ", ".join(f'"{each["name"]}"' for each in inspect(db).get_columns(name))
        rows = db.exec_driver_sql(f'SELECT {columns} FROM "{name}"').mappings()
        found[name] = {frozenset(row.items()) for row in rows}
    return found


@contextmanager
def raw(places: Places, place: Place) -> Iterator[Connection]:
    """A connection to a record that no limner has opened yet."""
    from retrieval.backends import PostgreSQL, SQLiteFile

    backend = SQLiteFile(place, 1, places.key) if isinstance(place, Path) else PostgreSQL(place, 1)
    readers, _ = backend.engines()
    with readers.connect() as db:
        yield db
    readers.dispose()


def raw_rows(places: Places, place: Place) -> Rows:
    """All rows of such a record."""
    with raw(places, place) as db:
        return rows_of(db)


def differences(db: Connection) -> list[Any]:
    """What Alembic finds between the tables and the catalog."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, tables().meta.metadata))


def shape(db: Connection) -> dict[str, Any]:
    """Tables, columns, keys and indexes, also what ``compare_metadata`` does not look at; columns in any order."""
    seen, found = inspect(db), {}
    for name in seen.get_table_names():
        columns = {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in seen.get_columns(name)}
        foreign = [(f["constrained_columns"], f["referred_table"], f["options"]) for f in seen.get_foreign_keys(name)]
        unique = sorted(each["column_names"] for each in seen.get_unique_constraints(name))
        indexes = sorted((each["name"], each["column_names"], each["unique"]) for each in seen.get_indexes(name))
        found[name] = (columns, seen.get_pk_constraint(name)["constrained_columns"], foreign, unique, indexes)
    if db.dialect.name == "sqlite":
        made = db.exec_driver_sql("SELECT name FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%'").scalars()
        found["without rowid"] = sorted(made)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_lost_from_any_version(places: Places, version: int) -> None:
    place = places.old(version)
    before = raw_rows(places, place)
    assert before["events"] and before["snippets"] and ("likeness" in before) == (version >= 3)
    database = places.open(place)
    with database.reading() as db:
        after = rows_of(db)
        assert version_of(db) == SCHEMA_VERSION
        if db.dialect.name == "sqlite":
            assert db.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert db.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
    database.close()
    new = {"snippets": {"wide": False}, "events": {"language": None, "copy_of": None},
           "versions": {"purpose": None, "sensitive": None}}  # fmt: skip
    before["meta"] = {row - {("value", str(version))} | {("value", "6")} if ("key", "schema") in row else row
                      for row in before["meta"]}  # fmt: skip
    expected = {name: {with_all(row, new.get(name, {})) for row in before.get(name, ())} for name in after}
    assert after == expected
    assert before.keys() <= after.keys() == {table.name for table in tables()}


def with_all(row: frozenset[tuple[str, Any]], new: dict[str, Any]) -> frozenset[tuple[str, Any]]:
    """A row with the columns that it did not have."""
    return frozenset((new | dict(row)).items())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tables_are_those_of_a_new_record(places: Places, version: int) -> None:
    shapes = []
    for place in (places.empty(), places.old(version)):
        database = places.open(place)
        with database.reading() as db:
            assert differences(db) == []
            shapes.append(shape(db))
        database.close()
    assert shapes[0] == shapes[1]


def test_the_steps_from_nothing_lead_to_the_tables_of_today(places: Places) -> None:
    database = places.open(places.empty())
    with database.writing() as db:
        made = shape(db)
        tables().meta.metadata.drop_all(db)
        migrate(db, 0)
        assert differences(db) == [] and shape(db) == made
    database.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_any_version_goes_on(tmp_path: Path, version: int) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    put(folder / "record.sqlite3", version)
    if version >= 5:
        (folder / "erasure.key").write_text(KEY)
    rows = [*ROWS, ROWS[0] | {"id": "a3", "text": "I am vegan now, and I have a cat."}]
    history = tmp_path / "rows.jsonl"
    history.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    with Store(folder, HashingEmbedder()) as store:
        assert [hit.event.event_id for hit in store.search("李雷", "花生")] == ["b1"]
        if version >= 4:
            assert [each.number for each in store.keeping.versions("ada")] == [1, 2]
            assert store.keeping.version("ada", "customer", 2).document["说明"] == "她搬家了"
            assert store.keeping.corrections("ada")[0].document["value"] == "München"
        store.ingest([history])
        assert {each.event_id for each in store.events("ada")} == {"a1", "a2", "a3"}
        assert store.search("ada", "vegan")[0].event.event_id == "a3"
        has_grace = "grace" in {each.user_id for each in store.users()}
        assert has_grace == (version < 5)  # what was forgotten is not loaded again
        assert agrees(store)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_backup_of_any_version_is_restored(tmp_path: Path, version: int) -> None:
    folder = tmp_path / "packed"
    folder.mkdir()
    put(folder / "record.sqlite3", version)
    if version >= 5:
        (folder / "erasure.key").write_text(KEY)
    events = 3 if version >= 5 else 4
    manifest = Manifest("2024-06-01T00:00:00Z", "0.1.0", version, "old", None, {"events": events}, {})
    write_archive(tmp_path / "backup", folder, manifest)
    with Store(tmp_path / "store", HashingEmbedder()) as store:
        assert store.restore(tmp_path / "backup").counts["events"] == events
        assert [hit.event.event_id for hit in store.search("李雷", "花生")] == ["b1"]


def test_a_table_of_vectors_stays_as_it_is(tmp_path: Path) -> None:
    path = put(tmp_path / "record.sqlite3", 5)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE vectors (vector_id TEXT PRIMARY KEY, vector BLOB NOT NULL)")
        db.execute("INSERT INTO vectors VALUES ('x', x'00ff')")
    Database(path).close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT * FROM vectors").fetchall() == [("x", b"\x00\xff")]


@pytest.mark.parametrize("mark", [4, 5])
def test_steps_that_an_earlier_limner_left_half_done(tmp_path: Path, mark: int) -> None:
    """It took them one by one, and made each table as it was in its own version."""
    path = put(tmp_path / "record.sqlite3", mark)
    with closing(sqlite3.connect(path)) as db, db:
        for column in ("purpose VARCHAR(64)", "sensitive TEXT"):
            db.execute(f"ALTER TABLE versions ADD COLUMN {column}")
    database = Database(path)
    with database.reading() as db:
        assert differences(db) == [] and version_of(db) == SCHEMA_VERSION
    database.close()


@pytest.mark.parametrize("value", ["0", "", "six", "٦"])
def test_a_version_that_is_none(tmp_path: Path, value: str) -> None:
    path = put(tmp_path / "record.sqlite3", 3)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [value])
    with pytest.raises(StoreError, match="does not say its version"):
        Database(path)


def test_a_newer_record_is_refused_and_not_touched(places: Places) -> None:
    place = places.old(6)
    database = places.open(place)
    with database.writing() as db:
        db.execute(tables().meta.update().where(tables().meta.c.key == "schema").values(value="7"))
    database.close()
    before = raw_rows(places, place)
    with pytest.raises(StoreError, match=r"has version '7', this limner reads 6\. Update limner") as caught:
        places.open(place)
    assert caught.value.exit_code == 5
    assert raw_rows(places, place) == before


def killed_at(place: Place, is_encrypted: bool, moment: int) -> None:
    """Open a record, and die before the statement of that number of its migration, or before its end."""
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(Engine, "before_cursor_execute")
    def begun(db: Connection, cursor: object, statement: str, *_: object) -> None:
        if db.get_execution_options().get("writing"):
            count()

    event.listen(Engine, "commit", lambda db: count() if db.get_execution_options().get("writing") else None)
    Database(place, key=STORE_KEY if is_encrypted else None).close()


def whole(places: Places, place: Place) -> tuple[Rows, dict[str, Any]]:
    """All rows and the shape of all tables of a record that no limner has opened since; its file is sound."""
    with raw(places, place) as db:
        if db.dialect.name == "sqlite":
            assert db.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
        return rows_of(db), shape(db)


@pytest.mark.parametrize(("places", "version"), [*((kind, 1) for kind in KINDS), ("sqlite", 4)], indirect=["places"])
def test_killed_at_every_statement_it_is_the_old_one_whole(places: Places, version: int) -> None:
    before, after = whole(places, places.old(version)), None
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([__name__, "alembic.operations", "alembic.script"])
    for moment in range(1, 100):
        place = places.old(version)
        child = forking.Process(target=killed_at, args=(place, places.key is not None, moment))
        child.start()
        child.join(60)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        assert whole(places, place) == before
        places.open(place).close()  # and the next one brings it up to date
        assert (after := after or whole(places, place)) == whole(places, place)
    assert child.exitcode == 0 and moment > 10
    assert whole(places, place) == after != before


def test_a_step_that_fails_leaves_the_old_one_whole(places: Places) -> None:
    place = places.old(1)
    before = raw_rows(places, place)

    def fail(db: object, cursor: object, statement: str, *_: object) -> None:
        if "ix_consents_user_key" in statement:
            raise RuntimeError("the power is gone")

    event.listen(Engine, "after_cursor_execute", fail)
    try:
        with pytest.raises(RuntimeError, match="the power"):
            places.open(place)
    finally:
        event.remove(Engine, "after_cursor_execute", fail)
    assert raw_rows(places, place) == before
    places.open(place).close()
    assert raw_rows(places, place).keys() == {table.name for table in tables()}


class Held:
    """Stops the first migration in the middle of it, with some tables made, until it is let go."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        event.listen(Engine, "after_cursor_execute", self._after)

    def _after(self, db: object, cursor: object, statement: str, *_: object) -> None:
        if "CREATE TABLE consents" in statement and not self.reached.is_set():
            self.reached.set()
            assert self.go_on.wait(30)

    def end(self) -> None:
        event.remove(Engine, "after_cursor_execute", self._after)


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.go_on.set()
    held.end()


def test_a_server_that_goes_down_in_the_middle_has_the_old_one_whole(
    request: pytest.FixtureRequest, tmp_path: Path, held: Held
) -> None:
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.start()
    places = Places("postgresql", tmp_path, lambda: postgres)
    place = places.old(1)
    before, said = whole(places, place), list[StoreError | BackendUnavailable]()

    def open_() -> None:
        try:
            places.open(place)
        except (StoreError, BackendUnavailable) as error:
            said.append(error)

    thread = threading.Thread(target=open_)
    thread.start()
    assert held.reached.wait(30)
    postgres.kill()
    held.go_on.set()
    thread.join(30)
    assert [type(each) for each in said] == [BackendUnavailable]
    postgres.start()
    assert whole(places, place) == before
    places.open(place).close()
    assert whole(places, place)[0].keys() == {table.name for table in tables()}


def test_of_two_that_migrate_one_waits(places: Places, held: Held) -> None:
    place = places.old(1)
    done: list[int | None] = []

    def open_() -> None:
        database = places.open(place)
        with database.reading() as db:
            done.append(version_of(db))
        database.close()

    threads = [threading.Thread(target=open_) for _ in range(3)]
    threads[0].start()
    assert held.reached.wait(30)
    with pytest.raises(StoreBusy, match="another process writes"):
        places.open(place, wait=0.1)
    for thread in threads[1:]:
        thread.start()
    threads[1].join(0.3)
    assert done == []
    held.go_on.set()
    for thread in threads:
        thread.join(30)
    assert done == [SCHEMA_VERSION] * 3
    database = places.open(place)
    with database.reading() as db:
        assert differences(db) == []
    database.close()


def test_two_different_records_migrate_side_by_side(tmp_path: Path, held: Held) -> None:
    first, second = put(tmp_path / "first.sqlite3", 1), put(tmp_path / "second.sqlite3", 2)
    thread = threading.Thread(target=lambda: Database(first).close())
    thread.start()
    assert held.reached.wait(30)
    Database(second).close()
    held.go_on.set()
    thread.join(30)
    for path in (first, second):
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == ("6",)
            assert db.execute("SELECT count(*) FROM snippets").fetchone() == (4,)


def test_processes_that_open_an_old_record_at_once(tmp_path: Path) -> None:
    path = put(tmp_path / "record.sqlite3", 1)
    code = (
        "import sys; from pathlib import Path; from retrieval.sql import Database; Database(Path(sys.argv[1])).close()"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, path], stderr=subprocess.PIPE) for _ in range(4)]
    assert [(each.communicate(timeout=60)[1], each.returncode) for each in started] == [(b"", 0)] * 4
    database = Database(path)
    with database.reading() as db:
        assert differences(db) == []
    database.close()


def test_a_newer_limner_migrates_while_this_one_waits(tmp_path: Path) -> None:
    path = put(tmp_path / "record.sqlite3", 5)
    newer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    newer.execute("BEGIN IMMEDIATE")
    newer.execute("UPDATE meta SET value = '7' WHERE key = 'schema'")
    timer = threading.Timer(0.5, lambda: newer.execute("COMMIT"))
    timer.start()
    with pytest.raises(StoreError, match="has version '7', this limner reads 6"):
        Database(path)
    timer.join()
    assert newer.execute("SELECT name FROM sqlite_master WHERE name = 'consents'").fetchone() is None
    newer.close()


def rebuild_events(db: Connection) -> None:
    """A change that SQLite can only make by writing a new table, as a coming step may have to."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import String

    with Operations(MigrationContext.configure(db)).batch_alter_table("events") as batch:
        batch.alter_column("role", type_=String(32))


def test_a_table_that_is_written_anew_keeps_what_hangs_on_it(tmp_path: Path) -> None:
    from retrieval.backends import SQLiteFile

    path = put(tmp_path / "record.sqlite3", 6)
    readers, writers = (backend := SQLiteFile(path, 1)).engines()
    with backend.altering(writers) as db:
        before = rows_of(db)
        rebuild_events(db)
        assert rows_of(db) == before and len(before["snippets"]) == 3
    with readers.connect() as db:
        assert rows_of(db) == before and db.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    with pytest.raises(StoreError, match="was not changed: rows"), backend.altering(writers) as db:
        db.exec_driver_sql("DELETE FROM events")
    with readers.connect() as db:
        assert rows_of(db) == before
    with writers.begin() as db:
        rebuild_events(db)  # without ``altering``, this is what happens
        assert rows_of(db)["snippets"] == set()
    readers.dispose()


def test_a_user_who_may_only_read_is_told_so(request: pytest.FixtureRequest) -> None:
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.start()
    url = Places("postgresql", Path(), lambda: postgres).old(5)
    assert isinstance(url, URL)
    schema, role = str(url.query["options"]).rpartition("=")[2], f"r{uuid4().hex}"
    for statement in (f"CREATE ROLE {role} LOGIN PASSWORD 'pw'", f"GRANT USAGE ON SCHEMA {schema} TO {role}",
                      f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"):  # fmt: skip
        postgres.execute(statement)
    reader = url.set(username=role, password="pw")
    with pytest.raises(StoreError, match=r"cannot be used: .*permission denied.*may create tables"):
        Database(reader)
    Database(url).close()
    Database(reader).close()  # nothing is to be done any more


def test_a_record_that_is_up_to_date_opens_without_alembic(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from retrieval.sql import Database\n"
        "for name in sys.argv[1:]:\n    Database(Path(name)).close(); print('alembic' in sys.modules)"
    )
    new, old = tmp_path / "new.sqlite3", put(tmp_path / "old.sqlite3", 5)
    run = subprocess.run([sys.executable, "-c", code, new, new, old], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False", "True"]


def test_there_is_a_step_and_a_record_for_every_version_and_no_way_back() -> None:
    from alembic.script import ScriptDirectory

    folder = Path(sys.modules[migrate.__module__].__file__ or "").with_name("migrations")
    steps = list(ScriptDirectory(folder, version_locations=[folder]).walk_revisions())
    assert [int(step.revision) for step in reversed(steps)] == list(VERSIONS)
    assert [step.revision for step in steps if hasattr(step.module, "downgrade")] == []
    names = sorted(f"v{version}.{kind}.sql" for version in VERSIONS for kind in ("sqlite", "postgresql"))
    assert sorted(path.name for path in RECORDS.glob("*.sql")) == names
