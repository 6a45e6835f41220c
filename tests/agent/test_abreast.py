import threading
import time
from collections.abc import Iterator

import pytest

from agent.abreast import Cancelled, Stop, in_order
from agent.errors import StoreError


def about(item: str) -> str:
    return item[0]


def test_results_come_in_order_whatever_takes_longest() -> None:
    def work(item: str) -> str:
        time.sleep(0.001 * (10 - int(item[1])))
        return item.upper()

    items = [f"{'abcdefghij'[at]}{at}" for at in range(10)]
    assert list(in_order(work, items, 4, of=about, stop=Stop())) == [(each, each.upper()) for each in items]


def test_as_many_at_a_time_as_wanted() -> None:
    together = threading.Barrier(3, timeout=5)

    def work(item: str) -> int:
        return together.wait()

    assert len(list(in_order(work, "abc", 3, of=about, stop=Stop()))) == 3


def test_one_at_a_time_about_the_same() -> None:
    busy: set[str] = set()

    def work(item: str) -> bool:
        alone = about(item) not in busy
        busy.add(about(item))
        time.sleep(0.002)
        busy.discard(about(item))
        return alone

    items = [f"{'ab'[at % 2]}{at}" for at in range(20)]
    assert all(alone for _, alone in in_order(work, items, 8, of=about, stop=Stop()))


def test_items_are_not_read_far_ahead() -> None:
    read = 0

    def items() -> Iterator[str]:
        nonlocal read
        for at in range(1000):
            read = at
            yield str(at)

    results = in_order(str, items(), 2, of=str, stop=Stop())
    next(results)
    assert read < 20
    results.close()


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_error_ends_all(jobs: int) -> None:
    stop, done = Stop(), []

    def work(item: str) -> str:
        if item == "b":
            raise StoreError("no store")
        if jobs > 1 and item == "c":
            for _ in range(1000):
                stop.may_go_on()
                time.sleep(0.005)
            done.append("c, which was not stopped")
        return item

    results = in_order(work, "abcdefgh", jobs, of=about, stop=stop)
    assert next(results) == ("a", "a")
    started = time.monotonic()
    with pytest.raises(StoreError):
        list(results)
    assert time.monotonic() - started < 2 and not done


def test_work_is_stopped_when_no_more_results_are_taken() -> None:
    stop, stopped = Stop(), threading.Event()

    def work(item: str) -> str:
        try:
            while item != "a":
                stop.may_go_on()
                time.sleep(0.002)
        except Cancelled:
            stopped.set()
            raise
        return item

    results = in_order(work, "ab" * 50, 2, of=lambda item: f"{item}{id(item)}", stop=stop)
    assert next(results) == ("a", "a")
    results.close()
    assert stopped.is_set()
