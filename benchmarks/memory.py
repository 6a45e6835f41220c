"""What large files and many profiles do to memory: it must not grow with them.

    nice python -m benchmarks.memory read --megabytes 2000          # reading, cleaning and splitting alone
    nice python -m benchmarks.memory ingest --megabytes 100 200 400 # into a store, with the fake embedder
    nice python -m benchmarks.memory mailbox --megabytes 2000       # the same of a mailbox, most of it attachments
    nice python -m benchmarks.memory fields --megabytes 2000        # the same of JSON Lines, most of it in other fields
    nice python -m benchmarks.memory profiles --times 10000         # in one process, with a scripted model
    nice python -m benchmarks.memory line --megabytes 2000          # one line that never ends, in each format

Each is done in a process of its own, whose resident memory is looked at on the way. Needs as much disk as the largest
file, in ``--folder``; nothing of it stays.
"""

import argparse
import gc
import json
import random
import shutil
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

from agent import Limner
from agent.fakes import ScriptedChat
from benchmarks.kills.forking import Tell, run
from benchmarks.kills.states import SCHEMA, open_limner
from retrieval import HashingEmbedder
from retrieval.errors import InputError
from retrieval.loading import BadLine, load_events
from retrieval.splitting import split_event, windows_of

_MB: Final = 1_000_000
_USERS: Final = 500
_WORDS: Final = """
order shoes parcel late refund jacket Hamburg Munich coffee train ticket support phone broken delivery voucher dog.
我上周搬到了慕尼黑。 订单还没有到， 请尽快退款！ 谢谢。 <b>newsletter</b> garden &amp; recipe https://a.example/b
""".split()  # noqa: SIM905
_LINES: Final[dict[str, tuple[bytes, bytes]]] = {
    "a.jsonl": (b'{"user_id": "u", "text": "', b'"}\n'),
    "b.json": (b'[{"user_id": "u", "text": "', b'"}]'),
    "c.json": (b'[{"user_id": "u", "text": ["', b'"]}]'),
    "d.csv": (b'user_id,text\nu,"', b'"\n'),
    "e.csv": (b"user_id,", b"\n"),
    "f.txt": (b"12/31/23, 9:05 PM - Anna: ", b"\n"),
    "g.eml": (b"From: a@b.c\n\n", b"\n"),
    "h.mbox": (b"From a\nFrom: a@b.c\n\n", b"\n"),
}
"""How a file begins and ends that holds one endless text."""


def resident() -> float:
    """The resident memory of this process now, in MB."""
    return _status("VmRSS")


def peak() -> float:
    """The most of it so far."""
    return _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def histories(path: Path, megabytes: float, chars: int, users: int = _USERS) -> int:
    """Write JSON Lines of so many MB, messages of about so many characters; how many lines."""
    rand, size, number = random.Random(1), 0, 0
    with path.open("wb") as file:
        while size < megabytes * _MB:
            text = " ".join(rand.choices(_WORDS, k=max(1, int(rand.expovariate(9 / chars)))))
            stamp = f"2024-{1 + number % 12:02}-{1 + number % 28:02}T10:00:00Z"
            row = {"user_id": f"u{number % users}", "id": f"m{number}", "timestamp": stamp, "text": f"{text} {number}"}
            size += file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            number += 1
    return number


def read(folder: Path, megabytes: float, chars: int) -> str:
    """Read a file to its end; the memory at each tenth."""
    path = folder / "read.jsonl"
    lines = histories(path, megabytes, chars)

    def work(tell: Tell) -> None:
        started, characters = time.monotonic(), 0
        for number, event in enumerate(load_events(path)):
            if not isinstance(event, BadLine):
                snippets = split_event(event)
                windows_of(event, snippets)
                characters += len(event.text)
            if number % max(1, lines // 10) == 0:
                tell(round(resident()))
        tell([characters, round(time.monotonic() - started), round(peak())])

    *steps, (characters, seconds, most) = run(work).told
    path.unlink()
    return (f"{megabytes:,.0f} MB, {lines:,} lines, {characters:,} characters in {seconds} s: at most {most} MB; "
            f"at each tenth {steps}")  # fmt: skip


def mailbox(path: Path, megabytes: float) -> int:
    """Write a mailbox of so many MB: short mails, two in three with an attachment of 1 MB on average, of which one in a
    hundred has 20; how many mails."""
    rand, size, number = random.Random(2), 0, 0
    with path.open("wb") as file:
        while size < megabytes * _MB:
            mail = EmailMessage()
            mail["From"] = ("Ann <ann@example.com>", "support@example.com")[number % 2]
            mail["To"] = "ann@example.com"
            mail["Subject"] = f"Order {number // 4}"
            mail["Date"] = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=number)
            mail["Message-ID"] = f"<m{number}@example.com>"
            mail.set_content(f"{' '.join(rand.choices(_WORDS, k=150))} {number}")
            if number % 3:
                size_of = 20 * _MB if number % 100 == 1 else int(rand.expovariate(1 / (0.8 * _MB)))
                mail.add_attachment(rand.randbytes(size_of), "application", "pdf", filename=f"scan {number}.pdf")
            size += file.write(b"From ann@example.com Mon Jan  1 10:00:00 2024\n" + mail.as_bytes() + b"\n")
            number += 1
    return number


