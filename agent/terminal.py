"""The terminal: UTF-8 streams, progress on stderr, what Ctrl-C and ``kill`` do. Knows nothing of commands or documents.

Progress is a bar where stderr is a terminal, else a few plain lines; a bar is gone when the work is done.
"""

import io
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Self

from agent.progress import Step

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from retrieval.ingest import IngestReport

__all__ = ["Watch", "console_of_stdout", "say", "use_utf8", "watch_for_sigterm"]

_ITEMS_A_LINE = 10
_ROWS_A_LINE = 10_000


def use_utf8() -> None:
    """Write UTF-8 whatever the locale is. What UTF-8 cannot hold is escaped, in the way that JSON escapes it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextmanager
def watch_for_sigterm() -> Iterator[None]:
    """Let SIGTERM end the work as Ctrl-C does: with a KeyboardInterrupt, so that files are closed in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def say(message: str) -> None:
    """A message for people, on stderr."""
    print(f"limner: {message}", file=sys.stderr)


def console_of_stdout() -> "Console":
    """Where tables go: without colour unless it is a terminal, and never interpreting what it prints."""
    from rich.console import Console

    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False)


class Watch:
    """Shows on stderr how far the work is. Its methods fit the callbacks of ``Limner`` and of batches."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._terminal = sys.stderr.isatty()
        self._loading: set[str] = set()
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def step(self, step: Step) -> None:
        """A stage of a profile or an answer; seen on terminals only."""
        if self._terminal:
            self._show(step.stage, step.done, step.total)

    def line(self, text: str) -> None:
        """A line that stays, above the bars; seen on terminals only."""
        if self._terminal:
            (self._bars or self._start()).console.print(text, soft_wrap=True)

    def load(self, what: str, done: int, total: int) -> None:
        """A model is put together; in bytes."""
        name = f"preparing {what}"
        if self._terminal:
            self._show(f"{name} (MB)", done // 1_000_000, total // 1_000_000)
        elif what not in self._loading:
            say(f"{name} ({total / 1e6:.0f} MB), once")
        self._loading.add(what)

    def rows(self, report: "IngestReport") -> None:
        """Rows of history files were taken in; how many there will be is not known."""
        if self._terminal:
            self._show("rows", report.read, None)
        elif report.read // _ROWS_A_LINE > self._rows // _ROWS_A_LINE:
            say(f"{report.read} rows")
        self._rows = report.read

    def items(self, done: int, total: int | None, name: str = "requests") -> None:
        """Requests of a batch were answered, or other things done."""
        if self._terminal:
            self._show(name, done, total)
        elif done and (done % _ITEMS_A_LINE == 0 or done == total):
            say(f"{done} {name}" if total is None else f"{done} of {total} {name}")

    def _show(self, name: str, done: int, total: int | None) -> None:
        bars = self._bars or self._start()
        if name not in self._tasks:
            self._tasks[name] = bars.add_task(name, total=total)
        bars.update(self._tasks[name], completed=done, total=total)

    def _start(self) -> "Progress":
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        console = Console(file=sys.stderr, markup=False, highlight=False, emoji=False)
        self._bars = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
        self._bars.start()
        return self._bars
