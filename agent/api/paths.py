"""Path segments that hold any text: user ids, event ids, names of schemas, with slashes, spaces or Chinese in them.

ASGI servers decode a path before it is matched, so that ``%2F`` in an id would end the segment. Here the path is
matched as it came, and each segment is decoded on its own.
"""

from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import BeforeValidator
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["RawPaths", "Segment", "path_of"]

Segment = Annotated[str, BeforeValidator(unquote)]
"""The type of a path parameter that may hold any text."""


class RawPaths:
    """Middleware: routes are matched against the path as the client wrote it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request with its raw path."""
        if scope["type"] == "http" and scope.get("raw_path"):
            raw = scope["raw_path"].partition(b"?")[0]
            scope = {**scope, "path": raw.decode("ascii", "replace")}
        await self._app(scope, receive, send)


def path_of(*segments: str) -> str:
    """The path of these segments, each encoded; starts with a slash."""
    return "".join(f"/{quote(each, safe='')}" for each in segments)
