"""Finds the snippets of one user's history that matter for a query.

Knows the order of the steps; how queries are taken apart, what a view holds and how it is ranked is told elsewhere.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.asking import Vectors, best_for, parts_for
from retrieval.errors import UsageError, shorten
from retrieval.events import Event, Role, Snippet
from retrieval.favour import Favour
from retrieval.ranking import Found, Ranked, rank
from retrieval.replies import question_for
from retrieval.reranking import RERANKED, Reranker
from retrieval.views import View, Views

if TYPE_CHECKING:
    from retrieval.embedders import Embedder

__all__ = ["Hit", "find"]


class Hit(NamedTuple):
    """A snippet that was found, with its event.

    ``score`` is 1 for what every ranker puts first, and falls with its ranks; ``rank`` counts from 1; ``found`` tells
    which ranker found it where; ``also`` are the ids of the user's other snippets that say the same; ``asked`` is
    the question of another speaker that a reply needs to be understood, and ``asked_by`` who that is.
    """

    snippet: Snippet
    event: Event
    score: float
    rank: int
    found: tuple[Found, ...] = ()
    also: tuple[str, ...] = ()
    asked: str | None = None
    asked_by: Role | None = None

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
    reranker: Reranker | None = None,
) -> list[list[Hit]]:
    """For each query the at most ``k`` best snippets of the user, best first.

    Args:
        views, embedder: of the store that is searched.
        user_id: whose history.
        queries: questions or keywords.
        k: so many at most.
        roles: only what these said; None for all.
        now: from when "last year" is seen; None: today.
        reranker: orders the best anew.

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
    vectors = Vectors(embedder, views.remembered())

    def best(clause: str) -> list[int]:
        return best_for(view, clause, vectors, allowed)

    favour = Favour(view, now or datetime.now(UTC), best)
    results = []
    for query, parts in zip(queries, parts_for(vectors, views.topics(), view, queries, allowed), strict=True):
        looked_at = k if reranker is None else max(k, RERANKED)
        ranked = rank(view.numbers, parts, looked_at, allowed, *favour.of(query))
        if reranker is not None:
            ranked = _reranked(reranker, query, view, ranked)[:k]
        results.append(
            [
                Hit(
                    *view.snippets[each.position],
                    each.score,
                    number,
                    each.found,
                    tuple(view.snippets[other][0].snippet_id for other in each.also),
                    *_asked(view, each.position),
                )
                for number, each in enumerate(ranked, start=1)
            ]
        )
    return results


def _reranked(reranker: Reranker, query: str, view: View, ranked: Sequence[Ranked]) -> list[Ranked]:
    """The first ones in the order of the reranker, the others behind them; its ranks make their scores."""
    import numpy as np

    first, others = ranked[:RERANKED], ranked[RERANKED:]
    scores = reranker.scores(query, [view.snippets[each.position][0].text for each in first])
    result = []
    for number, at in enumerate(np.argsort(-scores, kind="stable"), start=1):
        found = Found("reranker", query, number, float(scores[at]))
        result.append(first[at]._replace(score=1 / number, found=(*first[at].found, found)))
    lowest = 1 / (len(first) + 1)
    return [*result, *(each._replace(score=lowest * each.score) for each in others)]


def _asked(view: View, position: int) -> tuple[str | None, Role | None]:
    before = int(view.numbers.before[position])
    if before < 0:
        return None, None
    (reply, event), (turn, earlier) = view.snippets[position], view.snippets[before]
    if (reply.speaker or event.speaker, reply.role) == (turn.speaker or earlier.speaker, turn.role):
        return None, None
    question = question_for(reply.text, turn.text)
    return question, turn.role if question else None
