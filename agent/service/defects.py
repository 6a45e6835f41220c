"""Tells which errors are for whoever operates the server, what everybody else is told instead, and where an unforeseen
one came from without saying what was in it: a message may hold words of a history. Each error is logged once.

Knows nothing of who asks.
"""

import traceback
from collections.abc import Mapping
from logging import Logger
from typing import Final
from weakref import WeakSet

from agent.errors import (
    BackendUnavailable,
    LimnerError,
    ModelReplyError,
    ModelUnavailable,
    StoreBusy,
    StoreError,
    TokenKeyUnusable,
)

__all__ = ["MEANINGS", "is_for_log", "log_once", "logged", "meaning_of", "place_of"]

MEANINGS: Final[Mapping[type[LimnerError], str]] = {
    StoreBusy: "Another program or request writes to the store.",
    StoreError: "The store cannot be used; it may be damaged.",
    BackendUnavailable: "A database server of the store does not answer.",
    ModelUnavailable: "The language model or the embedder cannot be used.",
    TokenKeyUnusable: "The server's key of this tenant's pseudonyms is missing, cannot be read, or is another one, and "
    "nothing is stored without it.",
}
"""What is told of errors whose messages name folders and servers; of a kind, the first that an error is of."""

_PASSING: Final = (StoreBusy, ModelReplyError)
_LOGGED: "Final[WeakSet[LimnerError]]" = WeakSet()

_FRAMES = 12


def place_of(error: BaseException) -> str:
    """The error's type and the lines of code that it came through, the last one first; never its message."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    lines = [f"{each.filename}:{each.lineno} in {each.name}" for each in reversed(frames)]
    return " <- ".join([type(error).__qualname__, *lines])


def meaning_of(error: LimnerError) -> str | None:
    """What a client is told who may not see the error's message; None: the message is for everybody."""
    return next((meaning for kind, meaning in MEANINGS.items() if isinstance(error, kind)), None)


def is_for_log(error: LimnerError) -> bool:
    """Whether whoever operates the server has to do something about an error; a client may not be told its message."""
    return isinstance(error, tuple(MEANINGS)) and not isinstance(error, _PASSING)


def log_once(log: Logger, error: LimnerError, whose: str = "") -> None:
    """Write an error to the log, unless that was done: by the job that a request waited for, or at another request."""
    if error not in _LOGGED:
        log.error("%s%s: %s", whose, type(error).__name__, error)
        logged(error)


def logged(error: LimnerError) -> None:
    """The log tells of this error already."""
    _LOGGED.add(error)
