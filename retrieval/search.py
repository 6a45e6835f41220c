"""Finds the snippets of one user's history that matter for a query.

Knows the order of the steps; how queries are taken apart, what a view holds and how it is ranked is told elsewhere.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.errors import UsageError, shorten
from retrieval.events import Event, Role, Snippet
from retrieval.queries import parts_of, without_asking
from retrieval.ranking import Found, Part, rank
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
) -> list[list[Hit]]:
    """For each query the at most ``k`` best snippets of the user, best first; ``roles``: only what these said.

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
    results = []
    for parts in _embedded(embedder, queries):
        ranked = rank(view.numbers, parts, k, allowed)
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


def _embedded(embedder: "Embedder", queries: Sequence[str]) -> list[list[Part]]:
    """The parts of each query, all wordings embedded at once."""
    wanted = [[tuple(dict.fromkeys((part, without_asking(part)))) for part in parts_of(query)] for query in queries]
    wordings = list(dict.fromkeys(w for parts in wanted for each in parts for w in each))
    vectors = embedder.embed_queries(wordings)
    place = {wording: number for number, wording in enumerate(wordings)}
    return [[Part(each, vectors[[place[w] for w in each]]) for each in parts] for parts in wanted]
