"""Turns errors that nobody foresaw into an answer that says nothing of them, and a log line without any data; and
requests that the end of the server cuts off into an answer that says so.

Knows nothing of what requests mean.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.api.problems import Problem, defect

__all__ = ["Defects"]


class Defects:
    """Middleware; without it, the web server would log the error's message, in which words of a history may stand."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request."""
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except asyncio.CancelledError:  # by the web server, when a request takes too long to end with it
            if scope["type"] != "http":
                raise
            if task := asyncio.current_task():
                task.uncancel()
            problem = Problem(503, "shutting-down", "The server ends. Whether this was done, is to be asked again")
            if started:
                return
        except Exception as error:  # the outermost place where one can be caught
            if scope["type"] != "http":
                raise
            problem = defect(error)
        else:
            return
        if started:
            raise RuntimeError("an answer broke off; the line before says where") from None
        await problem.response()(scope, receive, send)
