"""Finds the history files that are meant by what people type: files, folders, globs, and ``-`` for stdin.

Knows names, not contents, except that a ``.txt`` file in a folder must look like a chat.
"""

import glob
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from retrieval.errors import InputError
from retrieval.loaders.kinds import has_known_suffix
from retrieval.loaders.reading import Format
from retrieval.private_folders import PrivateFolder

__all__ = ["STDIN", "Found", "by_suffix", "find_files", "stdin_as_file"]

STDIN: Final = Path("-")
"""What stands for the standard input."""


class Found(NamedTuple):
    """Files to read in order, and files of other kinds that were left out of folders and globs."""

    files: list[Path]
    others: list[Path]


def find_files(given: Sequence[Path], format: Format | None = None) -> Found:
    """The files that ``given`` names: a file as it is, a folder with all below it, a glob (``**`` too), sorted.

    Of folders and globs only files of a known kind are taken, unless ``format`` says what all of them are; hidden ones
    never.

    Raises:
        InputError: a folder or a glob holds no file of a known kind.
    """
    found = Found([], [])
    for path in given:
        if path.is_dir():
            _take(path, _files_below(path), format, found)
        elif not path.exists() and glob.has_magic(str(path)):
            matches = [Path(each) for each in sorted(glob.glob(str(path), recursive=True))]
            files = [below for each in matches for below in (_files_below(each) if each.is_dir() else [each])]
            _take(path, sorted(dict.fromkeys(files)), format, found)
        else:
            found.files.append(path)
    return found


def _take(where: Path, files: Sequence[Path], format: Format | None, found: Found) -> None:
    """Sort ``files`` into the wanted and the others. Raises InputError when none is wanted."""
    wanted = [path for path in files if format or _is_known(path)]
    others = sorted(set(files).difference(wanted))
    if not wanted:
        counts = by_suffix(others).most_common(5)
        seen = ", ".join(f"{suffix} ({count})" for suffix, count in counts)
        if not seen:
            what = "holds no file" if where.is_dir() else "is the path of no file"
            raise InputError(f"{str(where)!r} {what}", hint="Check the path")
        raise InputError(
            f"{str(where)!r} holds no file of a known kind, but {seen}",
            hint="Check the path, or say what the files are with --format",
        )
    found.files.extend(wanted)
    found.others.extend(others)


def by_suffix(paths: Iterable[Path]) -> Counter[str]:
    """How many files there are of each suffix; of each name where there is none."""
    return Counter(path.suffix.lower() or path.name for path in paths)


def _files_below(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(f"the folder {str(error.filename)!r} cannot be read: {error.strerror}") from error

    files = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [each for each in folders if not each.startswith(".")]
        files += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(files)


def _is_known(path: Path) -> bool:
    if not has_known_suffix(path):
        return False
    if path.suffix.lower() != ".txt":
        return True
    from retrieval.loaders.whatsapp import looks_like_chat

    return looks_like_chat(path)


@contextmanager
def stdin_as_file(given: Sequence[Path], format: Format | None = None) -> Iterator[list[Path]]:
    """``given`` with ``-`` replaced by a file that holds what comes from stdin; it is gone afterwards.

    Histories are read twice, first to see whether they can be, and stdin can be read once. It is taken for JSON Lines,
    unless ``format`` says otherwise.
    """
    if STDIN not in given:
        yield list(given)
        return
    with PrivateFolder() as folder:
        copy = folder / ("stdin.jsonl" if format is None else "stdin")
        with copy.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield [copy if path == STDIN else path for path in given]
