"""An embedder for tests and demonstrations: no model, no download, the same vectors on every machine.

Texts that share words and characters are near each other; it knows nothing of meaning.
"""

import hashlib
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HashingEmbedder"]

_WORD = re.compile(r"\w+")
_WORD_WEIGHT = 2.0  # a shared word says more than a shared pair of characters


class HashingEmbedder:
    """Words and character pairs hashed into a vector; an :class:`~retrieval.embedders.Embedder`.

    Args:
        dimension: the length of a vector, at least 1; with few dimensions, unrelated texts collide more.

    Raises:
        ValueError: ``dimension`` is not positive.
    """

    def __init__(self, dimension: int = 64) -> None:
        if dimension < 1:
            raise ValueError(f"dimension must be at least 1, not {dimension!r}")
        self.dimension = dimension
        self.name = f"fake:hashing-{dimension}"

    def embed_passages(self, texts: list[str]) -> "NDArray[np.float32]":
        """One unit vector a text: float32, shape (len(texts), dimension)."""
        import numpy as np

        rows = [self._vector(text) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dimension)

    def embed_queries(self, texts: list[str]) -> "NDArray[np.float32]":
        """The same as :meth:`embed_passages`."""
        return self.embed_passages(texts)

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * self.dimension
        for feature, weight in _features(text.casefold()):
            number = _hash(feature)
            vector[(number >> 1) % self.dimension] += weight if number & 1 else -weight
        length = math.hypot(*vector)
        if length == 0.0:  # no word in it, or all of them cancelled out
            vector[0] = length = 1.0
        return [value / length for value in vector]


def _features(text: str) -> Iterator[tuple[str, float]]:
    for match in _WORD.finditer(text):
        word = match.group()
        yield word, _WORD_WEIGHT
        for first, second in pairwise(word):
            yield f"{first}{second}", 1.0


@lru_cache(maxsize=65536)
def _hash(feature: str) -> int:
    digest = hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
