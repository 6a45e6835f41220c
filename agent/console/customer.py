"""The page of a customer, and the sheet of it for paper."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from agent.console.charts import chart_of
from agent.console.kept import MOST, choose_or_bar
from agent.console.pages import HOME, PageRoute, render
from agent.console.portrait import portrait_of, waiting_of
from agent.console.sheets import sheet_of, shorten
from agent.console.timeline import ON_THE_CUSTOMER, timeline_of
from agent.console.visits import Visitor
from agent.errors import LimnerError
from agent.facets import plan_facets
from agent.moods import mood_facets
from agent.service import Job

__all__ = ["customer", "router", "sheet"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)

_ASKED_SHOWN: Final = 5
_VERSIONS_SHOWN: Final = 10


@router.get("/customer")
def customer(
    visit: Visitor,
    user: Annotated[str, Query()],
    schema: Annotated[str, Query()] = "",
    version: Annotated[int | None, Query(ge=1, le=MOST)] = None,
    said: Annotated[str, Query()] = "",
) -> Response:
    """Who this is, what they want, how they feel, and what proves it."""
    store = visit.caller.limner.store
    outline = store.browsing.outline(user)
    chosen = choose_or_bar(visit.caller, user, schema, version)
    every = visit.caller.service.jobs(visit.caller.tenant, user)
    jobs = [each for each in every if each.purpose == visit.purpose]
    portrait = portrait_of(chosen, visit.texts)
    building = [each for each in jobs if each.kind == "profile" and not each.progress().ended]
    return render(
        "customer.html",
        visit,
        visit.request,
        user=user,
        outline=outline,
        chosen=chosen,
        portrait=portrait,
        waiting=waiting_of(chosen, visit.texts),
        chart=None if portrait is None else chart_of(store, user, chosen, outline, visit.texts, portrait.notes),
        can_read_moods=chosen.schema is not None and bool(mood_facets(plan_facets(chosen.schema, "en"))),
        line=timeline_of(store, user, outline, portrait, visit.texts, most=ON_THE_CUSTOMER),
        building=building[-1] if building else None,
        asked=list(_asked(jobs))[: -_ASKED_SHOWN - 1 : -1],
        versions=chosen.versions[: -_VERSIONS_SHOWN - 1 : -1],
        can_judge=visit.may("write") and chosen.is_latest and chosen.schema is not None,
        said=said if said in ("confirm", "correct", "forbid", "built") else "",
    )


@router.get("/sheet")
def sheet(
    visit: Visitor,
    user: Annotated[str, Query()],
    schema: Annotated[str, Query()] = "",
    version: Annotated[int | None, Query(ge=1, le=MOST)] = None,
) -> Response:
    """One page for paper: what of the profile fits on it, with its quotes."""
    outline = visit.caller.limner.store.browsing.outline(user)
    chosen = choose_or_bar(visit.caller, user, schema, version)
    portrait = portrait_of(chosen, visit.texts, with_refused=False)
    return render(
        "sheet.html",
        visit,
        visit.request,
        user=user,
        outline=outline,
        chosen=chosen,
        portrait=portrait,
        sheet=None if portrait is None else sheet_of(portrait),
        shorten=shorten,
    )


def _asked(jobs: Iterable[Job]) -> Iterator[dict[str, Any]]:
    """The questions that were answered, as far as the answers may be told."""
    for job in jobs:
        if job.kind == "ask" and job.state == "done":
            with suppress(LimnerError):
                answer = job.result_or_error()
                yield {"job_id": job.job_id, "question": answer["question"], "answer": answer["answer"]}
