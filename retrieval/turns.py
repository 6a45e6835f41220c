"""Keeps threads from making the same thing twice, from making too much at once, and from getting in before their turn.

Knows nothing of what is made.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Line", "Makers", "Shared"]


@dataclass(slots=True)
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: int = 0


class Makers:
    """Threads that make things, each known by a key: one makes a thing, others that want the same wait for it.

    Args:
        most: so many things are made at once.
    """

    def __init__(self, most: int) -> None:
        self._places = threading.Semaphore(most)
        self._turns: dict[str, _Turn] = {}
        self._lock = threading.Lock()

    @contextmanager
    def making(self, key: str) -> Iterator[None]:
        """Have the turn to make what ``key`` names; look first whether another thread has made it meanwhile."""
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            turn.threads += 1
        try:
            with turn.lock, self._places:
                yield
        finally:
            with self._lock:
                turn.threads -= 1
                if not turn.threads:
                    del self._turns[key]  # whose it is may be forgotten


class Line:
    """A lock that threads get in the order in which they came; who has it may take it again, as of a ``RLock``.

    So whoever does long work in parts, and gives it back between them, lets all others in.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, threading.Event]] = deque()
        self._owner: int | None = None
        self._times = 0

    def __enter__(self) -> None:
        me, turn = threading.get_ident(), threading.Event()
        with self._lock:
            if self._owner in (None, me):
                self._owner = me
                self._times += 1
                return
            self._waiting.append((me, turn))
        try:
            turn.wait()
        except BaseException:
            with self._lock:
                if (me, turn) in self._waiting:
                    self._waiting.remove((me, turn))
                else:
                    self._pass_on()
            raise

    def __exit__(self, *raised: object) -> None:
        with self._lock:
            self._times -= 1
            if not self._times:
                self._pass_on()

    def _pass_on(self) -> None:
        self._owner, self._times = None, 0
        if self._waiting:
            self._owner, turn = self._waiting.popleft()
            self._times = 1
            turn.set()


class Shared:
    """What many threads use at once, and one now and then alone: that one waits for those who use it, the next for it.

    A thread that uses it must neither ask for it again nor ask for it alone: it would wait for itself.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._using = 0
        self._alone = False

    @contextmanager
    def used(self) -> Iterator[None]:
        """Use it, beside others."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._using += 1
        try:
            yield
        finally:
            with self._changed:
                self._using -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Use it when nobody else does."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._alone = True  # from now on nobody gets in
        try:
            with self._changed:
                self._changed.wait_for(lambda: not self._using)
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()
