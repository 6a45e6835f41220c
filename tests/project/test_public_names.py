"""Every public name is exported and documented: the rule of CONTRIBUTING.md, checked on the source of each module."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("agent", "retrieval", "prompts")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

SOURCES = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__main__.py"
)


def module_name(source: Path) -> str:
    parts = source.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def assigned_names(statement: ast.stmt) -> Iterator[str]:
    """The plain names that a top-level assignment binds."""
    match statement:
        case ast.Assign(targets=targets):
            pass
        case ast.AnnAssign(target=target):
            targets = [target]
        case _:
            return
    for node in (node for target in targets for node in ast.walk(target)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def public_names(tree: ast.Module) -> set[str]:
    names = {statement.name for statement in tree.body if isinstance(statement, Definition)}
    names.update(name for statement in tree.body for name in assigned_names(statement))
    return {name for name in names if not name.startswith("_")}


@pytest.fixture(params=SOURCES, ids=str)
def source(request: pytest.FixtureRequest) -> Path:
    return ROOT / request.param


def test_the_packages_have_modules() -> None:
    assert {path.parts[0] for path in SOURCES} == set(PACKAGES)


def test_exports_are_the_public_names_and_exist(source: Path) -> None:
    module = importlib.import_module(module_name(source.relative_to(ROOT)))
    exported = getattr(module, "__all__", None)
    assert exported is not None, f"{source}: no __all__"
    assert public_names(ast.parse(source.read_text("utf-8"))) <= set(exported)
    assert [name for name in exported if not hasattr(module, name)] == []
    assert len(exported) == len(set(exported))


def test_module_and_exported_definitions_are_documented(source: Path) -> None:
    tree = ast.parse(source.read_text("utf-8"))
    assert (ast.get_docstring(tree) or "").strip(), f"{source}: no docstring"
    undocumented = [
        statement.name
        for statement in tree.body
        if isinstance(statement, Definition) and not statement.name.startswith("_") and not ast.get_docstring(statement)
    ]
    assert undocumented == []
