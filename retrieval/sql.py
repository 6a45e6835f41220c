"""The database behind the record: its tables, how it is opened, and what its errors mean.

Knows nothing of events as objects, nor of the vector index.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from retrieval.errors import StoreBusy, StoreError, shorten

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

__all__ = ["SCHEMA_VERSION", "Database", "Tables", "chunks", "tables"]

_T = TypeVar("_T")

SCHEMA_VERSION = 3
"""Goes up by one when the tables change; an older store is brought up to date, one of a newer version is refused."""

_CHUNK = 500
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
)


class Tables(NamedTuple):
    """The tables of the record.

    ``meta``: schema version, embedder, generation. ``events`` and ``snippets``: the history; a snippet's text is not
    kept twice, it is the event's from ``start`` to ``end``; ``wide`` marks windows over several snippets. ``removals``:
    vectors that have yet to leave the index. ``likeness``: keys by which events find earlier ones that say nearly the
    same (see ``copies``).
    User and event ids may be of any length, so that indexes go over hashes of them (``user_key``, ``event_key``).
    """

    meta: "Table"
    events: "Table"
    snippets: "Table"
    removals: "Table"
    likeness: "Table"


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
    return Tables(meta, events, snippets, removals, likeness)


class Database:
    """An open SQLite file with the tables in it; made when it does not exist.

    Raises:
        StoreError: from every method, when the file is no database of limner's, of a newer version, or damaged.
        StoreBusy: another process keeps it locked for longer than ``wait`` seconds.
    """

    def __init__(self, path: Path, *, wait: float = 10.0) -> None:
        self._path = path
        self._engine = _engine(path, wait)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator["Connection"]:
        """A connection to read from; within the block it sees one state."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator["Connection"]:
        """A connection in a transaction: all of the block is kept, or on an exception none of it."""
        with self._translated(), self._engine.connect() as connection:
            connection.execution_options(immediate=True)
            with connection.begin():
                yield connection

    def _prepare(self) -> None:
        from sqlalchemy import inspect

        catalog = tables().meta.metadata
        with self.reading() as db:
            names = set(inspect(db).get_table_names())
        if names and not names >= {"meta", "events", "snippets"}:
            raise StoreError(f"{str(self._path)!r} is a database, but not limner's", hint="Choose another --store")
        if not names:
            with self.writing() as db:
                if not inspect(db).get_table_names():  # another process may just have made them
                    catalog.create_all(db)
                    db.execute(tables().meta.insert(), [{"key": "schema", "value": str(SCHEMA_VERSION)}])
        self._check_version()

    def _check_version(self) -> None:
        meta = tables().meta
        with self.reading() as db:
            found = db.execute(meta.select().where(meta.c.key == "schema")).one_or_none()
        if found is None or not found.value.isdecimal():
            raise StoreError(f"the store {str(self._path)!r} does not say its version", hint="Restore it from a backup")
        if found.value == "1":
            self._add_windows()
        if found.value in ("1", "2"):
            self._add_likeness()
        if int(found.value) > SCHEMA_VERSION:
            raise StoreError(
                f"the store {str(self._path)!r} has version {shorten(found.value)}, this limner reads {SCHEMA_VERSION}",
                hint="Update limner, or choose another --store",
            )

    def _add_windows(self) -> None:
        """Version 1 had no windows; those of its events come when the events are loaded again."""
        meta = tables().meta
        with self.writing() as db:
            if db.execute(meta.update().where(meta.c.key == "schema", meta.c.value == "1").values(value="2")).rowcount:
                db.exec_driver_sql("ALTER TABLE snippets ADD COLUMN wide BOOLEAN DEFAULT 0 NOT NULL")

    def _add_likeness(self) -> None:
        """Version 2 knew neither languages nor copies; those of its events come when the events are loaded again."""
        meta = tables().meta
        with self.writing() as db:
            if db.execute(meta.update().where(meta.c.key == "schema", meta.c.value == "2").values(value="3")).rowcount:
                for column in ("language", "copy_of"):
                    db.exec_driver_sql(f"ALTER TABLE events ADD COLUMN {column} TEXT")
                tables().likeness.create(db)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from sqlalchemy.exc import DatabaseError

        try:
            yield
        except DatabaseError as error:
            if "database is locked" in str(error.orig):
                raise StoreBusy(f"another process writes to {str(self._path)!r}", hint="Try again later") from error
            raise StoreError(
                f"the record {str(self._path)!r} cannot be used: {error.orig}", hint="Restore it from a backup"
            ) from error


def chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """The values in portions that fit into one ``IN (...)`` of any database."""
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


def _engine(path: Path, wait: float) -> "Engine":
    from sqlalchemy import URL, create_engine, event

    engine = create_engine(
        URL.create("sqlite", database=str(path)), hide_parameters=True, connect_args={"timeout": wait}
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin where we say so, tables included
        for pragma in _PRAGMAS:
            connection.execute(pragma).close()

    @event.listens_for(engine, "begin")
    def begun(connection: "Connection") -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
