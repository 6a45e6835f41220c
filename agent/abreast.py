"""Does several pieces of work at once and hands on their results in order. Knows nothing of what the work is."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from agent.errors import LimnerError

__all__ = ["Cancelled", "Stop", "in_order"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Pair = tuple[_Item, _Result]

_AHEAD: Final = 4
"""So many pieces for each worker are begun or wait while the first one of them is not done."""


class Cancelled(LimnerError):
    """The work was stopped before it was done; nothing of it is kept."""


class Stop:
    """Ends work that asks it, from time to time, whether it may go on."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def now(self) -> None:
        """From now on nothing may go on."""
        self._event.set()

    def may_go_on(self) -> None:
        """Say so by returning.

        Raises:
            Cancelled: it may not.
        """
        if self._event.is_set():
            raise Cancelled("the work was cancelled")


def in_order(
    work: Callable[[_Item], _Result], items: Iterable[_Item], jobs: int, *, of: Callable[[_Item], str], stop: Stop
) -> Generator[_Pair[_Item, _Result]]:
    """Each item with what ``work`` makes of it, in the order of the items; ``jobs`` of them are in work at a time.

    Items are read one after another, in the caller's thread, and not far ahead. When a piece of work raises, or the
    caller takes no more, ``stop`` ends what is in work, which is waited for.

    Args:
        work: called in threads of its own, unless ``jobs`` is 1.
        items: what there is to do.
        jobs: at least 1.
        of: names what an item is about; of several about the same, one is in work at a time.
        stop: what the work asks whether it may go on.
    """
    if jobs == 1:
        yield from ((item, work(item)) for item in items)
        return
    held: WeakValueDictionary[str, _Lock] = WeakValueDictionary()

    def alone(item: _Item, lock: "_Lock") -> _Result:
        with lock.held:
            stop.may_go_on()
            return work(item)

    waiting: deque[tuple[_Item, Future[_Result]]] = deque()
    with ThreadPoolExecutor(jobs, thread_name_prefix="limner-batch") as pool:
        try:
            for item in items:
                lock = held.get(of(item)) or held.setdefault(of(item), _Lock())
                waiting.append((item, pool.submit(alone, item, lock)))
                if len(waiting) >= _AHEAD * jobs:
                    yield _taken(waiting)
            while waiting:
                yield _taken(waiting)
        finally:
            for _, each in waiting:
                each.cancel()
            if waiting:
                stop.now()


class _Lock:
    """A lock that is forgotten when nobody has it in hand."""

    def __init__(self) -> None:
        self.held = threading.Lock()


def _taken(waiting: deque[tuple[_Item, Future[_Result]]]) -> _Pair[_Item, _Result]:
    item, future = waiting[0]
    result = future.result()
    waiting.popleft()
    return item, result
