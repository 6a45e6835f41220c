"""What is done to a store and killed: each deed knows what the store may be afterwards, and what it must be.

``judge`` gives the deed's fate, "before" or "after" (or "between", of what is done in parts), or fails.
"""

import hashlib
import json
import random
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Final, Literal

from benchmarks.kills.forking import Tell, run
from benchmarks.kills.states import KEYS, SCHEMA, State, key_of, open_limner
from retrieval.archives import check_archive
from retrieval.converting import change_key
from retrieval.encryption import StoreKey
from retrieval.retention import Rule

__all__ = ["Backup", "Compact", "Correct", "Deed", "Forget", "Ingest", "Profile", "Reindex", "Rekey", "Restore",
           "Retain", "key_in"]  # fmt: skip

Fate = Literal["before", "between", "after"]


_SAID: Final = {"unpacked": "begun", "swapped": "begun", "restored": "done"}


def key_in(store: Path) -> StoreKey | None:
    """The key of a store, found out by a child."""
    (found,) = run(lambda tell: tell([KEYS.index(key) if (key := key_of(store / "record.sqlcipher")) else -1])).told[0]
    return KEYS[found] if found >= 0 else None


class Deed(ABC):
    """One call on the store in a folder."""

    def __init__(self, store: Path) -> None:
        self.store = store

    @property
    def name(self) -> str:
        """What it is called in the report."""
        return type(self).__name__.lower()

    @abstractmethod
    def do(self, tell: Tell) -> None:
        """Do it, in a child; whatever is told counts as promised. "done" is the last thing."""

    @abstractmethod
    def after(self, before: State) -> State:
        """What the store is when all of it was done."""

    def judge(self, before: State, seen: State, told: list[Any]) -> Fate:
        """What became of it."""
        if seen == self.after(before) and ("done" in told or seen != before):
            return "after"
        assert seen == before, f"{self.name}: neither as before nor as afterwards"
        assert "done" not in told, f"{self.name}: what was promised is not there"
        return "before"


class Ingest(Deed):
    """Loads a file, batch by batch; whoever is odd was last seen three years ago."""

    def __init__(self, store: Path, number: int, folder: Path, users: int, events: int) -> None:
        super().__init__(store)
        self.rows = [self._row(number, user, event) for user in range(users) for event in range(events)]
        self.file = folder / "rows.jsonl"
        self.file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows), "utf-8")

    def _row(self, number: int, user: int, event: int) -> dict[str, str]:
        word = hashlib.sha256(f"{self.store} {number} {user} {event}".encode()).hexdigest()[:16]
        text = (
            f"我的暗号是w{word}z，请不要告诉别人。" if user % 4 > 1 else f"My code word is w{word}z, tell it to nobody."
        )
        year, name = (2019 if user % 2 else 2200), f"customer-{number:04d}-{user:02d}"
        return {"user_id": name, "id": f"e{event}", "timestamp": f"{year}-01-{event % 28 + 1:02d}T10:00:00Z",
                "text": text}  # fmt: skip

    def do(self, tell: Tell) -> None:
        with open_limner(self.store) as limner:
            limner.ingest(self.file, progress=lambda report: tell(report.read))
            tell("done")

    def after(self, before: State) -> State:
        events = {**before.events}
        for row in self.rows:
            events[row["user_id"]] = {**events.get(row["user_id"], {}), row["id"]: row["text"]}
        return State(events, before.versions, before.corrections)

    def judge(self, before: State, seen: State, told: list[Any]) -> Fate:
        there = [row for row in self.rows if row["id"] in seen.events.get(row["user_id"], {})]
        promised = len(self.rows) if "done" in told else max(told, default=0)
        assert there[:promised] == self.rows[:promised], "ingest: a row that was reported is missing"
        whole = self.after(before)
        absent = {(row["user_id"], row["id"]) for row in self.rows if row not in there}
        assert seen == (whole if not absent else whole.without(absent)), "ingest: others changed"
        return "after" if not absent else "between" if there else "before"


class Forget(Deed):
    """Forgets a user."""

    def __init__(self, store: Path, user: str, *, defer: bool) -> None:
        super().__init__(store)
        self.user, self.defer = user, defer

    def do(self, tell: Tell) -> None:
        with open_limner(self.store) as limner:
            limner.forget(self.user, defer=self.defer, progress=lambda stage, done, total: tell("done"))
            tell("done")

    def after(self, before: State) -> State:
        return before.without({(self.user, each) for each in before.events[self.user]})


