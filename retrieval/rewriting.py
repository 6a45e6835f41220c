"""Copies an index beside itself, with the vectors that the record lists and no others: nothing is embedded.

Chroma deletes only in its catalogue: its write-ahead log keeps what was put in, and the files of its graphs keep the
vectors (chroma #3793, #7659, #7662). What was deleted is gone when the whole index is written anew and the old files
are deleted. Knows nothing of how the copy is put in place.
"""

from collections.abc import Callable
from contextlib import suppress

from retrieval.errors import StoreBusy
from retrieval.index import IndexPlace, VectorIndex
from retrieval.record import Record

__all__ = ["copy_beside", "copy_vectors"]

_AT_ONCE = 4000  # in one collection or two: each costs a transaction
_MOST_PAGES = 8
"""After so many, what was read and written is let go: Chroma would hold both indexes in memory, whole."""


def copy_beside(
    place: IndexPlace, record: Record, progress: Callable[[int, int], None] | None = None
) -> list[str] | None:
    """Fill the index beside the one in use; returns the ids that are not in it, None when nothing has to be in it.

    Those are the vectors that the index in use lacks: they are made when they are next needed. The caller holds the
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
    old: VectorIndex,
    new: VectorIndex,
    record: Record,
    progress: Callable[[int, int], None] | None = None,
    *,
    at_once: int = _AT_ONCE,
    most: int = _MOST_PAGES,
) -> list[str]:
    """Put the vectors that the record lists into another index; returns the ids of those that are not there.

    Args:
        old: where they are.
        new: where they go.
        record: lists them, those of a collection after each other.
        progress: told how many of how many are done.
        at_once: so many are copied at once.
        most: as often, before what was read and written is let go.
    """
    done, total, lacking = 0, record.count(), list[str]()
    for number, page in enumerate(record.listed(at_once), start=1):
        done += len(page)
        there = page
        vectors = old.vectors([each for each, _ in there])
        if vectors is None:
            present = old.having([each for each, _ in page])
            there = [(each, labels) for each, labels in page if each in present]
            vectors = old.vectors([each for each, _ in there]) if there else None
        if vectors is None:
            there = []
        else:
            new.put([each for each, _ in there], vectors, [labels for _, labels in there])
        if len(there) < len(page):
            lacking += sorted({each for each, _ in page} - {each for each, _ in there})
        if not number % most:
            with suppress(StoreBusy):  # a backup, say: memory is not worth failing for
                old.let_go()
                new.let_go()
        if progress is not None:
            progress(done, total)
    return lacking
