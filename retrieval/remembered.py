"""Vectors of what was asked lately: the queries of a schema are the same for every user, and are embedded once.

Knows digests of the wordings, not the words, and nothing of histories.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrieval.embedders import Embedder

__all__ = ["Remembered"]


class Remembered:
    """The last ``most`` wordings that were embedded as queries by one embedder.

    Threads may share it. They embed one after another: many who ask the same at once embed it once.
    """

    def __init__(self, embedder: "Embedder", most: int = 4096) -> None:
        self._embedder = embedder
        self._most = most
        self._known: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()
        self._embedding = threading.Lock()

    def of(self, texts: Sequence[str]) -> "list[NDArray[np.float32]]":
        """A vector a text, shape (dimension,); those that are not known are embedded together."""
        keys = {text: _key(text) for text in texts}
        found = self._remembered(keys)
        if len(found) < len(keys):
            with self._embedding:
                found |= self._remembered({text: key for text, key in keys.items() if text not in found})
                if new := [text for text in keys if text not in found]:
                    found.update(zip(new, self._embedder.embed_queries(new), strict=True))
                    self._remember({keys[text]: found[text] for text in new})
        return [found[text] for text in texts]

    def _remembered(self, keys: "Mapping[str, bytes]") -> "dict[str, NDArray[np.float32]]":
        with self._lock:
            found = {text: self._known[key] for text, key in keys.items() if key in self._known}
            for text in found:
                self._known.move_to_end(keys[text])
        return found

    def _remember(self, new: "Mapping[bytes, NDArray[np.float32]]") -> None:
        with self._lock:
            self._known.update(new)
            while len(self._known) > self._most:
                self._known.popitem(last=False)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
