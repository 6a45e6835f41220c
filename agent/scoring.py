"""Measures of answers, profiles and probabilities against labels, as the project's judges count them.

Knows plain values, not documents or files: what is predicted and what is right is given. Means of nothing are NaN.
"""

import re
import string
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

__all__ = ["auroc", "binned", "contained", "covered", "ece", "f1", "mean", "same", "tokens"]

_CHINESE = re.compile(r"[㐀-鿿]")
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation, " "))
_LITTLE_WORDS = frozenset({"a", "an", "the", "and"})
_BINS = 10


def tokens(text: str) -> list[str]:
    """What is compared: characters (letters and digits) where a text holds Chinese, else words without punctuation."""
    text = unicodedata.normalize("NFKC", text).casefold()
    if _CHINESE.search(text):
        return [character for character in text if character.isalnum()]
    return [word for word in text.translate(_PUNCTUATION).split() if word not in _LITTLE_WORDS]


def f1(predicted: str, gold: str) -> float:
    """The harmonic mean of precision and recall of tokens, 0 to 1 (as in SQuAD)."""
    said, wanted = tokens(predicted), tokens(gold)
    common = (Counter(said) & Counter(wanted)).total()
    return 2 * common / (len(said) + len(wanted)) if common else 0.0


def contained(predicted: str, gold: str) -> bool:
    """Whether one of the two holds the other, letter by letter."""
    said, wanted = "".join(tokens(predicted)), "".join(tokens(gold))
    return bool(said) and bool(wanted) and (wanted in said or said in wanted)


def same(one: Any, other: Any) -> bool:
    """Whether two values of a profile count as the same: one holds the other; numbers must be equal."""
    a, b = "".join(tokens(str(one))), "".join(tokens(str(other)))
    return a == b if a.isdigit() or b.isdigit() else contained(str(one), str(other))


def covered(found: Iterable[str], groups: Sequence[Collection[str]]) -> float:
    """The share of ``groups`` of which at least one id was found."""
    known = set(found)
    return sum(not known.isdisjoint(group) for group in groups) / len(groups)


def mean(values: Iterable[float]) -> float:
    """The mean; NaN of nothing."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else float("nan")


def ece(confidences: Sequence[float], rights: Sequence[bool]) -> float:
    """The expected calibration error: how far ten equally wide bins are off on average (Guo et al. 2017)."""
    return sum(
        len(each) / len(confidences) * abs(mean(c for c, _ in each) - mean(r for _, r in each))
        for each in binned(confidences, rights)
        if each
    )


def binned(confidences: Sequence[float], rights: Sequence[bool]) -> list[list[tuple[float, bool]]]:
    """The pairs in ten equally wide bins of confidence."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for confidence, right in zip(confidences, rights, strict=True):
        bins[min(int(confidence * _BINS), _BINS - 1)].append((confidence, right))
    return bins


def auroc(confidences: Sequence[float], rights: Sequence[bool]) -> float:
    """How often a right one has more confidence than a wrong one, ties counting half; NaN without both."""
    wrong = sorted(c for c, right in zip(confidences, rights, strict=True) if not right)
    below = [
        bisect_left(wrong, c) + bisect_right(wrong, c) for c, right in zip(confidences, rights, strict=True) if right
    ]
    return sum(below) / (2 * len(wrong) * len(below)) if wrong and below else float("nan")
