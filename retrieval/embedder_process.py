"""The process that embeds for a server, so that neither its computing nor its Python keeps the server from answering.

Knows nothing of what is asked.
"""

from retrieval.worker_process import WorkerProcess

__all__ = ["EmbedderProcess"]


class EmbedderProcess(WorkerProcess):
    """The process; see :mod:`retrieval.embedder_worker` for what it does."""

    def __init__(self) -> None:
        super().__init__("retrieval.embedder_worker")
