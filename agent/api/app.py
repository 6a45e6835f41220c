"""Puts the HTTP application together: routes, limits, errors. Knows nothing of what the routes do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from agent.api import (
    answers,
    consents,
    corrections,
    erasures,
    events,
    jobs,
    openapi,
    operations,
    profiles,
    schemas,
    uploads,
    users,
)
from agent.api.access import PURPOSE
from agent.api.defects import Defects
from agent.api.guards import Guard
from agent.api.mcp import mount_mcp
from agent.api.metrics import Measured, Metrics
from agent.api.paths import RawPaths
from agent.api.problems import add_problem_handlers
from agent.api.rates import Rates
from agent.api.settings import ApiSettings
from agent.service import Service

__all__ = ["create_app"]

_ROUTERS: Final = (
    users.router,
    uploads.router,
    events.router,
    answers.router,
    profiles.router,
    corrections.router,
    consents.router,
    jobs.router,
    schemas.router,
    erasures.router,
    operations.router,
    openapi.router,
)
_EXPOSED: Final = ("ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "Idempotency-Replayed")


def create_app(service: Service, settings: ApiSettings | None = None) -> FastAPI:
    """The application: the HTTP API under ``/v1``, the console, and what operators ask.

    It closes the service when it shuts down.

    Raises:
        ValueError: the rate in ``settings`` is none.
    """

    from agent.console import add_console

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = _Application(title="limner", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    chosen = settings or ApiSettings()
    app.state.service = service
    app.state.settings = chosen
    app.state.metrics = Metrics(service)
    app.state.rates = Rates(chosen.rate)
    for router in _ROUTERS:
        app.include_router(router)
    add_console(app)
    mount_mcp(app)
    add_problem_handlers(app)
    _add_middleware(app, chosen)
    return app


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document; made once."""
        return openapi.document(self)


def _add_middleware(app: FastAPI, settings: ApiSettings) -> None:
    """From the innermost to the outermost."""
    app.add_middleware(Defects)
    app.add_middleware(Guard, settings=settings)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", PURPOSE],
            expose_headers=list(_EXPOSED),
        )
    app.add_middleware(RawPaths)
    app.add_middleware(Measured, metrics=app.state.metrics)
