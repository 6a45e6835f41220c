"""Notices that somebody else erased something in a tenant's store: its last receipt is not the one that was known.

Knows numbers of receipts, nothing of what was erased, nor of what is to be done about it.
"""

import threading

__all__ = ["Erasures"]


class Erasures:
    """The last known receipts of the tenants' stores; threads may share it."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._lock = threading.Lock()

    def news(self, tenant: str, last: int) -> int | None:
        """The number of the receipt that was the last one known so far, when the last one is another, number ``last``
        (0: none), which is known now; None: nothing is new, as when it is the first that is told of a tenant.
        """
        with self._lock:
            known = self._last.setdefault(tenant, last)
            self._last[tenant] = last
            return None if known == last else known

    def know(self, tenant: str, number: int) -> None:
        """The receipt was made by this service. When it is not the next one, others made some: that is left as news."""
        with self._lock:
            if self._last.get(tenant) == number - 1:
                self._last[tenant] = number
