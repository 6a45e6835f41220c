"""The log of consents: who allowed what for which purpose, on which legal basis, until when; and who withdrew it.

Entries are added, never changed; they go when all of the user is forgotten. The last word on a purpose counts. What was
made of a history for a purpose goes as soon as that is withdrawn.

Knows the table and what entries say; what follows from them for whoever asks is told in ``permits``.
"""

import heapq
import json
from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from retrieval import clock
from retrieval.drafts import user_key
from retrieval.errors import UsageError, shorten
from retrieval.events import bare_id
from retrieval.own import Own
from retrieval.policies import check_categories, read_policy
from retrieval.scopes import bounds
from retrieval.sql import Database, chunks, tables
from retrieval.timestamps import utc_text

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["ALL", "BASES", "Basis", "Consent", "Consents", "entries_of", "last_words", "merge", "own_entries"]

Basis = Literal[
    "consent", "contract", "legal-obligation", "vital-interest", "public-interest", "legitimate-interest"
]  # fmt: skip
"""GDPR art. 6 (1) a to f. 个人信息保护法 art. 13 knows all but the last."""

BASES: Final[tuple[Basis, ...]] = get_args(Basis)

ALL: Final = "*"
"""Stands for all purposes, in an entry that withdraws."""

_NOT_FOR_SENSITIVE: Final = ("contract", "legitimate-interest")
_MOST_TEXT: Final = 2000


class Consent(NamedTuple):
    """An entry of the log.

    Attributes:
        purpose: what for; ``*`` in a withdrawal: all.
        action: whether it is allowed, or not any more.
        basis: the legal basis of what is allowed; None for a withdrawal.
        until: to when, a day or a time, itself included; None: until it is withdrawn.
        sensitive: the categories that were allowed by name, as GDPR art. 9 and 个人信息保护法 art. 29 demand.
        at: when it was recorded.
        by: who recorded it.
        source: how the user said so: a form, a call, a contract.
    """

    user_id: str
    purpose: str
    action: Literal["grant", "withdraw"]
    basis: Basis | None
    until: str | None
    sensitive: tuple[str, ...]
    at: str
    by: str
    source: str | None

    def as_json(self) -> dict[str, Any]:
        """The entry as JSON types."""
        return {**self._asdict(), "sensitive": list(self.sensitive)}

    def has_ended(self, now: datetime | None = None) -> bool:
        """Whether it was allowed until a time that is over; also when it was recorded later than now.

        Then the clock is behind, and nobody knows whether that time is over.
        """
        moment = (now or clock.now()).timestamp()
        last, recorded = bounds(None, self.until)[1], bounds(self.at, None)[0]
        return last is not None and (moment > last or (recorded or 0) > moment + clock.BEHIND_SECONDS)


class Consents:
    """The log in a record. Each call is one transaction, so that it counts for whoever asks next."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grant(
        self,
        user_id: str,
        purpose: str,
        *,
        by: str,
        basis: str = "consent",
        until: str | None = None,
        sensitive: Collection[str] = (),
        source: str | None = None,
    ) -> Consent:
        """Record that histories of a user may be used for a purpose; replaces what was said of it before.

        Raises:
            UsageError: the store does not know the purpose, or something does not make sense.
        """
        _check_texts(user_id=user_id, by=by, source=source)
        chosen = next((each for each in BASES if each == basis), None)
        if chosen is None:
            raise UsageError(f"{shorten(basis)} is no legal basis", hint=f"Use one of {', '.join(BASES)}")
        named = check_categories(sensitive)
        if named and basis in _NOT_FOR_SENSITIVE:
            raise UsageError(
                f"the basis {basis!r} does not do for sensitive data ({', '.join(named)})",
                hint="It needs a consent that names it: --basis consent --sensitive … (GDPR art. 9, PIPL art. 29)",
            )
        user_id = bare_id(user_id)
        entry = Consent(user_id, purpose, "grant", chosen, until, named, utc_text(), by.strip(), source)
        if until is not None and entry.has_ended():
            raise UsageError(f"until {shorten(until)} is over", hint="Give a day to come, or leave it out")
        with self._database.writing() as db:
            policy = read_policy(db)
            entry = entry._replace(purpose=policy.purpose(purpose) or purpose)
            _add(Own(db, user_id), [entry])
        return entry

    def withdraw(self, user_id: str, purpose: str | None, *, by: str, source: str | None = None) -> tuple[Consent, int]:
        """Record that it is not allowed any more, and drop the profiles that were made for it; how many that were.

        Whatever it rested on: it serves for an objection, too (GDPR art. 21). ``purpose``: None for all purposes. One
        that the store does not know (any more) can be withdrawn all the same.

        Raises:
            UsageError: something does not make sense.
        """
        _check_texts(user_id=user_id, by=by, source=source)
        bare, dropped = bare_id(user_id), 0
        entry = Consent(bare, purpose or ALL, "withdraw", None, None, (), utc_text(), by.strip(), source)
        with self._database.writing() as db:
            for each in dict.fromkeys((bare, user_id)):  # a store may have an older id with blanks
                own = Own(db, each)
                _add(own, [entry._replace(user_id=each)])
                dropped += _drop_profiles(own, entry.purpose)
            return entry, dropped

    def of(self, user_id: str) -> list[Consent]:
        """All that was recorded of a user, in order."""
        with self._database.reading() as db:
            return own_entries(Own(db, user_id))


def own_entries(own: Own) -> list[Consent]:
    """All that was recorded of a user, in order."""
    kept = tables().consents
    return [_read(row.user_id, row.document) for row in own.execute(own.select(kept).order_by(kept.c.pk))]


def entries_of(db: "Connection", users: Iterable[str]) -> dict[str, list[Consent]]:
    """All that was recorded of these users, in order, by user id."""
    kept = tables().consents
    found: dict[str, list[Consent]] = {}
    for part in chunks([user_key(each) for each in dict.fromkeys(users)]):
        for row in db.execute(kept.select().where(kept.c.user_key.in_(part)).order_by(kept.c.pk)):
            found.setdefault(row.user_id, []).append(_read(row.user_id, row.document))
    return found


def last_words(entries: Iterable[Consent]) -> dict[str, Consent]:
    """What counts of a user's entries, by purpose; ``*``: those of which nothing was said since all was withdrawn."""
    said: dict[str, Consent] = {}
    for entry in entries:
        if entry.purpose == ALL:
            said.clear()
        said[entry.purpose] = entry
    return said


