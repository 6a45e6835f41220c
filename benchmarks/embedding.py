"""How much of the speed of sentence-transformers is left in ``limner ingest``: the same passages, turn by turn.

    python benchmarks/embedding.py HISTORY.jsonl --rows 600 --rounds 3

Each round loads the same events into a new store, and encodes the same passages with the model alone, batch size 64.
Prints seconds, passages per second and the ratio of the totals.
"""

import argparse
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from retrieval import Store
from retrieval.embedders import EMBEDDED, load_embedder
from retrieval.loading import BadLine, load_events


class Watched:
    """An embedder that keeps the passages that it was given."""

    def __init__(self, embedder):
        self.embedder, self.passages = embedder, []
        self.name, self.dimension = embedder.name, embedder.dimension

    def embed_passages(self, texts):
        self.passages += texts
        return self.embedder.embed_passages(texts)

    def embed_queries(self, texts):
        return self.embedder.embed_queries(texts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("history", type=Path)
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--embedder", default=EMBEDDED)
    options = parser.parse_args()
    events = [each for each in islice(load_events(options.history), options.rows) if not isinstance(each, BadLine)]
    embedder = load_embedder(options.embedder)
    model, prefix = embedder._model, embedder._passage
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store", embedder) as store:
        store.ingest_events(events[:20])  # what is imported and read once is no cost of a passage
    totals = [0.0, 0.0]
    for number in range(options.rounds):
        watched = Watched(embedder)
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store", watched) as store:
            started = time.perf_counter()
            store.ingest_events(events)
            ingested = time.perf_counter() - started
        started = time.perf_counter()
        model.encode(watched.passages, prompt=prefix, batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        encoded = time.perf_counter() - started
        totals = [totals[0] + ingested, totals[1] + encoded]
        count = len(watched.passages)
        print(
            f"round {number + 1}: {count} passages; ingest {ingested:.1f} s ({count / ingested:.0f}/s), "
            f"encode alone {encoded:.1f} s ({count / encoded:.0f}/s)"
        )
    print(f"ingest reaches {totals[1] / totals[0]:.0%} of encode alone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
