"""Lexical ranking of a few thousand texts: which terms a text has, and BM25 over them.

Chinese is cut into pairs of characters, which need no dictionary and find any name; words of other scripts are stemmed.
Knows nothing of users or vectors.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["STOP_WORDS", "LexicalIndex", "terms"]

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+(?:[.@_+&'’/:#-]+[^\W_{_HAN}]+)*")
_IS_HAN = re.compile(f"[{_HAN}]").match
_PART = re.compile(r"[^\W_]+")
_STOP_WORDS = (
    "a an the of in on at to for and or is are was were be been am do does did i you he she it we they me my your his "
    "her our their its this that these those what which who whom when where why how with from by as about have has had "
    "will would can could should there here s t m re ve ll d"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""English words that are not searched for."""

_K1, _B = 1.2, 0.75
_STEMMING = threading.Lock()  # a stemmer keeps the word that it works on: two threads at once get wrong stems, or fail


def terms(text: str) -> list[str]:
    """The terms of a text, in order, with repetitions.

    A run of Chinese characters gives its overlapping pairs (a single character itself); a word its English stem, unless
    it is a stop word; what is written together with dots, hyphens or an at sign (order numbers, e-mail addresses) the
    whole and its parts.
    """
    return list(_terms(unicodedata.normalize("NFKC", text).casefold()))


def _terms(text: str) -> Iterator[str]:
    for token in _TOKEN.findall(text):
        if _IS_HAN(token):
            yield from [token] if len(token) == 1 else (token[i : i + 2] for i in range(len(token) - 1))
        elif token.isalnum():  # one word, as most are
            if token not in STOP_WORDS:
                yield _stem(token)
        else:
            yield token
            yield from (_stem(part) for part in _PART.findall(token) if part not in STOP_WORDS)


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    if not (word.isascii() and word.isalpha()):
        return word
    with _STEMMING:
        return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


class LexicalIndex:
    """BM25 (Robertson and Zaragoza 2009, with k1 = 1.2 and b = 0.75; the variant of Lucene) over some texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        from bm25s import BM25

        self._count = len(texts)
        cut = [terms(text) for text in texts]
        self._known = {term for each in cut for term in each}
        self._bm25 = BM25(method="lucene", k1=_K1, b=_B)
        if self._known:
            self._bm25.index(cut, show_progress=False)

    def scores(self, query: str) -> "NDArray[np.float32]":
        """One score a text, shape (number of texts,); 0 where the text has no term of the query."""
        import numpy as np

        known = [term for term in dict.fromkeys(terms(query)) if term in self._known]
        if not known:
            return np.zeros(self._count, dtype=np.float32)
        return np.asarray(self._bm25.get_scores(known), dtype=np.float32)
