"""Keys, schemas, hosting, turns and remembered answers."""

import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.errors import NotFound, StoreBusy, StoreError, UsageError
from agent.fakes import ScriptedChat
from agent.limner import Limner
from agent.service import (
    Answer,
    Hosting,
    InProgress,
    Keys,
    OtherRequest,
    Service,
    UnknownTenant,
    running_at,
    server_of,
)
from agent.service.book import Book
from agent.service.jobs import Cancelled, Job
from agent.service.once import SEVERAL, Once, Ticket
from agent.service.turns import Turns
from agent.service.upkeep import Upkeep
from retrieval import Event
from retrieval.fakes import HashingEmbedder
from retrieval.locks import StoreLock
from retrieval.retention import Rule


def _limner(store: Path) -> Limner:
    return Limner(store, llm=ScriptedChat(script=lambda *asked: "[]"), embedder=HashingEmbedder())


def test_keys(tmp_path: Path) -> None:
    keys = Keys(Book(tmp_path / "b.sqlite3"))
    secret, made = keys.make("acme", ["write", "read"], label="CRM")
    found = keys.check(secret)
    assert found == made and found is not None
    assert (found.may("read"), found.may("erase"), found.tenant) == (True, False, "acme")
    assert keys.check(secret + "x") is None and keys.check("") is None and keys.check("limner_\ud800") is None
    assert secret.encode() not in (tmp_path / "b.sqlite3").read_bytes()
    assert (tmp_path / "b.sqlite3").stat().st_mode & 0o077 == 0
    keys.revoke(made.key_id)
    assert keys.check(secret) is None
    with pytest.raises(NotFound):
        keys.revoke("none")
    with pytest.raises(UsageError):
        keys.make("No Such Name", ["read"])


def test_a_damaged_book_is_told(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite3"
    path.write_bytes(b"no database at all, but some text that is long enough to be read as a header" * 20)
    with pytest.raises(StoreError, match="damaged"):
        Keys(Book(path)).all()


def test_a_book_says_its_version_and_a_newer_one_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite3"
    secret, made = Keys(Book(path)).make("default", ["read"])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        db.execute("PRAGMA user_version = 2")
    before = path.read_bytes()
    keys = Keys(Book(path))
    for call in (keys.all, lambda: keys.check(secret), lambda: keys.make("default", ["read"])):
        with pytest.raises(StoreError, match=r"b\.sqlite3' has version 2, this limner reads 1\. Update limner"):
            call()
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 1")
    assert keys.check(secret) == made


def test_a_book_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE other (a); CREATE INDEX schemas ON other (a)")  # in the way of a table
    with pytest.raises(StoreError, match="cannot be used"):
        Keys(Book(path)).all()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master WHERE name = 'keys'").fetchall() == []
        assert db.execute("PRAGMA user_version").fetchone() == (0,)
        db.execute("DROP INDEX schemas")
    assert Keys(Book(path)).all() == []


def test_threads_that_open_a_book_of_before_at_once(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE keys (id TEXT PRIMARY KEY, hash BLOB, tenant TEXT, scopes TEXT, label TEXT, "
                   "created_at TEXT, expires_at TEXT, revoked_at TEXT)")  # fmt: skip
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: Keys(Book(path)).all(), range(8))) == [[]] * 8


def test_keys_may_be_made_before_anything_is_loaded(tmp_path: Path) -> None:
    service = Service(_limner(tmp_path), tmp_path)
    service.keys.make("default", ["read"])
    with Hosting(tmp_path).held("http://here"):
        service.load("default", [Event("u", "e", "I live in Munich.")])
    assert [each.user_id for each in service.limner("default").users()] == ["u"]
    with pytest.raises(UnknownTenant):
        service.limner("other")
    service.close()


def test_one_server_a_store(tmp_path: Path) -> None:
    assert running_at(tmp_path) is None
    with Hosting(tmp_path).held("http://here"):
        told = running_at(tmp_path)
        assert told is not None and told.url == "http://here"
        script = (
            "from pathlib import Path; from agent.service import Hosting, running_at; import sys; p=Path(sys.argv[1]);"
            "print(running_at(p).url)\nwith Hosting(p).held('x'): pass"
        )
        other = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
        assert other.stdout == "http://here\n" and "already served at http://here" in other.stderr
    assert running_at(tmp_path) is None
    (tmp_path / "serve.json").write_text('{"pid": 1, "url": "http://gone"}')
    assert running_at(tmp_path) is None, "what a killed server left"


