"""A full disk under profiles, corrections, compaction, changes of the key, an encrypted store and the server.

Each is a clear error or done; nothing is lost, and the same call does it when there is room.
"""

from collections.abc import Callable
from typing import Any

import pytest

from agent import Limner
from agent.cli import main
from agent.fakes import ScriptedChat
from agent.limner import SchemaSource
from retrieval import Event, HashingEmbedder, StoreError
from retrieval.converting import change_key
from retrieval.encryption import StoreKey
from tests.agent.api.serving import served
from tests.agent.scripted import SCHEMA, answer, open_with
from tests.conftest import WriteRows
from tests.disks import FULL, Disk, fill

ONE, TWO = StoreKey("1a" * 32), StoreKey("2b" * 32)
ROWS = [
    {"user_id": f"u{n % 4}", "id": f"e{n}", "timestamp": "2024-01-01", "text": f"I live in Munich. Message {n}."}
    for n in range(80)
]
SMALL: SchemaSource = SCHEMA
LEFT = pytest.mark.parametrize("left", [0, 60_000, 400_000])
KEYS = pytest.mark.parametrize("key", [None, ONE], ids=["plain", "encrypted"])


def open_limner(disk: Disk, key: StoreKey | None) -> Limner:
    if key is not None:
        pytest.importorskip("sqlcipher3")
    return Limner(disk.folder / "store", llm=ScriptedChat(script=answer), embedder=HashingEmbedder(), key=key)


def tried(call: Callable[[], Any]) -> bool:
    """Whether a call was done; if not, it said that the disk is full, and no word of a history."""
    try:
        call()
    except StoreError as error:
        assert error.exit_code == 5 and "Munich" not in str(error)
        assert any(words in str(error) for words in FULL.split("|")), error
        return False
    return True


@KEYS
@LEFT
def test_what_is_made_of_a_history(disk: Disk, write_rows: WriteRows, key: StoreKey | None, left: int) -> None:
    with open_limner(disk, key) as limner:
        limner.ingest(write_rows(*ROWS))
        limner.profile("u0", SMALL)
        limner.forget("u3", defer=True)
        before = limner.store.events("u1")
    filler = fill(disk, left)
    calls: dict[str, Callable[[Limner], Any]] = {
        "profile": lambda limner: limner.profile("u1", SMALL),
        "correct": lambda limner: limner.correct("u0", "/city", "correct", "Oslo", by="Ann", schema=SMALL),
        "compact": lambda limner: limner.compact(),
        "forget": lambda limner: limner.forget("u2"),
        "ingest": lambda limner: limner.ingest(
            write_rows({**ROWS[0], "id": "new", "text": "x" * 99_000}, name="m.jsonl")
        ),
    }
    done = {}
    for name, call in calls.items():
        with open_limner(disk, key) as limner:
            done[name] = tried(lambda call=call, limner=limner: call(limner))  # type: ignore[misc]
    filler.unlink()
    with open_limner(disk, key) as limner:
        assert limner.store.events("u1") == before
        assert len(limner.versions("u0")) == 1 and len(limner.versions("u1")) == done["profile"]
        assert len(limner.corrections("u0")) == done["correct"]
        users = {each.user_id for each in limner.users()}
        assert users in ({"u0", "u1"}, {"u0", "u1", "u2"}) and ("u2" not in users or not done["forget"])
        for name, call in calls.items():
            if not done[name] and not (name == "forget" and "u2" not in users):
                call(limner)
        limner.compact()
        assert {each["state"] for each in limner.receipts()} == {"done"} and len(limner.receipts()) == 2
        assert [limner.profile(user, SMALL).profile["city"] for user in ("u0", "u1")] == ["Oslo", "Munich"]
        assert limner.store.event("u0", "new").text == "x" * 99_000
        assert len(limner.search("u1", "message", k=99)) == 20
        assert {each.user_id for each in limner.users()} == {"u0", "u1"}


@LEFT
@pytest.mark.parametrize(("old", "new"), [(None, ONE), (ONE, TWO), (ONE, None)], ids=["on", "rotate", "off"])
def test_the_key_is_the_old_one_or_the_new_one(
    disk: Disk, write_rows: WriteRows, old: StoreKey | None, new: StoreKey | None, left: int
) -> None:
    pytest.importorskip("sqlcipher3")
    with open_limner(disk, old) as limner:
        limner.ingest(write_rows(*ROWS))
        before = limner.store.events("u1")
    filler = fill(disk, left)
    done = tried(lambda: change_key(disk.folder / "store", old, new, lambda stage, at, total: None))
    filler.unlink()
    with open_limner(disk, new if done else old) as limner:
        assert limner.store.events("u1") == before
    if not done:
        change_key(disk.folder / "store", old, new, lambda stage, at, total: None)
    with open_limner(disk, new) as limner:
        assert limner.store.events("u1") == before and len(limner.search("u1", "message", k=99)) == 20


