"""The HTTP API: ``create_app`` makes an ASGI application of a :class:`agent.service.Service`."""

from agent.api.app import create_app
from agent.api.settings import ApiSettings

__all__ = ["ApiSettings", "create_app"]
