"""The file of ``ingest --report``: one JSON line for each thing that was dropped, cut or marked.

Knows how it is written, not what is in it. It grows batch by batch, after a batch is in the store, so that whatever
ends the run, it holds whole lines and nothing that was not loaded.
"""

import json
import os
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agent.errors import UsageError

if TYPE_CHECKING:
    from retrieval.dropping import Dropped

__all__ = ["ReportFile"]


class ReportFile:
    """Writes a report, in the place of an earlier one. Nothing is touched before there is something to write.

    Args:
        path: the file.
        histories: what is loaded; the report must not be one of these files, nor lie in one of these folders, where it
            would be taken for a history the next time.

    Raises:
        UsageError: at once, when it cannot be written there, or would take the place of something else; from
            ``write``, when the disk is full and the like.
    """

    def __init__(self, path: Path, histories: Sequence[Path]) -> None:
        self._path = path
        self._file: FileIO | None = None
        if not path.parent.is_dir():
            raise UsageError(f"--report {str(path)!r}: there is no folder {str(path.parent)!r}", hint="Make it")
        if path.is_dir():
            raise UsageError(f"--report {str(path)!r} is a folder", hint="Name a file")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise UsageError(f"--report {str(path)!r} may not be written", hint="Name another file")
        place = path.resolve()
        for each in (history.resolve() for history in histories):
            if place == each or (each.is_dir() and each in place.parents):
                hint = "Write it elsewhere"
                raise UsageError(f"--report {str(path)!r} is among the histories that are loaded", hint=hint)
        if path.is_file() and not _is_report(path):
            raise UsageError(
                f"--report {str(path)!r} exists and is no report of limner",
                hint="Name another file, or delete this one",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.write(())
        if self._file is not None:
            self._file.close()

    def write(self, dropped: "Sequence[Dropped]") -> None:
        """Add a line for each."""
        lines = [json.dumps(_line(each), ensure_ascii=False) + "\n" for each in dropped]
        left = "".join(lines).encode("utf-8", "backslashreplace")
        try:
            if self._file is None:
                self._file = FileIO(self._path, "w")
            while left:
                left = left[os.write(self._file.fileno(), left) :]
        except OSError as error:
            raise UsageError(f"--report {str(self._path)!r} cannot be written: {error.strerror or error}") from error


def _line(dropped: "Dropped") -> dict[str, object]:
    optional = ("copy_of", "detail")
    return {name: value for name, value in dropped._asdict().items() if value is not None or name not in optional}


def _is_report(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            first = file.readline(100_000)
        return not first or {"file", "line", "reason", "chars"} <= json.loads(first).keys()
    except (OSError, ValueError, AttributeError):
        return False
