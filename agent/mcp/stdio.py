"""Serves one client on stdin and stdout, until it closes stdin. Knows the transport, nothing of tools.

While it serves, the SDK keeps stdout for the protocol: whatever else is printed in this process goes to stderr.
"""

import asyncio
import os
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self, cast

from agent.mcp.caller import Caller
from agent.mcp.server import make_server

if TYPE_CHECKING:
    from anyio import AsyncFile

__all__ = ["run_stdio"]

_STDIN: Final = 0


def run_stdio(caller: Caller) -> None:
    """Serve until the client has gone; what it still waited for is stopped.

    Raises:
        KeyboardInterrupt: on SIGTERM, too. The serving task is cancelled then: an exception at whatever place the loop
            has come to would leave the SDK's scopes half closed.
    """
    import anyio

    async def serve() -> None:
        from mcp.server.stdio import stdio_server

        task = asyncio.current_task()
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not on Windows, nor beside the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # type: ignore[union-attr]
        server = make_server(lambda context: caller)
        lines = cast("AsyncFile[str]", _Lines(_STDIN))  # the SDK iterates over it, no more
        async with stdio_server(stdin=lines) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    try:
        anyio.run(serve)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        caller.service.close()


class _Lines:
    """The lines of a file, read by a thread that nobody waits for.

    The SDK's own reading would keep the process from ending by a signal while its stdin is open.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        threading.Thread(target=self._read, name="limner-stdin", daemon=True).start()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        line = await self._lines.get()
        if line is None:
            raise StopAsyncIteration
        return line.decode("utf-8", "replace")

    def _read(self) -> None:
        rest = b""
        while part := self._part():
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                self._put(line)
        if rest:
            self._put(rest)
        self._put(None)

    def _part(self) -> bytes:
        try:
            return os.read(self._file, 1 << 16)
        except OSError:
            return b""

    def _put(self, line: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
