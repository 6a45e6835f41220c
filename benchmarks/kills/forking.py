"""Runs a piece of work in a forked process, which may be killed at any moment, and reads what it told until then.

The parent has imported everything, and never opens a store: a child is at work within milliseconds.
"""

import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

__all__ = ["Ended", "Tell", "run"]

Tell = Callable[[Any], None]
"""``tell(something)``: JSON that the parent reads, also when the child is killed right afterwards."""


class Ended(NamedTuple):
    """What a child told, whether it was killed, and for how many seconds it ran."""

    told: list[Any]
    killed: bool
    seconds: float


def run(work: Callable[[Tell], None], kill_after: float | None = None, kill_at: int | None = None) -> Ended:
    """Run ``work`` in a child; kill it after so many seconds, or so many lines that it told, unless it ends before.

    Raises:
        AssertionError: the child failed.
    """
    sys.stdout.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(work, writing)
    os.close(writing)
    started = time.monotonic()
    end = None if kill_after is None else started + kill_after
    try:
        data = _read(reading, end, kill_at)
        if kill_after is not None or kill_at is not None:
            os.kill(child, signal.SIGKILL)
        data += _read(reading, None, None)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(reading)
    killed = status == -signal.SIGKILL
    assert killed or status == 0, f"the child ended with {status}"
    lines = data.split(b"\n")[:-1]  # the last one may be cut off
    return Ended([json.loads(line) for line in lines], killed, time.monotonic() - started)


def _work(work: Callable[[Tell], None], writing: int) -> NoReturn:
    code = 1
    try:
        work(lambda what: _write(writing, what))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _read(reading: int, end: float | None, lines: int | None) -> bytes:
    """What is told until a moment, or so many lines, or the end."""
    data = b""
    while lines is None or data.count(b"\n") < lines:
        left = None if end is None else end - time.monotonic()
        if left is not None and (left <= 0 or not select.select([reading], [], [], left)[0]):
            break
        if not (piece := os.read(reading, 1 << 20)):
            break
        data += piece
    return data


def _write(handle: int, what: Any) -> None:
    data = json.dumps(what).encode() + b"\n"
    while data:
        data = data[os.write(handle, data) :]
