"""What the language model does and did for a tenant: ``/v1/jobs``. Jobs are remembered for an hour."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from agent.api.access import Caller, Reads
from agent.api.cursors import After, Limit, page_of
from agent.api.documents import JobDocument
from agent.api.documents import Jobs as JobList
from agent.api.event_kinds import OF_JOBS, stream
from agent.api.openapi import returns
from agent.api.problems import Problem
from agent.api.responses import Json
from agent.api.threads import reading
from agent.api.working import events_of, job_document
from agent.service import Job, JobState

__all__ = ["cancel_job", "follow_job", "get_job", "list_jobs", "router"]

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.get("", responses=returns(JobList))
async def list_jobs(
    caller: Reads,
    user: Annotated[str | None, Query(max_length=20_000, description="Only those about this user.")] = None,
    state: Annotated[JobState | None, Query(description="Only those in this state.")] = None,
    limit: Limit = 100,
    after: After = None,
) -> Response:
    """The tenant's jobs, oldest first, without their results."""
    found = await reading(caller.service.jobs, caller.tenant, user)
    shown = [each for each in found if state in (None, each.state) and caller.key.is_for(each.purpose)]
    page, following = page_of(shown, lambda each: f"{each.created:020.6f}", limit, after)
    return Json({"jobs": [job_document(each) for each in page], "next": following})


@router.get("/{job_id}", responses=returns(JobDocument))
async def get_job(request: Request, caller: Reads, job_id: str) -> Response:
    """A job, with its result when it is done."""
    job = await reading(_job, caller, job_id)
    return Json(await reading(job_document, job, whole=True, for_operator=request.state.is_operator))


@router.delete("/{job_id}", status_code=204, responses={204: {"description": "It stops; nothing of it is kept."}})
async def cancel_job(caller: Reads, job_id: str) -> Response:
    """Stop a job: at once while it waits, before the model's next call while it is done."""
    caller.service.queue.cancel(await reading(_job, caller, job_id))
    return Response(status_code=204)


@router.get(
    "/{job_id}/events",
    responses={200: {"description": "Events.", "content": {"text/event-stream": stream(OF_JOBS)}}},
)
async def follow_job(request: Request, caller: Reads, job_id: str) -> Response:
    """Server-sent events: `progress` at each step, of an answer also `reading` and `part` (see `ask`), then `done` with
    the result, or `problem`."""
    job = await reading(_job, caller, job_id)
    return events_of(caller.service, job, owned=False, for_operator=request.state.is_operator)


def _job(caller: Caller, job_id: str) -> Job:
    job = caller.service.job(caller.tenant, job_id)
    if job is None or not caller.key.is_for(job.purpose):
        raise Problem(404, "not-found", "there is no such job. Jobs are remembered for an hour after they ended")
    return job
