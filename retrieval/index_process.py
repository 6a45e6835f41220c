"""The process that keeps indexes open for a server: Chroma keeps Python's lock while it writes.

That is a second for each five in which texts are embedded. Knows nothing of what is asked.
"""

from retrieval.worker_process import WorkerProcess

__all__ = ["IndexProcess"]


class IndexProcess(WorkerProcess):
    """The process; see :mod:`retrieval.index_worker` for what it does."""

    def __init__(self) -> None:
        super().__init__("retrieval.index_worker")
