from pathlib import Path

import numpy as np
import pytest

from retrieval.buckets import Numbering, digest_of
from retrieval.drafts import user_key
from retrieval.index import Labels
from retrieval.index_folder import FolderIndex

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
    found = {each.name: set(each.get(include=[])["ids"]) for each in index._collections.all()}
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
