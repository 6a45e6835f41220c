"""Threads that read what users of several tenants may see, while others load, correct and erase; and a book of it.

What a reader must see, and may see, follows from what was told before the reading began and after it ended.
"""

import random
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from tests.agent.interleavings import TENANTS, Door, Said, time_of, word_of, words_in

__all__ = ["AtOnce"]

USERS: Final = ("ann", "ANN", "ann_", "ann%", "李小", "李小龙")
_QUERY: Final = "code word 暗号"
_BY_A_PERSON: Final = 999
_READERS: Final = 4


@dataclass
class _Times:
    """When an event was sent, told to be there, asked to be erased, and told to be gone."""

    said: Said
    sent: int
    there: int | None = None
    asked: int | None = None
    gone: int | None = None


class AtOnce:
    """Two writers, one for each tenant, and readers of all; each of a writer's ``steps`` is another random thing."""

    def __init__(self, door: Door, seed: int, steps: int) -> None:
        self._door = door
        self._seed = seed
        self._steps = steps
        self._clock = count(1)
        self._lock = threading.Lock()
        self._book: dict[tuple[str, str], dict[int, _Times]] = {}
        self._over = threading.Event()
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        """Do it; the first thing that was wrong is raised."""
        for tenant in TENANTS:
            for user in USERS:
                self._say(tenant, [user])
        with ThreadPoolExecutor(len(TENANTS) + _READERS) as pool:
            readers = [pool.submit(self._read, random.Random(f"{self._seed} reader {n}")) for n in range(_READERS)]
            writers = [pool.submit(self._write, tenant, random.Random(f"{self._seed} {tenant}")) for tenant in TENANTS]
            try:
                for each in writers:
                    each.result()
            finally:
                self._over.set()
            for each in readers:
                each.result()
        for tenant in TENANTS:
            for user in USERS:
                self._look(tenant, user, "texts")
                self._look(tenant, user, "found")
                self._look(tenant, user, "told")

    def _write(self, tenant: str, chance: random.Random) -> None:
        for _ in range(self._steps):
            if self._over.is_set():
                return
            kind = chance.choice(["say", "say", "correct", "forget"])
            user = chance.choice(USERS)
            there = [number for number, each in self._events(tenant, user).items() if each.asked is None]
            if kind == "say" or not there:
                self._say(tenant, [user, *chance.choices(USERS, k=chance.randint(0, 3))])
            elif kind == "correct":
                self._door.correct(tenant, user, word_of(tenant, user, _BY_A_PERSON))
            else:
                self._forget(tenant, user, there, chance)
            with self._lock:
                self.done[kind] += 1

    def _say(self, tenant: str, users: list[str]) -> None:
        sent = []
        with self._lock:
            for user in users:
                events = self._book.setdefault((tenant, user), {})
                number = len(events) + 1
                said = Said(user, number, word_of(tenant, user, number), number % 2 == 0)
                events[number] = _Times(said, next(self._clock))
                sent.append(events[number])
        self._door.add(tenant, [each.said for each in sent])
        with self._lock:
            now = next(self._clock)
            for each in sent:
                each.there = now

    def _forget(self, tenant: str, user: str, there: list[int], chance: random.Random) -> None:
        first = chance.choice(there)
        last = chance.choice([each for each in there if each >= first])
        scope: Mapping[str, Any]
        scope, going = chance.choice(
            [
                ({}, there),
                ({"events": [f"e{first:03d}"]}, [first]),
                ({"since": time_of(first), "until": time_of(last)}, [each for each in there if first <= each <= last]),
            ]
        )
        events = self._events(tenant, user)
        with self._lock:
            for each in going:
                events[each].asked = next(self._clock)
        receipt = self._door.forget(tenant, user, {**scope, "defer": chance.random() < 0.7})
        assert not words_in(receipt)
        with self._lock:
            for each in going:
                events[each].gone = next(self._clock)

    def _read(self, chance: random.Random) -> None:
        while not self._over.is_set():
            kind = chance.choice(["texts", "texts", "found", "found", "told", "users", "users_too"])
            try:
                if kind.startswith("users"):
                    assert {*getattr(self._door, kind)(chance.choice(TENANTS))} <= {*USERS}
                else:
                    self._look(chance.choice(TENANTS), chance.choice(USERS), kind)
            except BaseException:
                self._over.set()
                raise
            with self._lock:
                self.done[kind] += 1

    def _look(self, tenant: str, user: str, kind: str) -> None:
        """One reading: nothing of others, nothing that was gone before it began, all that was there all the time."""
        with self._lock:
            began = next(self._clock)
        match kind:
            case "texts":
                shown: Any = self._door.texts(tenant, user)
            case "found":
                shown = self._door.found(tenant, user, _QUERY)
            case _:
                shown = self._door.told(tenant, user)
        with self._lock:
            ended = next(self._clock)
            times = list(self._book.get((tenant, user), {}).values())
        may = {each.said.word for each in times if each.sent < ended and (each.gone is None or each.gone > began)}
        must = {
            each.said.word
            for each in times
            if each.there is not None and each.there < began and (each.asked is None or each.asked > ended)
        }
        seen = words_in(shown)
        where = (tenant, user, kind)
        assert seen <= may | {word_of(tenant, user, _BY_A_PERSON)}, (*where, "too much", seen - may)
        if kind == "texts" or (kind == "found" and len(may) <= self._door.most):
            assert must <= seen, (*where, "missing", must - seen)

    def _events(self, tenant: str, user: str) -> dict[int, _Times]:
        with self._lock:
            return dict(self._book[tenant, user])
