"""The Model Context Protocol: histories, profiles and answers as tools and resources of programs with a language model.

``run_stdio`` serves one client on stdin and stdout; ``agent.api.mcp`` serves many over HTTP. The protocol is spoken by
the official SDK.
"""

from agent.mcp.caller import Caller
from agent.mcp.server import make_server
from agent.mcp.stdio import run_stdio

__all__ = ["Caller", "make_server", "run_stdio"]
