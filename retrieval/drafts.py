"""How one event with its snippets is written: what makes it new, changed or repeated, and which vectors it needs.

Knows nothing of files, of Chroma or of embedders.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from retrieval.buckets import Numbering, digest_of
from retrieval.copies import mark_copies, unmark
from retrieval.events import Event, Snippet
from retrieval.sql import chunks, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Applied", "Draft", "DraftWriter", "Fate", "event_key", "passage", "user_key"]

_OF_SNIPPET: Final = ("event_pk", "ordinal", "wide", "start", "end", "speaker", "role", "indexed")


@dataclass(frozen=True, slots=True)
class Draft:
    """An event, the snippets cut from it and the windows over them (see ``windows_of``), to be written together.

    ``former`` is how the same row looked under other rules for personal data: what stands under its id is replaced, and
    when it was forgotten, so was the event.
    """

    event: Event
    snippets: Sequence[Snippet]
    windows: Sequence[Snippet] = ()
    former: Sequence[Event] = ()


class Fate(NamedTuple):
    """What became of one draft; ``copy_of`` is the id of the first event that says nearly the same."""

    outcome: Literal["added", "updated", "unchanged", "repeated", "forgotten", "expired"]
    copy_of: str | None = None


@dataclass(slots=True)
class Applied:
    """What became of some drafts; ``fates`` in their order. ``snippets`` counts those of added and updated events."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    forgotten: int = 0
    expired: int = 0
    snippets: int = 0
    fates: list[Fate] = field(default_factory=list)

    def note(self, fate: Fate, snippets: int) -> None:
        """Count what became of a draft with so many snippets."""
        self.fates.append(fate)
        match fate.outcome:
            case "added":
                self.added += 1
            case "updated":
                self.updated += 1
            case "unchanged":
                self.unchanged += 1
            case "repeated":
                self.repeated += 1
            case "forgotten":
                self.forgotten += 1
            case "expired":
                self.expired += 1
        if fate.outcome in ("added", "updated"):
            self.snippets += snippets

    def put_among(self, refused: Sequence[Literal["forgotten", "expired"] | None]) -> None:
        """Count those that were not written since they must not be; ``refused`` is in the order of all drafts."""
        written = iter(self.fates)
        self.fates = [next(written) if each is None else Fate(each) for each in refused]
        self.forgotten += refused.count("forgotten")
        self.expired += refused.count("expired")


def user_key(user_id: str) -> str:
    """A hash of a user id, of fixed length."""
    return _digest(user_id)


def event_key(user_id: str, event_id: str) -> str:
    """A hash of what makes an event unique."""
    return _digest(user_id, event_id)


def passage(event: Event, snippet: Snippet) -> str:
    """What is embedded for a snippet: its text after date, speaker and channel, as far as they are known."""
    date = event.timestamp[:10] if event.timestamp else None
    context = " ".join(part for part in (date, snippet.speaker, event.channel) if part)
    return f"{context}: {snippet.text}" if context else snippet.text


