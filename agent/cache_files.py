"""Writes small files into the user's cache folder: what can be found out again, and is worth no error."""

import math
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["keep"]


def keep(path: Path, text: str, *, days: float = math.inf) -> None:
    """Write a file whole, and its folder; without effect where that cannot be written.

    Args:
        path: of the file, ``.json``.
        text: its content.
        days: files beside it that are older are deleted; none by default.
    """
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
        for other in path.parent.glob("*.json"):
            if other.stat().st_mtime < time.time() - days * 86400:
                other.unlink(missing_ok=True)
