"""What the process does that embeds for a server: queries at once, and passages beside them, behind all else.

It holds the only embedder of the server in memory. Knows texts as long as it embeds them, and nothing of users.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from retrieval.embedders import load_embedder
from retrieval.niceness import step_back
from retrieval.worker import NotOpen, Request, answer_requests

if TYPE_CHECKING:
    from retrieval.embedders import Embedder

__all__ = ["main"]


class _Worker:
    """Does what requests ask for: ``open``, ``passages`` or ``queries`` of the embedder whose spec the handle is."""

    def __init__(self, load: "Callable[[str], Embedder]") -> None:
        self._load = load
        self._open: dict[str, Embedder] = {}
        self._soon = ThreadPoolExecutor(1)
        self._behind = ThreadPoolExecutor(1, initializer=step_back)  # and so do the threads with which torch computes

    def threads_for(self, request: Request) -> ThreadPoolExecutor:
        """Passages never keep queries waiting."""
        return self._behind if request.what == "passages" else self._soon

    def do(self, request: Request) -> Any:
        """Do it; what comes of it."""
        if request.what == "open":
            if request.handle not in self._open:
                self._open[request.handle] = self._load(request.handle)
            opened = self._open[request.handle]
            return opened.name, opened.dimension
        embedder = self._open.get(request.handle)
        if embedder is None:
            raise NotOpen
        (texts,) = request.arguments
        return embedder.embed_passages(texts) if request.what == "passages" else embedder.embed_queries(texts)


def main(load: "Callable[[str], Embedder]" = load_embedder) -> int:
    """Answer until stdin ends; the exit code. ``load``: gives the embedder of a spec."""
    worker = _Worker(load)
    answer_requests(worker.do, worker.threads_for)
    os._exit(0)  # whatever it still embeds, nobody waits for it
