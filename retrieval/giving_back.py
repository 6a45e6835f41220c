"""Gives memory that was freed back to the system, which glibc does not do by itself.

What Chroma's threads free stays with the process, in pieces: opened and closed again and again, an index of 20,000
vectors grew by 10 MB each time. Knows nothing of what was freed.
"""

import ctypes
import sys
from functools import cache
from typing import Any

__all__ = ["give_back"]


def give_back() -> None:
    """Do so, where the C library can: it takes some milliseconds."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
