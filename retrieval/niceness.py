"""Lets a thread step back behind others that want the processor. Knows nothing of what it does."""

import os
import threading
from contextlib import suppress
from typing import Final

__all__ = ["NICENESS", "step_back"]

NICENESS: Final = 10
"""A tenth of the weight of other threads, about."""


def step_back() -> None:
    """The calling thread is nicer than others from now on, and so are those that it starts; on Linux only.

    Not for a thread that does much Python beside others that must answer: it has Python's lock, which all wait for, for
    as long as it does not get the processor.
    """
    with suppress(OSError, AttributeError):
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(os.getpriority(os.PRIO_PROCESS, thread), NICENESS))
