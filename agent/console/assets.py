"""The style, script and icon of the console, under addresses that change with their content.

Knows nothing of pages.
"""

import hashlib
from importlib.resources import files
from typing import Final, NamedTuple

from fastapi import APIRouter
from fastapi.responses import Response

__all__ = ["Asset", "Assets"]

_TYPES: Final = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_AT: Final = "/console/static"


class Asset(NamedTuple):
    """A file, and where it is served."""

    path: str
    content: bytes
    media_type: str


class Assets:
    """The files that pages refer to; read once, from the package."""

    def __init__(self) -> None:
        self._assets = {name: _asset(name, media_type) for name, media_type in _TYPES.items()}

    def path(self, name: str) -> str:
        """Where a file is served.

        Raises:
            KeyError: there is none of this name.
        """
        return self._assets[name].path

    def router(self) -> APIRouter:
        """What serves them."""
        router = APIRouter(include_in_schema=False)
        for asset in self._assets.values():
            router.add_api_route(asset.path, _server(asset), methods=["GET"])
        return router


def _asset(name: str, media_type: str) -> Asset:
    content = (files("agent.console") / "static" / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Asset(f"{_AT}/{digest}/{name}", content, media_type)


def _server(asset: Asset):  # type: ignore[no-untyped-def]  # FastAPI reads the signature of what is returned
    def serve() -> Response:
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return Response(asset.content, media_type=asset.media_type, headers=headers)

    return serve
