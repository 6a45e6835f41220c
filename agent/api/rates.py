"""How many requests a key may make: a moving window, in memory. Knows keys, not what they are used for."""

import math
import time

from agent.api.problems import Problem

__all__ = ["Rates"]


class Rates:
    """The limit that each key has.

    Args:
        rate: such as ``600/minute``.

    Raises:
        ValueError: that is no rate.
    """

    def __init__(self, rate: str) -> None:
        from limits import parse
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        self._limit = parse(rate)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def count(self, key_id: str) -> dict[str, str]:
        """Count a request; returns what the answer's headers say of the limit.

        Raises:
            Problem: 429, the key made too many.
        """
        allowed = self._window.hit(self._limit, key_id)
        stats = self._window.get_window_stats(self._limit, key_id)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        seconds = self._limit.get_expiry()
        headers = {
            "RateLimit-Policy": f'"key";q={self._limit.amount};w={seconds}',
            "RateLimit": f'"key";r={stats.remaining};t={wait}',
        }
        if not allowed:
            raise Problem(
                429,
                "rate-limited",
                f"the key made more than {self._limit.amount} requests in {seconds} seconds",
                headers={**headers, "Retry-After": str(wait)},
            )
        return headers
