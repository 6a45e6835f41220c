"""Which threads step back while a history is loaded: those that never hold Python's lock."""

import ctypes
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from agent.service.stepping import pools_behind

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads have no priority of their own")


def _threads() -> set[int]:
    return {int(each.name) for each in Path("/proc/self/task").iterdir()}


def _niceness(thread: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, thread)


def test_threads_of_libraries_step_back_and_those_of_python_do_not() -> None:
    system, before, over = ctypes.CDLL(None), _threads(), threading.Event()
    ours = threading.Thread(target=over.wait)
    ours.start()
    with pools_behind():
        started = ctypes.c_ulong()
        two_seconds = ctypes.c_void_p(2_000_000)
        assert system.pthread_create(ctypes.byref(started), None, system.usleep, two_seconds) == 0
        known = {each.native_id for each in threading.enumerate()}
        (theirs,) = _threads() - before - known
        at_first, end = _niceness(theirs), time.monotonic() + 1.9
        while _niceness(theirs) == at_first and time.monotonic() < end:
            time.sleep(0.02)
        assert _niceness(theirs) == max(at_first, 10)
        assert ours.native_id is not None
        assert {_niceness(ours.native_id), _niceness(threading.get_native_id())} == {at_first}
    over.set()
    ours.join()
    assert not [each for each in threading.enumerate() if each.name == "limner-stepping"]
