from pathlib import Path

import numpy as np
import pytest

from retrieval.buckets import bucketed
from retrieval.drafts import user_key
from retrieval.index import Labels
from retrieval.index_folder import FolderIndex

LABELS = Labels("u", "user", None, None)
COUNT = 600


def rows(count: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    vectors = np.random.default_rng(0).standard_normal((count, 8)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def ids(count: int) -> list[str]:
    return [bucketed(user_key(f"u{n % 97}"), f"{n:032x}") for n in range(count)]


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
            homes.setdefault(each[:4], set()).add(name)
    assert len(homes) == 97
    assert {len(names) for names in homes.values()} == {1}


def test_ids_of_an_older_index_stay_in_its_one_collection(tmp_path: Path) -> None:
    old, new = "f" * 32, bucketed("f" * 32, "0" * 32)
    index = FolderIndex(tmp_path / "chroma")
    index.put([old, new], rows(2), [LABELS] * 2)
    assert index.vectors([new, old]) == pytest.approx(rows(2)[::-1], abs=1e-6)
    index.close()
    assert collections(tmp_path / "chroma") == {"snippets": {old}, "snippets-15": {new}}


def test_a_user_whose_collection_is_not_made_has_no_vectors(tmp_path: Path) -> None:
    index = FolderIndex(tmp_path / "chroma")
    index.put([bucketed("0000", "a")], rows(1), [LABELS])
    assert index.vectors([bucketed("ffff", "a")]) is None
    index.remove([bucketed("ffff", "a")])
    assert index.count() == 1
    index.close()