class DraftWriter:
    """Writes drafts within one transaction, and counts what became of them in ``applied``.

    Args:
        db: the transaction.
        numbering: makes the ids of their vectors.
    """

    def __init__(self, db: "Connection", numbering: Numbering) -> None:
        self._db = db
        self._numbering = numbering
        self.applied = Applied()

    def write(self, drafts: Iterable[Draft]) -> None:
        """Add, replace, leave or drop events. Of several drafts of one event, each takes effect after the other."""
        waiting: dict[str, _Prepared] = {}
        for draft in drafts:
            prepared = _prepare(draft)
            if prepared.event_key in waiting:
                self._write(waiting.values())
                waiting.clear()
            waiting[prepared.event_key] = prepared
        self._write(waiting.values())

    def _write(self, batch: Collection["_Prepared"]) -> None:
        """Write drafts of different events."""
        events = tables().events
        keys = [key for each in batch for key in (each.event_key, *each.former)]
        known = {row.event_key: row for row in self._known("event_key", keys)}
        moved = _move(batch, known)
        left = unmark(self._db, sorted(moved)) if moved else []
        hashes = [each.row_hash for each in batch if each.row_hash is not None]
        said = {row.row_hash for row in self._known("row_hash", hashes)}
        fates: dict[str, Fate] = {}
        new: list[_Prepared] = []
        changed: list[int] = []
        for each in batch:
            old = known.get(each.event_key)
            if old is not None and old.content_hash == each.values["content_hash"] and old.pk not in moved:
                fates[each.event_key] = Fate("unchanged", old.copy_of)
            elif old is not None:
                self._db.execute(events.update().where(events.c.pk == old.pk).values(each.values))
                self._replace_snippets(old.pk, each)
                changed.append(old.pk)
                fates[each.event_key] = Fate("updated")
            elif each.row_hash in said:
                fates[each.event_key] = Fate("repeated")
                continue
            else:
                new.append(each)
                fates[each.event_key] = Fate("added")
            if each.row_hash is not None:
                said.add(each.row_hash)
        inserted = self._insert(new)
        marked = sorted({*left, *unmark(self._db, changed), *inserted.values()})
        copies = dict.fromkeys(marked) | mark_copies(self._db, marked)
        pks = {key: row.pk for key, row in known.items()} | inserted
        for each in batch:
            fate = fates[each.event_key]
            head = copies.get(pks.get(each.event_key, 0), fate.copy_of)
            self.applied.note(fate._replace(copy_of=head), each.cuts)

    def _known(self, column: str, values: Sequence[str]) -> "Iterator[Any]":
        events = tables().events
        wanted = events.select().with_only_columns(
            events.c.pk, events.c.event_key, events.c.row_hash, events.c.content_hash, events.c.copy_of
        )
        for part in chunks(values):
            yield from self._db.execute(wanted.where(events.c[column].in_(part)))

    def _insert(self, new: Sequence["_Prepared"]) -> dict[str, int]:
        """Write new events; returns event key -> primary key."""
        if not new:
            return {}
        events = tables().events
        insert = events.insert().returning(events.c.pk, sort_by_parameter_order=True)
        pks = self._db.scalars(insert, [each.values for each in new]).all()
        self._put_snippets(
            [{**row, "event_pk": pk} for pk, each in zip(pks, new, strict=True) for row in each.snippets]
        )
        return {each.event_key: pk for pk, each in zip(pks, new, strict=True)}

    def _replace_snippets(self, event_pk: int, new: "_Prepared") -> None:
        """Exchange an event's snippets; those whose vectors are in the index already need no new ones."""
        snippets, removals = tables().snippets, tables().removals
        rows = self._db.execute(snippets.select().where(snippets.c.event_pk == event_pk))
        old = {digest_of(row.vector_id): row for row in rows}
        self._db.execute(snippets.delete().where(snippets.c.event_pk == event_pk))
        kept = {digest: {"vector_id": row.vector_id, "indexed": row.indexed} for digest, row in old.items()}
        self._put_snippets([{**row, "event_pk": event_pk, **kept.get(row["digest"], {})} for row in new.snippets])
        if gone := old.keys() - {row["digest"] for row in new.snippets}:
            self._db.execute(removals.insert(), [{"vector_id": old[each].vector_id} for each in gone])

    def _put_snippets(self, drafted: Sequence[Mapping[str, Any]]) -> None:
        """Write snippets; those that bring no vector id get one."""
        snippets, removals = tables().snippets, tables().removals
        if not drafted:
            return
        rows = [
            {"vector_id": row.get("vector_id") or self._numbering.vector_id(row["user_key"], row["digest"])}
            | {key: row[key] for key in _OF_SNIPPET}
            for row in drafted
        ]
        self._db.execute(snippets.insert(), rows)
        for part in chunks([row["vector_id"] for row in rows]):
            self._db.execute(removals.delete().where(removals.c.vector_id.in_(part)))


class _Prepared(NamedTuple):
    """A draft as rows of the tables. ``snippets`` holds the windows, too, with what their vector ids are made of."""

    event_key: str
    row_hash: str | None
    values: dict[str, Any]
    snippets: list[dict[str, Any]]
    former: Sequence[str]

    @property
    def cuts(self) -> int:
        return sum(not row["wide"] for row in self.snippets)


def _move(batch: Collection[_Prepared], known: dict[str, Any]) -> set[int]:
    """Let events that stand under a former key be known by the present one; returns their primary keys."""
    moved: set[int] = set()
    for each in batch:
        there = next((known[key] for key in each.former if key in known), None)
        if there is not None and each.event_key not in known:
            known[each.event_key] = there
            moved.add(there.pk)
    return moved


def _prepare(draft: Draft) -> _Prepared:
    event = draft.event
    metadata = json.dumps(dict(event.metadata), ensure_ascii=False, sort_keys=True)
    cuts: list[object] = [(snippet.start, snippet.end, snippet.speaker, snippet.role) for snippet in draft.snippets]
    if draft.windows:
        cuts.append([(window.start, window.end) for window in draft.windows])
    if event.language is not None:
        cuts.append(event.language)
    said = (event.timestamp, event.speaker, event.text)
    key, row_hash = event_key(event.user_id, event.event_id), _digest(event.user_id, *said) if event.timestamp else None
    values = {
        "user_key": user_key(event.user_id),
        "event_key": key,
        "user_id": event.user_id,
        "event_id": event.event_id,
        "timestamp": event.timestamp,
        "epoch": event.epoch,
        "channel": event.channel,
        "speaker": event.speaker,
        "role": event.role,
        "text": event.text,
        "raw": event.raw,
        "metadata": metadata,
        "content_hash": _digest(*said, event.epoch, event.channel, event.role, event.raw, metadata, cuts),
        "row_hash": row_hash,
        "language": event.language,
    }
    snippets = [
        {
            "ordinal": ordinal,
            "wide": wide,
            "start": snippet.start,
            "end": snippet.end,
            "speaker": snippet.speaker,
            "role": snippet.role,
            "indexed": False,
            "user_key": values["user_key"],
            "digest": _vector_digest(event, snippet),
        }
        for wide, group in ((False, draft.snippets), (True, draft.windows))
        for ordinal, snippet in enumerate(group)
    ]
    former = [event_key(each.user_id, each.event_id) for each in draft.former if each.event_id != event.event_id]
    return _Prepared(key, row_hash, values, snippets, former)


def _vector_digest(event: Event, snippet: Snippet) -> str:
    labels = (snippet.role, event.channel, event.epoch)
    return _digest(event.user_id, snippet.snippet_id, passage(event, snippet), *labels)


def _digest(*parts: object) -> str:
    """32 hex digits over the parts; which part a character belongs to matters."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
