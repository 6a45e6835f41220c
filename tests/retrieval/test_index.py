import os
from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import StoreError
from retrieval.index import IndexDamaged, IndexPlace, Labels
from retrieval.index_folder import FolderIndex, wipe

LABELS = Labels("u", "user", "mail", 1.5)


def unit(*rows: list[float]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return np.array(rows, dtype=np.float32)


def test_vectors_are_read_by_id_in_the_order_asked_for(place: IndexPlace) -> None:
    index = place.open()
    index.put(["a", "b"], unit([1, 0], [0.6, 0.8]), [LABELS, LABELS._replace(user_id="v")])

    found = index.vectors(["b", "a"])
    assert found is not None and found == pytest.approx(unit([0.6, 0.8], [1, 0]))
    assert index.vectors(["a", "nothing"]) is None
    none = index.vectors([])
    assert none is not None and len(none) == 0
    index.close()


def test_what_is_let_go_is_read_and_written_as_before(place: IndexPlace) -> None:
    index = place.open()
    index.put(["a"], unit([1, 0]), [LABELS])
    for _ in range(2):
        index.let_go()
    assert index.vectors(["a"]) == pytest.approx(unit([1, 0]))
    index.put(["b"], unit([0, 1]), [LABELS])
    assert index.ids() == {"a", "b"}
    index.close()


def test_put_replaces_and_remove_ignores_what_is_not_there(place: IndexPlace) -> None:
    index = place.open()
    index.put(["a", "b"], unit([1, 0], [1, 0]), [Labels("u", "user", None, None)] * 2)
    index.put(["a"], unit([0, 1]), [LABELS])
    index.remove(["b", "nothing"])

    assert (index.count(), index.ids()) == (1, {"a"})
    assert index.vectors(["a"]) == pytest.approx(unit([0, 1]))
    index.close()


def test_more_vectors_than_chroma_takes_at_once(tmp_path: Path) -> None:
    count = 11_000
    index = FolderIndex(tmp_path / "chroma")
    index.put([str(n) for n in range(count)], np.ones((count, 2), dtype=np.float32), [LABELS] * count)
    assert index.count() == len(index.ids()) == count
    found = index.vectors([str(n) for n in range(count)])
    assert found is not None and found.shape == (count, 2)
    index.remove([str(n) for n in range(1, count)])
    assert index.ids() == {"0"}
    index.close()


def test_an_index_opened_again_reads_the_files_again(tmp_path: Path) -> None:
    first, second = FolderIndex(tmp_path / "chroma"), FolderIndex(tmp_path / "chroma")
    first.put(["a"], unit([1, 0]), [LABELS])
    first.close()
    assert second.ids() == {"a"}
    second.close()


def test_a_folder_that_chroma_cannot_read_is_named_each_time(tmp_path: Path) -> None:
    folder = tmp_path / "chroma"
    folder.mkdir()
    (folder / "chroma.sqlite3").write_text("garbage" * 1000)
    for _ in range(2):
        with pytest.raises(IndexDamaged, match="chroma'"):
            FolderIndex(folder)
    wipe(folder)
    FolderIndex(folder).close()


def test_wipe_takes_what_lies_there(tmp_path: Path) -> None:
    wipe(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    for name in ("file", "link"):
        wipe(tmp_path / name)
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may delete everything")
def test_what_may_not_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "chroma").mkdir()
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be deleted"):
            wipe(tmp_path / "chroma")
    finally:
        tmp_path.chmod(0o700)


def test_a_dotenv_file_in_the_working_folder_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("ANONYMIZED_TELEMETRY=true\nMIGRATIONS=nonsense\n")
    monkeypatch.chdir(tmp_path)
    FolderIndex(tmp_path / "chroma").close()
