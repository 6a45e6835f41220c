"""Tells whether two messages say nearly the same, and makes the keys by which such messages find each other.

MinHash over character trigrams finds candidates, and the words decide. Knows texts, not events or databases.
"""

import hashlib
import re
import struct
import unicodedata
from collections import Counter
from typing import Final

__all__ = ["bare", "keys_of", "nearly_same"]

_JACCARD: Final = 0.9
_SAYS_SOMETHING: Final = 12  # letters; a Chinese character counts two
_LONG: Final = 100
_SHINGLE: Final = 3
_BANDS: Final = 6
_ROWS: Final = 6
_SEED: Final = 1

_MARKS: Final = re.compile(r"[。，、；：！…～~“”‘’「」『』《》【】（）()!\"*_`]+|(?<![^\s])['-]+|[.,;:'-]+(?![^\s])")
_HAN: Final = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_IS_HAN: Final = re.compile(f"[{_HAN}]")
_WORD: Final = re.compile(rf"[{_HAN}]|[^\s{_HAN}]+")
_FIGURE: Final = re.compile(rf"[\d@][^\s{_HAN}]*|[零一二三四五六七八九十百千万两]+")
_NEGATION: Final = re.compile(
    r"not?|never|none|nobody|nothing|neither|nor|without|un\w+|ex|former\w*|\w+n['’]t|(?:used|almost|maybe|perhaps)"
    r"|[不没沒未无無非别別勿莫前曾若]"
)


def bare(text: str) -> str:
    """``text`` without case, width, marks around words and runs of white space: what is left is what was said."""
    return " ".join(unicodedata.normalize("NFKC", _MARKS.sub(" ", text)).casefold().split())


def keys_of(text: str, *scope: str) -> list[int]:
    """64-bit keys, for ``bare`` texts: two that are nearly the same, within one ``scope``, share one almost surely.

    The first one is shared by equal texts only, and short texts have no other. Texts with other numbers, addresses or
    ids share none, so that ten thousand confirmations of different orders are no candidates for each other. "Yes,
    please" has no key: what it says depends on what was asked.
    """
    if _units(text) < _SAYS_SOMETHING:
        return []
    equal = _key("equal", *scope, text)
    if _units(text) < _LONG:
        return [equal]
    from rensa import RMinHash

    minhash = RMinHash(num_perm=_BANDS * _ROWS, seed=_SEED)
    minhash.update([text[at : at + _SHINGLE] for at in range(len(text) - _SHINGLE + 1)])
    digest = minhash.digest()
    kind = f"rensa {RMinHash.ALGORITHM_VERSION}"
    figures = " ".join(sorted(_FIGURE.findall(text)))
    bands = [digest[at : at + _ROWS] for at in range(0, len(digest), _ROWS)]
    return [equal, *(_key(kind, *scope, figures, repr((at, band))) for at, band in enumerate(bands))]


def nearly_same(one: str, other: str) -> bool:
    """Whether two ``bare`` texts say the same: equal, or long and alike, and one only has some harmless words more.

    A word in the place of another, a number, or a negation more may be another fact, however much else is equal.
    """
    if one == other:
        return True
    if _units(one) < _LONG or _units(other) < _LONG:
        return False
    a, b = Counter(_WORD.findall(one)), Counter(_WORD.findall(other))
    more, less = a - b, b - a
    if more and less:
        return False
    if any(_NEGATION.fullmatch(word) or _FIGURE.search(word) for word in (more or less)):
        return False
    return _similarity(_shingles(one), _shingles(other)) >= _JACCARD


def _units(text: str) -> int:
    letters = len(text) - text.count(" ")
    return letters if text.isascii() else letters + len(_IS_HAN.findall(text))


def _shingles(text: str) -> set[str]:
    return {text[at : at + _SHINGLE] for at in range(len(text) - _SHINGLE + 1)}


def _similarity(one: set[str], other: set[str]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def _key(*parts: str) -> int:
    packed = "".join(f"{len(part)}:{part}" for part in parts)
    return int(struct.unpack("<q", hashlib.blake2b(packed.encode(), digest_size=8).digest())[0])
