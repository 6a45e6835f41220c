"""Stores that find something else than limner's search does, for measuring: whole messages, or exactly the gold ones.

Everything but search is that of the store underneath.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, cast

from retrieval import Event, Hit, Role, Snippet, Store

__all__ = ["gold_messages", "whole", "whole_messages"]

_Find = Callable[[str, Sequence[str], int, "Collection[Role] | None"], list[list[Hit]]]


def whole_messages(store: Store) -> Store:
    """The same store, but a hit is the whole message that the snippet stands in."""

    def find(user_id: str, queries: Sequence[str], k: int, roles: "Collection[Role] | None") -> list[list[Hit]]:
        rankings = store.search_many(user_id, queries, 4 * k, roles)
        events = [list({hit.event.event_id: hit.event for hit in hits}.values())[:k] for hits in rankings]
        return [[whole(event, rank) for rank, event in enumerate(each, start=1)] for each in events]

    return _altered(store, find)


def gold_messages(store: Store, gold: Callable[[str, str], Collection[str]]) -> Store:
    """The same store, but a search finds exactly the messages that are right.

    Args:
        gold: ``gold(user_id, query)``: the ids of the events that hold the answer.
    """

    def find(user_id: str, queries: Sequence[str], k: int, roles: "Collection[Role] | None") -> list[list[Hit]]:
        events = {event.event_id: event for event in store.events(user_id)}
        snippets = [each for each in store.history(user_id) if roles is None or each.role in roles]
        wanted = [gold(user_id, query) for query in queries]
        found = [[each for each in snippets if each.event_id in ids] for ids in wanted]
        return [[Hit(s, events[s.event_id], 1.0, rank) for rank, s in enumerate(each, start=1)] for each in found]

    return _altered(store, find)


def whole(event: Event, rank: int) -> Hit:
    """A message as a hit."""
    return Hit(Snippet.cut(event, 0, 0, len(event.text), event.speaker, event.role), event, 1.0, rank)


def _altered(store: Store, find: _Find) -> Store:
    return cast(Store, _Altered(store, find))


class _Altered:
    def __init__(self, store: Store, find: _Find) -> None:
        self._store = store
        self._find = find

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def search(
        self, user_id: str, query: str, k: int = 10, roles: Collection[Role] | None = None, now: datetime | None = None
    ) -> list[Hit]:
        return self._find(user_id, [query], k, roles)[0]

    def search_many(
        self,
        user_id: str,
        queries: Sequence[str],
        k: int = 10,
        roles: Collection[Role] | None = None,
        now: datetime | None = None,
    ) -> list[list[Hit]]:
        return self._find(user_id, queries, k, roles)
