"""The console: what a support agent sees of customers, in a browser. Pages are made on the server, from templates."""

from agent.console.app import add_console

__all__ = ["add_console"]