def merge(db: "Connection", others: Iterable[Consent], since: Collection[str] = ()) -> None:
    """Add what another copy of the log has, and drop the profiles of what is withdrawn by then.

    For a store that takes the place of another one: a withdrawal that came after the backup does not get lost.

    Args:
        others: entries of the other log, in order.
        since: users of whom only the other log counts: they were forgotten after this one was written.
    """
    theirs: dict[str, list[Consent]] = {}
    for each in others:
        theirs.setdefault(each.user_id, []).append(each)
    for user_id in {*theirs, *since}:
        own = Own(db, user_id)
        both = _merged([] if user_id in since else own_entries(own), theirs.get(user_id, []))
        own.execute(own.delete(tables().consents))
        _add(own, both)
        for purpose, entry in last_words(both).items():
            if entry.action == "withdraw":
                _drop_profiles(own, purpose)


def _merged(own: list[Consent], others: list[Consent]) -> list[Consent]:
    """Both logs of a user, each in its order: by time, but never by that of a clock that jumped back in between."""
    rest = [each for each in own if each not in others]
    return [entry for _, entry in heapq.merge(_rising(rest), _rising(others), key=lambda each: each[0])]


def _rising(entries: Iterable[Consent]) -> list[tuple[str, Consent]]:
    """Each with the latest time that was recorded until it."""
    entries = list(entries)
    return list(zip(accumulate((each.at for each in entries), max), entries, strict=True))


def _add(own: Own, entries: Iterable[Consent]) -> None:
    documents = ({k: v for k, v in each.as_json().items() if k != "user_id"} for each in entries)
    own.add(tables().consents, [{"document": json.dumps(each)} for each in documents])


def _read(user_id: str, document: str) -> Consent:
    plain: dict[str, Any] = json.loads(document)
    return Consent(user_id=user_id, **{**plain, "sensitive": tuple(plain["sensitive"])})


def _drop_profiles(own: Own, purpose: str) -> int:
    """Delete what was made for a purpose, and what was made for nobody knows which."""
    kept = tables().versions
    gone = own.delete(kept)
    if purpose != ALL:
        gone = gone.where((kept.c.purpose == purpose) | kept.c.purpose.is_(None))
    return int(own.execute(gone).rowcount)


def _check_texts(*, user_id: str, by: str, source: str | None) -> None:
    if not bare_id(user_id):
        raise UsageError("the user id is empty", hint="Say whose consent it is")
    if not by.strip():
        raise UsageError("a consent needs the name of who records it", hint="Give --by NAME")
    for name, text in (("by", by), ("source", source or "")):
        if len(text) > _MOST_TEXT:
            raise UsageError(f"{name} has {len(text)} characters, and may have {_MOST_TEXT}", hint="Shorten it")
