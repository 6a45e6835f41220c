"""Tells where an unforeseen error came from without saying what was in it: a message may hold words of a history.

Knows nothing of who asks.
"""

import traceback

__all__ = ["place_of"]

_FRAMES = 12


def place_of(error: BaseException) -> str:
    """The error's type and the lines of code that it came through, the last one first; never its message."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    lines = [f"{each.filename}:{each.lineno} in {each.name}" for each in reversed(frames)]
    return " <- ".join([type(error).__qualname__, *lines])
