"""What a large store does to the memory of whoever searches, backs up, compacts or reindexes it.

    nice python -m benchmarks.memory_stores /tmp/store fill --megabytes 100     # fake embedder; --encrypted
    nice python -m benchmarks.memory_stores /tmp/store search backup compact reindex

Each is done in a process of its own. ``search`` asks a question about every user in turn, ``--rounds`` times.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from agent import Limner
from agent.fakes import ScriptedChat
from benchmarks.kills.forking import Tell, run
from benchmarks.memory import histories, peak, resident
from retrieval import HashingEmbedder

_KEY: Final = "1a" * 32


def _open(store: Path, *, encrypted: bool = False) -> Limner:
    key = _KEY if encrypted or (store / "record.sqlcipher").exists() else None
    return Limner(store, llm=ScriptedChat(script=lambda *asked: "none"), embedder=HashingEmbedder(16), key=key)


def fill(store: Path, megabytes: float, chars: int, users: int, *, encrypted: bool) -> str:
    """Load so many MB; the memory at each tenth."""
    path = store.with_name(f"{store.name}.jsonl")
    lines = histories(path, megabytes, chars, users)

    def work(tell: Tell) -> None:
        started, steps = time.monotonic(), list[int]()
        with _open(store, encrypted=encrypted) as limner:
            report = limner.ingest(path, progress=lambda so_far: _note(steps, so_far.read * 10 // lines))
        tell(f"{report.snippets:,} snippets in {_told(started, steps)}")

    (told,) = run(work).told
    path.unlink()
    return str(told)


def _told(started: float, steps: list[int]) -> str:
    return f"{time.monotonic() - started:.0f} s: at most {peak():.0f} MB; before {steps}"


def _note(steps: list[int], tenth: int) -> None:
    if len(steps) <= tenth:
        steps.append(round(resident()))


def search(store: Path, rounds: int) -> str:
    """Ask about every user in turn."""

    def work(tell: Tell) -> None:
        started, steps = time.monotonic(), list[int]()
        with _open(store) as limner:
            users = [each.user_id for each in limner.users()]
            for number in range(rounds * len(users)):
                limner.store.search(users[number % len(users)], "where is the parcel?")
                _note(steps, number * 10 // (rounds * len(users)))
        tell(f"{rounds * len(users):,} searches in {_told(started, steps)}")

    return str(run(work).told[0])


def once(store: Path, name: str, call: Callable[[Limner, Callable[[int, int], None]], object]) -> str:
    """Do one thing; the memory before the store is opened, and then, and at each tenth of its progress."""

    def work(tell: Tell) -> None:
        started, before = time.monotonic(), resident()
        with _open(store) as limner:
            limner.users()
            opened, steps = resident(), list[int]()
            call(limner, lambda done, of: _note(steps, done * 10 // of))
            ended = round(resident())
        tell(f"{name} in {_told(started, [round(before), round(opened)])}, at each tenth {steps}, at its end {ended}")

    return str(run(work).told[0])


def _copied(stage: str, note: Callable[[int, int], None], done: int, of: int) -> None:
    if stage == "copying":
        note(done, of)


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("what", nargs="+", choices=["fill", "search", "backup", "compact", "reindex"])
    parser.add_argument("--megabytes", type=float, default=100.0)
    parser.add_argument("--chars", type=int, default=2000, help="of a message, on average")
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--encrypted", action="store_true")
    options = parser.parse_args(arguments)
    store, out = options.store, options.store.with_name(f"{options.store.name}.backup")
    measured: dict[str, Callable[[], str]] = {
        "fill": lambda: fill(store, options.megabytes, options.chars, options.users, encrypted=options.encrypted),
        "search": lambda: search(store, options.rounds),
        "backup": lambda: once(store, "backup", lambda limner, _: limner.backup(out, force=True)),
        "compact": lambda: once(
            store, "compact", lambda limner, note: limner.compact(lambda stage, *so_far: _copied(stage, note, *so_far))
        ),
        "reindex": lambda: once(store, "reindex", lambda limner, note: limner.reindex(note)),
    }
    for each in options.what:
        print(measured[each](), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
