"""What is asked of a server that is killed: each request knows what it promised once it was answered, and what may be.

A request is about users that no other request is about at the same time.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import httpx

from benchmarks.kills.states import State

__all__ = ["AddEvent", "Asked", "Build", "Compaction", "Correct", "Erase", "Refused", "Upload", "row_of"]


class Refused(Exception):
    """The server answered, and did not do it: whether in part is for ``judge`` to say."""


def row_of(name: str, number: int, key: object) -> dict[str, str]:
    """An event of a user, with a word in it that nobody else says."""
    word = hashlib.sha256(f"{name} {number} {key}".encode()).hexdigest()[:16]
    said = f"我的暗号是w{word}z，请不要告诉别人。" if number % 2 else f"My code word is w{word}z, tell it to nobody."
    stamp = f"2024-01-{number % 28 + 1:02d}T10:00:00Z"
    return {"user_id": name, "id": f"e{number}", "timestamp": stamp, "text": said}


class Asked(ABC):
    """One request and its answer; ``done`` when the server said that it did it."""

    done = False

    def __init__(self, *users: str) -> None:
        self.users = users

    @property
    def name(self) -> str:
        """What it is called in the report."""
        return type(self).__name__.lower()

    @abstractmethod
    def ask(self, http: httpx.Client) -> None:
        """Ask, and note what is promised; raises httpx.HTTPError when the server goes, Refused when it does not."""

    @abstractmethod
    def judge(self, before: State, seen: State) -> State:
        """The state of its users afterwards, when that may be; ``done``: must be. Raises AssertionError otherwise."""


class Upload(Asked):
    """Loads a history of new users, batch by batch; what was reported is kept."""

    def __init__(self, users: Iterable[str], events: int, *, follow: bool) -> None:
        super().__init__(*users)
        self.rows = [row_of(user, number, 0) for user in self.users for number in range(events)]
        self.follow, self.promised = follow, 0

    def ask(self, http: httpx.Client) -> None:
        body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows).encode()
        headers = {"Content-Type": "application/x-ndjson"} | ({"Accept": "text/event-stream"} if self.follow else {})
        with http.stream("POST", "/v1/events", content=body, headers=headers) as answer:
            _check(answer)
            for line in answer.iter_lines():
                if line.startswith("data:") and "read" in (told := json.loads(line.removeprefix("data:"))):
                    self.promised = max(self.promised, told["read"])
                self.done = self.done or line == "event: done" or (not self.follow and line.startswith("{"))
        if not self.done:
            raise Refused
        self.promised = len(self.rows)

    def judge(self, before: State, seen: State) -> State:
        there = [row["id"] in seen.events.get(row["user_id"], {}) for row in self.rows]
        assert all(there[: self.promised]), "upload: a row that was reported is missing"
        assert there == sorted(there, reverse=True), "upload: a row is there, and an earlier one is not"
        events: dict[str, dict[str, str]] = {}
        for row, is_there in zip(self.rows, there, strict=True):
            if is_there:
                events.setdefault(row["user_id"], {})[row["id"]] = row["text"]
        return State(events)


class AddEvent(Asked):
    """Adds one event to a history."""

    def __init__(self, user: str, number: int) -> None:
        super().__init__(user)
        self.row = row_of(user, number, "added")

    def ask(self, http: httpx.Client) -> None:
        path = f"/v1/users/{self.users[0]}/events"
        _check(http.post(path, json={name: value for name, value in self.row.items() if name != "user_id"}))
        self.done = True

    def judge(self, before: State, seen: State) -> State:
        (user,) = self.users
        added = State({user: before.events[user] | {self.row["id"]: self.row["text"]}}, before.versions,
                      before.corrections)  # fmt: skip
        return _either(self, before, added, seen)


class Build(Asked):
    """Lets a profile be made of a user who has none."""

    def ask(self, http: httpx.Client) -> None:
        job = _check(http.post(f"/v1/users/{self.users[0]}/profiles", json={"schema": "small"}))
        with http.stream("GET", f"{job.headers['location']}/events") as told:
            self.done = "event: done" in list(told.iter_lines())
        if not self.done:
            raise Refused

    def judge(self, before: State, seen: State) -> State:
        (user,) = self.users
        versions = {user: before.versions.get(user, 0) + 1}
        return _either(self, before, State(before.events, versions, before.corrections), seen)


class Correct(Asked):
    """Corrects a value."""

    def ask(self, http: httpx.Client) -> None:
        verdict = {"pointer": "/city", "action": "correct", "value": "Oslo", "by": "Ann", "schema": "small"}
        _check(http.post(f"/v1/users/{self.users[0]}/corrections", json=verdict))
        self.done = True

    def judge(self, before: State, seen: State) -> State:
        (user,) = self.users
        corrections = {user: before.corrections.get(user, 0) + 1}
        return _either(self, before, State(before.events, before.versions, corrections), seen)


class Erase(Asked):
    """Erases a user, at once or with the bytes later."""

    def __init__(self, user: str, *, defer: bool) -> None:
        super().__init__(user)
        self.defer = defer

    def ask(self, http: httpx.Client) -> None:
        _check(http.post(f"/v1/users/{self.users[0]}/erasures", json={"defer": self.defer}))
        self.done = True

    def judge(self, before: State, seen: State) -> State:
        return _either(self, before, State(), seen)


class Compaction(Asked):
    """Removes the bytes of what was erased and deferred; what is seen stays as it is."""

    def ask(self, http: httpx.Client) -> None:
        _check(http.post("/v1/compactions"))
        self.done = True

    def judge(self, before: State, seen: State) -> State:
        return before


def _either(asked: Asked, before: State, after: State, seen: State) -> State:
    if seen == after:
        return after
    assert seen == before, f"{asked.name}: neither as before nor as afterwards"
    assert not asked.done, f"{asked.name}: what was answered is not there"
    return before


def _check(answer: Any) -> Any:
    if answer.status_code >= 300:
        raise Refused(answer.status_code)
    return answer
