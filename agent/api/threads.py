"""Where requests are worked on that write: in few threads, so that however many wait for the store, reading goes on.

Knows nothing of what is written.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

__all__ = ["WRITERS", "reading", "writing"]

WRITERS = 4
"""So many write at once; others wait without a thread."""

_T = TypeVar("_T")


async def writing(request: Request, do: Callable[..., _T], *arguments: Any, **named: Any) -> _T:
    """Call ``do`` in a thread for writers."""
    state = request.app.state
    if not hasattr(state, "writers"):
        state.writers = CapacityLimiter(WRITERS)
    return await to_thread.run_sync(partial(do, *arguments, **named), limiter=state.writers)


async def reading(do: Callable[..., _T], *arguments: Any, **named: Any) -> _T:
    """Call ``do`` in a thread for readers."""
    return await to_thread.run_sync(partial(do, *arguments, **named))
