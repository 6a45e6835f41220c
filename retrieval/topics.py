"""What histories are commonly asked about, and how people put it: job, home, food, a late parcel; English and Chinese.

``topics/en.txt`` and ``zh.txt`` hold a topic a line: ``question, further words | what a user would say``. A question
that words its topic quite differently from the history ("What do I do for a living?", "I teach …") is searched for by
the topic's statements as well, as HyDE does with generated ones (Gao et al. 2022). Knows nothing of users.
"""

import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from retrieval.remembered import Remembered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrieval.embedders import Embedder

__all__ = ["Topic", "Topics"]

_HAN = re.compile(r"[\u3400-\u9fff]")
_NEAREST = 10


class Topic(NamedTuple):
    """A question with further words for what it asks, and what a user would say about it."""

    question: str
    statement: str


@lru_cache(maxsize=2)
def _topics(language: str) -> tuple[Topic, ...]:
    text = (files("retrieval") / "topics" / f"{language}.txt").read_text(encoding="utf-8")
    rows = (line.partition(" | ") for line in text.splitlines() if line.strip())
    return tuple(Topic(question.strip(), statement.strip()) for question, _, statement in rows)


class Topics:
    """The topics as an embedder sees them; embeds their questions (about a hundred) when it is made.

    Threads may share it.
    """

    def __init__(self, embedder: "Embedder") -> None:
        self._topics = {language: _topics(language) for language in ("en", "zh")}
        asked = [topic.question for each in self._topics.values() for topic in each]
        self._vectors = embedder.embed_queries(asked)
        self._stated = Remembered(embedder)

    def nearest(self, question: str, vector: "NDArray[np.float32]") -> Topic:
        """The topic that a question is about most likely, in the question's language.

        Args:
            question: the text.
            vector: its embedding, shape (dimension,).
        """
        chinese = _HAN.search(question) is not None
        english = len(self._topics["en"])
        vectors = self._vectors[english:] if chinese else self._vectors[:english]
        return self._topics["zh" if chinese else "en"][int((vectors @ vector).argmax())]

    def stated(self, topic: Topic) -> "NDArray[np.float32]":
        """The embedding of a topic's statement, shape (dimension,)."""
        return self._stated.of([topic.statement])[0]

    def closeness(self, vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """How close texts are to questions in general: the mean similarity to their ten nearest topics.

        Args:
            vectors: shape (n, dimension).

        Returns:
            Shape (n,).
        """
        import numpy as np

        similar = vectors @ self._vectors.T
        return np.asarray(np.partition(similar, -_NEAREST, axis=1)[:, -_NEAREST:].mean(axis=1), dtype=np.float32)