def fields(path: Path, megabytes: float) -> int:
    """Write JSON Lines of so many MB: short messages, one in fifty of 12,000 characters, and beside each what a program
    exported along, 200 kB on average; how many lines."""
    rand, size, number = random.Random(3), 0, 0
    with path.open("wb") as file:
        while size < megabytes * _MB:
            text = " ".join(rand.choices(_WORDS, k=20 if number % 50 else 2000))
            beside = rand.randbytes(int(rand.expovariate(1 / 100_000))).hex()
            stamp = f"2024-{1 + number % 12:02}-{1 + number % 28:02}T10:00:00Z"
            row = {"user_id": f"u{number % _USERS}", "id": f"m{number}", "timestamp": stamp, "text": f"{text} {number}"}
            row_beside = row | {"payload": {"html": beside, "tags": ["a", "b"]}}
            size += file.write(json.dumps(row_beside, ensure_ascii=False).encode() + b"\n")
            number += 1
    return number


def load(folder: Path, path: Path, lines: int) -> str:
    """Load a file into a store with the fake embedder; the memory at each tenth, and the sizes of file and store."""
    store, size = Path(tempfile.mkdtemp(dir=folder)), path.stat().st_size / _MB

    def work(tell: Tell) -> None:
        started, shown = time.monotonic(), 0

        def show(report: Any) -> None:
            nonlocal shown
            if report.read >= shown * lines // 10:
                shown = 1 + report.read * 10 // lines
                tell([round(resident()), round(time.monotonic() - started)])

        with open_limner(store) as limner:
            report = limner.ingest(path, user_id="ann@example.com" if path.suffix == ".mbox" else None, progress=show)
        tell([report.added, report.bad_count, report.snippets, round(time.monotonic() - started), round(peak())])

    *steps, (added, bad, snippets, seconds, most) = run(work).told
    path.unlink()
    stored = sum(each.stat().st_size for each in store.rglob("*") if each.is_file()) / _MB
    shutil.rmtree(store)
    return (f"{size:,.0f} MB, {added:,} events, {bad} bad, {snippets:,} snippets in {seconds} s: at most {most} MB; "
            f"at each tenth {[each for each, _ in steps]}, after seconds {[each for _, each in steps]}; "
            f"store {stored:,.0f} MB")  # fmt: skip


def profiles(folder: Path, times: int, users: int = 50) -> str:
    """Make so many profiles in one process; the memory at each tenth, Python's own beside it."""
    path = folder / "profiles.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in _short_histories(users)), "utf-8")

    def work(tell: Tell) -> None:
        chat = ScriptedChat(script=lambda system, user, schema: "[]" if schema else "none")
        with Limner(folder / "profiles", llm=chat, embedder=HashingEmbedder(16)) as limner:
            limner.ingest(path)
            limner.profile("u0", SCHEMA)
            tracemalloc.start()
            started = time.monotonic()
            for number in range(times):
                limner.profile(f"u{number % users}", SCHEMA, fresh=True)
                chat.asked.clear()  # the fake's own notes
                if number % max(1, times // 10) == 0:
                    gc.collect()
                    tell([round(resident()), round(tracemalloc.get_traced_memory()[0] / _MB, 1)])
            gc.collect()
            tell([round(resident()), round(tracemalloc.get_traced_memory()[0] / _MB, 1)])
            tell(round(time.monotonic() - started))

    *steps, seconds = run(work).told
    return (f"{times:,} profiles in {seconds} s: resident MB at each tenth {[each for each, _ in steps]}, "
            f"of it Python's {[each for _, each in steps]}")  # fmt: skip


def _short_histories(users: int) -> Iterator[dict[str, str]]:
    for user in range(users):
        for number in range(6):
            yield {"user_id": f"u{user}", "id": f"e{number}", "text": f"I live in Hamburg, and order number {number}."}


def line(folder: Path, name: str, megabytes: float) -> str:
    """One endless text: what is said of it, after how long, with how much memory."""
    path, (start, end) = folder / name, _LINES[name]
    with path.open("wb") as file:
        file.write(start)
        for _ in range(int(megabytes)):
            file.write(b"a bad " * (_MB // 6))
        file.write(end)

    def work(tell: Tell) -> None:
        before, started = resident(), time.monotonic()
        try:
            told = [each.reason if isinstance(each, BadLine) else "an event" for each in
                    load_events(path, user_id="u", self_names=["Anna"])]  # fmt: skip
        except InputError as error:
            told = [str(error).replace(str(path), name)]
        tell([told[:2], round(time.monotonic() - started, 1), round(peak() - before)])

    ((told, seconds, grown),) = run(work).told
    path.unlink()
    return f"{name}: {seconds} s, {grown} MB more memory: {'; '.join(told)[:160]}"


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["read", "ingest", "mailbox", "fields", "profiles", "line"])
    parser.add_argument("--megabytes", type=float, nargs="+", default=[100.0])
    parser.add_argument("--chars", type=int, default=2000, help="of a message, on average")
    parser.add_argument("--times", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where there is disk")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="limner-memory-", dir=options.folder) as name:
        folder = Path(name)
        measured: dict[str, Callable[[float], list[str]]] = {
            "read": lambda size: [read(folder, size, options.chars)],
            "ingest": lambda size: [load(folder, path := folder / "a.jsonl", histories(path, size, options.chars))],
            "mailbox": lambda size: [load(folder, path := folder / "a.mbox", mailbox(path, size))],
            "fields": lambda size: [load(folder, path := folder / "a.jsonl", fields(path, size))],
            "profiles": lambda _: [profiles(folder, options.times)],
            "line": lambda size: [line(folder, each, size) for each in _LINES],
        }
        for size in options.megabytes:
            for each in measured[options.what](size):
                print(each, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
