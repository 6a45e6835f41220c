"""Tells which errors are for whoever operates the server, and where an unforeseen one came from without saying what was
in it: a message may hold words of a history.

Knows nothing of who asks.
"""

import traceback
from typing import Final

from agent.errors import (
    BackendUnavailable,
    LimnerError,
    ModelReplyError,
    ModelUnavailable,
    StoreBusy,
    StoreError,
    TokenKeyUnusable,
)

__all__ = ["is_for_log", "place_of"]

_OF_SERVER: Final = (ModelUnavailable, BackendUnavailable, StoreError, TokenKeyUnusable)
_PASSING: Final = (StoreBusy, ModelReplyError)

_FRAMES = 12


def place_of(error: BaseException) -> str:
    """The error's type and the lines of code that it came through, the last one first; never its message."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    lines = [f"{each.filename}:{each.lineno} in {each.name}" for each in reversed(frames)]
    return " <- ".join([type(error).__qualname__, *lines])


def is_for_log(error: LimnerError) -> bool:
    """Whether whoever operates the server has to do something about an error; a client may not be told its message."""
    return isinstance(error, _OF_SERVER) and not isinstance(error, _PASSING)