@LEFT
def test_a_server_says_so_goes_on_reading_and_does_it_when_there_is_room(disk: Disk, left: int) -> None:
    with served(disk.folder) as server:
        server.load(*ROWS[:8])
        assert len(server.ask("GET", "/v1/users/u1/search", params={"q": "Munich"}).json()["hits"]) == 2
        filler = fill(disk, left)
        lines = "".join(f'{{"user_id": "v{n}", "id": "a", "text": "{"x" * 4000} {n}"}}\n' for n in range(200))
        more = {"user_id": "u0", "id": "new", "text": "y" * 99_000}
        correction = {"pointer": "/location", "action": "correct", "value": "Oslo", "by": "Ann", "schema": "person"}
        asked: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "/v1/events", {"content": lines, "headers": {"Content-Type": "application/x-ndjson"}}),
            ("POST", "/v1/users/u0/events", {"json": more}),
            ("POST", "/v1/users/u1/corrections", {"json": correction}),
            ("POST", "/v1/users/u2/erasures", {"json": {}}),
            ("POST", "/v1/compactions", {}),
        ]
        failed = 0
        for method, path, what in asked:
            found = server.ask(method, path, **what)
            assert found.status_code < 300 or found.json()["type"].rpartition("/")[2] in ("store-error", "store-busy")
            assert found.status_code < 500 or "Munich" not in found.text
            failed += found.status_code >= 300
            assert len(server.ask("GET", "/v1/users/u1/events").json()["events"]) == 2
        assert failed or left
        filler.unlink()
        disk.resize("100m")
        for method, path, what in asked:
            found = server.ask(method, path, **what)
            assert found.status_code < 300 or (path.endswith("erasures") and found.status_code == 404), found.text
        users = {each["user_id"] for each in server.ask("GET", "/v1/users?limit=500").json()["users"]}
        assert users == {"u0", "u1", "u3", *(f"v{n}" for n in range(200))}
        assert server.ask("GET", "/v1/users/u0/events/new").json()["text"] == more["text"]
        assert {each["state"] for each in server.ask("GET", "/v1/erasures").json()["receipts"]} == {"done"}


@KEYS
def test_with_no_byte_free_a_store_opens_to_read_and_says_why_it_does_not_write(
    disk: Disk, write_rows: WriteRows, key: StoreKey | None
) -> None:
    with open_limner(disk, key) as limner:
        limner.ingest(write_rows(*ROWS))
        limner.profile("u0", SMALL)
        events = limner.store.events("u1")
    filler = fill(disk)
    reads: dict[str, Callable[[Limner], Any]] = {
        "search": lambda limner: len(limner.search("u1", "message", k=99)) == 20,
        "users": lambda limner: len(limner.users()) == 4,
        "events": lambda limner: limner.store.events("u1") == events,
        "kept profile": lambda limner: limner.version("u0", 1, SMALL).profile["city"] == "Munich",
        "answer": lambda limner: limner.ask("u1", "Which city does she live in?").answer == "Munich",
        "export": lambda limner: len(limner.export("u1")["events"]) == 20,
        "versions": lambda limner: len(limner.versions("u0")) == 1,
    }
    writes: dict[str, Callable[[Limner], Any]] = {
        "ingest": lambda limner: limner.ingest(write_rows({**ROWS[0], "id": "new", "text": "New."}, name="m.jsonl")),
        "one event": lambda limner: limner.ingest_events([Event("u9", "e", "Short.")]),
        "profile": lambda limner: limner.profile("u1", SMALL),
        "correct": lambda limner: limner.correct("u0", "/city", "correct", "Oslo", by="Ann", schema=SMALL),
        "consent": lambda limner: limner.store.consents.grant("u0", "support", by="Ann"),
        "forget": lambda limner: limner.forget("u2"),
    }
    for name, write in writes.items():  # a process for each, and after each all can be read
        with open_limner(disk, key) as limner:
            assert not tried(lambda write=write, limner=limner: write(limner)), name  # type: ignore[misc]
        for what, read in reads.items():
            with open_limner(disk, key) as limner:
                assert read(limner), (name, what)
    with open_limner(disk, key) as one, open_limner(disk, key) as other:
        assert all(read(each) for read in reads.values() for each in (one, other))
    filler.unlink()
    with open_limner(disk, key) as limner:
        for write in writes.values():
            write(limner)


def test_commands_on_a_disk_with_no_byte_free(
    disk: Disk, write_rows: WriteRows, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", str(disk.folder / "store"), "--json"]

    def run(*words: str) -> tuple[int, str]:
        code = main([*words, *store], open_with(answer))
        told = capsys.readouterr()
        return code, told.out + told.err

    rows = str(write_rows(*ROWS))
    assert run("ingest", rows)[0] == 0 and run("profile", "u0")[0] == 0
    fill(disk)
    for words in (["users"], ["search", "u0", "message"], ["export", "u0"], ["versions", "u0"],
                  ["profile", "u0", "--version", "1"], ["ask", "u0", "Where does she live?"]):  # fmt: skip
        assert run(*words)[0] == 0, words
    for words in (["forget", "u1"], ["profile", "u1"], ["correct", "u0", "/location", "--forbid", "--by", "Ann"]):
        code, said = run(*words)
        assert code == 5 and "the disk is full" in said, (words, said)