def test_a_server_of_many_tenants_serves_the_stores_below_its_folder(tmp_path: Path) -> None:
    store = tmp_path / "acme"
    store.mkdir()
    with Hosting(tmp_path, tenants=True).held("http://all"):
        found = server_of(store)
        assert found is not None and found.url == "http://all" and running_at(store) is None
        with pytest.raises(StoreBusy, match="acme' is already served at http://all"), Hosting(store).held("http://one"):
            pytest.fail("two servers of one store")
        assert not (store / "serve.json").exists()
    with Hosting(store).held("http://one"):
        with pytest.raises(StoreBusy, match="at http://one"), Hosting(tmp_path, tenants=True).held("http://all"):
            pytest.fail("two servers of one store")
        with Hosting(tmp_path).held("http://above"):
            assert server_of(store) == running_at(store), "a store in the folder of another one is not its tenant"
    assert server_of(store) is None


def _told(job: Job) -> bool:
    try:
        return bool(job.result_or_error())
    except Cancelled:
        return False


@pytest.mark.parametrize("scope", [{}, {"events": ["a"]}])
def test_what_another_program_erases_is_no_longer_told(tmp_path: Path, scope: dict[str, Any]) -> None:
    """``limner forget`` beside a running server: jobs, repeated requests and the model's memory know nothing of it."""
    limner = _limner(tmp_path)
    service = Service(limner, tmp_path)
    service.load("default", [Event("u", "a", "I live in Munich."), Event("u", "b", "Hi."), Event("v", "c", "Hello.")])

    def answered(user: str) -> tuple[Job, Answer | Ticket]:
        job = service.ask("default", user, "Where do I live?")
        assert job.wait(30)
        ticket = service.once.begin("owner", user, "request", ("default", user))
        assert isinstance(ticket, Ticket)
        service.once.finish(ticket, Answer("you live in Munich", 18))
        return job, ticket

    first, _ = answered("u")
    assert service.job("default", first.job_id) is first and _told(first)
    with _limner(tmp_path) as other:
        other.forget("u", **scope)
    model = limner.chat().load()
    assert isinstance(model, ScriptedChat) and model.asked
    assert service.job("default", first.job_id) is None and service.jobs("default") == []
    assert not _told(first), "somebody who waited for it when it was erased"
    assert isinstance(service.once.begin("owner", "u", "request", ("default", "u")), Ticket)
    assert not model.asked
    second, _ = answered("v")
    assert service.jobs("default") == [second] and _told(second)
    service.close()


def test_what_the_server_erases_itself_takes_nothing_from_others(tmp_path: Path) -> None:
    service = Service(_limner(tmp_path), tmp_path)
    service.load("default", [Event("u", "a", "I live in Munich."), Event("v", "c", "Hello.")])
    jobs = [service.ask("default", user, "Where do I live?") for user in ("u", "v")]
    assert all(job.wait(30) for job in jobs)
    service.forget("default", "u")
    assert service.jobs("default") == jobs[1:] and _told(jobs[1])
    service.close()


def test_turns_are_taken_in_order() -> None:
    turns, order = Turns(), list[int]()

    def write(number: int) -> None:
        with turns.taken():
            order.append(number)

    with turns.taken():
        threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
        for number, each in enumerate(threads, start=2):
            each.start()
            while len(turns._line) < number:
                time.sleep(0.001)
    for each in threads:
        each.join()
    assert order == [0, 1, 2, 3, 4]


def test_a_turn_that_does_not_come() -> None:
    turns = Turns(wait=0.05)
    errors: list[StoreBusy] = []

    def write() -> None:
        try:
            with turns.taken():
                raise AssertionError("two at once")
        except StoreBusy as error:
            errors.append(error)

    with turns.taken():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert len(errors) == 1
    with turns.taken():
        pass


def test_long_work_lets_short_work_in(tmp_path: Path) -> None:
    from agent.service.loading import load_in_parts
    from retrieval import Event

    limner, turns, order = _limner(tmp_path), Turns(), list[str]()
    short: list[threading.Thread] = []

    def write() -> None:
        with turns.taken():
            order.append("short")

    def rows() -> "list[Event]":
        for number in range(6):
            if number == 2:
                short.append(threading.Thread(target=write))
                short[0].start()
                while len(turns._line) < 2:
                    time.sleep(0.001)
            order.append(f"row {number}")
            yield Event("u", f"e{number}", f"Message number {number} about shoes.")
            time.sleep(0.02)

    report = load_in_parts(limner, rows(), turns, seconds=0.03)
    short[0].join()
    assert (report.added, report.files) == (6, 1)
    assert "row 2" in order[: order.index("short")] and "row 5" in order[order.index("short") :]


def test_answers_are_remembered_for_the_same_request_only() -> None:
    once, about = Once(), ("t", "u")
    ticket = once.begin("key", "k", "request", about)
    assert isinstance(ticket, Ticket)
    with pytest.raises(InProgress):
        once.begin("key", "k", "request", about)
    once.finish(ticket, Answer("said", 4))
    assert once.begin("key", "k", "request", about) == Answer("said", 4)
    with pytest.raises(OtherRequest):
        once.begin("key", "k", "another", about)
    assert isinstance(once.begin("other key", "k", "another", about), Ticket)


