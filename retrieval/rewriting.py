"""Copies an index beside itself, with the vectors that the record lists and no others: nothing is embedded.

Chroma deletes only in its catalogue: its write-ahead log keeps what was put in, and the files of its graphs keep the
vectors (chroma #3793, #7659, #7662). What was deleted is gone when the whole index is written anew and the old files
are deleted. Knows nothing of how the copy is put in place.
"""

from collections.abc import Callable

from retrieval.index import IndexPlace, VectorIndex
from retrieval.record import Record

__all__ = ["copy_beside", "copy_vectors"]

_AT_ONCE = 4000  # in one collection or two: each costs a transaction


def copy_beside(place: IndexPlace, record: Record, progress: Callable[[int, int], None] | None = None) -> int | None:
    """Fill the index beside the one in use; returns how many vectors are in it, None when nothing has to be in it.

    Vectors that the index in use lacks are left out: they are made when they are next needed. The caller holds the
    writer lock.

    Args:
        place: of the index in use, which is only read.
        record: says which vectors there are.
        progress: told how many of how many snippets are done.

    Raises:
        IndexDamaged: the index in use cannot be read.
    """
    name, dimension = record.setting("embedder"), record.setting("dimension")
    if name is None or dimension is None or not record.count():
        return None
    place.discard_beside()
    with place.guarded():
        old = place.open()
    try:
        new = place.beside({"embedder": name, "dimension": dimension})
        try:
            return copy_vectors(old, new, record, progress)
        finally:
            new.close()
    finally:
        old.close()


def copy_vectors(
    old: VectorIndex, new: VectorIndex, record: Record, progress: Callable[[int, int], None] | None = None
) -> int:
    """Put the vectors that the record lists into another index; returns how many of them there are."""
    copied, done, total = 0, 0, record.count()
    for page in record.listed(_AT_ONCE):
        done += len(page)
        there = page
        vectors = old.vectors([each for each, _ in there])
        if vectors is None:
            present = old.having([each for each, _ in page])
            there = [(each, labels) for each, labels in page if each in present]
            vectors = old.vectors([each for each, _ in there]) if there else None
        if vectors is not None:
            new.put([each for each, _ in there], vectors, [labels for _, labels in there])
            copied += len(there)
        if progress is not None:
            progress(done, total)
    return copied
