from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from retrieval.fakes import HashingEmbedder
from retrieval.store import Store


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
