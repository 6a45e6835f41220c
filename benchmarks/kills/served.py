"""Kills ``limner serve`` at random moments while clients load, profile, correct and erase over HTTP.

After each kill another process reads the store, as after the kills of other calls, and compares it with what was
answered; then a server is started on it again, and must say the same over HTTP. SIGTERM must end it in order, and may
itself be cut short by SIGKILL. Beside it a command backs up, restores, compacts, makes the index or changes the key;
either is killed, or both.
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
from benchmarks.kills.asking import AddEvent, Asked, Build, Compaction, Correct, Erase, Refused, Upload
from benchmarks.kills.beside import Copy, choose, kill_later
from benchmarks.kills.forking import run
from benchmarks.kills.states import SCHEMA, State, look, open_slowly, secret_in

__all__ = ["ServedRun", "Server", "preload"]

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_ORDERLY: Final = 0.5  # so many are told to stop by SIGTERM
_CUT_SHORT: Final = 0.5  # and so many of these are killed while they stop
_BESIDE: Final = 0.4  # in so many rounds a command works beside the server, and no client asks anything
_COPIED: Final = 0.4  # in so many of the others, a backup is made while clients ask
_LONGEST: Final = 8.0  # seconds until the kill
_LONGEST_BESIDE: Final = 4.0  # the same, of a command beside it
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

    def stop(self, number: int, kill_after: float | None = None) -> tuple[int, float]:
        """Send a signal, and wait for the end: the exit code, and how many seconds it took.

        ``kill_after``: so many seconds after the signal SIGKILL follows, unless it has ended.
        """
        started = time.monotonic()
        os.kill(self.child, number)
        if kill_after is not None:
            kill_later(self.child, kill_after)
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
        self.ended: Counter[str] = Counter()
        self.beside: dict[str, Counter[str]] = {}
        self.gone: set[tuple[str, str]] = set()
        self.backups: list[Any] = []
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def kill(self) -> None:
        """One round. Raises AssertionError when a promise is broken."""
        self.round += 1
        server = Server(self.store, self.log)
        self._compare_over_http(server.url)
        if self.state.events and self.random.random() < _BESIDE:
            self._kill_beside(server)
        else:
            self._kill_at_work(server)

    def _kill_at_work(self, server: Server) -> None:
        """Clients ask, the server is killed."""
        copies = self.state.events and self.random.random() < _COPIED
        copy = Copy(self.store, self.store.parent / f"copy-{self.round}", self.random.uniform(0, 4)) if copies else None
        asked: list[Asked] = []
        going = threading.Event()
        chances = [random.Random(self.random.random()) for _ in range(_WRITERS)]
        threads = [threading.Thread(target=self._ask, args=(server.url, asked, going, each)) for each in chances]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.02, _LONGEST))
        orderly = self.random.random() < _ORDERLY
        short = self.random.uniform(0, 1.5) if orderly and self.random.random() < _CUT_SHORT else None
        code, seconds = server.stop(signal.SIGTERM if orderly else signal.SIGKILL, short)
        going.set()
        for thread in threads:
            thread.join()
        how = "SIGTERM" if code == 0 else "both" if orderly else "SIGKILL"
        self._check_end(server, code, how)
        if how == "SIGTERM":
            self.stopped.append(seconds)
        before = self.state
        self._look(asked, how)
        if copy is not None:
            self._note_fate("beside backup, at work", copy.judge(before, self.state))

    def _check_end(self, server: Server, code: int, how: str) -> None:
        self.ended[how] += 1
        assert code in (0, -signal.SIGKILL), f"the server ended with {code}: {server.said()}"
        if code == 0:
            assert not (self.store / "serve.json").exists(), "serve.json is left"
        assert "Traceback" not in server.said(), server.said()

    def _kill_beside(self, server: Server) -> None:
        """A command works beside the server; it is killed, or the server is, or both, or none of them."""
        deed = choose(self.random, self.store, self.state, self.gone, self.backups, self.round)
        until, kills_command = self.random.uniform(0, _LONGEST_BESIDE), self.random.random() < 0.5
        kills_server = self.random.random() < 0.6
        if kills_server:
            kill_later(server.child, self.random.uniform(0, _LONGEST_BESIDE))
        ended = run(deed.do, kill_after=until if kills_command else None)
        told = None if kills_server else self._users(server.url)
        code, _ = server.stop(signal.SIGTERM) if not kills_server else server.stop(signal.SIGKILL)
        self._check_end(server, code, "SIGTERM" if code == 0 else "SIGKILL")
        before = self.state
        with Hosting(self.store).held(""):
            self.state = look(self.store, self.forgotten, self.round)
        fate = "refused" if "refused" in ended.told else deed.judge(before, self.state, ended.told)
        assert fate != "refused" or self.state == before, f"beside {deed.name}: refused, and the store changed"
        if told is not None:
            assert told == _counts(self.state), f"beside {deed.name}: the server says something else than the store"
        self._note_fate(f"beside {deed.name}", fate)

    def _note_fate(self, name: str, fate: str) -> None:
        self.beside.setdefault(name, Counter())[fate] += 1

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
            (user,), own = each.users, before.events[each.users[0]]
            self.forgotten |= {secret_in(text): user for text in own.values()}
            self.gone |= {(user, event) for event in own}

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
            if user is not None and rand.random() < 0.05:
                return Compaction()
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
            told = self._users(url)
            assert told == _counts(self.state), "other users over HTTP"
            for user in [each for each in list(dict.fromkeys(self.forgotten.values()))[-3:] if each not in told]:
                assert http.get(f"/v1/users/{user}/events").status_code == 404, "an erased user is there"

    def _users(self, url: str) -> dict[str, int]:
        """How many events of whom the server tells."""
        told: dict[str, int] = {}
        after: str | None = ""
        with httpx.Client(base_url=url, timeout=60) as http:
            while after is not None:
                page: Any = http.get("/v1/users", params={"after": after} if after else {}).json()
                told |= {each["user_id"]: each["events"] for each in page["users"]}
                after = page["next"]
        return told

    def table(self) -> str:
        """How often what was interrupted how, and what became of it."""
        lines = [f"{self.round} kills ({dict(self.ended)}; both: SIGKILL while SIGTERM ended it), SIGTERM took "
                 f"{max(self.stopped, default=0):.1f} s at most",
                 f"{'':<18}{'answered':>10}{'done':>7}{'not':>6}"]  # fmt: skip
        for name, fates in sorted(self.fates.items()):
            lines.append(f"{name:<18}{fates['answered']:>10}{fates['done']:>7}{fates['not']:>6}")
        for name, fates in sorted(self.beside.items()):
            lines.append(f"{name}: {', '.join(f'{count} {fate}' for fate, count in sorted(fates.items()))}")
        return "\n".join([*lines, f"refused: {dict(self.refused) or 'none'}"])


def _counts(state: State) -> dict[str, int]:
    return {user: len(own) for user, own in state.events.items()}


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
