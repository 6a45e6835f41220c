"""Whether the server is up and ready, and what it measures, for those who operate it; what problems mean."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from agent.api.access import Reads, needs
from agent.api.documents import Health, KeyInfo, ProblemMeaning, Ready
from agent.api.metrics import CONTENT_TYPE, Metrics
from agent.api.openapi import returns
from agent.api.problem_types import TYPES
from agent.api.problems import Problem, note, problem_of
from agent.api.responses import Json
from agent.errors import BackendUnavailable, StoreError
from agent.service import Service

__all__ = ["health", "me", "metrics", "problem_type", "ready", "router"]

router = APIRouter()


@router.get("/health", tags=["operations"], responses=returns(Health))
async def health() -> Response:
    """The process answers; nothing else is looked at. Needs no key."""
    return Json({"status": "ok"})


@router.get("/ready", tags=["operations"], responses=returns(Ready))
def ready(request: Request) -> Response:
    """Whether requests can be served, how much waits for the model, and whether it is loaded yet. Needs no key.

    The server's own store and its file of keys are looked at; a model is not loaded for it.
    """
    service: Service = request.app.state.service
    _check(service)
    document: dict[str, Any] = {
        "status": "ok",
        "waiting": service.queue.depth,
        "model_busy": service.queue.is_busy,
        "model_loaded": service.tenants.model_is_loaded,
        "embedder_loaded": service.tenants.embedder_is_loaded,
    }
    return Json(document)


@router.get(
    "/metrics",
    tags=["operations"],
    dependencies=[needs("admin")],
    responses={200: {"description": "Prometheus' text format.", "content": {"text/plain": {}}}},
)
def metrics(request: Request) -> Response:
    """Counts and times for Prometheus; needs a key with the scope `admin`. No label names a user or holds text."""
    measured: Metrics = request.app.state.metrics
    return Response(measured.text(), headers={"Content-Type": CONTENT_TYPE})


@router.get("/v1/me", tags=["operations"], responses=returns(KeyInfo))
async def me(caller: Reads) -> Response:
    """What the key of the request is good for."""
    return Json(caller.key.as_json())


@router.get("/v1/problems/{name}", tags=["operations"], responses=returns(ProblemMeaning))
async def problem_type(name: str) -> Response:
    """What a problem of this type means, and what to do. Needs no key."""
    if name not in TYPES:
        raise Problem(404, "not-found", "there is no problem of this name")
    return Json(TYPES[name].as_json(name))


def _check(service: Service) -> None:
    """Look whether requests can be served.

    Raises:
        Problem: 503, they cannot; the log tells why.
    """
    if service.queue.is_closed:
        raise Problem(503, "shutting-down", "the server was told to end")
    try:
        service.book.check()
        service.tenants.check()
    except (StoreError, BackendUnavailable) as error:
        note(error)
        problem = problem_of(error, for_operator=False)
        problem.status = 503
        raise problem from error
