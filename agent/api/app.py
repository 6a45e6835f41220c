"""Puts the HTTP application together: routes, limits, errors. Knows nothing of what the routes do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from agent.api import operations, users
from agent.api.mcp import mount_mcp
from agent.api.paths import RawPaths
from agent.api.problems import add_problem_handlers
from agent.api.settings import ApiSettings
from agent.service import Service

__all__ = ["create_app"]

_ROUTERS: Final = (operations.router, users.router)


def create_app(service: Service, settings: ApiSettings | None = None) -> FastAPI:
    """The application: the HTTP API under ``/v1``, the console, and what operators ask.

    It closes the service when it shuts down.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    chosen = settings or ApiSettings()
    app = FastAPI(title="limner", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.service = service
    app.state.settings = chosen
    for router in _ROUTERS:
        app.include_router(router)
    mount_mcp(app)
    add_problem_handlers(app)
    app.add_middleware(RawPaths)
    if chosen.hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(chosen.hosts))
    return app
