"""Lets the threads that only compute step back behind those that answer, while a history is loaded.

A thread that does Python must not step back: it keeps Python's lock, which all wait for, until it gets the processor
again. The threads with which torch computes never have it. Knows nothing of what they compute.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["pools_behind", "step_back"]

_NICENESS: Final = 10
_EACH_SECONDS: Final = 0.25
_TASKS: Final = Path("/proc/self/task")


@contextmanager
def pools_behind() -> Iterator[None]:
    """The pools of threads that libraries make, such as torch's, step back; on Linux only. For good: they stay so."""
    if not sys.platform.startswith("linux"):
        yield
        return
    over = threading.Event()

    def look() -> None:
        seen: set[int] = set()
        while not over.wait(_EACH_SECONDS):
            seen = step_back(seen)

    looking = threading.Thread(target=look, name="limner-stepping", daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def step_back(seen: set[int]) -> set[int]:
    """Let threads that are not Python's step back, if they were ``seen`` before; returns those that are there now.

    A thread of Python's is none yet when it has just begun, hence the second look.
    """
    theirs = set[int]()
    with suppress(OSError):  # there is no such folder
        theirs = {int(each.name) for each in _TASKS.iterdir()}
    theirs -= {each.native_id for each in threading.enumerate() if each.native_id is not None}
    for each in theirs & seen:
        with suppress(OSError):  # it has ended, or steps back further already
            if os.getpriority(os.PRIO_PROCESS, each) < _NICENESS:
                os.setpriority(os.PRIO_PROCESS, each, _NICENESS)
    return theirs
