"""Many threads and tasks on one store in one process: writers load, correct and erase, readers check what they see.

    nice python -m benchmarks.threads --seconds 300            # 20 writers, 50 readers

Half of the writers and readers are threads that call one shared Limner, the others tasks that ask its HTTP application
(in this process, without a socket). What must hold all the while: a reader sees whole batches; no count goes down but
by an erasure, and nothing that was answered is missing; a user's events, and what a search finds, are that user's words
only; and nothing is raised but "busy". At the end the record is sound, and the index holds what it should. Everything
is done with the fakes.
"""

import argparse
import asyncio
import json
import random
import resource
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from agent import Limner
from agent.errors import NotFound, StoreBusy
from agent.service import Service
from benchmarks.kills.asking import row_of
from benchmarks.kills.forking import run as forked
from benchmarks.kills.states import SCHEMA, look, open_limner, secret_in
from retrieval.rows import RowReader

_SECOND: Final = timedelta(seconds=1)
_LATER: Final = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
_BATCH: Final = 5  # events, written in one transaction
_MOST_BATCHES: Final = 4  # of a user, who is erased then
_USERS: Final = 2  # of one writer, each of them written by it alone


class Books:
    """What was answered: batches by users, and how often each was erased; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, set[int]] = {}
        self._erased: Counter[str] = Counter()
        self.forgotten: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.broken: list[str] = []

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Books":
        """What another process told."""
        books = cls()
        books._kept = {user: {*batches} for user, batches in told["kept"].items()}
        books.forgotten, books.counts, books.broken = told["forgotten"], Counter(told["counts"]), told["broken"]
        return books

    def told(self) -> dict[str, Any]:
        """All of it, as JSON."""
        kept = {user: sorted(batches) for user, batches in self._kept.items()}
        return {"kept": kept, "forgotten": self.forgotten, "counts": self.counts, "broken": self.broken}

    def users(self) -> list[str]:
        """Of whom something was written."""
        with self._lock:
            return list(self._kept)

    def batches(self, user: str) -> set[int]:
        """The batches that must be there."""
        with self._lock:
            return set(self._kept.get(user, ()))

    def wrote(self, user: str, batch: int) -> None:
        """A batch was answered."""
        with self._lock:
            self._kept.setdefault(user, set()).add(batch)

    @contextmanager
    def erasing(self, user: str, texts: list[str]) -> Iterator[None]:
        """While a user is erased, nothing is known of what is there; of "busy", that nothing was erased."""
        with self._lock:
            self._erased[user] += 1
            kept, self._kept[user] = self._kept[user], set()
        try:
            yield
            with self._lock:
                self.forgotten |= {secret_in(text): user for text in texts}
        except StoreBusy:
            with self._lock:
                self._kept[user] = kept
            raise
        finally:
            with self._lock:
                self._erased[user] += 1

    def moment(self, user: str) -> tuple[int, set[int]]:
        """How often the user was erased, and what must be there."""
        with self._lock:
            return self._erased[user], set(self._kept.get(user, ()))

    def note(self, what: str) -> None:
        """Count."""
        with self._lock:
            self.counts[what] += 1

    def fail(self, what: str) -> None:
        """Note a broken promise."""
        with self._lock:
            self.broken.append(what)

    def check(self, user: str, before: tuple[int, set[int]], events: dict[str, str]) -> None:
        """What a reader saw of a user: whole batches, and all that had been answered before it looked."""
        erased, kept = before
        seen: dict[int, int] = Counter(int(each[1:]) // _BATCH for each in events)
        if parts := {batch: count for batch, count in seen.items() if count != _BATCH}:
            self.fail(f"{user}: parts of batches: {parts}")
        if others := {each for each, text in events.items() if who_said(user, each, text) != user}:
            self.fail(f"{user}: {sorted(others)} have another user's words")
        if erased % 2 == 0 and self.moment(user)[0] == erased and not kept <= seen.keys():
            self.fail(f"{user}: {sorted(kept - seen.keys())} were answered and are not there")


def rows_of(user: str, batch: int) -> list[dict[str, str]]:
    """A batch of events; later than any erasure, since what is earlier than one does not come back, but not so much
    later that the clock would be taken for wrong."""
    numbers = range(batch * _BATCH, (batch + 1) * _BATCH)
    return [
        row_of(user, number, batch) | {"timestamp": (_LATER + number % 1000 * _SECOND).isoformat()}
        for number in numbers
    ]


def who_said(user: str, event_id: str, text: str) -> str:
    """The user, when these are the words that were written about that one under this id; else the word in them."""
    number = int(event_id[1:])
    own = row_of(user, number, number // _BATCH)["text"]
    return user if secret_in(text) == secret_in(own) else secret_in(text)


class Direct:
    """Does it with a Limner that all threads share."""

    def __init__(self, limner: Limner) -> None:
        self.limner = limner

    def load(self, user: str, batch: int) -> None:
        """Load a batch."""
        reader = RowReader()
        report = self.limner.ingest_events([reader.event(row, "threads", 1) for row in rows_of(user, batch)])
        assert report.added == _BATCH, f"{report.added} of {_BATCH} were added: {report}"

    def correct(self, user: str) -> None:
        """Say where the user lives."""
        self.limner.correct(user, "/city", "correct", "Oslo", by="Ann", schema=SCHEMA)

    def profile(self, user: str) -> None:
        """Make a profile."""
        self.limner.profile(user, SCHEMA)

    def erase(self, user: str) -> None:
        """Forget the user; the bytes go with the next compaction."""
        self.limner.forget(user, defer=True)

    def events(self, user: str) -> dict[str, str]:
        """All events by id."""
        return {each.event_id: each.text for each in self.limner.store.events(user)}

    def found(self, user: str) -> set[str]:
        """Whose events a search finds."""
        hits = self.limner.search(user, "code word", 5)
        return {who_said(user, hit.event.event_id, hit.event.text) for hit in hits}


class Work:
    """The writers and readers; ``ask`` is done by threads, or by tasks with ``asyncio.to_thread``-like calls."""

    def __init__(self, books: Books, until: float) -> None:
        self.books, self.until = books, until

    async def write(self, number: int, do: Callable[..., Awaitable[Any]]) -> None:
        """Write about one's own users until the time is over."""
        rand, batches = random.Random(number), Counter[str]()
        users = [f"writer-{number:02d}-{at}" for at in range(_USERS)]
        while time.monotonic() < self.until:
            user = rand.choice(users)
            try:
                if len(self.books.batches(user)) >= _MOST_BATCHES:
                    texts = [row["text"] for batch in self.books.batches(user) for row in rows_of(user, batch)]
                    with self.books.erasing(user, texts):
                        await do("erase", user)
                    self.books.note("erased")
                elif self.books.batches(user) and rand.random() < 0.2:
                    what = rand.choice(("correct", "profile"))
                    await do(what, user)
                    self.books.note(f"{what}ed" if what == "correct" else "profiled")
                    continue
                batches[user] += 1
                await do("load", user, batches[user])
                self.books.wrote(user, batches[user])
                self.books.note("loaded")
            except StoreBusy:
                self.books.note("busy, writing")
            except Exception as error:
                self.books.fail(f"writer: {_shown(error)}")

    async def read(self, number: int, do: Callable[..., Awaitable[Any]]) -> None:
        """Look at anybody, until the time is over."""
        rand = random.Random(1000 + number)
        while time.monotonic() < self.until:
            user = rand.choice(self.books.users() or [""])
            if not user:
                await asyncio.sleep(0.05)
                continue
            before = self.books.moment(user)
            try:
                if rand.random() < 0.6:
                    self.books.check(user, before, await do("events", user))
                elif others := await do("found", user) - {user}:
                    self.books.fail(f"{user}: a search found {others}")
                self.books.note("read")
            except NotFound:
                self.books.check(user, before, {})
                self.books.note("read")
            except StoreBusy:
                self.books.note("busy, reading")
            except Exception as error:
                self.books.fail(f"reader: {_shown(error)}")
            await asyncio.sleep(rand.uniform(0, 0.02))


