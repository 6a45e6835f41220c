"""Makes the parts of a query that are looked for: embedded wordings, statements of the topic, and what a clue leads to.

Knows the order of the steps only; how texts are taken apart is told elsewhere.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from retrieval.bridges import bridge_in, covers, rest_of
from retrieval.queries import parts_of, without_asking
from retrieval.ranking import Part, rank
from retrieval.remembered import Remembered
from retrieval.topics import Topics
from retrieval.views import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrieval.embedders import Embedder

__all__ = ["Vectors", "best_for", "parts_for"]

_SECOND = 0.9  # what a search counts that rests on what another one found
_MOST_TOLD, _LOOKED_AT = 2, 8
_NAMES = re.compile(r"\d|@")  # numbers, dates, ids and addresses name what is looked for better than a topic does


class Vectors:
    """Embeds texts, each once; those that were ``asked`` are remembered beyond one search."""

    def __init__(self, embedder: "Embedder", remembered: Remembered) -> None:
        self._embedder = embedder
        self._remembered = remembered
        self._known: dict[str, NDArray[np.float32]] = {}

    def learn_asked(self, texts: Sequence[str]) -> None:
        """Embed wordings of queries, which hold no words of a history."""
        asked = list(dict.fromkeys(texts))
        self._known.update(zip(asked, self._remembered.of(asked), strict=True))

    def learn(self, texts: Sequence[str]) -> None:
        """Embed those that are new, together."""
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            self._known.update(zip(new, self._embedder.embed_queries(new), strict=True))

    def of(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Shape (number of texts, dimension)."""
        import numpy as np

        self.learn(texts)
        return np.asarray([self._known[text] for text in texts], dtype=np.float32)


def parts_for(
    vectors: Vectors, topics: Topics, view: View, queries: Sequence[str], allowed: "NDArray[np.bool_]"
) -> list[list[Part]]:
    """The parts of each query: what it asks for, and what it asks for by a clue."""
    wanted = [[tuple(dict.fromkeys((part, without_asking(part)))) for part in parts_of(query)] for query in queries]
    bridges = [[b for wordings in parts if (b := bridge_in(wordings[0]))] for parts in wanted]
    vectors.learn_asked([wording for parts in wanted for wordings in parts for wording in wordings])
    vectors.learn([bridge.clue for each in bridges for bridge in each])
    further = [
        [f"{rest} {b.asked}" for b in each for rest in _told(view, b.clue, vectors, allowed)] for each in bridges
    ]
    vectors.learn([text for each in further for text in each])
    return [
        [_asked(topics, wordings, vectors.of(wordings)) for wordings in parts]
        + [Part((text,), vectors.of([text]), weight=_SECOND) for text in texts]
        for parts, texts in zip(wanted, further, strict=True)
    ]


def _asked(topics: Topics, wordings: tuple[str, ...], vectors: "NDArray[np.float32]") -> Part:
    if len(wordings) == 1 or _NAMES.search(wordings[0]):  # no question: its words are those of the history
        return Part(wordings, vectors)
    topic = topics.nearest(wordings[0], vectors[0])
    return Part(wordings, vectors, (topic.statement,), topics.stated(topic)[None])


def _told(view: View, clue: str, vectors: Vectors, allowed: "NDArray[np.bool_]") -> list[str]:
    """What the best snippets for a clue say beside it: of whom or what it is told."""
    said = [view.snippets[at][0].text for at in best_for(view, clue, vectors, allowed)]
    return list(dict.fromkeys(rest for text in said if (rest := rest_of(text, clue))))[:_MOST_TOLD]


def best_for(view: View, clue: str, vectors: Vectors, allowed: "NDArray[np.bool_]") -> list[int]:
    """The positions of the best snippets that say a clue, best first."""
    ranked = rank(view.numbers, [Part((clue,), vectors.of([clue]))], _LOOKED_AT, allowed)
    return [each.position for each in ranked if covers(clue, view.snippets[each.position][0].text)]
