"""Divides the vectors of an index among Chroma collections by user, so that a search opens a small part of them.

Chroma holds a collection in memory from its first use on, whole, so that a collection must not grow for ever, nor all
that were written or read stay open: a loading goes through all of them. What those that are open take is reckoned
here, and bounded by whoever has the index open. A vector id
begins with a hex digit of a hash of its user and the number of a collection, of which each takes as many vectors as
there is room in it, in six digits. Of ids made before collections were numbered, four hex digits of the user say where
they lie; those without lie in the collection ``snippets``.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, Protocol

from retrieval.errors import StoreBusy
from retrieval.holdings import NOTHING, Held

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateCollectionConfiguration

__all__ = ["CONFIGURATION", "MOST_OPEN", "ROOM", "Buckets", "Collections", "Numbering", "OneCollection", "digest_of"]

_COLLECTION: Final = "snippets"
_NUMBERED: Final = re.compile(r"([0-9a-f])([0-9a-f]{6})-")
_BUCKETED: Final = re.compile(r"([0-9a-f])[0-9a-f]{3}-")
_BUCKETS: Final = 16  # more make the writing of mixed users slow: each collection costs a transaction
_SYNCED: Final = 1000
_ASIDE: Final = 1300
"""Bytes that Chroma holds of a vector beside its numbers: its id three times, and its neighbours."""
ROOM: Final = 4 * (_SYNCED + 64)
"""How many vectors a collection takes. Chroma writes a graph whenever ``_SYNCED`` vectors came since it last did, in
portions of up to 64, and makes the rest anew from its log whenever it opens one: this leaves little of a full one."""
MOST_OPEN: Final = 32
"""How many collections are written before all are let go: twice as many as a page of mixed users is written to."""
CONFIGURATION: "Final[CreateCollectionConfiguration]" = {
    "hnsw": {"space": "cosine", "max_neighbors": 8, "ef_construction": 32, "sync_threshold": _SYNCED}
}
"""How Chroma makes a collection: with a cheap graph of neighbours, since vectors are only ever read by id."""


class Numbering:
    """Makes the ids of vectors, and counts how many each part of the users has had.

    Args:
        kept: what ``text`` was before; None: there are no vectors yet.
        room: how many vectors a collection takes.
    """

    def __init__(self, kept: str | None = None, room: int = ROOM) -> None:
        self._counts: list[int] = [0] * _BUCKETS if kept is None else json.loads(kept)
        self._room = room
        self.changed = False

    def vector_id(self, user_key: str, digest: str) -> str:
        """The id of a new vector; ``user_key`` is a hash of the user, in hex digits."""
        bucket = int(user_key[0], 16)
        number = self._counts[bucket] // self._room
        self._counts[bucket] += 1
        self.changed = True
        return f"{bucket:x}{number:06x}-{digest}"

    @property
    def text(self) -> str:
        """The counts, to be kept."""
        return json.dumps(self._counts)


def digest_of(vector_id: str) -> str:
    """What of an id tells the vector, without where it lies."""
    return vector_id.rpartition("-")[2]


class Collections(Protocol):
    """The collections of one index, and which of them a vector lies in.

    A collection to write is good until the next one is asked for. One thread writes at a time; while it asks for the
    next one, nobody may use one to read.
    """

    def names(self) -> list[str]:
        """Of the collections that there are, sorted."""

    def divided(self, ids: Sequence[str]) -> dict[str, list[int]]:
        """The names of the collections in which these ids lie if they are there, each with the positions of its ids."""

    def opened(self, name: str) -> "Collection | None":
        """The collection of that name, to be read; None: there is none."""

    def taking(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """The same for ids to write: missing collections are made."""

    def losing(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """The same for ids to remove: missing collections are left out."""

    def let_go(self) -> None:
        """Hold none of them in memory: whoever uses one next opens it again."""

    def weigh(self, collection: "Collection", more: int = 0, dimension: int | None = None) -> None:
        """Count one that was just used among those that are held; ``more``: so many vectors were put into it."""

    @property
    def held(self) -> Held:
        """What they take in memory."""


class OneCollection:
    """An index that is not divided: a server has its collections open anyway."""

    def __init__(self, collection: "Collection") -> None:
        self._collection = collection

    def names(self) -> list[str]:
        """The one."""
        return [self._collection.name]

    def divided(self, ids: Sequence[str]) -> dict[str, list[int]]:
        """All of the ids."""
        return {self._collection.name: list(range(len(ids)))}

    def opened(self, name: str) -> "Collection":
        """The one."""
        return self._collection

    def taking(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """All of the ids."""
        yield self._collection, list(range(len(ids)))

    def losing(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """All of the ids."""
        return self.taking(ids)

    def let_go(self) -> None:
        """The server holds it, not this process."""

    def weigh(self, collection: "Collection", more: int = 0, dimension: int | None = None) -> None:
        """The server holds it."""

    @property
    def held(self) -> Held:
        """Nothing."""
        return NOTHING


class Buckets:
    """The collections of one index. Each is made when it is first written to.

    Args:
        client: has the index open.
        reopen: opens it anew, with no collection in memory, and keeps readers out meanwhile.
        most: so many collections are written before that.
    """

    def __init__(
        self,
        client: "ClientAPI",
        reopen: "Callable[[], AbstractContextManager[ClientAPI]]",
        most: int = MOST_OPEN,
    ) -> None:
        self._client = client
        self._reopen = reopen
        self._most = most
        self._open: dict[str, Collection] = {}
        self._weights: dict[str, int] = {}
        self._dimension = 0
        self._written: set[str] = set()
        self._failed = False

    def names(self) -> list[str]:
        """Of the collections that there are, sorted."""
        return sorted(each.name for each in self._client.list_collections())

    def divided(self, ids: Sequence[str]) -> dict[str, list[int]]:
        """The names of the collections in which these ids lie if they are there, each with the positions of its ids."""
        groups: dict[str, list[int]] = {}
        for position, each in enumerate(ids):
            groups.setdefault(_name(each), []).append(position)
        return groups

    def opened(self, name: str) -> "Collection | None":
        """The collection of that name, to be read; None: there is none."""
        from chromadb.errors import NotFoundError

        if (found := self._open.get(name)) is None:
            try:
                found = self._open[name] = self._client.get_collection(name, embedding_function=None)
            except NotFoundError:
                return None
        return found

    def taking(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """The same for ids to write: missing collections are made."""
        for name, positions in self.divided(ids).items():
            self._count(name)
            yield self.opened(name) or self._made(name), positions

    def losing(self, ids: Sequence[str]) -> "Iterator[tuple[Collection, list[int]]]":
        """The same for ids to remove: missing collections are left out."""
        for name, positions in self.divided(ids).items():
            self._count(name)
            if (found := self.opened(name)) is not None:
                yield found, positions

    def let_go(self) -> None:
        """Hold none of them in memory: whoever uses one next opens it again."""
        before, self._failed = self._failed, True
        try:
            with self._reopen() as self._client:
                self._open.clear()
                self._written.clear()
                self._weights.clear()
        except StoreBusy:  # nothing was closed yet
            self._failed = before
            raise
        self._failed = False

    def weigh(self, collection: "Collection", more: int = 0, dimension: int | None = None) -> None:
        """Count one that was just used among those that are held; ``more``: so many vectors were put into it."""
        self._dimension = dimension or collection.get_model().dimension or self._dimension  # one just made knows none
        each = 4 * self._dimension + _ASIDE
        known = self._weights.get(collection.name)
        self._weights[collection.name] = collection.count() * each if known is None else known + more * each

    @property
    def held(self) -> Held:
        """What they take in memory."""
        weights = list(self._weights.values())
        return Held(len(weights), sum(weights))

    def _count(self, name: str) -> None:
        """Let all collections go when this is one too many to write."""
        if self._failed or (name not in self._written and len(self._written) >= self._most):
            self.let_go()
        self._written.add(name)

    def _made(self, name: str) -> "Collection":
        self._open[name] = made = self._client.get_or_create_collection(
            name, configuration=CONFIGURATION, embedding_function=None
        )
        return made


def _name(vector_id: str) -> str:
    if match := _NUMBERED.match(vector_id):
        return f"{_COLLECTION}-{int(match[1], 16):02d}-{match[2]}"
    if match := _BUCKETED.match(vector_id):
        return f"{_COLLECTION}-{int(match[1], 16):02d}"
    return _COLLECTION
