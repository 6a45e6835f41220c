"""Threads that want the same made: one makes it; not too much is made at once; nobody gets in before others.

What is shared is used by many, or by one alone.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

from retrieval.turns import Line, Makers, Shared


def test_what_many_want_is_made_once_and_not_too_much_at_once() -> None:
    makers, made, lock = Makers(2), dict[str, int](), threading.Lock()
    barrier = threading.Barrier(24)
    working, most = 0, 0

    def want(key: str) -> None:
        nonlocal working, most
        barrier.wait(10)
        with makers.making(key):
            with lock:
                working += 1
                most = max(most, working)
                known = key in made
            if not known:
                threading.Event().wait(0.01)
                made[key] = made.get(key, 0) + 1
            with lock:
                working -= 1

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(want, [f"user{number % 6}" for number in range(24)]))
    assert made == {f"user{number}": 1 for number in range(6)}
    assert most == 2


def test_a_turn_is_given_on_when_making_fails() -> None:
    makers = Makers(1)
    for _ in range(3):
        try:
            with makers.making("ann"):
                raise ValueError
        except ValueError:
            continue
    with makers.making("ann"):
        pass


def test_who_comes_first_is_first_and_may_take_it_again() -> None:
    line, came = Line(), list[int]()
    threads = []

    def come(number: int) -> None:
        with line, line:
            came.append(number)

    with line:
        for number in range(5):
            threads.append(threading.Thread(target=come, args=(number,)))
            threads[-1].start()
            threading.Event().wait(0.05)  # it waits in the line
        with line:
            assert came == []
    with line:  # behind all of them
        assert came == [0, 1, 2, 3, 4]
    for each in threads:
        each.join(5)
    with line:
        pass


def test_what_is_shared_is_used_by_many_or_by_one_alone() -> None:
    shared, seen = Shared(), list[str]()
    both, done = threading.Barrier(2), threading.Event()

    def use(name: str) -> None:
        with shared.used():
            seen.append(name)

    def use_together() -> None:
        with shared.used():
            both.wait(10)
            done.wait(10)
            seen.append("used")

    def alone() -> None:
        with shared.alone():
            seen.append("alone")
            threading.Event().wait(0.05)
            seen.append("still alone")

    user = threading.Thread(target=use_together)
    user.start()
    with shared.used():
        both.wait(10)  # two use it at once
    changer = threading.Thread(target=alone)
    changer.start()
    threading.Event().wait(0.05)  # it waits for the one who uses it
    late = threading.Thread(target=use, args=("late",))
    late.start()
    threading.Event().wait(0.05)  # and that one for it
    assert seen == []
    done.set()
    for each in (user, changer, late):
        each.join(10)
    assert seen == ["used", "alone", "still alone", "late"]
