"""Builds a second index beside the one in use, from the record, with another embedder or because the first is damaged.

Readers keep the old one until the new one is complete and put in its place. Knows nothing of how that is done.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from retrieval.index import IndexPlace
from retrieval.record import Record

if TYPE_CHECKING:
    from retrieval.embedders import Embedder

__all__ = ["build_beside", "used_by"]

_AT_ONCE = 512


def used_by(embedder: "Embedder") -> dict[str, str]:
    """How an embedder is written down in the record and beside an index."""
    return {"embedder": embedder.name, "dimension": str(embedder.dimension)}


def build_beside(
    place: IndexPlace, record: Record, embedder: "Embedder", progress: Callable[[int, int], None] | None = None
) -> None:
    """Fill the index beside the one in use with the vectors of all snippets in the record.

    What an interrupted run with the same embedder has put there is kept. The caller holds the writer lock.

    Args:
        place: of the index in use, which is not touched.
        record: says which snippets there are.
        embedder: makes the vectors.
        progress: told how many of how many vectors are there.
    """
    index = place.beside(used_by(embedder))
    try:
        begun, total, done = index.count(), record.count(), 0
        for page in record.pages(_AT_ONCE):
            present = index.having([each.vector_id for each in page]) if begun else ()
            missing = [each for each in page if each.vector_id not in present]
            if missing:
                vectors = embedder.embed_passages([each.passage for each in missing])
                index.put([each.vector_id for each in missing], vectors, [each.labels for each in missing])
            done += len(page)
            if progress is not None:
                progress(done, total)
        if begun and index.count() != total:  # since it was begun, some left the record
            left = index.ids()
            for listed in record.listed(_AT_ONCE):
                left.difference_update(each for each, _ in listed)
            index.remove(sorted(left))
    finally:
        index.close()
