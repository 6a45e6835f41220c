"""Tells which of several attributes the same words tell: a small model that is asked for each by itself finds the same
words for all of them, and is surest where they belong.

Knows drafts, nothing of how they are made or checked.
"""

from collections.abc import Sequence
from typing import Final

from agent.documents import Rejected, cite_hits
from agent.evidence import key_of
from agent.rewording import value_key
from agent.verify import Drafted

__all__ = ["told_of_others"]

_LEAST_OF_ODDS: Final = 0.5
_SURE: Final = 0.95  # surer than that, no attribute is surer than another


def told_of_others(drafted: Sequence[Drafted]) -> dict[int, Rejected]:
    """The drafts whose words another attribute is told by much better, by their place in ``drafted``.

    That is: the same value was read out of the same snippet for both, and this one has less than half the odds of that
    one. Drafts that were not read out of one snippet take no part.
    """
    alone = [(place, each, each.sure) for place, each in enumerate(drafted) if each.sure is not None]
    best: dict[tuple[tuple[str, str], str], tuple[str, float]] = {}
    for _, each, sure in alone:
        if sure > best.get(_words(each), ("", -1.0))[1]:
            best[_words(each)] = each.facet.pointer, sure
    found = {}
    for place, each, sure in alone:
        rival, surer = best[_words(each)]
        if _odds(sure) < _LEAST_OF_ODDS * _odds(surer):
            reason = f"these words tell {rival} (P={surer:.2f} against {sure:.2f})"
            found[place] = Rejected(each.facet.pointer, each.value, reason, cite_hits(each.cited))
    return found


def _words(each: Drafted) -> tuple[tuple[str, str], str]:
    return key_of(each.cited[0]), value_key(each.value)


def _odds(chance: float) -> float:
    chance = min(chance, _SURE)
    return chance / (1 - chance)
