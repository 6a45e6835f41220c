"""Writes down a small record as the limner on the path makes it, before its tables change; see CONTRIBUTING.md.

    PYTHONPATH=CHECKOUT python tests/retrieval/records/make.py tests/retrieval/records

makes ``v6.sqlite.sql`` and ``v6.postgresql.sql`` where that limner's record has version 6. The ones that are here were
made so with the last commit before each change, the first of them with 082a653. The key of their erasures is ``KEY``.
"""

import importlib.util
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from retrieval import HashingEmbedder
from retrieval.sql import Database, tables
from retrieval.store import Store

KEY = "2c" * 32
ROWS = [
    {"user_id": "ada", "id": "a1", "timestamp": "2024-03-01T09:00:00Z", "channel": "email", "speaker": "user",
     "text": "I moved from Hamburg to Munich last month. My parcel 4711 has not come yet."},
    {"user_id": "ada", "id": "a2", "timestamp": "2024-03-02T10:30:00Z", "channel": "chat", "speaker": "agent",
     "text": "It's on its way; the driver said \"tomorrow\"."},
    {"user_id": "李雷", "id": "b1", "timestamp": "2024-04-01T08:00:00+08:00", "channel": "chat", "speaker": "user",
     "text": "我上个月搬到杭州了。我对花生过敏，请记下来。"},
    {"user_id": "grace", "id": "c1", "timestamp": "2024-05-01T12:00:00Z", "channel": "chat", "speaker": "user",
     "text": "Please forget me."},
]  # fmt: skip
PROFILE = {"city": "Munich", "说明": "她搬家了"}


def fill(folder: Path) -> None:
    """Make a store with whatever this limner can keep."""
    file = folder.with_name("rows.jsonl")
    file.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in ROWS), encoding="utf-8")
    with Store(folder, HashingEmbedder()) as given:
        store: Any = given
        store.ingest([file])
        if has("keeping"):
            from retrieval.keeping import Correction, VersionNote

            for number in (1, 2):
                note = VersionNote("ada", "customer", "5c" * 32, number, "2024-06-01T00:00:00Z")
                store.keeping.save(note, f"{number}c" * 32, PROFILE | {"number": number}, {"draft": number})
            store.keeping.correct(Correction("ada", "customer", {"pointer": "/city", "value": "München"}))
        if has("forgetting"):
            from retrieval.scopes import Scope

            (folder / "erasure.key").write_text(f"{KEY}\n")
            store.forgetting.forget("grace", Scope())
        if has("consents"):
            store.consents.grant("ada", "support", by="me", source="form 7")


def has(module: str) -> bool:
    """Whether this limner has a module."""
    return importlib.util.find_spec(f"retrieval.{module}") is not None


def as_postgresql(path: Path) -> str:
    """The tables as this limner makes them in PostgreSQL, and the rows of an SQLite file."""
    dialect: Any = postgresql.dialect()  # type: ignore[no-untyped-call]
    made: list[str] = []
    database = Database(path)
    with database.reading() as db:
        for table in tables().meta.metadata.sorted_tables:
            made.append(str(CreateTable(table).compile(dialect=dialect)).strip())
            made += [str(CreateIndex(each).compile(dialect=dialect)) for each in sorted(table.indexes, key=str)]
            for row in db.execute(table.select()):
                insert = table.insert().values(row._asdict())
                made.append(str(insert.compile(dialect=dialect, compile_kwargs={"literal_binds": True})))
            if len(table.primary_key) == 1 and "pk" in table.c:
                made.append(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'pk'), 1000)")
    database.close()
    return "".join(f"{each};\n" for each in made)


def write(out: Path) -> None:
    """Write the two files."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "store"
        fill(folder)
        record = folder / "record.sqlite3"
        with closing(sqlite3.connect(record)) as db:
            (version,) = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
            (out / f"v{version}.sqlite.sql").write_text("".join(f"{each}\n" for each in db.iterdump()), "utf-8")
        (out / f"v{version}.postgresql.sql").write_text(as_postgresql(record), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
