"""Calls again what failed for a moment, after a wait that grows or that the server asked for. Knows no requests."""

from collections.abc import Callable
from typing import TypeVar

from agent.endpoints import is_retryable, retry_after

__all__ = ["call_again"]

_Result = TypeVar("_Result")
_LONGEST_WAIT = 60.0


def call_again(call: Callable[[], _Result], *, attempts: int, backoff: float) -> _Result:
    """What ``call`` returns, or the last error that it raised.

    Args:
        call: is called again after an error that ``is_retryable``.
        attempts: so often at most.
        backoff: seconds before the second attempt, about; twice as many before each further one.
    """
    from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

    growing = wait_exponential(multiplier=backoff, max=_LONGEST_WAIT) + wait_random(0, backoff)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = retry_after(error) if error else None
        return float(growing(state)) if asked is None else min(max(asked, 0.0), _LONGEST_WAIT)

    again = Retrying(stop=stop_after_attempt(attempts), wait=wait, retry=retry_if_exception(is_retryable), reraise=True)
    return again(call)
