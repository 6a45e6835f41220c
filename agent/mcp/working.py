"""Waits for work without keeping other requests waiting: tells how far it is, and stops it when nobody waits any more.

Knows jobs and threads, nothing of tools.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from agent.service import Job, ModelQueue, Progress

__all__ = ["HEARTBEAT", "Report", "in_thread", "result_of"]

HEARTBEAT: Final = 10.0
"""Progress is told at least so often, in seconds: many clients give up on a request that is silent for a minute."""

Report = Callable[[str], Awaitable[None]]
"""``await report(words)`` tells the client how far the work is."""

_T = TypeVar("_T")


async def in_thread(work: Callable[[], _T], *, to_its_end: bool = False) -> _T:
    """What ``work`` returns. When the request is cancelled, a result is not waited for, unless ``to_its_end``."""
    from anyio import to_thread

    return await to_thread.run_sync(work, abandon_on_cancel=not to_its_end)


async def result_of(job: Job, queue: ModelQueue, report: Report) -> dict[str, Any]:
    """The document that a job makes; the job is stopped when this is cancelled.

    Raises:
        Cancelled: somebody else stopped it.
        LimnerError: why it failed.
    """
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(changed.set)

    stop_listening = job.listen(wake)
    try:
        while not (progress := job.progress()).ended:
            await report(_words(progress))
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), HEARTBEAT)
            changed.clear()
        return job.result_or_error()
    finally:
        stop_listening()
        queue.cancel(job)


def _words(progress: Progress) -> str:
    if progress.state == "queued":
        return f"waiting for the language model; {progress.ahead} before this"
    if progress.step is None:
        return "working"
    return f"{progress.step.stage} {progress.step.done} of {progress.step.total}"
