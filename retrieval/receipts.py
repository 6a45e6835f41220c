"""The receipts of erasures: signed JSON that names nobody, kept in the record for as long as the store is.

A receipt is written together with the erasure, as ``due`` or ``deferred``, and written anew when the bytes are gone.
Knows nothing of how anything is erased.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from retrieval.paging import Page, numbered_page
from retrieval.seal import Seal
from retrieval.sql import Database, tables
from retrieval.timestamps import utc_text

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["FORMAT", "Erased", "Erasure", "Receipts", "State", "version"]

FORMAT: Final = 1
"""Goes up when the form of a receipt changes."""

State = Literal["due", "deferred", "done"]
"""Whether the bytes are gone: they go with the next run that writes, with the next compaction, they are gone."""

_SAID: Final = {
    "due": "Nothing of it can be found or read through limner. Its bytes are still in files of the store: the "
    "compaction did not finish. `limner compact`, or the next ingest, removes them.",
    "deferred": "Nothing of it can be found or read through limner. Its bytes are still in files of the store until "
    "the next `limner compact`.",
    "done": "No byte of it is left in the files of the store.",
    "servers": "Nothing of it is in the tables and collections. What the servers' own files and copies still hold is "
    "for their operators: see leftover.",
}
_ELSEWHERE: Final = (
    "Not reached: backups and copies of the store, the history files that were loaded, files that commands wrote "
    "(--out, --report), blocks that the file system freed but did not overwrite, caches and logs of model servers, "
    "memory of other running programs."
)


class Erased(NamedTuple):
    """How much was, or would be, erased; ``undated``: events that stay since they have no time to compare."""

    events: int = 0
    raw_forms: int = 0
    snippets: int = 0
    vectors: int = 0
    profile_versions: int = 0
    corrections: int = 0
    corrections_cut: int = 0
    events_left: int = 0
    undated: int = 0
    consents: int = 0


class Erasure(NamedTuple):
    """What a receipt says of an erasure.

    Attributes:
        store: the name of the store.
        subject: a keyed hash of the user.
        scope: which events.
        erased: how much.
        leftover: what others have to do.
    """

    store: str
    subject: str
    scope: Mapping[str, Any]
    erased: Erased
    leftover: Sequence[str] = ()


class Receipts:
    """The receipts in a record.

    Args:
        database: of the record.
        seal: signs them.
    """

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    def add(self, db: "Connection", state: State, erasure: "Erasure") -> int:
        """Write the receipt of an erasure within its transaction; returns its number."""
        from sqlalchemy import func, select

        kept = tables().erasures
        number = (db.execute(select(func.max(kept.c.number))).scalar() or 0) + 1
        document: dict[str, Any] = {
            "receipt": FORMAT,
            "store": erasure.store,
            "number": number,
            "subject": erasure.subject,
            "scope": dict(erasure.scope),
            "erased": erasure.erased._asdict(),
            "erased_at": utc_text(),
            "completed_at": None,
            "limner": version(),
            "state": state,
            "meaning": _SAID[state],
            "leftover": list(erasure.leftover),
            "elsewhere": _ELSEWHERE,
        }
        text = json.dumps(self._seal.signed(document))
        db.execute(kept.insert().values(number=number, subject=erasure.subject, state=state, receipt=text))
        return number

    def settle(self, leftover: Sequence[str]) -> list[dict[str, Any]]:
        """Note that the bytes of all erasures are gone, but for what is on servers; returns the receipts that changed.

        Args:
            leftover: what the operators of servers have to do.
        """
        kept = tables().erasures
        changed = []
        with self._database.writing() as db:
            for row in db.execute(kept.select().where(kept.c.state != "done").order_by(kept.c.number)).all():
                document = json.loads(row.receipt)
                document |= {
                    "state": "done",
                    "completed_at": utc_text(),
                    "meaning": _SAID["servers" if leftover else "done"],
                    "leftover": [*document["leftover"], *leftover],
                }
                changed.append(self._seal.signed(document))
                values = {"state": "done", "receipt": json.dumps(changed[-1])}
                db.execute(kept.update().where(kept.c.number == row.number).values(values))
        return changed

    def get(self, number: int) -> dict[str, Any]:
        """One receipt."""
        kept = tables().erasures
        with self._database.reading() as db:
            return dict(json.loads(db.execute(kept.select().where(kept.c.number == number)).one().receipt))

    def all(self, subject: str | None = None) -> list[dict[str, Any]]:
        """The receipts in order: all, or those of one subject."""
        kept = tables().erasures
        wanted = kept.select().order_by(kept.c.number)
        if subject is not None:
            wanted = wanted.where(kept.c.subject == subject)
        with self._database.reading() as db:
            return [json.loads(row.receipt) for row in db.execute(wanted)]

    def page(self, limit: int, after: int = 0, *, subject: str | None = None) -> Page[dict[str, Any]]:
        """At most ``limit`` of the same, from behind a number on."""
        kept = tables().erasures
        wanted = kept.select() if subject is None else kept.select().where(kept.c.subject == subject)
        with self._database.reading() as db:
            page = numbered_page(db.execute, wanted, kept.c.number, limit, after)
        return Page([json.loads(row.receipt) for row in page.items], page.next)

    def last(self) -> int:
        """The number of the last one; 0: there is none."""
        from sqlalchemy import func, select

        with self._database.reading() as db:
            return int(db.execute(select(func.max(tables().erasures.c.number))).scalar() or 0)

    def subjects_since(self, number: int) -> set[str]:
        """The subjects of the receipts after one."""
        from sqlalchemy import select

        kept = tables().erasures
        with self._database.reading() as db:
            return set(db.execute(select(kept.c.subject).where(kept.c.number > number)).scalars())

    def is_any(self, state: State | None = None) -> bool:
        """Whether there is one, in this state."""
        kept = tables().erasures
        wanted = kept.select().limit(1)
        with self._database.reading() as db:
            return db.execute(wanted if state is None else wanted.where(kept.c.state == state)).first() is not None


def version() -> str:
    """Which limner this is."""
    from importlib import metadata

    try:
        return metadata.version("limner")
    except metadata.PackageNotFoundError:
        return "from source"
