"""Does one request or a file of them, and prints what comes back. Knows nothing of how commands are typed."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import click

from agent.errors import InputError, LimnerError, UsageError
from agent.markup import escaped_json
from agent.options import BatchFiles, Door
from agent.terminal import Watch, console_of_stdout, say

if TYPE_CHECKING:
    from rich.console import Console

    from agent.batch import Request, Task
    from agent.limner import Limner

__all__ = ["INTERRUPTED", "Work", "perform", "print_json", "print_result"]

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C or SIGTERM."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Work(Generic[_T]):
    """What a command does with one request, and how its result becomes JSON or something to read.

    ``watched``: the same for people at a terminal, who see more of it meanwhile.
    """

    task: "Task"
    do: "Callable[[Limner, Request], _T]"
    document: Callable[[_T], dict[str, Any]]
    show: "Callable[[Console, _T], None]"
    watched: "Callable[[Limner, Request, Watch], _T] | None" = None


def perform(door: Door, work: Work[_T], files: BatchFiles | None, user: str | None, text: str | None) -> int:
    """Do one request, or a file of them, and print the results; the exit code.

    Raises:
        LimnerError: a single request failed, or a batch cannot go on.
    """
    from agent.batch import Request

    if files is not None:
        return _batch(door, work, files)
    if text is not None and not text.strip():
        raise UsageError(f"the {work.task.repeats} is empty")
    with Watch() as watch, door.limner(watch) as limner:
        request = Request(0, user or "", text or "")
        if work.watched is not None and not door.as_json and sys.stdout.isatty():
            result = work.watched(limner, request, watch)
        else:
            result = work.do(limner, request)
    print_result(door, lambda: work.document(result), lambda console: work.show(console, result))
    return 0


def _batch(door: Door, work: Work[_T], files: BatchFiles) -> int:
    from agent.abreast import Stop
    from agent.batch import run_batch
    from agent.progress import ignore

    done, stop = 0, Stop()

    def progress(results: int, total: int | None) -> None:
        nonlocal done
        done = results
        watch.items(results, total)

    try:
        with Watch() as watch, door.limner(watch, steps=False) as limner:
            jobs, stoppable = _jobs(door, limner), limner.watched(ignore, stop.may_go_on)
            report = run_batch(
                *files,
                work.task,
                lambda request: work.document(work.do(stoppable, request)),
                progress=progress,
                jobs=jobs,
                stop=stop,
            )
    except KeyboardInterrupt:
        say(f"interrupted; {done} results are in {str(files.out)!r}. The same command continues")
        return INTERRUPTED
    except LimnerError:
        if done:
            say(f"stopped; {done} results are in {str(files.out)!r}. The same command continues")
        raise
    if door.as_json:
        print_json({"out": str(files.out), **report._asdict()})
    earlier = f", {report.earlier} of them from before" if report.earlier else ""
    say(f"{report.requests} results in {str(files.out)!r}{earlier}; {report.failed or 'none'} failed")
    if report.failed:
        say("why stands in `error` of their lines")
    if report.refused:
        say(f"{report.refused} of them are of users who were left out for want of a consent or another legal basis")
    return InputError.exit_code if report.failed else 0


def _jobs(door: Door, limner: "Limner") -> int:
    if door.jobs > 1 and limner.is_in_process:
        say("--jobs is for models on servers; one in this process answers one request at a time")
        return 1
    return door.jobs


def print_result(door: Door, document: Callable[[], dict[str, Any]], show: "Callable[[Console], None]") -> None:
    """Print a result as JSON or for people, as the command line says."""
    if door.as_json:
        print_json(document())
    else:
        show(console_of_stdout())


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document on stdout; on a terminal, which it cannot command, some characters are escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    click.echo(escaped_json(text) if sys.stdout.isatty() else text)