class Asked:
    """The same over HTTP, without a socket."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def __call__(self, what: str, user: str, *more: Any) -> Any:
        """Do one thing."""
        path = f"/v1/users/{user}"
        match what:
            case "load":
                lines = "".join(f"{json.dumps(row)}\n" for row in rows_of(user, *more))
                headers = {"Content-Type": "application/x-ndjson"}
                report = (await self._post("/v1/events", content=lines.encode(), headers=headers)).json()
                assert report["added"] == _BATCH, f"{report['added']} of {_BATCH} were added: {report}"
            case "correct":
                verdict = {"pointer": "/city", "action": "correct", "value": "Oslo", "schema": "small"}
                await self._post(f"{path}/corrections", json=verdict)
            case "profile":
                job = _checked(await self.http.post(f"{path}/profiles", json={"schema": "small"}))
                told = await self.http.get(f"{job.headers['location']}/events")
                if "event: done" not in told.text:
                    raise RuntimeError(f"the job ended otherwise: {told.text[-300:]}")
            case "erase":
                await self._post(f"{path}/erasures", json={"defer": True})
            case "events":
                told = await self._get(f"{path}/events", limit=500)
                return {each["event_id"]: each["text"] for each in told["events"]}
            case "found":
                told = await self._get(f"{path}/search", q="code word", k=5)
                return {who_said(user, hit["event_id"], hit["text"]) for hit in told["hits"]}

    async def _post(self, path: str, **more: Any) -> httpx.Response:
        return _checked(await self.http.post(path, **more))

    async def _get(self, path: str, **more: Any) -> Any:
        return _checked(await self.http.get(path, params=more)).json()


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.status_code in (409, 429, 503):
        raise StoreBusy(f"answered {answer.status_code}")
    if answer.status_code == 404:
        raise NotFound("answered 404")
    if answer.status_code >= 300:
        raise RuntimeError(f"answered {answer.status_code}: {answer.text[:300]}")
    return answer


def _shown(error: Exception) -> str:
    return "".join(traceback.format_exception(error)[-3:])


def run(folder: Path, seconds: float, writers: int, readers: int) -> Books:
    """Write and read for so long, then look at the store."""
    from agent.api import ApiSettings, create_app

    limner, books = open_limner(folder / "store"), Books()
    service = Service(limner, folder / "store")
    service.schemas.register("default", "small", SCHEMA)
    app = create_app(service, ApiSettings(dev=True, rate="1000000/second"))
    work, direct = Work(books, time.monotonic() + seconds), Direct(limner)

    async def called(what: str, *arguments: Any) -> Any:
        return getattr(direct, what)(*arguments)

    def in_thread(of: Callable[..., Awaitable[None]], number: int) -> threading.Thread:
        return threading.Thread(target=lambda: asyncio.run(of(number, called)))  # type: ignore[arg-type]

    async def in_tasks() -> None:
        async with app.router.lifespan_context(app), httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://127.0.0.1", timeout=None
        ) as http:  # fmt: skip
            asked = Asked(http)
            await asyncio.gather(*(work.write(each, asked) for each in range(1, writers, 2)),
                                 *(work.read(each, asked) for each in range(1, readers, 2)))  # fmt: skip

    threads = [*(in_thread(work.write, each) for each in range(0, writers, 2)),
               *(in_thread(work.read, each) for each in range(0, readers, 2))]  # fmt: skip
    for thread in threads:
        thread.start()
    try:
        asyncio.run(in_tasks())
    finally:
        for thread in threads:
            thread.join()
    with open_limner(folder / "store") as again:
        again.compact()
    return books


def look_at(store: Path, books: Books) -> None:
    """What is in the store at the end, read by a process that had no part in it."""
    seen = look(store, books.forgotten, 0)
    for user in books.users():
        books.check(user, books.moment(user), seen.events.get(user, {}))


def main(arguments: list[str] | None = None) -> int:
    """Run, and print what was done; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--readers", type=int, default=50)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="limner-threads-") as name:
        told = forked(lambda tell: tell(run(Path(name), options.seconds, options.writers, options.readers).told())).told
        books = Books.of(told[0])
        look_at(Path(name) / "store", books)
    for each in [*dict.fromkeys(books.broken)][:5]:
        print(each, file=sys.stderr)
    print(", ".join(f"{what}: {count:,}" for what, count in sorted(books.counts.items())))
    print(f"at most {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB of memory")
    print(f"{len(books.broken)} promises broken" if books.broken else "every promise kept")
    return 1 if books.broken else 0


if __name__ == "__main__":
    sys.exit(main())
