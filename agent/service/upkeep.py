"""Applies the retention rules of all tenants from time to time, also while nobody loads anything.

Knows when, not what a rule erases.
"""

import logging
import threading
from typing import TYPE_CHECKING, Final

from agent.errors import LimnerError, NoStore

if TYPE_CHECKING:
    from agent.service.service import Service

__all__ = ["Upkeep"]

_LOG = logging.getLogger(__name__)
_FIRST_SECONDS: Final = 60.0
_SECONDS: Final = 3600.0


class Upkeep:
    """A thread that looks after the stores of a service.

    Args:
        service: whose.
        first, every: seconds until the first time, and between two times.
    """

    def __init__(self, service: "Service", *, first: float = _FIRST_SECONDS, every: float = _SECONDS) -> None:
        self._service = service
        self._first = first
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="limner-upkeep", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being erased is erased first."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        pause = self._first
        while not self._over.wait(pause):
            pause = self._every
            for tenant in self._service.tenants.names():
                try:
                    self._service.retain(tenant)
                except NoStore:
                    continue
                except LimnerError as error:  # the next time may do; a message holds no words of a history
                    _LOG.warning("the retention rules of the tenant %s could not be applied: %s", tenant, error)
