"""The page of a job: how far it is, told while it goes on; what came of it; and how it is stopped."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from agent.console.footnotes import Notes
from agent.console.pages import HOME, Missing, PageRoute, barred, go_to, render
from agent.console.portrait import reason_in
from agent.console.reasoning import reasoning_of
from agent.console.so_far import so_far
from agent.console.texts import Texts
from agent.console.troubles import Trouble, trouble_of
from agent.console.visits import Given, Visit, Visitor
from agent.documents import AnswerDocument
from agent.errors import ConsentMissing, LimnerError
from agent.explanations import Explanation
from agent.plain import restored
from agent.service import Job, Progress
from agent.whose import told_apart

__all__ = ["cancel", "job", "router", "stream", "told"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)

_BEAT_SECONDS: Final = 15.0


@router.get("/job")
def job(visit: Visitor, id: Annotated[str, Query()]) -> Response:
    """How far a job is, or what came of it; a profile that was made is shown on the customer's page."""
    found = _find(visit, id)
    progress = found.progress()
    if progress.state == "done" and found.kind == "profile":
        return go_to("customer", user=found.user_id, schema=found.about, said="built")
    shown: dict[str, Any] = {
        "job": found,
        "progress": progress,
        "told": told(progress, visit.texts),
        "user": found.user_id,
    }
    if not progress.ended:
        early = so_far(found.user_id, found.early_after(0))
        return render("working.html", visit, visit.request, early=early, **shown)
    try:
        document = found.result_or_error()
    except LimnerError as error:
        if isinstance(error, ConsentMissing):
            trouble = Trouble(*barred(error, visit.texts))
        else:
            trouble = trouble_of(error, visit.texts, for_operator=visit.may("admin"))
        return render("failed.html", visit, visit.request, trouble=trouble, **shown)
    if found.kind == "ask":
        answer: AnswerDocument = restored(AnswerDocument, document)
        notes = Notes(found.user_id)
        notes.cite(answer.evidence)
        others, drafted = told_apart(answer)
        instead = [(reason_in(visit.texts, each.reason), notes.cite(each.evidence)) for each in others]
        refused = [(each.value, reason_in(visit.texts, each.reason)) for each in drafted]
        shown |= {"answer": answer, "notes": notes, "instead": instead, "refused": refused}
        return render("answer.html", visit, visit.request, **shown)
    explanation: Explanation = restored(Explanation, document)
    reasoning = reasoning_of(explanation, visit.texts)
    return render("explanation.html", visit, visit.request, found=explanation, reasoning=reasoning, **shown)


@router.get("/job/stream")
def stream(visit: Visitor, id: Annotated[str, Query()]) -> Response:
    """The same as it happens, as server-sent events: ``progress`` with text, done and total; ``ended`` at the end.

    Their ``serial`` grows when there is more to be shown of an answer that is being made; the page of the job has it.
    """
    headers = {"X-Accel-Buffering": "no"}  # proxies hand it on as it comes
    events = _events(_find(visit, id), visit.texts)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@router.post("/job/cancel")
def cancel(visit: Visitor, form: Given) -> Response:
    """Stop a job."""
    found = _find(visit, form["id"])
    visit.caller.service.queue.cancel(found)
    if found.kind == "profile":
        return go_to("customer", user=found.user_id, schema=found.about)
    return go_to("job", id=found.job_id)


def told(progress: Progress, texts: Texts) -> str:
    """How far a job is, in words."""
    if progress.state == "queued":
        return texts("job.queued", n=progress.ahead)
    if progress.state != "running":
        return texts(f"job.{progress.state}")
    if progress.step is None:
        return texts("job.starting")
    stage = texts.known("stage", progress.step.stage)
    return f"{stage} ({progress.step.done}/{progress.step.total})" if progress.step.total > 1 else stage


def _find(visit: Visit, job_id: str) -> Job:
    found = visit.caller.service.job(visit.caller.tenant, job_id)
    if found is None or not visit.caller.key.is_for(found.purpose):
        raise Missing
    return found


async def _events(found: Job, texts: Texts) -> AsyncIterator[str]:
    changed, loop = asyncio.Event(), asyncio.get_running_loop()

    def tell() -> None:
        with suppress(RuntimeError):  # the server has stopped
            loop.call_soon_threadsafe(changed.set)

    stop_listening = found.listen(tell)
    try:
        while True:
            changed.clear()
            progress = found.progress()
            step = progress.step
            done, total = (step.done, step.total) if step is not None and progress.state == "running" else (0, 0)
            serial = max((each.serial for each in found.early), default=0)
            data = json.dumps({"text": told(progress, texts), "done": done, "total": total, "serial": serial})
            yield f"event: {'ended' if progress.ended else 'progress'}\ndata: {data}\n\n"
            if progress.ended:
                return
            try:
                await asyncio.wait_for(changed.wait(), _BEAT_SECONDS)
            except TimeoutError:
                yield ": still there\n\n"
    finally:
        stop_listening()
