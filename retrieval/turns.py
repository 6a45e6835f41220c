"""Keeps threads from making the same thing twice, and from making too much at once. Knows nothing of what is made."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Makers"]


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
