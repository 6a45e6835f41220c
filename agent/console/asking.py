"""What the model is asked to do: answer a question, explain a value, make a profile. Each becomes a job with a page."""

from fastapi import APIRouter
from fastapi.responses import Response

from agent.console.pages import HOME, PageRoute, go_to
from agent.console.visits import Given, Visit, Visitor
from agent.errors import UsageError
from agent.schema import ProfileSchema
from agent.service import Job

__all__ = ["ask", "build", "explain", "router"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)


@router.post("/ask")
def ask(visit: Visitor, form: Given) -> Response:
    """Ask about a customer."""
    question = form["question"].strip()
    if not question:
        raise UsageError("there is no question", hint="Write one")
    return _to(visit.caller.service.ask(visit.caller.tenant, form["user"], question, purpose=visit.purpose))


@router.post("/explain")
def explain(visit: Visitor, form: Given) -> Response:
    """Ask why a profile has what it has."""
    schema = _schema(visit, form["schema"])
    service, tenant = visit.caller.service, visit.caller.tenant
    return _to(service.explain(tenant, form["user"], form["pointer"], schema, of=form.of, purpose=visit.purpose))


@router.post("/build")
def build(visit: Visitor, form: Given) -> Response:
    """Make a profile, or bring it up to date; one that is being made already is shown instead."""
    schema = _schema(visit, form["schema"])
    service, tenant, user = visit.caller.service, visit.caller.tenant, form["user"]
    for job in service.jobs(tenant, user):
        same = (job.kind, job.about, job.purpose) == ("profile", schema.name, visit.purpose)
        if same and not job.progress().ended:
            return _to(job)
    return _to(
        service.build(tenant, user, schema, fresh=bool(form["fresh"]), moods=bool(form["moods"]), purpose=visit.purpose)
    )


def _schema(visit: Visit, name: str) -> ProfileSchema:
    return visit.caller.service.schemas.get(visit.caller.tenant, name)


def _to(job: Job) -> Response:
    return go_to("job", id=job.job_id)
