"""Kills limner at random moments, and checks after each kill that nothing is lost, half done, or back from the dead.

    nice python -m benchmarks.kills --kills 500
    nice python -m benchmarks.kills --served 60        # of `limner serve`, at work for clients

Everything is done with the fakes. Each kill is SIGKILL at a random moment of a call; then another process opens the
store and compares all of it with what was promised before. It ends with an error at the first broken promise.
"""

import argparse
import importlib
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from benchmarks.kills import served
from benchmarks.kills.deeds import (
    Backup,
    Compact,
    Correct,
    Deed,
    Forget,
    Ingest,
    Profile,
    Reindex,
    Rekey,
    Restore,
    Retain,
    key_in,
)
from benchmarks.kills.forking import Tell, run
from benchmarks.kills.states import State, look, secret_in
from retrieval.encryption import StoreKey

_MOST_EVENTS = 1100
_KILLS_A_STORE = 50
_AT_WORDS = 0.3  # so many are killed the moment that they told something, the others at any moment


class Run:
    """One store after the other, and what was promised of it."""

    def __init__(self, folder: Path, seed: int, users: int, events: int) -> None:
        self.folder, self.random, self.sizes = folder, random.Random(seed), (users, events)
        self.number = 0
        self.fates: dict[str, Counter[str]] = {}
        self.longest: dict[str, float] = {}
        self.begin()

    def begin(self) -> None:
        """Begin with an empty store."""
        shutil.rmtree(self.folder / "store", ignore_errors=True)
        for each in self.folder.glob("backup-*"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        self.store = self.folder / "store"
        self.state = State()
        self.forgotten: dict[str, str] = {}
        self.gone: set[tuple[str, str]] = set()
        self.backups: list[tuple[Path, State, StoreKey | None]] = []
        for _ in range(2):
            self.perform(Ingest(self.store, self.next(), self.folder, *self.sizes), kill=False)

    def next(self) -> int:
        """A number that no other deed has."""
        self.number += 1
        return self.number

    def choose(self) -> Deed:
        """What is done next."""
        users, store = sorted(self.state.events), self.store
        if len(users) < 6:
            return Ingest(store, self.next(), self.folder, *self.sizes)
        user = self.random.choice(users)
        many = sum(len(own) for own in self.state.events.values()) > _MOST_EVENTS
        deeds = [
            Forget(store, user, defer=self.random.random() < 0.4) if many else
            Ingest(store, self.next(), self.folder, *self.sizes),
            Forget(store, user, defer=self.random.random() < 0.4),
            Compact(store), Reindex(store), Profile(store, self.unprofiled(user)), Correct(store, user),
            Backup(store, self.folder / f"backup-{self.next()}"), Retain(store), Rekey(store, self.random.randrange(2)),
        ]  # fmt: skip
        if self.backups:
            file, holds, key = self.random.choice(self.backups[-3:])
            if key is None or key_in(store) is not None:  # a plain store takes no encrypted backup
                deeds.append(Restore(store, file, holds, set(self.gone), key))
        least = min(sum(self.fates.get(each.name, Counter()).values()) for each in deeds)
        rare = [each for each in deeds if sum(self.fates.get(each.name, Counter()).values()) <= least + 3]
        return self.random.choice(rare)

    def unprofiled(self, user: str) -> str:
        """A user without a profile, as far as there is one."""
        return next((each for each in sorted(self.state.events) if each not in self.state.versions), user)

    def perform(self, deed: Deed, *, kill: bool = True) -> bool:
        """Do it, kill it, and look; whether it was killed."""
        if isinstance(deed, Profile) and type(deed) is Profile and deed.user in self.state.versions:
            return False  # nothing would change
        if isinstance(deed, Retain):
            run(deed.set_rule)
        longest = self.longest.get(deed.name)
        if not kill or longest is None:
            ended = run(deed.do)
        elif self.random.random() < _AT_WORDS:
            ended = run(deed.do, kill_at=self.random.choice((1, 1, 2, 3)))
        else:
            ended = run(deed.do, kill_after=self.random.uniform(0, longest * 1.1))
        if not ended.killed:
            self.longest[deed.name] = 0.7 * self.longest.get(deed.name, ended.seconds) + 0.3 * ended.seconds
        before, seen = self.state, look(self.store, self.forgotten, self.number)
        fate = deed.judge(before, seen, ended.told)
        if ended.killed:
            self.fates.setdefault(deed.name, Counter())[fate] += 1
        if isinstance(deed, Backup) and fate == "after":
            self.backups.append((deed.out, before, deed.key))
        if isinstance(deed, Forget | Retain):
            lost = [(user, each, text) for user, own in before.events.items() for each, text in own.items()
                    if each not in seen.events.get(user, {})]  # fmt: skip
            self.gone |= {(user, each) for user, each, _ in lost}
            self.forgotten |= {secret_in(text): user for user, _, text in lost}
        if isinstance(deed, Retain):
            run(deed.remove_rule)
        self.state = seen
        return ended.killed

    def table(self, seconds: float) -> str:
        """How often what was killed, and whether the store was as before, as afterwards, or between."""
        lines = [f"{sum(each.total() for each in self.fates.values())} kills in {seconds:.0f} s",
                 f"{'':<10}{'kills':>7}{'before':>8}{'between':>9}{'after':>7}"]  # fmt: skip
        for name, fates in sorted(self.fates.items()):
            lines.append(f"{name:<10}{fates.total():>7}{fates['before']:>8}{fates['between']:>9}{fates['after']:>7}")
        return "\n".join(lines)

    def finish(self) -> None:
        """Compact, so that no byte of what was forgotten may be left, and look at all of it."""
        self.perform(Compact(self.store), kill=False)


def preload(folder: Path) -> None:
    """Import what children import, so that they do not spend their time on it."""
    store = folder / "store"

    def work(tell: Tell) -> None:
        deeds = Ingest(store, 0, folder, 1, 1), Profile(store, "customer-0000-00"), Backup(store, folder / "backup")
        for deed in (
            *deeds,
            Rekey(store, 0),
            Restore(store, folder / "backup", State(), set()),
            Forget(store, deeds[1].user, defer=False),
        ):
            deed.do(lambda what: None)
        tell(sorted(sys.modules))

    for name in run(work).told[0]:
        with suppress(ImportError):
            importlib.import_module(name)


def kill_servers(kills: int, seed: int) -> int:
    """Kill servers, and print what became of what they were asked for."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="limner-kills-") as name:
        (Path(name) / "first").mkdir()
        served.preload(Path(name) / "first")
        work = served.ServedRun(Path(name), seed)
        for number in range(1, kills + 1):
            work.kill()
            if number % 10 == 0:
                print(f"{number} kills, {time.monotonic() - started:.0f} s", flush=True)
    print(f"\nevery promise kept in {time.monotonic() - started:.0f} s\n{work.table()}")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Kill, and print how often what was killed with which fate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--served", type=int, default=0, help="kill a server so often instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--users", type=int, default=10, help="users of one file")
    parser.add_argument("--events", type=int, default=54, help="events of one user")
    options = parser.parse_args(arguments)
    if options.served:
        return kill_servers(options.served, options.seed)
    started, kills, shown, begun = time.monotonic(), 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="limner-kills-") as name:
        (Path(name) / "first").mkdir()
        preload(Path(name) / "first")
        work = Run(Path(name), options.seed, options.users, options.events)
        while kills < options.kills:
            kills += work.perform(work.choose())
            if kills >= begun + _KILLS_A_STORE:
                begun = kills
                work.finish()
                work.begin()
                print(work.table(time.monotonic() - started), flush=True)
            if kills % 10 == 0 and kills != shown:
                shown = kills
                print(f"{kills} kills, {time.monotonic() - started:.0f} s", flush=True)
        work.finish()
    print(f"\nevery promise kept\n{work.table(time.monotonic() - started)}")
    return 0


if __name__ == "__main__":
    main()
