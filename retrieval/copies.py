"""Marks, within a write, the events that say nearly the same as an earlier one of the same user and speaker.

A copy is kept and stays citable; it only names the first event of its group, which alone has keys to be found by. Knows
the record's tables, not what makes texts alike (see ``likeness``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from retrieval.likeness import bare, keys_of, nearly_same
from retrieval.sql import chunks, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

__all__ = ["mark_copies", "unmark"]

_MOST_HEADS = 8  # of one key: a user may write ten thousand messages that are alike, and all a word apart


def unmark(db: "Connection", pks: Sequence[int]) -> list[int]:
    """Take events that have changed out of their groups; returns them and those that were their copies, in order."""
    from sqlalchemy import select

    events, likeness = tables().events, tables().likeness
    affected = set(pks)
    firsts: set[tuple[str, str]] = set()
    for part in chunks(pks):
        changed = select(events.c.user_key, events.c.event_id).where(events.c.pk.in_(part))
        firsts.update((key, each) for key, each in db.execute(changed))
        db.execute(likeness.delete().where(likeness.c.event_pk.in_(part)))
    # One look at all copies of these users: a look for each event would read a long history as often as it has events.
    for users in chunks(sorted({key for key, _ in firsts})):
        copies = select(events.c.pk, events.c.user_key, events.c.copy_of)
        copies = copies.where(events.c.user_key.in_(users), events.c.copy_of.is_not(None))
        affected.update(pk for pk, key, head in db.execute(copies) if (key, head) in firsts)
    for part in chunks(sorted(affected)):
        db.execute(events.update().where(events.c.pk.in_(part), events.c.copy_of.is_not(None)).values(copy_of=None))
    return sorted(affected)


def mark_copies(db: "Connection", pks: Sequence[int]) -> dict[int, str]:
    """Look for the group of each of the events, in order; returns pk -> id of the first event, for the copies."""
    from sqlalchemy import bindparam

    events, likeness = tables().events, tables().likeness
    rows = list(_rows(db, pks))
    texts = {row.pk: (row.user_key, bare(row.text)) for row in rows}
    keys = {row.pk: keys_of(texts[row.pk][1], row.user_key, row.speaker or "", row.role) for row in rows}
    heads: dict[int, list[int]] = {}
    wanted = sorted({key for each in keys.values() for key in each})
    for part in chunks(wanted):
        for key, pk in db.execute(likeness.select().where(likeness.c.key.in_(part)).order_by(likeness.c.event_pk)):
            heads.setdefault(key, []).append(pk)
    known = sorted({pk for found in heads.values() for pk in found} - texts.keys())
    ids = {row.pk: row.event_id for row in rows}
    for row in _rows(db, known):
        texts[row.pk], ids[row.pk] = (row.user_key, bare(row.text)), row.event_id
    first = _heads_of(keys, heads, texts)
    new = [(key, pk) for pk, each in keys.items() if pk not in first for key in each if pk in heads[key]]
    if new:
        db.execute(likeness.insert(), [{"key": key, "event_pk": pk} for key, pk in new])
    copies = {pk: ids[head] for pk, head in first.items()}
    if copies:
        change = events.update().where(events.c.pk == bindparam("copy")).values(copy_of=bindparam("head"))
        db.execute(change, [{"copy": pk, "head": head} for pk, head in copies.items()])
    return copies


def _heads_of(
    keys: Mapping[int, Iterable[int]], heads: dict[int, list[int]], texts: Mapping[int, tuple[str, str]]
) -> dict[int, int]:
    """Event -> first of its group, for all that are not first; ``heads`` (key -> firsts) takes in the new firsts.

    ``texts``: of each event the key of its user, too, since keys of several users' events may be equal by chance.
    """
    first: dict[int, int] = {}
    for pk, each in keys.items():
        candidates = dict.fromkeys(head for key in each for head in heads.get(key, ()))
        user, text = texts[pk]
        alike = (each for each in candidates if texts[each][0] == user and nearly_same(texts[each][1], text))
        head = next(alike, None)
        if head is not None:
            first[pk] = head
            continue
        for key in each:
            known = heads.setdefault(key, [])
            if len(known) < _MOST_HEADS:
                known.append(pk)
    return first


def _rows(db: "Connection", pks: Sequence[int]) -> "Iterator[Row[Any]]":
    from sqlalchemy import select

    events = tables().events
    columns = [events.c[name] for name in ("pk", "user_key", "event_id", "speaker", "role", "text")]
    for part in chunks(pks):
        yield from db.execute(select(*columns).where(events.c.pk.in_(part)).order_by(events.c.pk))
