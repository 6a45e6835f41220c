"""Uploads of histories: JSON Lines of any size, put aside on disk as they come, then loaded in parts.

Knows streams and files, not what a line means.
"""

import asyncio
import hashlib
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect

from agent.api.access import Caller, Writes
from agent.api.documents import IngestDocument
from agent.api.event_kinds import OF_UPLOADS
from agent.api.events import Force
from agent.api.guards import UPLOAD
from agent.api.jsonvalues import Name
from agent.api.openapi import returns
from agent.api.problems import Problem, defect, note, problem_of
from agent.api.repeating import IdempotencyKey, once
from agent.api.responses import Json
from agent.api.threads import writing
from agent.api.working import CLIENT_WENT, Gone, event, wants_events
from agent.errors import LimnerError, StoreError
from agent.listings import ingest_document
from agent.options import columns_of
from agent.service import Cancelled
from agent.service.once import SEVERAL
from retrieval import IngestReport
from retrieval.disk import Trouble, trouble_of
from retrieval.loading import load_lines

__all__ = ["router", "upload_events"]

router = APIRouter()

_PIECE: Final = 1_000_000
_TICK_SECONDS: Final = 1.0
_NAME: Final = "upload"
_COUNTS: Final = ("read", "added", "updated", "unchanged", "repeated", "forgotten", "bad_count")
_LINES: Final = (
    '{"user_id": "u42", "id": "e1", "timestamp": "2024-03-01", "channel": "email", "text": "I live in Hamburg."}\n'
    '{"user_id": "u42", "id": "e2", "timestamp": "2024-04-01", "channel": "email", "text": "I moved to Munich."}\n'
)


@router.post(
    UPLOAD,
    tags=["events"],
    responses=returns(IngestDocument, events=OF_UPLOADS),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "One event a line, with the columns that `limner ingest` finds.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}, "example": _LINES}},
        }
    },
)
async def upload_events(
    request: Request,
    caller: Writes,
    user: Annotated[Name | None, Query(description="The user of lines that name none.")] = None,
    map: Annotated[list[str] | None, Query(description="FIELD=COLUMN, where the usual names do not fit.")] = None,
    key: IdempotencyKey = None,
    force: Force = False,
) -> Response:
    """Load a history, as `limner ingest` does: bad lines are listed, the others are loaded; loading twice adds nothing.

    The answer comes when all is loaded; with `Accept: text/event-stream` there are `progress` events before. When the
    client goes away, what was loaded stays, and the same upload continues. An `Idempotency-Key` goes with the whole
    answer alone, not with events; without one, sending the same lines again adds nothing either.
    """
    if force:
        caller.check("erase")
    _check_kind(request)
    if key is not None and wants_events(request):
        raise Problem(400, "bad-request", "an Idempotency-Key needs one whole answer: leave it out, or the events")
    columns = columns_of(map or ())
    file, digest = await _put_aside(request, caller.service.home)
    upload = _Upload(caller, file, columns, user, force)
    try:
        if wants_events(request):
            return StreamingResponse(upload.events(request), media_type="text/event-stream")
        return await once(request, caller, key, SEVERAL, lambda: upload.answer(request), digest)
    except BaseException:
        if not upload.begun:  # else who loads it closes it, which goes on for a moment after a server was told to end
            file.close()
        raise


def _check_kind(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("application/json", "multipart/form-data"):
        raise Problem(415, "unsupported-media-type", f"{kind} is not read here. Send JSON Lines: application/x-ndjson")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "unsupported-media-type", "a compressed body is not read here. Send it as it is")


async def _put_aside(request: Request, home: Path) -> tuple[IO[bytes], bytes]:
    """The body in a file that has no name, so that nothing is left of it whatever happens; and its hash.

    Raises:
        StoreError: the disk is full, or may not be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        file: IO[bytes] = tempfile.TemporaryFile(dir=home)  # noqa: SIM115  # closed by who loads it
    except OSError as error:
        raise _unwritable(home, error) from error
    digest, waiting = hashlib.sha256(), bytearray()

    def put() -> None:
        digest.update(waiting)
        file.write(waiting)
        waiting.clear()

    try:
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= _PIECE:
                await to_thread.run_sync(put)
        put()
        file.seek(0)
    except BaseException as error:
        with suppress(OSError):  # it writes what it has not written yet
            file.close()
        if isinstance(error, ClientDisconnect):
            raise Problem(400, "bad-request", "the upload broke off; nothing of it was loaded") from None
        if isinstance(error, OSError):
            raise _unwritable(home, error) from error
        raise
    return file, digest.digest()


def _unwritable(home: Path, error: OSError) -> StoreError:
    said = error.strerror or type(error).__name__
    trouble = trouble_of(home, said) or Trouble(said, "Look at the disk, then call again")
    return StoreError(f"an upload cannot be put aside in {str(home)!r}: {trouble.what}", hint=trouble.hint)


@dataclass(slots=True)
class _Upload:
    """A file that is loaded for a request; it is closed when it is."""

    caller: Caller
    file: IO[bytes]
    columns: dict[str, str]
    user_id: str | None
    force: bool
    counts: dict[str, int] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)
    begun: bool = False

    def load(self) -> IngestReport:
        """Load it; in a thread."""
        with self.file:
            self._go_on()
            rows = load_lines(self.file, _NAME, columns=self.columns, user_id=self.user_id)
            return self.caller.service.load(self.caller.tenant, rows, force=self.force, progress=self._on_batch)

    async def answer(self, request: Request) -> Response:
        """What became of the lines, when all are loaded."""
        try:
            async with Gone(request) as left:
                loading = self._begin(request)
                await asyncio.wait({loading, left.task}, return_when=asyncio.FIRST_COMPLETED)
                if loading.done() or not left.done():
                    return Json(ingest_document(await loading))
                self.stopped.set()
                await asyncio.wait({loading})
                return Response(status_code=CLIENT_WENT)
        finally:
            self.stopped.set()

    async def events(self, request: Request) -> AsyncIterator[bytes]:
        """The counts after each batch, then the same."""
        loading = self._begin(request)
        try:
            told: dict[str, int] = {}
            while not loading.done():
                await asyncio.wait({loading}, timeout=_TICK_SECONDS)
                if self.counts != told:
                    told = dict(self.counts)
                    yield event("progress", told)
            yield _end_of(loading, for_operator=request.state.is_operator)
        finally:
            self.stopped.set()

    def _begin(self, request: Request) -> "asyncio.Future[Any]":
        self.begun = True
        loading = asyncio.ensure_future(writing(request, self.load))
        loading.add_done_callback(lambda done: done.cancelled() or done.exception())  # also when nobody asks any more
        return loading

    def _on_batch(self, report: IngestReport) -> None:
        self.counts = {name: getattr(report, name) for name in _COUNTS}
        self._go_on()

    def _go_on(self) -> None:
        if self.stopped.is_set():
            raise Cancelled("the client went away", hint="Send the same again: it continues")


def _end_of(loading: "asyncio.Future[Any]", *, for_operator: bool) -> bytes:
    error = loading.exception()
    if error is None:
        return event("done", ingest_document(loading.result()))
    if not isinstance(error, LimnerError):
        return event("problem", defect(error).document())
    note(error)
    return event("problem", problem_of(error, for_operator=for_operator).document())
