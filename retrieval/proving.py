"""Proves an erasure: looks in every file of a store for what was erased, which the caller gives once more.

The store remembers nothing to look for. Knows what a history leaves in files, not how it was erased.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.drafts import event_key, passage, user_key
from retrieval.encryption import StoreKey
from retrieval.events import Event
from retrieval.files import ENCRYPTED
from retrieval.history import event_of
from retrieval.own import Own
from retrieval.residue import SHORTEST, Found, as_it_is, pieces, scan_files
from retrieval.splitting import split_event, windows_of
from retrieval.sql import Database, tables
from retrieval.unsealing import unsealed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Row

    from retrieval.embedders import Embedder

__all__ = ["Proof", "prove"]

_LISTED = 100
_SEALED = (ENCRYPTED, f"{ENCRYPTED}-wal")


@dataclass(slots=True)
class Proof:
    """What was looked for and found.

    Attributes:
        texts, vectors: so many were looked for.
        too_short: texts that cannot be told from chance, and were not looked for.
        still_there: events that the store holds: they were not erased.
        user_stays: whether the store has events of the user, these or others.
        found: the first hundred places with what was erased; ``found_count`` counts all.
        shared: places of words that other events hold, too, so that they prove nothing.
        files, bytes: so many were read.
        servers: whether a part of the store is on servers, whose files were not read.
    """

    texts: int = 0
    vectors: int = 0
    too_short: int = 0
    still_there: int = 0
    user_stays: bool = False
    found: list[Found] = field(default_factory=list)
    found_count: int = 0
    shared: int = 0
    files: int = 0
    bytes: int = 0
    servers: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether nothing of what was erased is left, as far as was looked."""
        return not self.found_count and not self.still_there

    def as_json(self) -> dict[str, Any]:
        """The proof as JSON types; no text is in it."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "found"}
        found = [{**each._asdict(), "file": str(each.file)} for each in self.found]
        return {"clean": self.is_clean, **plain, "found": found}


def prove(
    folder: Path,
    database: Database,
    user_id: str,
    events: Sequence[Event],
    embedder: "Embedder | None",
    key: StoreKey | None = None,
    *,
    part: bool = False,
) -> Proof:
    """Look for a user's id, and for the words and vectors of events, in all files of a folder.

    Args:
        folder: of the store.
        database: tells what other events say.
        user_id: whose erasure it is.
        events: the erased ones, as they were loaded.
        embedder: makes the vectors anew; None: they are not looked for.
        key: of an encrypted store, whose pages are decrypted to look into them.
        part: these events were forgotten, and others of the user may stay: the user's id is then no sign of them.

    Raises:
        StoreError: a file cannot be read.
        ModelUnavailable: the embedder cannot be used.
    """
    proof = Proof(texts=len(events))
    with database.reading() as db:
        own = Own(db, user_id)
        proof.still_there = sum(1 for _ in own.named([each.event_id for each in events]))
        proof.user_stays = own.is_known()
    texts = _texts(user_id, events, proof)
    if part and proof.user_stays:
        del texts["hash of the user id"]
    passages = {} if embedder is None else _passages(events)
    vectors: Mapping[str, NDArray[np.float32]] = {}
    if embedder is not None and passages:
        made = embedder.embed_passages([each for each, _ in passages.values()])
        vectors = dict(zip(passages, made, strict=True))
    proof.vectors = len(vectors)
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    proof.files, proof.bytes = len(files), sum(path.stat().st_size for path in files if path.exists())
    others = _Others(database, texts, passages)
    for found in scan_files(files, texts, vectors, _reading(key)):
        if others.have(found.name):
            proof.shared += 1
            continue
        proof.found_count += 1
        if len(proof.found) < _LISTED:
            proof.found.append(found)
    return proof


def _reading(key: StoreKey | None) -> "Callable[[Path], Iterator[bytes]] | None":
    """How files are read: those that are encrypted say nothing as they are."""
    if key is None:
        return None
    return lambda path: unsealed(path, key) if path.name in _SEALED else as_it_is(path)


def _texts(user_id: str, events: Iterable[Event], proof: Proof) -> dict[str, Sequence[str]]:
    """What to look for, by a name that tells none of it."""
    texts: dict[str, Sequence[str]] = {"hash of the user id": [user_key(user_id)]}
    if len(user_id.encode("utf-8", "replace")) >= SHORTEST:
        texts["user id"] = [user_id]
    for number, event in enumerate(events, start=1):
        texts[f"hash of event {number}"] = [event_key(user_id, event.event_id)]
        for kind, text in (("text", event.text), ("raw form", event.raw)):
            for place, piece in enumerate(pieces(text or ""), start=1):
                texts[f"{kind} {number}, piece {place}"] = [piece]
        proof.too_short += not pieces(event.text)
    return texts


def _passages(events: Iterable[Event]) -> dict[str, tuple[str, str]]:
    """Name -> what was embedded, and the words of the history in it."""
    result = {}
    for number, event in enumerate(events, start=1):
        snippets = split_event(event)
        for place, each in enumerate((*snippets, *windows_of(event, snippets)), start=1):
            result[f"vector {number}.{place}"] = passage(event, each), each.text
    return result


class _Others:
    """Whether what is left in the store says the same, asked once for each name."""

    def __init__(
        self, database: Database, texts: Mapping[str, Sequence[str]], passages: Mapping[str, tuple[str, str]]
    ) -> None:
        self._database = database
        self._texts = texts
        self._passages = passages
        self._known: dict[str, bool] = {}

    def have(self, name: str) -> bool:
        """Whether they do."""
        if name not in self._known:
            asked = self._have_passage if name in self._passages else self._have_text
            self._known[name] = asked(name)
        return self._known[name]

    def _have_passage(self, name: str) -> bool:
        wanted, words = self._passages[name]
        rows = self._holding(words, ("text",))
        return any(wanted in (each for each, _ in _passages([event_of(row)]).values()) for row in rows)

    def _have_text(self, name: str) -> bool:
        columns = ("text", "raw", "metadata", "user_id", "event_id", "speaker", "channel")
        (piece,) = self._texts[name]
        return any(piece in (getattr(row, each) or "") for row in self._holding(piece, columns) for each in columns)

    def _holding(self, text: str, columns: Sequence[str]) -> "list[Row[Any]]":
        from sqlalchemy import or_

        events = tables().events
        wanted = or_(*(events.c[each].contains(text, autoescape=True) for each in columns))
        with self._database.reading() as db:
            return list(db.execute(events.select().where(wanted)))
