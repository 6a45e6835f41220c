"""The tables of the record. Knows nothing of what opens or fills them."""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

__all__ = ["Tables", "tables"]


class Tables(NamedTuple):
    """The tables of the record.

    ``meta``: schema version, embedder, generation. ``events`` and ``snippets``: the history; a snippet's text is not
    kept twice, it is the event's from ``start`` to ``end``; ``wide`` marks windows over several snippets. ``removals``:
    vectors that have yet to leave the index. ``likeness``: keys by which events find earlier ones that say nearly the
    same (see ``copies``). ``versions`` and ``corrections``: profiles as they were made, and what people said of them,
    as JSON that only who wrote it understands (see ``keeping``). ``tombstones``: keyed hashes of what was forgotten, so
    that it does not come back (see ``tombstones``). ``erasures``: the receipts, numbered (see ``receipts``).
    ``consents``: who allowed or withdrew what, as it was told, in order (see ``consents``).
    User and event ids may be of any length, so that indexes go over hashes of them (``user_key``, ``event_key``).
    """

    meta: "Table"
    events: "Table"
    snippets: "Table"
    removals: "Table"
    likeness: "Table"
    versions: "Table"
    corrections: "Table"
    tombstones: "Table"
    erasures: "Table"
    consents: "Table"


@cache
def tables() -> Tables:
    """The tables, as SQLAlchemy describes them; made once."""
    from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, MetaData, String, Table, Text, false

    catalog = MetaData()
    meta = Table("meta", catalog, Column("key", String(32), primary_key=True), Column("value", Text, nullable=False))
    events = Table(
        "events",
        catalog,
        Column("pk", Integer, primary_key=True),
        Column("user_key", String(64), nullable=False, index=True),
        Column("event_key", String(64), nullable=False, unique=True),
        Column("user_id", Text, nullable=False),
        Column("event_id", Text, nullable=False),
        Column("timestamp", String(64)),
        Column("epoch", Float(53)),
        Column("channel", Text),
        Column("speaker", Text),
        Column("role", String(8), nullable=False),
        Column("text", Text, nullable=False),
        Column("raw", Text),
        Column("metadata", Text, nullable=False),
        Column("content_hash", String(64), nullable=False),
        Column("row_hash", String(64), index=True),
        Column("language", Text),
        Column("copy_of", Text),
    )
    snippets = Table(
        "snippets",
        catalog,
        Column("pk", Integer, primary_key=True),
        Column("event_pk", ForeignKey("events.pk", ondelete="CASCADE"), nullable=False, index=True),
        Column("ordinal", Integer, nullable=False),
        Column("start", Integer, nullable=False),
        Column("end", Integer, nullable=False),
        Column("speaker", Text),
        Column("role", String(8), nullable=False),
        Column("wide", Boolean, nullable=False, server_default=false()),
        Column("vector_id", String(64), nullable=False, unique=True),
        Column("indexed", Boolean, nullable=False, index=True),
    )
    removals = Table("removals", catalog, Column("vector_id", String(64), primary_key=True))
    likeness = Table(
        "likeness",
        catalog,
        Column("key", BigInteger, primary_key=True, autoincrement=False),
        Column("event_pk", ForeignKey("events.pk", ondelete="CASCADE"), primary_key=True, index=True),
        sqlite_with_rowid=False,
    )
    kept = _versions(catalog), _corrections(catalog)
    erased = _tombstones(catalog), _erasures(catalog)
    return Tables(meta, events, snippets, removals, likeness, *kept, *erased, _consents(catalog))


def _versions(catalog: "MetaData") -> "Table":
    from sqlalchemy import Column, Integer, String, Table, Text, UniqueConstraint

    return Table(
        "versions",
        catalog,
        Column("pk", Integer, primary_key=True),
        Column("user_key", String(64), nullable=False),
        Column("schema_key", String(64), nullable=False),
        Column("number", Integer, nullable=False),
        Column("user_id", Text, nullable=False),
        Column("schema", Text, nullable=False),
        Column("schema_hash", String(64), nullable=False),
        Column("made_at", String(32), nullable=False),
        Column("content", String(64), nullable=False),
        Column("document", Text, nullable=False),
        Column("private", Text, nullable=False),
        Column("purpose", String(64)),
        Column("sensitive", Text),
        UniqueConstraint("user_key", "schema_key", "number"),
    )


def _corrections(catalog: "MetaData") -> "Table":
    from sqlalchemy import Column, Integer, String, Table, Text

    return Table(
        "corrections",
        catalog,
        Column("pk", Integer, primary_key=True),
        Column("user_key", String(64), nullable=False, index=True),
        Column("user_id", Text, nullable=False),
        Column("schema_key", String(64), nullable=False),
        Column("schema", Text, nullable=False),
        Column("document", Text, nullable=False),
    )


def _tombstones(catalog: "MetaData") -> "Table":
    from sqlalchemy import Column, Float, String, Table

    return Table(
        "tombstones",
        catalog,
        Column("mark", String(64), primary_key=True),
        Column("kind", String(8), nullable=False),
        Column("until", Float(53)),
    )


def _erasures(catalog: "MetaData") -> "Table":
    from sqlalchemy import Column, Integer, String, Table, Text

    return Table(
        "erasures",
        catalog,
        Column("number", Integer, primary_key=True),
        Column("subject", String(64), nullable=False, index=True),
        Column("state", String(8), nullable=False),
        Column("receipt", Text, nullable=False),
    )


def _consents(catalog: "MetaData") -> "Table":
    from sqlalchemy import Column, Integer, String, Table, Text

    return Table(
        "consents",
        catalog,
        Column("pk", Integer, primary_key=True),
        Column("user_key", String(64), nullable=False, index=True),
        Column("user_id", Text, nullable=False),
        Column("document", Text, nullable=False),
    )
