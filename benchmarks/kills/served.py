"""Kills ``limner serve`` at random moments while clients load, profile, correct and erase over HTTP.

After each kill another process reads the store, as after the kills of other calls, and compares it with what was
answered; then a server is started on it again, and must say the same over HTTP. SIGTERM must end it in order.
"""

import importlib
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx

from agent.service.hosting import Hosting, running_at
from benchmarks.kills.asking import AddEvent, Asked, Build, Correct, Erase, Refused, Upload
from benchmarks.kills.states import SCHEMA, State, look, open_slowly, secret_in

__all__ = ["ServedRun", "Server", "preload"]

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_ORDERLY: Final = 0.35  # so many are told to stop by SIGTERM
_LONGEST: Final = 8.0  # seconds until the kill
_MOST_EVENTS: Final = 6000
_WRITERS: Final = 3


class Server:
    """``limner serve`` in a forked process."""

    def __init__(self, store: Path, log: Path) -> None:
        self._store, self._log = store, log
        self.child = os.fork()
        if self.child == 0:
            _serve(store, log)
        self.url = self._wait_for_url()

    def stop(self, number: int) -> tuple[int, float]:
        """Send a signal, and wait for the end: the exit code, and how many seconds it took."""
        started = time.monotonic()
        os.kill(self.child, number)
        while (ended := os.waitpid(self.child, os.WNOHANG))[0] == 0:
            if time.monotonic() - started > _STOP_SECONDS:
                os.kill(self.child, signal.SIGKILL)
                os.waitpid(self.child, 0)
                raise AssertionError(f"the server did not end within {_STOP_SECONDS:.0f} s of signal {number}")
            time.sleep(0.01)
        return os.waitstatus_to_exitcode(ended[1]), time.monotonic() - started

    def said(self) -> str:
        """What it wrote to stderr."""
        return self._log.read_text("utf-8", "replace")

    def _wait_for_url(self) -> str:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            found = running_at(self._store)
            if found is not None and found.pid == self.child:
                with suppress(httpx.HTTPError):
                    httpx.get(f"{found.url}/health", timeout=5).raise_for_status()
                    return found.url
            assert os.waitpid(self.child, os.WNOHANG)[0] == 0, f"the server did not start: {self.said()}"
            time.sleep(0.01)
        raise AssertionError(f"the server did not start in {_START_SECONDS:.0f} s")


def _serve(store: Path, log: Path) -> None:
    code = 99
    try:
        writing = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(writing, 2)
        sys.stderr = os.fdopen(2, "w", buffering=1)
        from agent.cli import main

        words = ["serve", "--dev", "--port", "0", "--no-warm", "--rate", "1000000/second", "--store", str(store)]
        code = main(words, lambda folder, **settings: open_slowly(folder, settings["index_process"]))
        log.with_name("log.modules").write_text("\n".join(sorted(sys.modules)), "utf-8")
    finally:
        os._exit(code)


