"""Prefers the snippets that fit the person and the time of a question: by how much each one's score grows.

What persons and times a question names is told elsewhere (see ``focus``).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from retrieval.focus import anchor_in, asks_for_now, periods_in, speakers_in
from retrieval.views import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["favour_of"]

_SPEAKER, _TIME, _RECENT = 0.3, 0.3, 0.2
_UNNAMED = frozenset({"", "user", "assistant", "agent", "system"})


def favour_of(view: View, query: str, now: datetime, best: Callable[[str], list[int]]) -> "NDArray[np.float64]":
    """What each snippet's score is multiplied with, for who said it and when; shape (n,).

    Args:
        view: the user's snippets.
        query: the question.
        now: from when "last year" is seen.
        best: finds the positions of the best snippets that say a clause, best first.
    """
    import numpy as np

    favour = np.ones(len(view.snippets))
    said_by = [(snippet.speaker or event.speaker or "") for snippet, event in view.snippets]
    named = speakers_in(query, set(said_by) - _UNNAMED)
    if named is not None:
        own = np.asarray([snippet.role == "user" for snippet, _ in view.snippets])
        favour[np.isin(said_by, list(named)) if named else own] += _SPEAKER
    times = np.asarray([np.nan if event.epoch is None else event.epoch for _, event in view.snippets])
    if not np.isnan(times).all():
        favour[_within(query, times, now)] += _TIME
        if (anchor := anchor_in(query)) and (found := best(anchor.clause)):
            at = times[found[0]]
            favour[times < at if anchor.side == "before" else times >= at] += _TIME
        if asks_for_now(query):
            order = np.argsort(np.argsort(np.nan_to_num(times, nan=-np.inf), kind="stable"), kind="stable")
            favour += _RECENT * order / len(order)
    return favour


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
