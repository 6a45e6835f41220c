"""What the process does that embeds for a server, with an embedder that needs no model: a file says its dimension."""

from pathlib import Path

from retrieval import embedder_worker
from retrieval.embedders import Embedder
from retrieval.errors import ModelUnavailable
from retrieval.fakes import HashingEmbedder


def load(spec: str) -> Embedder:
    """The embedder whose dimension stands in the file ``spec``."""
    if not Path(spec).is_file():
        raise ModelUnavailable(f"there is no file {spec!r}", hint="Write one")
    return HashingEmbedder(int(Path(spec).read_text("utf-8")))


def main() -> int:
    """See :func:`retrieval.embedder_worker.main`."""
    return embedder_worker.main(load)