class ServedRun:
    """Rounds on one store: a server, clients, a kill, a look."""

    def __init__(self, folder: Path, seed: int, *, users: int = 8, events: int = 70) -> None:
        self.store, self.log, self.random = folder / "served", folder / "log", random.Random(seed)
        self.sizes = users, events
        self.state, self.forgotten = State(), dict[str, str]()
        self.number = self.round = 0
        self.fates: dict[str, Counter[str]] = {}
        self.refused: Counter[str] = Counter()
        self.stopped: list[float] = []
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def kill(self) -> None:
        """One round. Raises AssertionError when a promise is broken."""
        self.round += 1
        server = Server(self.store, self.log)
        self._compare_over_http(server.url)
        asked: list[Asked] = []
        going = threading.Event()
        chances = [random.Random(self.random.random()) for _ in range(_WRITERS)]
        threads = [threading.Thread(target=self._ask, args=(server.url, asked, going, each)) for each in chances]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.02, _LONGEST))
        orderly = self.random.random() < _ORDERLY
        code, seconds = server.stop(signal.SIGTERM if orderly else signal.SIGKILL)
        going.set()
        for thread in threads:
            thread.join()
        if orderly:
            assert code == 0, f"ended by SIGTERM with {code}: {server.said()}"
            assert not (self.store / "serve.json").exists(), "serve.json is left"
            self.stopped.append(seconds)
        assert "Traceback" not in server.said(), server.said()
        self._look(asked, "SIGTERM" if orderly else "SIGKILL")

    def _look(self, asked: list[Asked], how: str) -> None:
        assert running_at(self.store) is None, "the store looks as if it were served"
        with Hosting(self.store).held(""):
            seen = look(self.store, self.forgotten, self.round)
        judged: set[str] = set()
        for each in asked:
            before, after = _only(self.state, each.users), _only(seen, each.users)
            kept = each.judge(before, after)
            self._note(each, before, kept, how)
            judged |= {*each.users}
        others = {*self.state.events, *seen.events} - judged
        assert _only(seen, others) == _only(self.state, others), "users changed whom no request was about"
        self.state = seen

    def _note(self, each: Asked, before: State, kept: State, how: str) -> None:
        fate = "answered" if each.done else "not" if kept == before else "done"
        self.fates.setdefault(f"{how} {each.name}", Counter())[fate] += 1
        if isinstance(each, Erase) and not kept.events:
            self.forgotten |= {secret_in(text): each.users[0] for text in before.events[each.users[0]].values()}

    def _ask(self, url: str, asked: list[Asked], going: threading.Event, rand: random.Random) -> None:
        """Ask one thing after the other, until the server goes."""
        with httpx.Client(base_url=url, timeout=60) as http:
            while not going.is_set():
                each = self._next(rand)
                with self._lock:
                    asked.append(each)
                try:
                    each.ask(http)
                except Refused as error:
                    self.refused[f"{each.name} {error}"] += 1
                except httpx.HTTPError:
                    return

    def _next(self, rand: random.Random) -> Asked:
        """What is asked next, of users of whom nothing else was asked in this round."""
        with self._lock:
            free = [each for each in sorted(self.state.events) if each not in self._busy]
            many = sum(map(len, self.state.events.values())) > _MOST_EVENTS
            self.number += 1
            user = rand.choice(free) if free else None
            kinds: list[Callable[[str], Asked]] = [
                lambda user: AddEvent(user, 10_000 + self.number), Build, Correct,
                *[lambda user: Erase(user, defer=rand.random() < 0.4)] * (3 if many else 1),
            ]  # fmt: skip
            if user is None or (not many and rand.random() < 0.4):
                names = [f"customer-{self.number:05d}-{at:02d}" for at in range(rand.randint(1, self.sizes[0]))]
                made: Asked = Upload(names, rand.randint(1, self.sizes[1]), follow=rand.random() < 0.5)
            else:
                made = rand.choice(kinds)(user)
                if isinstance(made, Build) and user in self.state.versions:
                    made = Correct(user)  # the profile would not change
            self._busy |= {*made.users}
            return made

    def _compare_over_http(self, url: str) -> None:
        """The started server says what the store holds; nothing is asked of anybody yet."""
        self._busy.clear()
        with httpx.Client(base_url=url, timeout=60) as http:
            if self.round == 1:
                http.put("/v1/schemas/small", json=SCHEMA).raise_for_status()
            assert http.get("/v1/schemas/small").json()["document"] == SCHEMA, "the schema is not there"
            told: dict[str, int] = {}
            after: str | None = ""
            while after is not None:
                page: Any = http.get("/v1/users", params={"after": after} if after else {}).json()
                told |= {each["user_id"]: each["events"] for each in page["users"]}
                after = page["next"]
            assert told == {user: len(own) for user, own in self.state.events.items()}, "other users over HTTP"
            for user in [each for each in list(dict.fromkeys(self.forgotten.values()))[-3:] if each not in told]:
                assert http.get(f"/v1/users/{user}/events").status_code == 404, "an erased user is there"

    def table(self) -> str:
        """How often what was interrupted how, and what became of it."""
        lines = [f"{self.round} kills ({len(self.stopped)} by SIGTERM, which took "
                 f"{max(self.stopped, default=0):.1f} s at most)",
                 f"{'':<18}{'answered':>10}{'done':>7}{'not':>6}"]  # fmt: skip
        for name, fates in sorted(self.fates.items()):
            lines.append(f"{name:<18}{fates['answered']:>10}{fates['done']:>7}{fates['not']:>6}")
        return "\n".join([*lines, f"refused: {dict(self.refused) or 'none'}"])


def _only(state: State, users: Any) -> State:
    wanted = {*users}
    parts = ({user: value for user, value in each.items() if user in wanted}
             for each in (state.events, state.versions, state.corrections))  # fmt: skip
    return State(*parts)


def preload(folder: Path) -> None:
    """Import in this process what a server imports, so that a forked one is up at once; nothing is opened here."""
    server = Server(folder / "served", folder / "log")
    with httpx.Client(base_url=server.url, timeout=60) as http:
        http.put("/v1/schemas/small", json=SCHEMA).raise_for_status()
        for each in (Upload(["a", "b"], 3, follow=True), Build("a"), Correct("a"), Erase("b", defer=False)):
            each.ask(http)
    server.stop(signal.SIGTERM)
    for name in (folder / "log.modules").read_text("utf-8").split():
        with suppress(ImportError):
            importlib.import_module(name)
