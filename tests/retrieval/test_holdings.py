"""What open indexes hold in memory together is bounded, whoever reads; whoever was read longest ago lets go."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from retrieval.holdings import NOTHING, Held, Holdings
from retrieval.index import IndexDamaged, Labels
from retrieval.index_folder import FolderIndex
from retrieval.locks import StoreLock

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from numpy.typing import NDArray

LABELS = Labels("u", "user", None, None)
ONE = 1332  # bytes that a vector of eight numbers is reckoned to take


class Index(FolderIndex):
    """Counts how often it let go."""

    times = 0

    @contextmanager
    def _opened_anew(self) -> "Iterator[ClientAPI]":
        with super()._opened_anew() as client:
            self.times += 1
            yield client

    @property
    def held(self) -> Held:
        return self._collections.held


def rows(count: int) -> "NDArray[np.float32]":
    return np.random.default_rng(0).standard_normal((count, 8)).astype(np.float32)


def filled(folder: Path, holdings: Holdings, in_passing: int = 1 << 30) -> Index:
    """With nine vectors, each in a collection of its own."""
    index = Index(folder, StoreLock(folder.with_suffix(".lock"), 20), holdings=holdings, in_passing=in_passing)
    if not index.count():
        index.put(ids(), rows(9), [LABELS] * 9)
        index.let_go()
        index.times = 0
    return index


def ids() -> list[str]:
    return [f"{n:07x}-a" for n in range(9)]


def test_reading_lets_go_when_it_holds_more_than_it_may(tmp_path: Path) -> None:
    index = filled(tmp_path / "chroma", Holdings(3 * ONE))
    vectors = index.vectors(ids())
    assert vectors is not None
    index.let_go()
    index.times = 0
    for at in (0, 1, 2, 2, 1, 0):
        assert index.vectors(ids()[at : at + 1]) == pytest.approx(vectors[at : at + 1])
    assert (index.times, index.held) == (0, Held(3, 3 * ONE))
    assert index.vectors(ids()[3:4]) == pytest.approx(vectors[3:4])
    assert (index.times, index.held) == (1, NOTHING)
    assert index.vectors(ids()[::-1]) == pytest.approx(vectors[::-1], abs=1e-6), "also in the middle of one reading"
    assert (index.times, index.held) == (3, Held(1, ONE))
    assert index.having(ids()) == set(ids()) and index.times == 5
    index.close()


def test_going_through_all_lets_go_earlier(tmp_path: Path) -> None:
    index = filled(tmp_path / "chroma", Holdings(), in_passing=2 * ONE)
    assert (index.count(), index.times) == (9, 3)
    assert (index.ids(), index.times) == (set(ids()), 6)
    index.probe()
    assert index.times == 9
    index.vectors(ids())
    assert (index.times, index.held) == (9, Held(9, 9 * ONE)), "what is searched is kept"
    index.close()


def test_the_number_of_collections_is_bounded_for_their_files(tmp_path: Path) -> None:
    index = filled(tmp_path / "chroma", Holdings(most_collections=4))
    for each in ids():
        index.vectors([each])
    assert index.times == 1 and index.held.collections == 4
    index.close()


def test_the_index_that_was_read_longest_ago_lets_go_first(tmp_path: Path) -> None:
    holdings = Holdings(7 * ONE)
    first, second, third = (filled(tmp_path / name, holdings) for name in ("one", "two", "three"))
    for index in (first, second, first):
        index.vectors(ids()[:3])
    third.vectors(ids()[:2])
    assert [each.held.collections for each in (first, second, third)] == [3, 0, 2]
    first.put(["0000009-a"], rows(1), [LABELS])
    assert first.held.collections == 4, "what is written counts"
    second.vectors(ids()[:2])
    assert [each.held.collections for each in (first, second, third)] == [4, 2, 0]
    first.close()
    third.vectors(ids()[:5])
    assert [each.held.collections for each in (second, third)] == [2, 5], "what is closed does not"
    for index in (second, third):
        index.close()


def test_what_is_written_at_the_moment_is_not_let_go_nor_waited_for(tmp_path: Path) -> None:
    holdings = Holdings(2 * ONE)
    written, read = filled(tmp_path / "one", holdings), filled(tmp_path / "two", holdings)
    written.vectors(ids()[:2])
    with ThreadPoolExecutor(1) as thread:
        with written._guard.held():  # type: ignore[union-attr]
            assert thread.submit(read.vectors, ids()[:1]).result(20) is not None
            assert (written.held.collections, read.held.collections) == (2, 0), "the one that is free did"
        with written._writing:
            assert thread.submit(read.vectors, ids()[:1]).result(20) is not None
            assert (written.held.collections, read.held.collections) == (2, 0)
        read.vectors(ids()[:1])
    assert (written.held.collections, read.held.collections) == (0, 1)
    for index in (written, read):
        index.close()


def test_what_cannot_be_opened_again_fails_when_it_is_used_not_before(tmp_path: Path) -> None:
    holdings = Holdings(2 * ONE)
    gone, read = filled(tmp_path / "one", holdings), filled(tmp_path / "two", holdings)
    gone.vectors(ids()[:2])
    (tmp_path / "one" / "limner.json").write_text('{"embedder": "another"}')
    assert read.vectors(ids()[:1]) is not None
    with pytest.raises(IndexDamaged, match="not open any more"):
        gone.vectors(ids()[:1])
    gone.close()
    gone.let_go_if_free()
    with pytest.raises(IndexDamaged, match="not open any more"):
        gone.count()
    read.close()


def test_threads_read_two_indexes_that_let_each_other_go(tmp_path: Path) -> None:
    holdings = Holdings(3 * ONE)
    indexes = [filled(tmp_path / name, holdings) for name in ("one", "two")]
    wanted = indexes[0].vectors(ids())
    assert wanted is not None
    done = threading.Event()

    def read(seed: int) -> None:
        random, index = np.random.default_rng(seed), indexes[seed % 2]
        while not done.is_set():
            order = random.permutation(9)[:2]
            assert index.vectors([ids()[at] for at in order]) == pytest.approx(wanted[order], abs=1e-6)

    with ThreadPoolExecutor(4) as pool:
        reading = [pool.submit(read, seed) for seed in range(4)]
        try:
            for number in range(20):
                index = indexes[number % 2]
                with index._guard.held():  # type: ignore[union-attr]
                    index.put([f"{9 + number:07x}-a"], rows(1), [LABELS])
        finally:
            done.set()
        assert all(each.result() is None for each in reading)
    assert all(each.times > 0 for each in indexes)
    for each in indexes:
        each.close()
