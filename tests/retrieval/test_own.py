"""Rows of single users are read, changed and deleted through ``Own`` alone, which has the user among its conditions."""

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select

from retrieval.drafts import user_key
from retrieval.keeping import Correction, VersionNote
from retrieval.own import Own
from retrieval.scopes import Scope
from retrieval.sql import Database, tables
from retrieval.store import Store
from tests.conftest import WriteRows

pytestmark = pytest.mark.local

ROOT = Path(__file__).parents[2]
OF_USERS = {"events", "snippets", "likeness", "versions", "corrections", "consents"}
"""The tables whose rows are somebody's."""

ACROSS_USERS = {
    "lists of users": {"history:History._summed", "paging:user_ids", "browsing:Browsing.users"},
    "profiles and corrections of many users, of each what may be told": {
        "browsing:Browsing.documents_with", "browsing:Browsing.latest_documents", "browsing:Browsing._newest",
        "keeping:_of_all", "consents:entries_of",
    },
    "loading, which writes what each event says whose it is": {
        "drafts:DraftWriter._write", "drafts:DraftWriter._known", "drafts:DraftWriter._insert",
        "drafts:DraftWriter._replace_snippets", "drafts:DraftWriter._put_snippets",
        "copies:unmark", "copies:mark_copies", "copies:_rows", "tombstones:Tombstones.refuse",
    },
    "the time, which the newest events of all tell": {"clock:now_by_events"},
    "counts": {"record:Record.count", "backup:counts_of"},
    "what the index owes the record, and the making of another one": {
        "record:Record.pending", "record:Record.pages", "record:Record.listed", "record:Record.replaced",
        "record:Record.settle", "record:Record.compare", "record:Record.forget_index", "record:_numbered",
        "index_table:IndexTable.prune",
    },
    "retention rules, which choose events of all users": {"retention:Retention._chosen"},
    "restoring": {"reapplying:bring_consents", "reapplying:_users"},
    "the proof of an erasure, which asks what others say": {"proving:_Others._holding"},
}  # fmt: skip
"""Who makes statements about rows of many users, or of nobody in particular: module and function."""

ROWS = [
    {"user_id": user, "id": f"{user}-{n}", "timestamp": f"2024-03-0{n + 1}", "channel": "chat", "text": text}
    for user, words in (("ann", "alder"), ("ann_", "birch"), ("ANN", "cedar"))
    for n, text in enumerate((f"I keep a {words} in the garden.", f"My {words} needs water.", f"Ask the {words}."))
]


def test_it_cannot_be_made_without_a_record_or_a_user(database: Database) -> None:
    with database.reading() as db:
        for given in ((), (db,), (db, None), (db, b"ann"), (db, 7), (None, "ann"), ("ann", db), (database, "ann")):
            with pytest.raises(TypeError):
                Own(*given)
        with pytest.raises(AttributeError):
            Own(db, "ann").user_id = "bob"  # type: ignore[misc]


def test_what_it_makes_is_about_the_user_and_counts_for_nobody_else(database: Database) -> None:
    kept = tables()
    with database.writing() as db:
        ann, bob = Own(db, "ann"), Own(db, "bob")
        for table in (kept.events, kept.versions, kept.corrections, kept.consents):
            chosen = ann.select(table), ann.select(table, table.c.pk).limit(1)
            for made in (*chosen, ann.update(table), ann.delete(table)):
                assert "user_key = " in str(made) and ann.key in made.compile().params.values()
        among = ann.among(ann.select(kept.events, kept.events.c.pk))
        assert ann.key in among.compile().params.values() and ann.execute(among).all() == []
        with pytest.raises(ValueError, match="not made for this user"):
            ann.among(bob.select(kept.events))
        cuts = ann.select(kept.snippets)
        assert "events.user_key = " in str(cuts) and ann.key in cuts.compile().params.values()
        for table in (kept.meta, kept.removals, kept.tombstones, kept.erasures, kept.likeness):
            with pytest.raises(AttributeError):
                ann.select(table)
        ann.add(kept.consents, [{"document": "{}", "user_id": "bob", "user_key": bob.key}])
        assert [row.user_id for row in ann.execute(ann.select(kept.consents))] == ["ann"]
        assert bob.execute(bob.delete(kept.consents)).rowcount == 0
        assert ann.execute(ann.delete(kept.consents)).rowcount == 1
        for strange in (bob.select(kept.events), kept.events.select(), select(ann.select(kept.events).subquery())):
            with pytest.raises(ValueError, match="not made for this user"):
                ann.execute(strange)


