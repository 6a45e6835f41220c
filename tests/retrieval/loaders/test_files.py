from pathlib import Path

import pytest

from retrieval.errors import InputError
from retrieval.loaders.files import by_suffix, find_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.csv",
        "a.jsonl",
        "deep/er/c.JSON",
        "deep/d.csv.gz",
        "deep/e.png",
        ".git/f.json",
        ".g.csv",
        "x.xlsx.gz",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_a_folder_holds_all_below_it_in_order(folder: Path) -> None:
    found = find_files([folder])
    assert [path.relative_to(folder).as_posix() for path in found.files] == [
        "a.jsonl",
        "b.csv",
        "deep/d.csv.gz",
        "deep/er/c.JSON",
    ]
    assert by_suffix(found.others) == {".png": 1, ".gz": 1}


def test_a_glob_holds_what_it_matches(folder: Path) -> None:
    assert [path.name for path in find_files([folder / "*.csv"]).files] == ["b.csv"]
    assert [path.name for path in find_files([folder / "**" / "*.JSON"]).files] == ["c.JSON"]
    found = find_files([folder / "d*"])
    assert ([path.name for path in found.files], by_suffix(found.others)) == (["d.csv.gz", "c.JSON"], {".png": 1})


def test_a_file_is_taken_as_it_is_and_as_often_as_it_is_named(folder: Path) -> None:
    wanted = [folder / "deep" / "e.png", folder / "b.csv", folder / "b.csv", folder / "gone.csv"]
    assert find_files(wanted).files == wanted


def test_with_a_format_every_file_is_taken(folder: Path) -> None:
    assert find_files([folder / "deep"], "mbox").others == []
    assert len(find_files([folder / "deep"], "mbox").files) == 3


def test_nothing_to_read_is_an_error(folder: Path) -> None:
    with pytest.raises(InputError, match=r"\*\.tsv' is the path of no file. Check the path$"):
        find_files([folder / "*.tsv"])
    (folder / "none").mkdir()
    with pytest.raises(InputError, match=r"none' holds no file. Check the path$"):
        find_files([folder / "none"])
    (folder / "deep" / "d.csv.gz").unlink()
    (folder / "deep" / "er" / "c.JSON").unlink()
    with pytest.raises(InputError, match=r"deep' holds no file of a known kind, but \.png \(1\)"):
        find_files([folder / "deep"])


def test_a_text_file_in_a_folder_must_look_like_a_chat(tmp_path: Path) -> None:
    (tmp_path / "README.txt").write_text("Read me first.\nThen 31/12/2023, 21:05 - A: no\n")
    (tmp_path / "chat.txt").write_text("31/12/2023, 21:05 - Anna: hello\n")
    found = find_files([tmp_path])
    assert ([path.name for path in found.files], by_suffix(found.others)) == (["chat.txt"], {".txt": 1})
