"""What is refused before anything is asked for: other hosts' names, other sites' pages, requests that are too large.

Adds what all answers carry. Knows headers and bytes, nothing of what requests mean.
"""

from collections.abc import Iterable
from typing import Final

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.api.problems import Problem
from agent.api.settings import ApiSettings
from agent.api.sites import check_site

__all__ = ["UPLOAD", "Guard"]

UPLOAD: Final = "/v1/events"
"""The path of uploads of events, which may be large."""


class Guard:
    """Middleware: refuses by host, site and size, and adds headers."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request, or answer with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        upload = scope["method"] == "POST" and scope["path"] == UPLOAD
        most = self._settings.max_upload if upload else self._settings.max_body
        problem = self._refused(headers) or _too_large(headers, most)
        if problem is not None:
            await problem.response()(scope, receive, _with_headers(scope, send))
            return
        await self._app(scope, _bounded(receive, most), _with_headers(scope, send))

    def _refused(self, headers: Headers) -> Problem | None:
        host = headers.get("host", "")
        if self._settings.hosts and _name_of(host) not in self._settings.hosts:
            return Problem(400, "bad-host", f"the Host header names {host[:80]!r}, which is not this server")
        if not self._settings.dev:
            return None
        try:
            check_site(headers, self._settings.origins)
        except Problem as problem:
            return problem
        return None


def _name_of(host: str) -> str:
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def _too_large(headers: Headers, most: int) -> Problem | None:
    told = headers.get("content-length", "")
    if told.isdecimal() and int(told) > most:
        return Problem(413, "too-large", _larger(most))
    return None


def _bounded(receive: Receive, most: int) -> Receive:
    """The same, but no more bytes than ``most``, whatever the request said about its length."""
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413, _larger(most))
        return message

    return bounded


def _larger(most: int) -> str:
    return f"the request is larger than {most:,} bytes"


def _with_headers(scope: Scope, send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _all_carry(scope):
                headers.setdefault(name, value)
        await send(message)

    return sending


def _all_carry(scope: Scope) -> Iterable[tuple[str, str]]:
    yield "X-Content-Type-Options", "nosniff"
    yield "Referrer-Policy", "no-referrer"
    yield "Cache-Control", "no-store"
    yield from scope.get("state", {}).get("rate_headers", {}).items()
