"""Finds the snippets of one user's history that matter for a query.

Knows the order of the steps; how queries are taken apart, what a view holds and how it is ranked is told elsewhere.
"""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.bridges import bridge_in, covers, rest_of
from retrieval.errors import UsageError, shorten
from retrieval.events import Event, Role, Snippet
from retrieval.focus import anchor_in, asks_for_now, periods_in, speakers_in
from retrieval.queries import parts_of, without_asking
from retrieval.ranking import Found, Part, rank
from retrieval.topics import Topics
from retrieval.views import View, Views

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrieval.embedders import Embedder

__all__ = ["Hit", "find"]

_SECOND = 0.9  # what a search counts that rests on what another one found
_MOST_TOLD, _LOOKED_AT = 2, 8
_SPEAKER, _TIME, _RECENT = 0.3, 0.3, 0.1  # what a snippet gains that fits the question's person or time
_NAMES = re.compile(r"\d|@")  # numbers, dates, ids and addresses name what is looked for better than a topic does
_UNNAMED = frozenset({"", "user", "assistant", "agent", "system"})


class Hit(NamedTuple):
    """A snippet that was found, with its event.

    ``score`` is 1 for what every ranker puts first, and falls with its ranks; ``rank`` counts from 1; ``found`` tells
    which ranker found it where.
    """

    snippet: Snippet
    event: Event
    score: float
    rank: int
    found: tuple[Found, ...] = ()

    def where(self) -> dict[str, Any]:
        """Where the snippet stands, and who said it when: plain data for documents and metadata, without its text."""
        return {
            "event_id": self.event.event_id,
            "snippet_id": self.snippet.snippet_id,
            "start": self.snippet.start,
            "end": self.snippet.end,
            "timestamp": self.event.timestamp,
            "speaker": self.snippet.speaker or self.event.speaker,
            "role": self.snippet.role,
            "channel": self.event.channel,
        }


def find(
    views: Views,
    embedder: "Embedder",
    topics: Topics,
    user_id: str,
    queries: Sequence[str],
    k: int,
    roles: Collection[Role] | None = None,
    now: datetime | None = None,
) -> list[list[Hit]]:
    """For each query the at most ``k`` best snippets of the user, best first.

    Args:
        views, embedder, topics: of the store that is searched.
        user_id: whose history.
        queries: questions or keywords.
        k: so many at most.
        roles: only what these said; None for all.
        now: from when "last year" is seen; None: today.

    Raises:
        UsageError: ``k`` is below 1, or a query is empty.
        UnknownUser: the store holds nothing of the user.
    """
    import numpy as np

    if k < 1:
        raise UsageError(f"k is {k!r}, and must be at least 1")
    if blank := [query for query in queries if not query.strip()]:
        raise UsageError(f"the query {shorten(blank[0])} is empty", hint="Say what to look for")
    if not queries:
        return []
    view = views.of(user_id)
    if not view.snippets:
        return [[] for _ in queries]
    allowed = np.asarray([roles is None or snippet.role in roles for snippet, _ in view.snippets])
    vectors = _Vectors(embedder)
    results = []
    for query, parts in zip(queries, _parts(vectors, topics, view, queries, allowed), strict=True):
        favour = _favour(view, query, now or datetime.now(UTC), lambda clause: _best(view, clause, vectors, allowed))
        ranked = rank(view.numbers, parts, k, allowed, favour)
        results.append(
            [
                Hit(*view.snippets[each.position], each.score, number, each.found)
                for number, each in enumerate(ranked, start=1)
            ]
        )
    return results


class _Vectors:
    """Embeds texts, each once."""

    def __init__(self, embedder: "Embedder") -> None:
        self._embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}

    def learn(self, texts: Sequence[str]) -> None:
        """Embed those that are new, together."""
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            self._known.update(zip(new, self._embedder.embed_queries(new), strict=True))

    def of(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Shape (number of texts, dimension)."""
        import numpy as np

        self.learn(texts)
        return np.asarray([self._known[text] for text in texts], dtype=np.float32)


def _parts(
    vectors: _Vectors, topics: Topics, view: View, queries: Sequence[str], allowed: "NDArray[np.bool_]"
) -> list[list[Part]]:
    """The parts of each query: what it asks for, and what it asks for by a clue."""
    wanted = [[tuple(dict.fromkeys((part, without_asking(part)))) for part in parts_of(query)] for query in queries]
    bridges = [[b for wordings in parts if (b := bridge_in(wordings[0]))] for parts in wanted]
    vectors.learn([wording for parts in wanted for wordings in parts for wording in wordings])
    vectors.learn([bridge.clue for each in bridges for bridge in each])
    further = [[f"{rest} {b.asked}" for b in each for rest in _told(view, b.clue, vectors, allowed)] for each in bridges]
    vectors.learn([text for each in further for text in each])
    return [
        [_asked(topics, wordings, vectors.of(wordings)) for wordings in parts]
        + [Part((text,), vectors.of([text]), weight=_SECOND) for text in texts]
        for parts, texts in zip(wanted, further, strict=True)
    ]


def _asked(topics: Topics, wordings: tuple[str, ...], vectors: "NDArray[np.float32]") -> Part:
    if _NAMES.search(wordings[0]):
        return Part(wordings, vectors)
    topic = topics.nearest(wordings[0], vectors[0])
    return Part(wordings, vectors, (topic.statement,), topics.stated(topic)[None])


def _told(view: View, clue: str, vectors: _Vectors, allowed: "NDArray[np.bool_]") -> list[str]:
    """What the best snippets for a clue say beside it: of whom or what it is told."""
    said = [view.snippets[at][0].text for at in _best(view, clue, vectors, allowed)]
    return list(dict.fromkeys(rest for text in said if (rest := rest_of(text, clue))))[:_MOST_TOLD]


def _best(view: View, clue: str, vectors: _Vectors, allowed: "NDArray[np.bool_]") -> list[int]:
    """The positions of the best snippets that say a clue, best first."""
    ranked = rank(view.numbers, [Part((clue,), vectors.of([clue]))], _LOOKED_AT, allowed)
    return [each.position for each in ranked if covers(clue, view.snippets[each.position][0].text)]


def _favour(
    view: View, query: str, now: datetime, best: Callable[[str], list[int]]
) -> "NDArray[np.float64]":
    """What each snippet's score is multiplied with, for who said it and when; shape (n,)."""
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