def test_nobody_else_makes_statements_about_the_rows_of_users() -> None:
    found = {name for path in sorted((ROOT / "retrieval").glob("*.py")) for name in _statements(path)}
    named = set().union(*ACROSS_USERS.values())
    assert sorted(found - named) == [], "these select, change or delete rows of users without Own"
    assert sorted(named - found) == [], "these are not needed in ACROSS_USERS any more"


def test_nobody_outside_of_retrieval_knows_the_tables() -> None:
    for path in (ROOT / "agent").rglob("*.py"):
        text = path.read_text("utf-8")
        assert not re.search(r"from retrieval\.(sql|catalog|own|drafts|record) |(from|import) sqlalchemy", text), path


@pytest.fixture
def filled(store: Store, write_rows: WriteRows) -> Store:
    store.ingest([write_rows(*ROWS)])
    for user in ("ann", "ann_", "ANN"):
        note = VersionNote(user, "person", "hash", 1, "2024-01-01T00:00:00Z")
        store.keeping.save(note, f"content {user}", {"of": user}, {"gone": []}, store.keeping.mark(user))
        store.keeping.correct(Correction(user, "person", {"of": user}), store.keeping.mark(user))
        store.consents.grant(user, "support", by="me")
    return store


def test_every_statement_about_a_user_has_the_user_in_it(filled: Store) -> None:
    browsing, keeping, forgetting = filled.browsing, filled.keeping, filled.forgetting
    place = browsing.around("ann", "ann-1", 5).place
    asked = {
        "user": lambda user: filled.user(user),
        "events": lambda user: filled.events(user),
        "event": lambda user: filled.event(user, f"{user}-1"),
        "page": lambda user: filled.event_page(user, 2),
        "behind": lambda user: filled.event_page(user, 2, place, newest_first=True),
        "history": lambda user: filled.history(user, 2),
        "count": lambda user: filled.snippet_count(user),
        "search": lambda user: filled.search(user, "the garden"),
        "view": lambda user: filled.view(user),
        "outline": lambda user: browsing.outline(user),
        "browse": lambda user: (browsing.page(user, 1), browsing.page(user, 1, after=place)),
        "around": lambda user: browsing.around(user, f"{user}-1", 5),
        "periods": lambda user: [browsing.at(user, each.places) for each in browsing.periods(user, "day", 2)],
        "others' places": lambda user: browsing.at(user, [place]),
        "versions": lambda user: (keeping.versions(user), keeping.version(user, "person", 1)),
        "latest": lambda user: keeping.latest(user, "person", "hash"),
        "mark": lambda user: (keeping.mark(user), keeping.loaded_since(user, 0)),
        "corrections": lambda user: keeping.corrections(user),
        "consents": lambda user: (filled.consents.of(user), keeping.permit(user)),
        "preview": lambda user: forgetting.preview(user, Scope()),
    }
    for name, ask in asked.items():
        for user in ("ann", "ann_", "ANN"):
            with _seen() as statements:
                told = ask(user)
            _check(statements, user, name)
            others = {"alder", "birch", "cedar"} - {{"ann": "alder", "ann_": "birch", "ANN": "cedar"}[user]}
            assert not any(word in repr(told) for word in others), name


def test_every_change_of_a_user_has_the_user_in_it(filled: Store) -> None:
    with _seen() as statements:
        filled.forgetting.forget("ann_", Scope(("ann_-1",)), defer=True)
        filled.consents.withdraw("ann_", None, by="me")
        filled.forgetting.forget("ann_", Scope(), defer=True)
    changes = [each for each in statements if each[0].startswith(("DELETE", "UPDATE"))]
    deleted = {match[1] for sql, _ in changes if (match := re.match(r"DELETE FROM (\w+)", sql))}
    assert deleted >= {"events", "versions", "corrections", "consents"}
    _check([each for each in changes if "likeness" not in each[0] and "SET copy_of" not in each[0]], "ann_", "forget")
    assert {row.user_id: row.events for row in filled.users()} == {"ann": 3, "ANN": 3}
    for user in ("ann", "ANN"):
        assert [each.document for each in filled.keeping.corrections(user)] == [{"of": user}]
        assert [each.number for each in filled.keeping.versions(user)] == [1]
        assert len(filled.consents.of(user)) == 1


