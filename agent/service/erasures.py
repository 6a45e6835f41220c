"""Notices that somebody else erased something in a tenant's store: its last receipt is not the one that was known.

Knows numbers of receipts, nothing of what was erased, nor of what is to be done about it.
"""

import threading
from collections import Counter

__all__ = ["Erasures"]


class Erasures:
    """The last known receipts of the tenants' stores; threads may share it."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()

    def is_news(self, tenant: str, last: int) -> bool:
        """Whether the last receipt, number ``last`` (0: none), is another one than that known so far; it is known now.

        The first that is told of a tenant is no news.
        """
        with self._lock:
            known = self._last.setdefault(tenant, last)
            self._last[tenant] = last
            self._times[tenant] += known != last
            return known != last

    def know(self, tenant: str, number: int) -> None:
        """The receipt was made by this service. When it is not the next one, others made some: that is left as news."""
        with self._lock:
            if self._last.get(tenant) == number - 1:
                self._last[tenant] = number

    def times(self, tenant: str) -> int:
        """How often there was news."""
        with self._lock:
            return self._times[tenant]
