"""How a client is told of work that takes long: by one JSON answer at its end, or by server-sent events meanwhile.

A client that goes away stops work that was done for it alone. Knows jobs and streams, not what the work is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from agent.api.problems import problem_of
from agent.api.responses import Json, encoded
from agent.api.threads import reading
from agent.errors import LimnerError
from agent.service import Job, Service

__all__ = ["CLIENT_WENT", "Gone", "answer_of", "event", "events_of", "gone", "job_document", "wants_events"]

_PING_SECONDS: Final = 15.0
_STREAM: Final = "text/event-stream"
CLIENT_WENT: Final = 499  # as nginx counts them; nobody reads it


def wants_events(request: Request) -> bool:
    """Whether the client asks for server-sent events."""
    return any(_STREAM in each for each in request.headers.getlist("accept"))


async def answer_of(request: Request, service: Service, job: Job) -> Response:
    """The document of a job that is done for this request alone, or the events until then.

    Raises:
        LimnerError: why there is none.
    """
    if wants_events(request):
        return events_of(service, job, owned=True, for_operator=request.state.is_operator)
    async with _Watched(job) as changed, Gone(request) as left:
        try:
            while not job.progress().ended and not left.done():
                waiting = asyncio.ensure_future(changed.wait())
                await asyncio.wait({waiting, left.task}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                changed.clear()
            if left.done():
                return Response(status_code=CLIENT_WENT)
        finally:
            _stop(service, job)
    return Json(job.result_or_error())


def events_of(service: Service, job: Job, *, owned: bool, for_operator: bool) -> Response:
    """The events of a job: ``progress`` at each step, ``reading`` and ``part`` as they are told, then ``done`` or
    ``problem``; ``owned``: it ends with them."""
    stream = _events(service, job, owned=owned, for_operator=for_operator)
    return StreamingResponse(stream, media_type=_STREAM, headers={"X-Accel-Buffering": "no"})


def event(name: str, document: Any) -> bytes:
    """One server-sent event."""
    return b"event: " + name.encode() + b"\ndata: " + encoded(document) + b"\n\n"


def job_document(job: Job, *, whole: bool = False, for_operator: bool = False) -> dict[str, Any]:
    """What is told of a job; ``whole``: with its result."""
    state, step, ahead = job.progress()
    document: dict[str, Any] = {
        "job_id": job.job_id,
        "kind": job.kind,
        "user_id": job.user_id,
        "schema": job.about,
        "state": state,
        "ahead": ahead,
        "step": None if step is None else step._asdict(),
        "created_at": _iso(job.created),
        "started_at": _iso(job.started),
        "ended_at": _iso(job.ended),
    }
    if whole and state == "done":
        document["result"] = job.result_or_error()
    if whole and state == "failed":
        document["problem"] = _problem(job, for_operator)
    return document


async def _events(service: Service, job: Job, *, owned: bool, for_operator: bool) -> AsyncIterator[bytes]:
    async with _Watched(job) as changed:
        try:
            step, told = None, 0
            while not (now := job.progress()).ended:
                if now != step:
                    yield event("progress", job_document(job))
                for each in await reading(job.early_after, told):
                    yield event(each.kind, each.document)
                    told = each.serial
                step = now
                try:
                    await asyncio.wait_for(changed.wait(), _PING_SECONDS)
                except TimeoutError:
                    yield b": still at it\n\n"
                changed.clear()
            result = await reading(job.result_or_error)
            for each in await reading(job.early_after, told):
                yield event(each.kind, each.document)
            yield event("done", result)
        except LimnerError as error:
            yield event("problem", problem_of(error, for_operator=for_operator).document())
        finally:
            if owned:
                _stop(service, job)


def _problem(job: Job, for_operator: bool) -> dict[str, Any]:
    try:
        job.result_or_error()
    except LimnerError as error:
        return problem_of(error, for_operator=for_operator).document()
    raise AssertionError("it has a result")


def _stop(service: Service, job: Job) -> None:
    """Nobody waits for it any more."""
    if not job.progress().ended:
        service.queue.cancel(job)


def _iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Watched:
    """An event of the loop that is set after each change of a job."""

    def __init__(self, job: Job) -> None:
        self._job = job

    async def __aenter__(self) -> asyncio.Event:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(changed.set)

        self._end = self._job.listen(tell)
        return changed

    async def __aexit__(self, *error: object) -> None:
        self._end()


class Gone:
    """Waits for the client to go away; the request's body must have been read."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def __aenter__(self) -> "Gone":
        self.task = asyncio.ensure_future(gone(self._request))
        return self

    async def __aexit__(self, *error: object) -> None:
        self.task.cancel()

    def done(self) -> bool:
        """Whether it went."""
        return self.task.done()


async def gone(request: Request) -> None:
    """Return when the client has gone away; the request's body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
