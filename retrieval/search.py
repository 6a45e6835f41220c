"""Finds the snippets of one user's history that are nearest to a query.

Knows nothing of how vectors and records are kept in step (see ``mirror``), nor of other users.
"""

from collections.abc import Sequence
from typing import NamedTuple

from retrieval.errors import UsageError, shorten
from retrieval.events import Event, Snippet
from retrieval.history import History
from retrieval.mirror import Mirror

__all__ = ["Hit", "find"]


class Hit(NamedTuple):
    """A snippet that was found, with its event; ``score`` is the cosine similarity, ``rank`` counts from 1."""

    snippet: Snippet
    event: Event
    score: float
    rank: int


def find(history: History, mirror: Mirror, user_id: str, queries: Sequence[str], k: int) -> list[list[Hit]]:
    """For each query the at most ``k`` best snippets of the user, best first; equal ones in the order of their ids.

    Raises:
        UsageError: ``k`` is below 1, or a query is empty.
        UnknownUser: the store holds nothing of the user.
    """
    if k < 1:
        raise UsageError(f"k is {k!r}, and must be at least 1")
    if blank := [query for query in queries if not query.strip()]:
        raise UsageError(f"the query {shorten(blank[0])} is empty", hint="Say what to look for")
    history.check_user(user_id)
    if not queries:
        return []
    vectors = mirror.check_embedder().embed_queries(list(queries))
    found = mirror.query(vectors, user_id, k)
    known = history.by_vector(user_id, list({each: None for row in found for each, _ in row}))
    results = []
    for row in found:
        pairs = sorted((-score, each) for each, score in row if each in known)
        results.append([Hit(*known[each], -score, rank) for rank, (score, each) in enumerate(pairs, start=1)])
    return results
