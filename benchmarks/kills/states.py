"""What is in a store, as people see it, and whether it is sound. Read in a process of its own, after each kill."""

import re
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agent import Limner
from agent.fakes import ScriptedChat
from benchmarks.kills.forking import Tell, run
from retrieval import HashingEmbedder, UnknownUser
from retrieval.encryption import StoreKey
from retrieval.errors import WrongKey
from retrieval.index_process import IndexProcess
from retrieval.sqlite_files import connect

__all__ = ["KEYS", "SCHEMA", "State", "key_of", "look", "open_limner", "open_slowly", "secret_in"]

SCHEMA: Final = {
    "title": "small",
    "type": "object",
    "properties": {
        "city": {"type": ["string", "null"], "description": "where the user lives"},
        "events": {"type": "integer", "x-compute": "event_count"},
    },
}
_SECRET: Final = re.compile(rb"w([0-9a-f]{16})z")
KEYS: Final = (StoreKey("1a" * 32), StoreKey("2b" * 32))
"""With which a store is encrypted, when it is."""
_BELONGS: Final = {
    "record.sqlcipher", "record.sqlcipher-wal", "record.sqlcipher-shm",
    "record.sqlite3", "record.sqlite3-wal", "record.sqlite3-shm", "chroma", "erasure.key",
    "chroma-new",  # of a call that was killed: `reindex` goes on with it, all else throws it away
    "service.sqlite3", "service.sqlite3-wal", "service.sqlite3-shm", "serve.json",  # of a server
}  # fmt: skip


@dataclass(frozen=True)
class State:
    """Texts by users and event ids; how many versions and corrections of which users."""

    events: dict[str, dict[str, str]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    corrections: dict[str, int] = field(default_factory=dict)

    def without(self, gone: set[tuple[str, str]]) -> "State":
        """The same without these events, and without what was made of users of whom nothing is left."""
        kept = {
            user: left
            for user, own in self.events.items()
            if (left := {each: text for each, text in own.items() if (user, each) not in gone})
        }
        return State(kept, _of(self.versions, kept), _of(self.corrections, kept))


def open_limner(store: Path, key: StoreKey | None = None) -> Limner:
    """A Limner with the fakes; the model finds nothing. ``key``: of a store that is not there yet."""
    return Limner(store, llm=ScriptedChat(script=lambda system, user, schema: "[]" if schema else "none"),
                  embedder=HashingEmbedder(16), key=key or key_of(store / "record.sqlcipher"))  # fmt: skip


def key_of(record: Path) -> StoreKey | None:
    """Which key opens a record; None: the store is plain, or will be when it is next opened."""
    if (record.parent / "decrypting").exists() and (record.parent / "record.sqlite3").exists():
        return None
    for key in KEYS if record.exists() else ():
        with suppress(WrongKey), closing(connect(record, key)):
            return key
    assert not record.exists(), "no key opens the record"
    return None


def open_slowly(store: Path, index_process: IndexProcess | None = None) -> Limner:
    """The same with a model that takes its time, so that it is killed at work."""

    def answer(system: str, user: str, schema: object) -> str:
        time.sleep(0.05)
        return "[]" if schema else "none"

    return Limner(store, llm=ScriptedChat(script=answer), embedder=HashingEmbedder(16),
                  index_process=index_process, key=key_of(store / "record.sqlcipher"))  # fmt: skip


def secret_in(text: str) -> str:
    """The word in a text that nobody else says."""
    found = _SECRET.search(text.encode())
    assert found is not None, text
    return found[1].decode()


def look(store: Path, forgotten: dict[str, str], sample: int) -> State:
    """The state of a store, in which whatever was forgotten must not be found; ``forgotten``: users by secrets.

    Raises:
        AssertionError: it is not sound.
    """
    (found,) = run(lambda tell: _look(store, forgotten, sample, tell)).told
    return State(**found)


def _look(store: Path, forgotten: dict[str, str], sample: int, tell: Tell) -> None:
    key = key_of(store / "record.sqlcipher")
    record = store / ("record.sqlcipher" if key else "record.sqlite3")
    if not record.exists():
        tell(vars(State()))
        return
    with closing(connect(record, key)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with open_limner(store) as limner:
        state = _read(limner)
        users = sorted(state.events)
        for user in [users[sample % len(users)], users[-1]] if users else []:
            hits = limner.search(user, "code word", k=1000)
            assert {hit.event.event_id: hit.event.text for hit in hits} == state.events[user], user
        for user in list(dict.fromkeys(forgotten.values()))[-3:]:
            if user not in state.events:
                _check_unknown(limner, user)
        receipts = limner.receipts()
        assert [each["number"] for each in receipts] == list(range(1, len(receipts) + 1))
        assert all(limner.is_genuine(each) for each in receipts)
        if users:
            _check_index(limner)
    strangers = [each.name for each in store.iterdir() if each.name not in _BELONGS and not each.name.endswith("lock")]
    if users:
        assert strangers == [], strangers  # the search has tidied up
    if users and all(each["state"] == "done" for each in receipts):
        left = {word.decode() for path in store.rglob("*") if path.is_file() for word in _words(path)}
        assert left.isdisjoint(forgotten), "bytes of what was forgotten are left"
    if key is not None:
        assert not [each for each in store.rglob("*") if each.is_file() and _words(each)], "plain bytes are left"
    tell(vars(state))


def _read(limner: Limner) -> State:
    events = {user.user_id: {each.event_id: each.text for each in limner.store.events(user.user_id)}
              for user in limner.users()}  # fmt: skip
    versions = {user: len(found) for user in events if (found := limner.versions(user))}
    for user in versions:
        for note in limner.versions(user):
            limner.version(user, note.number, SCHEMA)
    corrections: dict[str, int] = {}
    for each in limner.corrections():
        corrections[each.user_id] = corrections.get(each.user_id, 0) + 1
    return State(events, versions, corrections)


def _check_unknown(limner: Limner, user: str) -> None:
    try:
        limner.search(user, "code word")
    except UnknownUser:
        return
    raise AssertionError(f"{user} was forgotten, and is found")


def _check_index(limner: Limner) -> None:
    """The index holds exactly the vectors of the record's snippets, and none is owed."""
    parts: Any = limner.store._open()
    listed = {each.vector_id for page in parts.record.pages(500) for each in page}
    index = parts.place.open()
    try:
        assert index.ids() == listed, "record and index differ"
    finally:
        index.close()
    assert not parts.record.pending(1) and not parts.record.removals(1), "the index is owed something"


def _words(path: Path) -> list[bytes]:
    try:
        return _SECRET.findall(path.read_bytes())
    except FileNotFoundError:  # of SQLite's log, when the last connection is closed
        return []


def _of(counts: dict[str, int], users: dict[str, dict[str, str]]) -> dict[str, int]:
    return {user: count for user, count in counts.items() if user in users}
