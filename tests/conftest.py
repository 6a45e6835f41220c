import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.disks import Disk

WriteRows = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_servers_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes to the servers of whoever runs it, nor uses a key of theirs."""
    for name in ("LIMNER_RECORD", "LIMNER_INDEX", "LIMNER_KEY", "LIMNER_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


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
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a disk")
    disk = Disk(tmp_path / "disk", "8m")
    yield disk
    disk.gone()
