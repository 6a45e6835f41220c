"""Divides the vectors of an index among Chroma collections by user, so that a search opens a small part of them.

A vector id begins with four hex digits of a hash of its user, which say in which collection the vector lies. Ids
without, of indexes made before there were several, lie in the collection ``snippets``.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateCollectionConfiguration

__all__ = ["CONFIGURATION", "Buckets", "Collections", "OneCollection", "bucketed"]

_COLLECTION: Final = "snippets"
_COUNT: Final = 16  # more make the writing of mixed users slow: each collection costs a transaction
_BUCKETED: Final = re.compile(r"([0-9a-f]{4})-")
CONFIGURATION: "Final[CreateCollectionConfiguration]" = {
    "hnsw": {"space": "cosine", "max_neighbors": 8, "ef_construction": 32}
}
"""How Chroma makes a collection: with a cheap graph of neighbours, since vectors are only ever read by id."""


def bucketed(user_key: str, digest: str) -> str:
    """The vector id for a hash; ``user_key`` is a hash of the user, in hex digits."""
    return f"{user_key[:4]}-{digest}"


class Collections(Protocol):
    """The collections of one index, and which of them a vector lies in."""

    def all(self) -> "list[Collection]":
        """The collections that there are."""

    def holding(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """The collections in which these ids may lie, each with the positions of its ids."""

    def taking(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """The same for ids to write: missing collections are made."""


class OneCollection:
    """An index that is not divided: a server has its collections open anyway."""

    def __init__(self, collection: "Collection") -> None:
        self._collection = collection

    def all(self) -> "list[Collection]":
        """The one."""
        return [self._collection]

    def holding(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """All of the ids."""
        yield self._collection, list(range(len(ids)))

    def taking(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """All of the ids."""
        return self.holding(ids)


class Buckets:
    """The collections of one index. Each is made when it is first written to."""

    def __init__(self, client: "ClientAPI") -> None:
        self._client = client
        self._seen: dict[str, Collection] = {}
        self._look()

    def all(self) -> "list[Collection]":
        """The collections that there are."""
        self._look()
        return list(self._seen.values())

    def holding(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """The collections in which these ids may lie, each with the positions of its ids."""
        groups = _by_name(ids)
        if not groups.keys() <= self._seen.keys():
            self._look()
        return ((self._seen[name], positions) for name, positions in groups.items() if name in self._seen)

    def taking(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """The same for ids to write: missing collections are made."""
        for name, positions in _by_name(ids).items():
            if name not in self._seen:
                self._seen[name] = self._client.get_or_create_collection(
                    name, configuration=CONFIGURATION, embedding_function=None
                )
            yield self._seen[name], positions

    def _look(self) -> None:
        for each in self._client.list_collections():
            self._seen.setdefault(each.name, each)


def _by_name(ids: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for position, each in enumerate(ids):
        match = _BUCKETED.match(each)
        name = f"{_COLLECTION}-{int(match[1], 16) * _COUNT >> 16:02d}" if match else _COLLECTION
        groups.setdefault(name, []).append(position)
    return groups