def _check(statements: list[tuple[str, Any]], user: str, name: str) -> None:
    """Each statement about somebody's rows has the condition, with this user's key; a count of all vectors has not."""
    about = [each for each in statements if OF_USERS & set(re.findall(r"\w+", each[0]))]
    assert about, name
    for sql, values in about:
        if sql != "SELECT count(*) AS count_1 \nFROM snippets":
            assert re.search(r"user_key\b[ |?)]*(= \?|IN \(\?\))", sql) and user_key(user) in values, (name, sql)


@contextmanager
def _seen() -> Iterator[list[tuple[str, Any]]]:
    """The statements that are executed meanwhile, with their values."""
    seen: list[tuple[str, Any]] = []

    def note(connection: Connection, cursor: Any, sql: str, values: Any, *others: Any) -> None:
        seen.append((sql, tuple(values)))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


_MAKES = {"select", "update", "delete", "insert", "alias", "join", "outerjoin"}
_IN_SQL = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:{'|'.join(sorted(OF_USERS))})\b")


def _statements(path: Path) -> Iterator[str]:
    """Module and name of each function of a file that makes a statement about rows of users otherwise than by Own."""
    if path.name in ("own.py", "catalog.py"):
        return
    for name, function in _functions(ast.parse(path.read_text("utf-8"))):
        names, nodes = _tables_in(function), list(ast.walk(function))
        is_about_users = any(_table(node, names) in OF_USERS for node in nodes)
        if any(_makes(node, names) or (is_about_users and _is_select(node)) for node in nodes):
            yield f"{path.stem}:{name}"


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, ast.FunctionDef))
        else:
            yield getattr(node, "name", "module"), node


def _tables_in(function: ast.AST) -> dict[str, str]:
    """Local name -> table, or "" for the tuple of all of them; a parameter that is a table may be any."""
    names: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.arg) and node.annotation is not None and "Table" in ast.unparse(node.annotation):
            names[node.arg] = "events"
        if isinstance(node, ast.comprehension | ast.For) and isinstance(node.target, ast.Name):
            items = node.iter.elts if isinstance(node.iter, ast.Tuple) else []
            found = [table for each in items if (table := _table(each, names)) is not None]
            names |= {node.target.id: table for table in sorted(found, key=OF_USERS.__contains__)}  # noqa: B035
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            for left, right in pairs:
                if isinstance(left, ast.Name) and (table := _table(right, names)) is not None:
                    names[left.id] = table
    return names


def _table(node: ast.AST, names: dict[str, str]) -> str | None:
    """Which table an expression is; "": the tuple of all of them; None: something else."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Call) and ast.unparse(node) == "tables()":
        return ""
    if isinstance(node, ast.Attribute) and _table(node.value, names) == "":
        return node.attr
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "alias":
        return _table(node.func.value, names)
    return None


def _makes(node: ast.AST, names: dict[str, str]) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _IN_SQL.search(node.value) is not None
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MAKES
    return is_method and _table(node.func.value, names) in OF_USERS


def _is_select(node: ast.AST) -> bool:
    """Whether it is a call of SQLAlchemy's functions, whatever their arguments are called."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKES


def test_the_check_finds_what_it_looks_for(tmp_path: Path) -> None:
    bodies = {
        "a": "events = tables().events\n    db.execute(events.select())",
        "b": "db.execute(tables().versions.delete())",
        "c": "kept = tables()\n    db.execute(kept.consents.update())",
        "d": "events, more = tables().events, tables().meta\n    db.execute(select(events.c.text))",
        "e": "db.exec_driver_sql('SELECT text FROM events')",
        "f": "other = tables().events.alias()\n    return select(func.min(other.c.pk))",
        "g": "return [db.execute(each.select()) for each in (tables().corrections, tables().meta)]",
        "h": "columns = [tables().events.c.text]\n    return select(*columns)",
        "fine": "own = Own(db, user)\n    return own.execute(own.select(tables().events)), tables().meta.select()",
    }
    file = tmp_path / "made.py"
    file.write_text("".join(f"def {name}(db, user):\n    {body}\n\n\n" for name, body in bodies.items()), "utf-8")
    assert [each.partition(":")[2] for each in _statements(file)] == list("abcdefgh")
