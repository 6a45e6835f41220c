"""What is fuzzed beside files that people load: queries and addresses of databases, backups, grammars of the decoders.

No address is connected to: only what reads it is tried.
"""

import atexit
import io
import json
import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Final

from benchmarks.fuzz.checking import Leaks, check_error, check_event
from retrieval import HashingEmbedder, Store
from retrieval.archives import check_archive, extract
from retrieval.errors import LimnerError
from retrieval.loaders.database import Query, load_query

__all__ = ["ADDRESSES", "QUERIES", "backup", "backup_seeds", "grammar", "sql_address", "sql_query"]

SAID: Final = ("I live in Munich and have two cats.", "我住在慕尼黑，养了两只猫。")
QUERIES: Final = [
    b"SELECT * FROM said",
    b"SELECT user_id, text, id AS event_id, timestamp FROM said WHERE text LIKE '%Munich%' ORDER BY id",
    b"SELECT user_id, group_concat(text) AS text, count(*) AS n FROM said GROUP BY user_id",
    b"SELECT user_id, CAST(text AS BLOB) AS text, 1e400 AS timestamp FROM said",
    b"WITH one AS (SELECT 'u' AS user_id, NULL AS text) SELECT * FROM one",
    b"PRAGMA table_info(said)",
]
ADDRESSES: Final = [
    b"sqlite:////data/crm.db",
    b"postgresql+psycopg://reader:secret%40word@db.example:5432/crm?sslmode=require&application_name=x",
    b"mysql+pymysql://reader:secret@[::1]:3306/crm?charset=utf8mb4",
    b"mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BODBC%7D",
]


@lru_cache(maxsize=1)
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="limner-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def sql_query(data: bytes) -> None:
    """A query to a small database, which is made anew."""
    file = _folder() / "crm.db"
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("CREATE TABLE said (user_id, id, timestamp, text)")
        db.executemany("INSERT INTO said VALUES ('u', ?, '2024-03-01', ?)", enumerate(SAID))
    leaks = Leaks(SAID)
    try:
        for each in load_query(Query(f"sqlite:///{file}", data.decode("utf-8", "replace"))):
            check_event(each, leaks)
    except LimnerError as error:
        check_error(error, leaks)


def sql_address(data: bytes) -> None:
    """An address is read, and its password is in no message."""
    text = data.decode("utf-8", "replace")
    try:
        load_query(Query(text, "SELECT 1"))
    except LimnerError as error:
        check_error(error, Leaks())
        assert "secret" not in str(error) or "secret" not in text.partition("@")[0], "a password is told"


@lru_cache(maxsize=1)
def backup_seeds() -> list[bytes]:
    """A small backup whole, and an archive of its manifest alone."""
    rows, out = _folder() / "rows.jsonl", _folder() / "whole"
    rows.write_text("".join(json.dumps({"user_id": "u", "text": each}) + "\n" for each in SAID), "utf-8")
    with Store(_folder() / "store", HashingEmbedder(4)) as store:
        store.ingest([rows])
        store.backup(out)
    with zipfile.ZipFile(out) as archive:
        manifest = next(each for each in archive.namelist() if "manifest" in each.lower())
        small = io.BytesIO()
        with zipfile.ZipFile(small, "w") as other:
            other.writestr(manifest, archive.read(manifest))
    return [small.getvalue(), out.read_bytes()]


def backup(data: bytes) -> None:
    """A backup is whole, or an error; nothing of it is put outside of the folder."""
    file, folder = _folder() / "damaged", _folder() / "unpacked"
    file.write_bytes(data)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    before = {each.name for each in _folder().iterdir()}
    try:
        check_archive(file)
        extract(file, folder)
    except LimnerError as error:
        check_error(error, Leaks(SAID))
    assert {each.name for each in _folder().iterdir()} == before, "something lies outside of the folder"


def grammar(data: bytes) -> None:
    """Of a schema that is taken, the decoder takes what is drafted for each attribute."""
    from llguidance import LLMatcher

    from agent.errors import SchemaError
    from agent.facets import draft_schema, plan_facets
    from agent.grammars import grammar_of
    from agent.schema import load_schema

    try:
        document = json.loads(data)
        facets = plan_facets(load_schema(document if isinstance(document, dict) else {"const": document}), "en")
    except (ValueError, RecursionError, SchemaError):
        return
    for facet in facets:
        form = {"type": "json_schema", "json_schema": {"name": "draft", "schema": draft_schema(facet, [1, 2, 3])}}
        made = grammar_of(form)
        assert made is not None
        said = LLMatcher.validate_grammar(made)
        assert not said, f"the decoder refuses it: {said[:300]}"
