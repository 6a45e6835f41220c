"""Keeps the vector index equal to the record, whatever was interrupted, deleted or damaged.

The record is right, always. It is written first, with a note of what the index owes it; then the index is written,
then the note is crossed out. Knows nothing of files to ingest or of ranking.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from retrieval.errors import StoreError, UsageError
from retrieval.index import IndexDamaged, IndexPlace, VectorIndex
from retrieval.locks import Lock
from retrieval.record import Record
from retrieval.reindex import build_beside, used_by
from retrieval.rewriting import copy_beside
from retrieval.turns import Line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrieval.embedders import Embedder

__all__ = ["Mirror"]

_EMBEDDED_AT_ONCE = 1024
_PUT_AT_ONCE = 64  # between these, other threads read: Chroma takes about 1 ms a vector
_COMPARED_ALWAYS = 50_000  # so many ids are read in a quarter of a second


class Mirror:
    """The index of one store, opened when it is first needed.

    Two locks keep processes apart: ``writer`` is held by whoever changes the record, for as long as that takes;
    the place's guard for the moments in which Chroma's files are opened or written. Threads take turns.

    Args:
        place: where the index is.
        record: what the index has to hold.
        embedder: gives the embedder; called when a vector is needed.
        writer: the store's writer lock.
    """

    def __init__(self, place: IndexPlace, record: Record, embedder: "Callable[[], Embedder]", writer: Lock) -> None:
        self._place = place
        self._record = record
        self._embedder = embedder
        self._writer = writer
        self._threads = Line()
        self._index: VectorIndex | None = None
        self._generation = -1
        self._verified = self._is_tidy = False

    def close(self) -> None:
        """Release the index; it is opened again when it is needed."""
        with self._threads:
            if self._index is not None:
                self._index.close()
            self._index = None

    def check_embedder(self) -> "Embedder":
        """The embedder, which must be the one that made the index.

        Raises:
            UsageError: it is another one, and the store is not empty.
        """
        embedder = self._embedder()
        name, dimension = self._record.setting("embedder"), self._record.setting("dimension")
        if name is None or (name, dimension) == (embedder.name, str(embedder.dimension)) or not self._record.count():
            return embedder
        raise UsageError(
            f"the index {self._place.name!r} was made with the embedder {name!r} ({dimension} dimensions), "
            f"not with {embedder.name!r} ({embedder.dimension})",
            hint="Give the same embedder, or ingest into another --store",
        )

    def verify(self) -> None:
        """Find and repair whatever differs between index and record. The caller holds the writer lock.

        What this process wrote last, and nobody after it, was verified then.
        """
        self._adopt(self.check_embedder())
        if self._is_tidy and self._index is not None and self._generation == self._record.generation():
            return
        self.close()  # it may be older than what the last writer wrote
        try:
            self._place.tidy()
            if self._made_by_another():
                raise IndexDamaged("the index was made by another embedder than the record says")
            self._push()
            with self._opened() as index:
                count = index.count()
                if count <= _COMPARED_ALWAYS:
                    index.probe()  # in a larger one, damage shows when it is read
                agreed = count == self._record.count()
                present = index.ids() if not agreed or count <= _COMPARED_ALWAYS else None
            if present is not None and self._record.compare(present):
                self._push()
        except IndexDamaged:
            self._rebuild()
        self._verified = self._is_tidy = True

    def push(self) -> None:
        """Embed what is pending and bring the index up to date.

        The caller holds the writer lock, and called ``verify`` since it took it.
        """
        try:
            self._push()
        except IndexDamaged:
            self._rebuild()
        except StoreError:  # of a full disk, say: Chroma waits for ever at the next writing, unless it is opened again
            self.close()
            raise

    def count(self) -> int:
        """How many vectors the index has.

        Raises:
            IndexDamaged: it cannot be read.
        """
        self._refresh()
        with self._opened() as index:
            return index.count()

    def look_after(self) -> None:
        """Find and repair, once in a process, what an interrupted run left: unless another process is writing.

        To count a large index takes Chroma seconds: of one, only what the record says is owed is looked after. Damage
        shows when its vectors are read.
        """
        if not self._verified and (self._record.count() <= _COMPARED_ALWAYS or self._is_owed_something()):
            with self._writer.if_free() as free:
                if free:
                    self.verify()
        self._verified = True  # or whoever holds the lock looks after the index

    def replace(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Make the index anew, with whatever embedder is given now, while readers go on with the old one.

        When it is interrupted, the old index stays, and the next call continues. The caller holds the writer lock.
        """
        embedder = self._embedder()
        build_beside(self._place, self._record, embedder, progress)
        self._put_in_place(used_by(embedder))

    def rewrite(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Make the index anew from its own vectors, so that its files hold no others; no embedder is needed.

        Readers go on with the old one. Of one that is damaged nothing is kept: the next use makes it anew. The caller
        holds the writer lock.
        """
        if self._place.prune():
            self._settle_removals()
            return
        try:
            lacking = copy_beside(self._place, self._record, progress)
        except IndexDamaged:
            lacking = None
        if lacking is None:
            self._place.discard_beside()
            self._record.forget_index()
            self._discard()
        else:
            self._put_in_place({}, lacking)
        self._place.tidy()

    def _put_in_place(self, settings: Mapping[str, str], lacking: Sequence[str] = ()) -> None:
        """Swap in the index that was built beside, which holds all of the record's vectors but those that it lacks."""
        self._is_tidy = False
        with self._threads, self._place.guarded():
            self.close()
            noted = self._place.swap()
            self._record.replaced(lacking, **settings, **noted)
        self._place.tidy()

    def vectors(self, wanted: Callable[[], Sequence[str]]) -> "NDArray[np.float32]":
        """The vectors of the ids that ``wanted()`` lists, in that order, shape (number of ids, dimension).

        An answer that fails or lacks some is asked for again, with the ids read anew: from an index opened anew, from a
        verified one, and from one that was made anew.

        Raises:
            StoreBusy: the index must be repaired, but another process is writing.
            StoreError: even a new index does not answer in full.
        """
        for remedy in (self._refresh, self.close, self._verify_alone, self._rebuild_alone):
            remedy()
            ids = wanted()
            try:
                with self._threads:
                    found = self._open_index().vectors(ids)
            except IndexDamaged:
                continue
            if found is not None:
                return found
        raise StoreError(
            f"the index {self._place.name!r} lacks vectors even after it was made anew", hint="Check the disk"
        )

    def _is_owed_something(self) -> bool:
        return bool(self._record.pending(1) or self._record.removals(1)) or self._made_by_another()

    def _made_by_another(self) -> bool:
        return self._place.made_by() not in (None, used_by(self._embedder()))

    def _adopt(self, embedder: "Embedder") -> None:
        """Note which embedder makes the index; one that was left empty by another embedder is thrown away."""
        used = used_by(embedder)
        if {key: self._record.setting(key) for key in used} != used:
            self._discard()
            self._record.keep_settings(**used)

    def _settle_removals(self) -> None:
        while gone := self._record.removals(_EMBEDDED_AT_ONCE):
            self._generation = self._record.settle(removed=gone)

    def _push(self) -> None:
        with self._threads:
            if self._index is not None:  # whoever calls this alone writes, and what is open has all that was written
                self._generation = self._record.generation()
        while gone := self._record.removals(_EMBEDDED_AT_ONCE):
            with self._opened() as index:
                index.remove(gone)
                self._generation = self._record.settle(removed=gone)
        while batch := self._record.pending(_EMBEDDED_AT_ONCE):
            vectors = self._embedder().embed_passages([each.passage for each in batch])
            # By id: those of a user, and of a collection, lie together, and each collection costs a transaction.
            order = sorted(range(len(batch)), key=lambda at: batch[at].vector_id)
            for start in range(0, len(order), _PUT_AT_ONCE):
                part = order[start : start + _PUT_AT_ONCE]
                with self._opened() as index:
                    index.put([batch[at].vector_id for at in part], vectors[part], [batch[at].labels for at in part])
            with self._threads:
                self._generation = self._record.settle(indexed=[each.vector_id for each in batch])

    def _rebuild(self) -> None:
        self._record.forget_index()
        self._discard()
        self._push()

    def _discard(self) -> None:
        with self._threads, self._place.guarded():
            self.close()
            self._place.wipe()

    def _refresh(self) -> None:
        if self._generation == self._record.generation():
            return
        with self._threads:  # this process may have written it meanwhile
            if self._generation != self._record.generation():
                self.close()

    def _verify_alone(self) -> None:
        with self._writer.held():
            self.verify()

    def _rebuild_alone(self) -> None:
        with self._writer.held():
            self._rebuild()

    @contextmanager
    def _opened(self) -> Iterator[VectorIndex]:
        """The index, with every other thread and process kept from it, for writing."""
        with self._threads, self._place.guarded():
            yield self._open_index()

    def _open_index(self) -> VectorIndex:
        if self._index is None:
            with self._place.guarded():
                self._generation = self._record.generation()
                self._index = self._place.open()
        return self._index
