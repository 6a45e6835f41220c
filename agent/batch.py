"""Works through a file of requests, one result a line, and continues where it was interrupted.

Knows nothing of models, stores or terminals: what makes a result is given. A result file never holds half a line for
longer than an interrupted run, and every line in it is the result of the request at its place.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

from agent.abreast import Stop, in_order
from agent.ask_graph import MOST_QUESTION_CHARS
from agent.errors import ConsentMissing, InputError, ModelReplyError, UsageError, shorten

__all__ = ["ASK", "PROFILE", "SEARCH", "BadRequest", "BatchReport", "Request", "Task", "run_batch"]

_START = b'{"user_id": '
"""How every line of a result file starts; what starts otherwise was not written here."""


class Request(NamedTuple):
    """One line of the request file (counted from 1): whom it is about, and the question or query ("" for profiles)."""

    line: int
    user_id: str
    text: str = ""


class BadRequest(InputError):
    """A line that is no request; ``user_id`` and ``text`` as far as it has them."""

    def __init__(self, line: int, reason: str, *, user_id: str | None = None, text: str | None = None) -> None:
        super().__init__(f"request in line {line}: {reason}")
        self.line = line
        self.user_id = user_id
        self.text = text


@dataclass(frozen=True, slots=True)
class Task:
    """What a batch is about.

    ``result`` is the field that only results of this task have. ``accepts`` are the fields of a request that may hold
    its text; the first one found counts, and the field ``repeats`` of a result repeats it.
    ``schema_hash`` is that of the profiles.
    """

    result: str
    accepts: tuple[str, ...] = ()
    repeats: str | None = None
    schema_hash: str | None = None


SEARCH = Task("hits", ("query", "question"), repeats="query")
ASK = Task("answer", ("question",), repeats="question")
PROFILE = Task("profile")


class BatchReport(NamedTuple):
    """How many requests there were, how many of them had a result before this run, and how many failed in all.

    ``refused``: how many were left out since nothing may be made of these users' histories; they did not fail.
    """

    requests: int
    earlier: int
    failed: int
    refused: int = 0


def run_batch(
    requests: Path,
    out: Path,
    task: Task,
    answer: Callable[[Request], dict[str, Any]],
    progress: Callable[[int, int | None], None],
    *,
    jobs: int = 1,
    stop: Stop | None = None,
) -> BatchReport:
    """Answer every request; results are written in order, each as soon as those before it are written.

    A request that fails for a reason of its own (unknown user, no consent, no valid profile, a reply of the model that
    cannot be used, a line that is no request) becomes ``{"user_id", …, "error": {"type", "message"}}``, and the rest
    goes on.

    Args:
        requests: JSON lines with ``user_id`` and the text that ``task`` needs; other fields and blank lines count for
            nothing.
        out: where results go; whole lines that are there already must be the results of the first requests.
        task: which kind of request it is.
        answer: makes the result document of a request; its first key is ``user_id``.
        progress: called with the number of results so far and of requests (None where it cannot be known).
        jobs: so many requests are in work at a time; of those about the same user one.
        stop: what ``answer`` asks whether it may go on, where ``jobs`` is more than 1.

    Raises:
        InputError: ``requests`` cannot be read.
        UsageError: ``out`` cannot be written, another process writes it, or it holds something else; from ``answer``.
        ModelUnavailable, BackendUnavailable, StoreError: from ``answer``; the results so far are kept.
    """
    _check_paths(requests, out)
    total = _count(requests)
    with _opened(requests) as lines, _locked(out) as file:
        waiting = _requests(lines, task)
        earlier, failed, refused, end = _resume(out, task, waiting)
        file.truncate(end)
        done = earlier
        progress(done, total)
        results = in_order(
            lambda request: _result(task, request, answer), waiting, jobs, of=_about, stop=stop or Stop()
        )
        try:
            with closing(results):
                for _, result in results:
                    end += _append(file, out, result)
                    done += 1
                    failed += _is_failed(result)
                    refused += _is_refused(result)
                    progress(done, total)
        finally:
            file.truncate(end)
    return BatchReport(done, earlier, failed, refused)


def _is_refused(result: dict[str, Any]) -> bool:
    error = result.get("error")
    return isinstance(error, dict) and error.get("type") == ConsentMissing.__name__


def _is_failed(result: dict[str, Any]) -> bool:
    return "error" in result and not _is_refused(result)


def _about(request: "Request | BadRequest") -> str:
    return request.user_id or ""


def _check_paths(requests: Path, out: Path) -> None:
    if not out.exists():
        return
    if not out.is_file():
        raise UsageError(f"results cannot be written to {str(out)!r}: not a file", hint="Give another --out")
    if requests.exists() and requests.samefile(out):
        raise UsageError(f"{str(out)!r} is the file of the requests", hint="Give another --out")


def _count(path: Path) -> int | None:
    """How many requests a file holds; None for what can be read only once, such as a pipe."""
    if not path.is_file():
        return None
    with _opened(path) as lines:
        return sum(1 for line in lines if line.strip())


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"requests {str(path)!r}: {reason}", hint="Give a file of JSON lines to --batch") from error
    with file:
        yield file


@contextmanager
def _locked(out: Path) -> Iterator[FileIO]:
    """The result file, made when it is not there, written without a buffer, for one process at a time."""
    try:
        file = FileIO(out, "a")
    except OSError as error:
        said = error.strerror or error
        raise UsageError(f"results cannot be written to {str(out)!r}: {said}", hint="Give another --out") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            hint = "Wait for it, or give another --out"
            raise UsageError(f"another process writes {str(out)!r}", hint=hint) from error
        yield file


def _requests(lines: Iterator[bytes], task: Task) -> Iterator[Request | BadRequest]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _request(number, line, task)
            except BadRequest as error:
                yield error


def _request(number: int, line: bytes, task: Task) -> Request:
    try:
        row = json.loads(line.decode("utf-8-sig").strip())
    except UnicodeDecodeError as error:
        raise BadRequest(number, f"not UTF-8 text (byte {error.start})") from error
    except (json.JSONDecodeError, RecursionError) as error:
        where = f"column {error.colno}" if isinstance(error, json.JSONDecodeError) else "nested too deep"
        raise BadRequest(number, f"not JSON ({where})") from error
    if not isinstance(row, dict):
        raise BadRequest(number, f"a {type(row).__name__}, not a JSON object")
    user_id = row.get("user_id")
    if isinstance(user_id, int) and not isinstance(user_id, bool):
        user_id = str(user_id)
    if not isinstance(user_id, str) or not user_id:
        raise BadRequest(number, f"user_id is {shorten(user_id)}, not a text" if user_id else "no user_id")
    return Request(number, user_id, _text(number, user_id, row, task)) if task.accepts else Request(number, user_id)


def _text(number: int, user_id: str, row: dict[str, Any], task: Task) -> str:
    text = next((row[name] for name in task.accepts if row.get(name) is not None), None)
    names = " or ".join(task.accepts)
    if text is None:
        raise BadRequest(number, f"no {names}", user_id=user_id)
    if not isinstance(text, str):
        raise BadRequest(number, f"{names} is {shorten(text)}, not a text", user_id=user_id)
    if not text.strip():
        raise BadRequest(number, f"{names} is empty", user_id=user_id, text=text)
    if len(text) > MOST_QUESTION_CHARS:
        reason = f"{names} has {len(text)} characters, and may have {MOST_QUESTION_CHARS}"
        raise BadRequest(number, reason, user_id=user_id, text=text)
    return text


def _resume(out: Path, task: Task, waiting: Iterator[Request | BadRequest]) -> tuple[int, int, int, int]:
    """Take the requests that have a result already: how many, how many failed or were refused, where the last ends."""
    done = failed = refused = end = 0
    remedy = "Give another --out, or delete this one to start anew"
    with out.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            place = f"{str(out)!r}, line {number}"
            if not line.endswith(b"\n"):
                if not line.startswith(_START[: len(line)]):
                    raise UsageError(f"{place}: not a result of limner", hint=remedy)
                break
            request = next(waiting, None)
            if request is None:
                raise UsageError(f"{place}: more results than requests", hint=remedy)
            result = _parsed(line)
            if result is None or not _fits(task, result, request):
                raise UsageError(f"{place}: not the result of the request in line {request.line}", hint=remedy)
            done, end = done + 1, end + len(line)
            failed, refused = failed + _is_failed(result), refused + _is_refused(result)
    return done, failed, refused, end


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _fits(task: Task, result: dict[str, Any], request: Request | BadRequest) -> bool:
    """Whether a line is what this batch would have written for the request."""
    if ("error" not in result and task.result not in result) or result.get("user_id") != request.user_id:
        return False
    if task.repeats is not None and result.get(task.repeats) != request.text:
        return False
    if isinstance(request, BadRequest):
        return "error" in result and bool(result.get("line") == request.line)
    same_schema = task.schema_hash is None or "error" in result or result["schema"]["hash"] == task.schema_hash
    return "line" not in result and same_schema


def _result(task: Task, request: Request | BadRequest, answer: Callable[[Request], dict[str, Any]]) -> dict[str, Any]:
    try:
        if isinstance(request, BadRequest):
            raise request
        return answer(request)
    except (InputError, ConsentMissing, ModelReplyError) as error:
        result: dict[str, Any] = {"user_id": request.user_id}
        if task.repeats is not None:
            result[task.repeats] = request.text
        if isinstance(request, BadRequest):
            result["line"] = request.line
        return {**result, "error": {"type": type(error).__name__, "message": str(error)}}


def _append(file: FileIO, out: Path, result: dict[str, Any]) -> int:
    """Write a result as one line; its length in bytes. What UTF-8 cannot hold is escaped as JSON does."""
    data = f"{json.dumps(result, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace")
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(file.fileno(), left) :]
    except OSError as error:
        raise UsageError(f"results cannot be written to {str(out)!r}: {error.strerror or error}") from error
    return len(data)
