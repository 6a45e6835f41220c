"""Tells by its name in which format a file is, and opens it.

Does not look inside: what a ``.json`` file holds is found by ``json_records``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from retrieval.errors import InputError
from retrieval.loaders.reading import Format

__all__ = ["SUFFIXES", "Kind", "has_known_suffix", "kind_of", "opener_of"]

SUFFIXES: Final[dict[str, Format]] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".json": "json",
    ".txt": "whatsapp",
    ".mbox": "mbox",
    ".eml": "eml",
}
"""Suffix -> the format that it means."""

_NEVER_PACKED: Final = frozenset({"parquet", "xlsx", "mbox"})
_ACCEPTED: Final = (
    f"Accepted are {', '.join(SUFFIXES)}, and .gz of all but {', '.join(sorted(_NEVER_PACKED))}; "
    "or name the format with --format"
)
_SAVE_AS: Final = {".xls": "Save it as .xlsx", ".pst": "Export it as .mbox", ".msg": "Save it as .eml"}


class Kind(NamedTuple):
    """The format of a file, and whether it is packed with gzip."""

    format: Format
    packed: bool


def kind_of(path: Path, wanted: Format | None = None) -> Kind:
    """The kind of an existing file: ``wanted``, or what its suffixes say.

    Raises:
        InputError: there is no such file, or its kind is unknown.
    """
    if not path.exists():
        raise InputError(f"the file {str(path)!r} does not exist", hint="Check the path")
    if not path.is_file():
        raise InputError(f"{str(path)!r} is not a file", hint="Name a file")
    suffix, packed = _suffix(path)
    format_ = wanted or SUFFIXES.get(suffix)
    if format_ is None or (packed and format_ in _NEVER_PACKED):
        raise InputError(f"unknown kind of file {path.name!r}", hint=_SAVE_AS.get(suffix, _ACCEPTED))
    return Kind(format_, packed)


def has_known_suffix(path: Path) -> bool:
    """Whether ``path`` is called like a file that is read."""
    suffix, packed = _suffix(path)
    return suffix in SUFFIXES and not (packed and SUFFIXES[suffix] in _NEVER_PACKED)


def opener_of(path: Path, kind: Kind) -> Callable[[], IO[bytes]]:
    """A function that opens the file for reading bytes, unpacking it if need be."""

    def open_() -> IO[bytes]:
        if kind.packed:
            import gzip

            return cast(IO[bytes], gzip.open(path, "rb"))
        return path.open("rb")

    return open_


def _suffix(path: Path) -> tuple[str, bool]:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    packed = suffixes[-1:] == [".gz"]
    return next(iter((suffixes[:-1] if packed else suffixes)[-1:]), ""), packed