class Compact(Deed):
    """Removes the bytes of what was forgotten."""

    def do(self, tell: Tell) -> None:
        with open_limner(self.store) as limner:
            limner.compact()
            tell("done")

    def after(self, before: State) -> State:
        return before


class Reindex(Compact):
    """Makes the index anew."""

    def do(self, tell: Tell) -> None:
        with open_limner(self.store) as limner:
            limner.reindex()
            tell("done")


class Profile(Deed):
    """Makes a profile."""

    def __init__(self, store: Path, user: str) -> None:
        super().__init__(store)
        self.user = user

    def do(self, tell: Tell) -> None:
        with open_limner(self.store) as limner:
            document = limner.profile(self.user, SCHEMA)
            assert document.profile["events"] > 0
            tell("done")

    def after(self, before: State) -> State:
        versions = {**before.versions, self.user: before.versions.get(self.user, 0) + 1}
        return State(before.events, versions, before.corrections)


class Correct(Profile):
    """Corrects a value."""

    def do(self, tell: Tell) -> None:
        with open_limner(self.store) as limner:
            limner.correct(self.user, "/city", "correct", "Oslo", by="Ann", schema=SCHEMA)
            tell("done")

    def after(self, before: State) -> State:
        corrections = {**before.corrections, self.user: before.corrections.get(self.user, 0) + 1}
        return State(before.events, before.versions, corrections)


class Backup(Compact):
    """Writes a backup, which is whole or not there."""

    def __init__(self, store: Path, out: Path) -> None:
        super().__init__(store)
        self.out, self.key = out, key_in(store)

    def do(self, tell: Tell) -> None:
        with open_limner(self.store) as limner:
            limner.backup(self.out)
            tell("done")

    def judge(self, before: State, seen: State, told: list[Any]) -> Fate:
        assert seen == before, "backup: the store changed"
        assert self.out.exists() or "done" not in told, "backup: what was promised is not there"
        if self.out.exists():
            assert check_archive(self.out).counts["events"] == sum(len(own) for own in before.events.values())
        return "after" if self.out.exists() else "before"


class Restore(Deed):
    """Restores a backup over the store; what was forgotten since does not come back."""

    def __init__(
        self, store: Path, file: Path, holds: State, gone: set[tuple[str, str]], key: StoreKey | None = None
    ) -> None:
        super().__init__(store)
        self.file, self.holds, self.gone, self.key = file, holds, gone, key

    def do(self, tell: Tell) -> None:
        with open_limner(self.store) as limner:
            limner.store.restore(self.file, force=True, backup_key=self.key, progress=lambda stage: tell(_SAID[stage]))
            tell("done")

    def after(self, before: State) -> State:
        return self.holds.without(self.gone)


class Rekey(Compact):
    """Encrypts the store, decrypts it, or gives it another key."""

    def __init__(self, store: Path, way: int) -> None:
        super().__init__(store)
        self.old = key_in(store)
        others = [each for each in (*KEYS, None) if each != self.old]
        self.new = others[way % 2]

    def do(self, tell: Tell) -> None:
        change_key(self.store, self.old, self.new, lambda stage, done, total: tell(stage))
        tell("done")

    def judge(self, before: State, seen: State, told: list[Any]) -> Fate:
        assert seen == before, "rekey: the store changed"
        key = key_in(self.store)
        assert key in (self.old, self.new), "rekey: neither the old nor the new key"
        assert key == self.new or "done" not in told, "rekey: what was promised is not there"
        return "after" if key == self.new else "before"


class Retain(Deed):
    """Erases what is older than a rule says: in one transaction."""

    def set_rule(self, tell: Tell) -> None:
        """Before it: the rule."""
        with open_limner(self.store) as limner:
            limner.store.set_rule(Rule(400))

    def remove_rule(self, tell: Tell) -> None:
        """After it: none, so that the next ones may load old events."""
        with open_limner(self.store) as limner:
            limner.store.remove_rule()

    def do(self, tell: Tell) -> None:
        with open_limner(self.store) as limner:
            limner.store.retain(defer=random.random() < 0.3)
            tell("done")

    def after(self, before: State) -> State:
        return before.without({(user, each) for user, own in before.events.items()
                               if int(user[-2:]) % 2 for each in own})  # fmt: skip
