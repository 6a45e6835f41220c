"""A lock that is given in the order in which it was asked for, so that short work gets between parts of long work.

Knows nothing of what it protects.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from agent.errors import StoreBusy

__all__ = ["Turns"]


class Turns:
    """Threads take turns, first come, first served.

    Args:
        wait: seconds that a thread waits for its turn.
    """

    def __init__(self, wait: float = 60.0) -> None:
        self._wait = wait
        self._line: deque[threading.Event] = deque()  # whose turn it is stands first
        self._lock = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn, and have it.

        Raises:
            StoreBusy: it took too long.
        """
        mine = threading.Event()
        with self._lock:
            self._line.append(mine)
            if self._line[0] is mine:
                mine.set()
        came = mine.wait(self._wait)
        try:
            if not came:
                raise StoreBusy("other requests write to the store", hint="Try again later")
            yield
        finally:
            self._leave(mine)

    def _leave(self, mine: threading.Event) -> None:
        with self._lock:
            self._line.remove(mine)
            if self._line:
                self._line[0].set()
