"""Bounds what the open indexes of this process hold in memory, all together: what was used longest ago is let go first.

Chroma holds a collection whole, and four files of it open, from its first use on. It has a bound of its own, for the
number of collections of one index (a fifth of the files that a process may have open), but closes those that another
thread still uses (chromadb 1.5.9; mended since, chroma #7765), so that this one lets go before it does. Knows nothing
of what an index is.
"""

import sys
import threading
from typing import Final, NamedTuple, Protocol
from weakref import WeakKeyDictionary

__all__ = ["NOTHING", "OF_PROCESS", "Held", "Holder", "Holdings"]

_MOST_BYTES: Final = 512 * 1024 * 1024
"""Some 185,000 vectors of 384 dimensions: a store up to that size is read as if there were no bound."""
_FILES: Final = 8
"""Of the files that the process may have open, collections may take a half, with four each."""


class Held(NamedTuple):
    """What an index holds in memory: so many collections, of so many bytes together, as far as that can be reckoned."""

    collections: int
    size: int


NOTHING: Final = Held(0, 0)


class Holder(Protocol):
    """An open index."""

    def let_go_if_free(self) -> None:
        """Hold nothing any more, unless somebody writes it at the moment: without waiting for that."""


class Holdings:
    """What several open indexes hold. Threads share it, and let go what another one read.

    Args:
        most: so many bytes may be held.
        most_collections: so many collections; None: as the system's limit of open files allows.
    """

    def __init__(self, most: int = _MOST_BYTES, most_collections: int | None = None) -> None:
        self._most = most
        self._most_collections = most_collections
        self._held: WeakKeyDictionary[Holder, Held] = WeakKeyDictionary()
        self._threads = threading.Lock()

    def note(self, holder: Holder, held: Held) -> None:
        """The index was just used, and holds this now."""
        with self._threads:
            self._held.pop(holder, None)
            if held.collections:
                self._held[holder] = held

    def settle(self, keep: Holder | None = None) -> None:
        """Let indexes go, the one used longest ago first, until the rest is within the bound; never ``keep``."""
        with self._threads:
            oldest_first = list(self._held)
        for holder in oldest_first:
            if not self._is_too_much():
                return
            if holder is not keep:
                holder.let_go_if_free()

    def _is_too_much(self) -> bool:
        with self._threads:
            held = list(self._held.values())
        most = _most_open() if self._most_collections is None else self._most_collections
        return sum(each.size for each in held) > self._most or sum(each.collections for each in held) > most


OF_PROCESS: Final = Holdings()
"""What the indexes in folders hold that this process has open."""


def _most_open() -> int:
    if sys.platform == "win32":
        return 8192 // _FILES
    import resource

    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if files == resource.RLIM_INFINITY else files // _FILES
