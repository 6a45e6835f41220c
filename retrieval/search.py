"""Finds the snippets of one user's history that matter for a query.

Knows the order of the steps; how queries are taken apart, what a view holds and how it is ranked is told elsewhere.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.asking import Vectors, best_for, parts_for
from retrieval.errors import UsageError, shorten
from retrieval.events import Event, Role, Snippet
from retrieval.favour import favour_of
from retrieval.ranking import Found, rank
from retrieval.views import Views

if TYPE_CHECKING:
    from retrieval.embedders import Embedder

__all__ = ["Hit", "find"]


class Hit(NamedTuple):
    """A snippet that was found, with its event.

    ``score`` is 1 for what every ranker puts first, and falls with its ranks; ``rank`` counts from 1; ``found`` tells
    which ranker found it where; ``also`` are the ids of the user's other snippets that say the same.
    """

    snippet: Snippet
    event: Event
    score: float
    rank: int
    found: tuple[Found, ...] = ()
    also: tuple[str, ...] = ()

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
            "language": self.event.language,
        }


def find(
    views: Views,
    embedder: "Embedder",
    user_id: str,
    queries: Sequence[str],
    k: int,
    roles: Collection[Role] | None = None,
    now: datetime | None = None,
) -> list[list[Hit]]:
    """For each query the at most ``k`` best snippets of the user, best first.

    Args:
        views, embedder: of the store that is searched.
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
    vectors = Vectors(embedder)
    now = now or datetime.now(UTC)

    def best(clause: str) -> list[int]:
        return best_for(view, clause, vectors, allowed)

    results = []
    for query, parts in zip(queries, parts_for(vectors, views.topics(), view, queries, allowed), strict=True):
        ranked = rank(view.numbers, parts, k, allowed, favour_of(view, query, now, best))
        results.append(
            [
                Hit(
                    *view.snippets[each.position],
                    each.score,
                    number,
                    each.found,
                    tuple(view.snippets[other][0].snippet_id for other in each.also),
                )
                for number, each in enumerate(ranked, start=1)
            ]
        )
    return results
