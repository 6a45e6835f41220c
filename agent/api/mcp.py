"""Serves many clients over HTTP (streamable HTTP) at ``/mcp``, behind the same API keys as the HTTP API.

Each request is checked: a key that was revoked is worth nothing in a session that it opened, either.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agent.api.access import caller_of
from agent.api.problems import Problem
from agent.api.sites import check_site
from agent.mcp.caller import Caller
from agent.mcp.server import make_server

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from agent.service import ApiKey

__all__ = ["mount_mcp"]

_PATH: Final = "/mcp"
_CALLER: Final = "limner.mcp.caller"
_MAX_SESSIONS: Final = 1000


def mount_mcp(app: FastAPI) -> None:
    """Serve MCP at ``/mcp`` as long as the application is up."""
    endpoint = _Endpoint(app.state.settings.max_body)
    app.router.routes.append(Route(_PATH, endpoint, include_in_schema=False))
    around = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(started: Any) -> AsyncIterator[Any]:
        async with around(started) as state, endpoint.running():  # its clients go before the service does
            yield state

    app.router.lifespan_context = lifespan


class _Endpoint:
    """Checks who sends a request, and hands it to the SDK."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._sessions: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve inside of this."""
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        self._sessions = StreamableHTTPSessionManager(
            make_server(_caller), max_request_body_size=self._max_body, max_sessions=_MAX_SESSIONS
        )
        try:
            async with self._sessions.run():
                yield
        finally:
            self._sessions = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Raises:
            Problem: 401, there is no good key; 403, a page of another origin sends it; 503, the server does not run.
        """
        from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
        from mcp.server.auth.provider import AccessToken

        request = Request(scope, receive)
        check_site(request.headers, request.app.state.settings.origins)  # as the protocol demands
        found = caller_of(request)
        if self._sessions is None:
            raise Problem(503, "not-running", "MCP is not served: the application was not started")
        caller = Caller(
            service=found.service,
            tenant=found.tenant,
            scopes=found.key.scopes,
            by=_name_of(found.key),
            remedy="It needs an API key with the scope {scope!r}",
            purpose=found.purpose,
            is_operator=found.key.may("admin"),
        )
        owner = AuthenticatedUser(AccessToken(token="", client_id=found.key.key_id, scopes=[]))
        # the SDK lets only the owner of a session use it
        await self._sessions.handle_request({**scope, "user": owner, _CALLER: caller}, receive, send)


def _caller(context: "ServerRequestContext[Any, Any]") -> Caller:
    assert context.request is not None, "each message over HTTP comes with its request"
    caller: Caller = context.request.scope[_CALLER]
    return caller


def _name_of(key: "ApiKey") -> str:
    return f"{key.label} (API key {key.key_id})" if key.label else f"API key {key.key_id}"
