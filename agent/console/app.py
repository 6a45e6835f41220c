"""Puts the console into the application of the HTTP API. Knows which pages there are, not what they do."""

from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from agent.console import (
    asking,
    correcting,
    customer,
    erasing,
    exporting,
    jobs,
    login,
    messages,
    people,
    schemas,
    timeline,
    versions,
)
from agent.console.assets import Assets
from agent.console.pages import HOME, Missing, PageRoute
from agent.console.sessions import Sessions

__all__ = ["add_console", "missing", "root", "router"]

_PARTS: Final = (
    login, people, customer, timeline, messages, asking, jobs, correcting, versions, schemas, exporting, erasing
)  # fmt: skip

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
def root() -> Response:
    """The first page of the server."""
    return RedirectResponse(HOME, 303)


@router.get(HOME + "/{rest:path}")
def missing(request: Request, rest: str) -> Response:
    """No page is there."""
    raise Missing


def add_console(app: FastAPI) -> None:
    """Add the console to an application that has a service and settings in its state."""
    app.state.console = Sessions()
    assets = Assets()
    app.state.console_assets = assets
    app.include_router(assets.router())
    for part in _PARTS:
        app.include_router(part.router)
    app.include_router(router)