@pytest.mark.parametrize("user", ["u", SEVERAL])
def test_answers_about_an_erased_user_are_forgotten(user: str) -> None:
    once = Once()
    ticket, late = once.begin("key", "k", "r", ("t", user)), once.begin("key", "late", "r", ("t", user))
    other = once.begin("key", "o", "r", ("t", "v"))
    assert isinstance(ticket, Ticket) and isinstance(late, Ticket) and isinstance(other, Ticket)
    once.finish(ticket, Answer("words", 5))
    once.finish(other, Answer("others", 6))
    once.forget("t", "u")
    once.finish(late, Answer("words", 5))
    assert isinstance(once.begin("key", "k", "r", ("t", user)), Ticket)
    assert isinstance(once.begin("key", "late", "r", ("t", user)), Ticket)
    assert once.begin("key", "o", "r", ("t", "v")) == Answer("others", 6)


def test_what_forgets_itself_is_remembered_unless_the_user_is_erased_as_well() -> None:
    once = Once()
    for others, remembered in ((0, True), (1, False)):
        ticket = once.begin("key", str(others), "r", ("t", "u"), forgets=True)
        assert isinstance(ticket, Ticket)
        for _ in range(1 + others):
            once.forget("t", "u")
        once.finish(ticket, Answer("said", 4))
        assert isinstance(once.begin("key", str(others), "r", ("t", "u")), Answer) is remembered
        once.forget("t", "u")
        assert isinstance(once.begin("key", str(others), "r", ("t", "u")), Ticket)


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    once = Once()
    for number in range(60):
        ticket = once.begin("key", str(number), "r", ("t", "u"))
        assert isinstance(ticket, Ticket)
        once.finish(ticket, Answer(None, 1_000_000))
    assert isinstance(once.begin("key", "0", "r", ("t", "u")), Ticket)
    assert once.begin("key", "59", "r", ("t", "u")) == Answer(None, 1_000_000)


def test_what_is_too_old_goes_also_while_nobody_loads(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    service = Service(_limner(tmp_path / "home"), tmp_path / "home", tenants=tmp_path / "all")
    for tenant in ("acme", "beta"):
        old = Event("u", "old", "I live in Munich.", timestamp="2001-01-01T10:00:00Z", epoch=978343200.0)
        new = Event("u", "new", "I live in Oslo.", timestamp=datetime.now(UTC).isoformat(), epoch=time.time())
        service.load(tenant, [old, new])
    (tmp_path / "all" / "empty").mkdir()
    service.limner("beta").store.set_rule(Rule(365))
    jobs = {tenant: service.ask(tenant, "u", "Where do I live?") for tenant in ("acme", "beta")}
    assert all(job.wait(30) for job in jobs.values())
    ticket = service.once.begin("owner", "key", "request", ("beta", "u"))
    assert isinstance(ticket, Ticket)
    service.once.finish(ticket, Answer("you live in Munich", 18))
    upkeep = Upkeep(service, first=0.01, every=0.01)
    upkeep.start()
    ends = time.monotonic() + 30
    while len(service.limner("beta").store.events("u")) > 1 and time.monotonic() < ends:
        time.sleep(0.02)
    upkeep.stop()
    assert [each.event_id for each in service.limner("beta").store.events("u")] == ["new"]
    assert len(service.limner("acme").store.events("u")) == 2, "it has no rule"
    assert service.queue.job("beta", jobs["beta"].job_id) is None
    assert service.queue.job("acme", jobs["acme"].job_id) is jobs["acme"]
    assert isinstance(service.once.begin("owner", "key", "request", ("beta", "u")), Ticket)
    assert caplog.records == [] or "Munich" not in caplog.text
    service.close()


def test_a_store_that_is_busy_does_not_end_the_upkeep(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    service = Service(_limner(tmp_path / "store"), tmp_path / "store")
    service.load("default", [Event("u", "e", "I live in Munich.", timestamp="2001-01-01T10:00:00Z", epoch=978343200.0)])
    service.limner("default").store.set_rule(Rule(365))
    with StoreLock(tmp_path / "store" / "lock", 5).held():
        upkeep = Upkeep(service, first=0.01, every=0.05)
        upkeep.start()
        ends = time.monotonic() + 30
        while not caplog.records and time.monotonic() < ends:
            time.sleep(0.05)
    assert "could not be applied" in caplog.text and "is in use" in caplog.text
    while service.limner("default").users() and time.monotonic() < ends:
        time.sleep(0.05)
    upkeep.stop()
    assert service.limner("default").users() == []
    service.close()
