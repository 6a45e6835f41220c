import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from retrieval.buckets import Numbering, digest_of
from retrieval.drafts import user_key
from retrieval.errors import StoreBusy
from retrieval.index import IndexDamaged, Labels
from retrieval.index_folder import FolderIndex
from retrieval.locks import StoreLock

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

LABELS = Labels("u", "user", None, None)
COUNT = 600


def rows(count: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    vectors = np.random.default_rng(0).standard_normal((count, 8)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def ids(count: int, room: int = 10_000) -> list[str]:
    numbering = Numbering(room=room)
    return [numbering.vector_id(user_key(f"u{n % 97}"), f"{n:032x}") for n in range(count)]


def collections(folder: Path) -> dict[str, set[str]]:
    """The ids in each collection, read with Chroma alone."""
    index = FolderIndex(folder)
    opened = [index._collections.opened(name) for name in index._collections.names()]
    found = {each.name: set(each.get(include=[])["ids"]) for each in opened if each is not None}
    index.close()
    return found


def test_vectors_of_many_users_lie_in_sixteen_collections_and_come_back(tmp_path: Path) -> None:
    wanted, vectors = ids(COUNT), rows(COUNT)
    index = FolderIndex(tmp_path / "chroma")
    index.put(wanted, vectors, [LABELS] * COUNT)
    index.close()

    index = FolderIndex(tmp_path / "chroma")
    order = np.random.default_rng(1).permutation(COUNT)
    assert index.vectors([wanted[at] for at in order]) == pytest.approx(vectors[order], abs=1e-6)
    assert (index.count(), index.ids()) == (COUNT, set(wanted))
    index.remove(wanted[1:])
    assert index.ids() == set(wanted[:1])
    index.close()
    assert len(collections(tmp_path / "chroma")) == 16


def test_all_of_a_user_lies_in_one_collection(tmp_path: Path) -> None:
    wanted = ids(COUNT)
    index = FolderIndex(tmp_path / "chroma")
    index.put(wanted, rows(COUNT), [LABELS] * COUNT)
    index.close()

    homes: dict[str, set[str]] = {}
    for name, held in collections(tmp_path / "chroma").items():
        for each in held:
            homes.setdefault(user_key(f"u{int(digest_of(each), 16) % 97}"), set()).add(name)
    assert len(homes) == 97
    assert {len(names) for names in homes.values()} == {1}


def test_an_index_whose_files_are_in_use_is_not_let_go_and_goes_on(tmp_path: Path) -> None:
    index = FolderIndex(tmp_path / "chroma", StoreLock(tmp_path / "index.lock", 0.1))
    index.put(ids(2)[:1], rows(2)[:1], [LABELS])
    other = StoreLock(tmp_path / "index.lock", 0.1)
    with ThreadPoolExecutor(1) as thread, other.held(), pytest.raises(StoreBusy):
        thread.submit(index.let_go).result()
    index.put(ids(2)[1:], rows(2)[1:], [LABELS])
    assert index.vectors(ids(2)) == pytest.approx(rows(2), abs=1e-6)
    index.close()


def test_ids_of_older_indexes_stay_where_they_lie(tmp_path: Path) -> None:
    oldest, older, new = "f" * 32, "ffff-" + "0" * 32, Numbering().vector_id("ffff", "0" * 32)
    index = FolderIndex(tmp_path / "chroma")
    index.put([oldest, older, new], rows(3), [LABELS] * 3)
    assert index.vectors([new, older, oldest]) == pytest.approx(rows(3)[::-1], abs=1e-6)
    index.close()
    assert collections(tmp_path / "chroma") == {
        "snippets": {oldest}, "snippets-15": {older}, "snippets-15-000000": {new},
    }  # fmt: skip


def test_a_collection_that_is_full_is_followed_by_another_one(tmp_path: Path) -> None:
    wanted, vectors = ids(COUNT, room=10), rows(COUNT)
    index = FolderIndex(tmp_path / "chroma", most=4)
    for start in range(0, COUNT, 100):
        index.put(wanted[start : start + 100], vectors[start : start + 100], [LABELS] * 100)
    order = np.random.default_rng(1).permutation(COUNT)
    assert index.vectors([wanted[at] for at in order]) == pytest.approx(vectors[order], abs=1e-6)
    index.remove(wanted[::2])
    assert (index.count(), index.ids()) == (COUNT // 2, set(wanted[1::2]))
    index.close()
    found = collections(tmp_path / "chroma")
    assert len(found) > 60 and max(len(held) for held in found.values()) <= 10


class Counting(FolderIndex):
    """Counts how often it was opened anew."""

    times = 0

    @contextmanager
    def _opened_anew(self) -> "Iterator[ClientAPI]":
        self.times += 1
        with super()._opened_anew() as client:
            yield client


def test_all_are_let_go_for_what_is_written_and_not_for_what_is_read(tmp_path: Path) -> None:
    wanted, vectors = [f"{n:07x}-a" for n in range(9)], rows(9)
    index = Counting(tmp_path / "chroma", most=2)
    index.put(wanted, vectors, [LABELS] * 9)
    assert index.times == 4
    for _ in range(2):
        for at, each in enumerate(wanted):
            assert index.vectors([each]) == pytest.approx(vectors[at : at + 1], abs=1e-6)
    index.probe()
    assert (index.count(), index.having(wanted), index.ids()) == (9, set(wanted), set(wanted))
    assert index.times == 4
    index.put(wanted[8:], vectors[8:], [LABELS])  # it is one of those that were written last
    assert index.times == 4
    index.remove(wanted[:8])
    assert (index.times, index.ids()) == (8, {wanted[8]})
    index.close()


def test_threads_read_while_it_is_opened_anew_for_what_is_written(tmp_path: Path) -> None:
    there, vectors = [f"{n:07x}-a" for n in range(8)], rows(48)
    index = Counting(tmp_path / "chroma", most=1)
    index.put(there, vectors[:8], [LABELS] * 8)
    done = False

    def read(at: int) -> int:
        times = 0
        while not done or not times:
            order = np.random.default_rng(times).permutation(8)
            found = index.vectors([there[each] for each in order])
            assert found == pytest.approx(vectors[order], abs=1e-6)
            if at == 0:
                index.probe()
                assert set(there) <= index.ids() and index.having(there) == set(there) and index.count() >= 8
            times += 1
        return times

    with ThreadPoolExecutor(4) as pool:
        reading = [pool.submit(read, at) for at in range(4)]
        try:
            for at in range(8, 48):
                index.put([f"{at:07x}-b"], vectors[at : at + 1], [LABELS])
        finally:
            done = True
        assert all(each.result() for each in reading)
    assert index.times >= 40
    assert index.vectors([f"{at:07x}-b" for at in range(8, 48)]) == pytest.approx(vectors[8:], abs=1e-6)
    index.close()


def test_what_could_not_be_opened_anew_is_told_and_tried_again(tmp_path: Path) -> None:
    index = FolderIndex(tmp_path / "chroma", most=1)
    index.put(["0000000-a"], rows(1), [LABELS])
    note = tmp_path / "chroma" / "limner.json"
    note.write_text(json.dumps({"embedder": "another"}))
    with pytest.raises(IndexDamaged, match="was replaced"):
        index.put(["0000001-a"], rows(1), [LABELS])
    with pytest.raises(IndexDamaged, match="not open any more"):
        index.count()
    note.unlink()
    index.put(["0000000-b"], rows(1), [LABELS])
    assert index.ids() == {"0000000-a", "0000000-b"}
    index.close()
    with pytest.raises(IndexDamaged, match="not open any more"):
        index.vectors(["0000000-a"])


def test_numbers_go_on_where_they_were() -> None:
    first = Numbering(room=2)
    started = [first.vector_id("a0", str(n)) for n in range(3)] + [first.vector_id("b0", "0")]
    assert started == ["a000000-0", "a000000-1", "a000001-2", "b000000-0"]
    second = Numbering(first.text, room=2)
    assert (second.changed, second.vector_id("a1", "3"), second.vector_id("a2", "4")) == (
        False,
        "a000001-3",
        "a000002-4",
    )
    assert second.changed


def test_a_user_whose_collection_is_not_made_has_no_vectors(tmp_path: Path) -> None:
    index = FolderIndex(tmp_path / "chroma")
    index.put(["0000000-a"], rows(1), [LABELS])
    assert index.vectors(["f000000-a"]) is None
    index.remove(["f000000-a"])
    assert index.count() == 1
    index.close()
