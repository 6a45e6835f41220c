"""Ranks the snippets of one user for a query: dense and lexical scores fused, parts of a question side by side.

Pure numbers over a :class:`UserView`; knows nothing of stores or embedders.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from retrieval.lexical import LexicalIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Found", "Part", "Ranked", "UserView", "rank"]

_K = 15  # of reciprocal rank fusion: how much more the first ranks count than the later ones
_CONTEXT = 0.4  # how much the turn before adds to a snippet's similarity
_SAME_EVENT = 0.3  # what each snippet of an event leaves of the score of the event's next one
_WINDOW_WEIGHT = 2
_STATED = 0.75  # what statements count; the best snippets for the wordings stay in front
_ALL = 0.9  # what ranks among everybody's snippets count beside those among the snippets of the person asked about
_LOOKED_AT = 500


class Found(NamedTuple):
    """That one ranker found a snippet, for which query, at which rank and score.

    ``dense``: the cosine similarity, that of the turn before added, less what the snippet has in common with
    everything; ``lexical``: BM25; ``window``: the best cosine similarity of the windows around the snippet.
    """

    ranker: str
    query: str
    rank: int
    score: float


class Part(NamedTuple):
    """One thing to look for: its wordings, and their vectors, shape (number of wordings, dimension).

    ``statements`` are what the answer may sound like, with one row of ``stated`` each; they count less than wordings.
    ``weight`` is what the part as a whole counts.
    """

    wordings: tuple[str, ...]
    vectors: "NDArray[np.float32]"
    statements: tuple[str, ...] = ()
    stated: "NDArray[np.float32] | None" = None
    weight: float = 1.0


class Ranked(NamedTuple):
    """A snippet's position in the view, its fused score (1 is first by every ranker), and who found it where.

    ``also`` are the positions of the allowed snippets that say the same.
    """

    position: int
    score: float
    found: tuple[Found, ...]
    also: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class UserView:
    """What ranking needs of one user's n snippets, in time order.

    ``vectors`` has shape (n, dimension); ``before`` holds the positions of the turns before the snippets in their
    conversations, -1 for none; ``event`` numbers the events; ``lexical`` has n texts. ``windows`` has shape
    (m, dimension), and ``around``, shape (n, w), holds the windows around each snippet, -1 for none. ``common``, shape
    (n,), says how much of each snippet's similarity is owed to its being like everything. ``group``, shape (n,), is
    equal for snippets that say the same, of which only the best one is shown; None: each says something else.
    """

    vectors: "NDArray[np.float32]"
    before: "NDArray[np.int64]"
    event: "NDArray[np.int64]"
    lexical: LexicalIndex
    windows: "NDArray[np.float32]"
    around: "NDArray[np.int64]"
    common: "NDArray[np.float32]"
    group: "NDArray[np.int64] | None" = None


class _Ranking(NamedTuple):
    ranker: str
    query: str
    scores: "NDArray[np.float32]"
    ranks: "NDArray[np.int64]"
    weight: "NDArray[np.int64] | int" = 1


def rank(
    view: UserView,
    parts: Sequence[Part],
    k: int,
    allowed: "NDArray[np.bool_]",
    favour: "NDArray[np.float64] | float" = 1.0,
    own: "NDArray[np.bool_] | None" = None,
) -> list[Ranked]:
    """The at most ``k`` best of the allowed snippets, best first; equal ones in time order.

    For each part of a query the rankings of its wordings are fused by reciprocal ranks (Cormack, Clarke and Büttcher
    2009); a snippet's score is that of the part that it fits best, so that no part crowds out another. An event's
    further snippets count less, so that one long message does not either. ``favour``, shape (n,), multiplies scores.
    ``own``, shape (n,), are the snippets of the person whom the query is about: they are ranked among themselves, too,
    so that others who say a lot do not push them back.
    """
    import numpy as np

    rankings: list[_Ranking] = []
    fused = np.zeros(len(view.event))
    for part in parts:
        asked = _rankings(view, part.wordings, part.vectors, allowed)
        score = _fused(asked, own)
        rankings += asked
        if part.stated is not None:
            said = _rankings(view, part.statements, part.stated, allowed)
            score = np.maximum(score, _STATED * _fused(said, own))
            rankings += said
        fused = np.maximum(fused, part.weight * score)
    fused = fused * favour
    group = view.group
    if group is not None:
        fused = _best_of_each(fused, group)
    return [
        Ranked(
            position,
            score,
            _found(rankings, position),
            () if group is None else _others(group, position, allowed),
        )
        for position, score in _spread(fused, view.event, k)
    ]


def _rankings(
    view: UserView, wordings: Sequence[str], vectors: "NDArray[np.float32]", allowed: "NDArray[np.bool_]"
) -> list[_Ranking]:
    import numpy as np

    result = []
    for wording, vector in zip(wordings, vectors, strict=True):
        similar = view.vectors @ vector - view.common
        # A snippet without a turn before keeps its own similarity, as if the turn before were equally similar.
        near = np.where(view.before >= 0, similar[view.before], similar)
        dense = (similar + _CONTEXT * near) / (1 + _CONTEXT)
        result.append(_Ranking("dense", wording, dense, _ranks(dense, allowed)))
        lexical = view.lexical.scores(wording)
        result.append(_Ranking("lexical", wording, lexical, _ranks(lexical, allowed & (lexical > 0))))
        if len(view.windows):
            wide = np.append(view.windows @ vector, -2.0)[view.around].max(axis=1)
            within = wide > -2
            ranks = _shared_ranks(np.where(within, wide, dense), allowed)
            result.append(_Ranking("window", wording, wide, ranks, _WINDOW_WEIGHT * within))
    return result


def _ranks(scores: "NDArray[np.float32]", allowed: "NDArray[np.bool_]") -> "NDArray[np.int64]":
    """Ranks from 1, best first; 0 for what is not ranked."""
    import numpy as np

    ranks = np.zeros(len(scores), dtype=np.int64)
    order = np.argsort(-scores, kind="stable")
    order = order[allowed[order]]
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks


def _shared_ranks(scores: "NDArray[np.float32]", allowed: "NDArray[np.bool_]") -> "NDArray[np.int64]":
    """The same, but equal scores share a rank: the snippets of one window."""
    import numpy as np

    ranks = np.zeros(len(scores), dtype=np.int64)
    ranks[allowed] = np.unique(-scores[allowed], return_inverse=True)[1] + 1
    return ranks


def _fused(rankings: Sequence[_Ranking], own: "NDArray[np.bool_] | None") -> "NDArray[np.float64]":
    import numpy as np

    # A snippet in no window has no vote of windows: else its own vector would count three times.
    weights = [np.broadcast_to(each.weight, each.ranks.shape) for each in rankings]
    fused = np.average([_shares(each.ranks) for each in rankings], axis=0, weights=weights)
    if own is not None:
        among = np.average([_shares(_among(each.ranks, own)) for each in rankings], axis=0, weights=weights)
        fused = np.maximum(_ALL * fused, among)
    return np.asarray(fused)


def _shares(ranks: "NDArray[np.int64]") -> "NDArray[np.float64]":
    import numpy as np

    return np.where(ranks > 0, (_K + 1) / (_K + ranks), 0.0)


def _among(ranks: "NDArray[np.int64]", some: "NDArray[np.bool_]") -> "NDArray[np.int64]":
    """The ranks among some of those that are ranked; 0 for the others."""
    import numpy as np

    counted = some & (ranks > 0)
    seen = np.zeros(int(ranks.max(initial=0)) + 1, dtype=np.int64)
    seen[ranks[counted]] = 1
    return np.where(counted, np.cumsum(seen)[ranks], 0)


def _best_of_each(fused: "NDArray[np.float64]", group: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """``fused`` with 0 for all but the best of each group; of equal ones the first."""
    import numpy as np

    order = np.argsort(-fused, kind="stable")
    best = order[np.unique(group[order], return_index=True)[1]]
    result = np.zeros_like(fused)
    result[best] = fused[best]
    return result


def _others(group: "NDArray[np.int64]", position: int, allowed: "NDArray[np.bool_]") -> tuple[int, ...]:
    import numpy as np

    return tuple(int(i) for i in np.flatnonzero((group == group[position]) & allowed) if i != position)


def _spread(fused: "NDArray[np.float64]", event: "NDArray[np.int64]", k: int) -> list[tuple[int, float]]:
    """The best, greedily: each time an event is chosen, its other snippets lose much of their score."""
    import numpy as np

    order = np.argsort(-fused, kind="stable")[: max(_LOOKED_AT, 4 * k)]
    waiting = [(-float(fused[i]), int(i), 0) for i in order if fused[i] > 0]
    heapq.heapify(waiting)
    taken: dict[int, int] = {}
    chosen: list[tuple[int, float]] = []
    while waiting and len(chosen) < k:
        minus, position, seen = heapq.heappop(waiting)
        now = taken.get(int(event[position]), 0)
        if now > seen:
            heapq.heappush(waiting, (-float(fused[position]) * _SAME_EVENT**now, position, now))
            continue
        taken[int(event[position])] = now + 1
        chosen.append((position, -minus))
    return chosen


def _found(rankings: Sequence[_Ranking], position: int) -> tuple[Found, ...]:
    return tuple(
        Found(each.ranker, each.query, int(each.ranks[position]), float(each.scores[position]))
        for each in rankings
        if each.ranks[position] > 0 and (isinstance(each.weight, int) or each.weight[position] > 0)
    )
