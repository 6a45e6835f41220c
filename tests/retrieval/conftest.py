import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from retrieval.fakes import HashingEmbedder
from retrieval.store import Store

WriteRows = Callable[..., Path]


@pytest.fixture
def write_rows(tmp_path: Path) -> WriteRows:
    """Write rows as JSON Lines, under a name; a string is written as it is."""

    def write(*rows: dict[str, Any] | str, name: str = "history.jsonl") -> Path:
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Open the store in tmp_path (or elsewhere) with the fake embedder (or another); closed at the end."""
    opened: list[Store] = []

    def open_(path: Path | None = None, embedder: Any = None) -> Store:
        opened.append(Store(path or tmp_path / "store", embedder or HashingEmbedder(), wait=0.3))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    """A store, not yet made, with the fake embedder."""
    return open_store()
