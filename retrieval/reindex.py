"""Builds a second index beside the one in use, from the record, with another embedder or because the first is damaged.

Readers keep the old one until the new one is complete and put in its place. Knows nothing of how that is done.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.index import VectorIndex, wipe
from retrieval.record import Record

if TYPE_CHECKING:
    from retrieval.embedders import Embedder

__all__ = ["NOTE", "build_beside", "note_of", "used_by"]

NOTE = "limner.json"
"""The file in an index's folder that says which embedder made it."""

_AT_ONCE = 512


def used_by(embedder: "Embedder") -> dict[str, str]:
    """How an embedder is written down in the record and beside an index."""
    return {"embedder": embedder.name, "dimension": str(embedder.dimension)}


def note_of(folder: Path) -> dict[str, str] | None:
    """Which embedder made the index in ``folder``, as far as it says so."""
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) else None


def build_beside(
    folder: Path, record: Record, embedder: "Embedder", progress: Callable[[int, int], None] | None = None
) -> Path:
    """Fill the folder ``chroma-new`` beside ``folder`` with the vectors of all snippets in the record; returns it.

    What an interrupted run with the same embedder has put there is kept. The caller holds the writer lock.

    Args:
        folder: the index in use; not touched.
        record: says which snippets there are.
        embedder: makes the vectors.
        progress: told how many of how many vectors are there.
    """
    beside = folder.with_name(f"{folder.name}-new")
    if note_of(beside) != used_by(embedder):
        wipe(beside)
        beside.mkdir()
        (beside / NOTE).write_text(json.dumps(used_by(embedder)), encoding="utf-8")
    index = VectorIndex(beside)
    try:
        present, total, done = index.ids(), record.count(), 0
        wanted: set[str] = set()
        for page in record.pages(_AT_ONCE):
            missing = [each for each in page if each.vector_id not in present]
            if missing:
                vectors = embedder.embed_passages([each.passage for each in missing])
                index.put([each.vector_id for each in missing], vectors, [each.labels for each in missing])
            wanted.update(each.vector_id for each in page)
            done += len(page)
            if progress is not None:
                progress(done, total)
        index.remove(sorted(present - wanted))
    finally:
        index.close()
    return beside
