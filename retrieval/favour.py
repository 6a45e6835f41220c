"""Prefers the snippets that fit the person and the time of a question: by how much each one's score grows.

What persons and times a question names is told elsewhere (see ``focus``).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from retrieval.focus import anchor_in, asks_for_agent, asks_for_now, periods_in, speakers_in
from retrieval.views import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Favour", "Favoured"]

_SPEAKER, _TIME, _RECENT = 0.3, 0.3, 0.2
_AGENT = 0.7  # what the words of an agent or assistant count, where they are not asked for
_ASKS = 0.8  # what a question counts: what it is about is told elsewhere
_UNNAMED = frozenset({"", "user", "assistant", "agent", "system"})


class Favoured(NamedTuple):
    """By what each of n snippets' scores is multiplied, shape (n,), and which are of those whom a query names.

    ``own`` has shape (n,), too; None when a query names nobody who says something.
    """

    factors: "NDArray[np.float64]"
    own: "NDArray[np.bool_] | None"


class Favour:
    """By what each snippet's score is multiplied, for who said it and when.

    Args:
        view: the user's snippets.
        now: from when "last year" is seen.
        best: finds the positions of the best snippets that say a clause, best first.
    """

    def __init__(self, view: View, now: datetime, best: Callable[[str], list[int]]) -> None:
        import numpy as np

        self._now = now
        self._best = best
        self._said_by = view.said_by
        self._names = set(self._said_by) - _UNNAMED
        self._own = np.asarray([snippet.role == "user" for snippet, _ in view.snippets])
        self._agent = np.asarray([snippet.role == "agent" for snippet, _ in view.snippets])
        self._asking = view.asking
        self._times = np.asarray([np.nan if event.epoch is None else event.epoch for _, event in view.snippets])

    def of(self, query: str) -> Favoured:
        """What a query favours."""
        import numpy as np

        favour, own = np.ones(len(self._own)), None
        named = speakers_in(query, self._names)
        if named is not None:
            own = np.asarray([who in named for who in self._said_by]) if named else self._own
            favour[own] += _SPEAKER
        if not named and not asks_for_agent(query):
            favour[self._agent] *= _AGENT
        favour[self._asking] *= _ASKS
        self._favour_times(query, favour)
        return Favoured(favour, own if own is not None and own.any() else None)

    def _favour_times(self, query: str, favour: "NDArray[np.float64]") -> None:
        import numpy as np

        times = self._times
        if np.isnan(times).all():
            return
        favour[_within(query, times, self._now)] += _TIME
        if (anchor := anchor_in(query)) and (found := self._best(anchor.clause)):
            at = times[found[0]]
            favour[times < at if anchor.side == "before" else times >= at] += _TIME
        if asks_for_now(query):
            order = np.argsort(np.argsort(np.nan_to_num(times, nan=-np.inf), kind="stable"), kind="stable")
            favour += _RECENT * order / len(order)


def _within(query: str, times: "NDArray[np.float64]", now: datetime) -> "NDArray[np.bool_]":
    """Which times the query names. A history that ended long ago is asked about as if it were of today."""
    import numpy as np

    within = np.zeros(len(times), dtype=bool)
    for seen_from in (now, datetime.fromtimestamp(float(np.nanmax(times)), UTC)):
        for start, end in periods_in(query, seen_from):
            within |= (times >= start) & (times < end)
        if within.any():
            break
    return within
