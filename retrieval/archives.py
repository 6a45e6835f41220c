"""The file of a backup: a ZIP archive with the files of a store and a manifest with the SHA-256 of each.

An archive is there whole or not at all, and nothing is taken from one before all of it was checked. Knows nothing of
what is in the files.
"""

import hashlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from retrieval.errors import InputError, StoreError, shorten

__all__ = ["FORMAT", "Entry", "Manifest", "check_archive", "extract", "read_manifest", "write_archive"]

FORMAT: Final = 1
"""Goes up when an older program could not read the archive any more."""

_MANIFEST: Final = "manifest.json"
_MOST_MANIFEST_BYTES: Final = 64 << 20
_CHUNK: Final = 1 << 20
_NAME: Final = re.compile(r"[\w-]+(\.[\w-]+)*(/[\w-]+(\.[\w-]+)*){0,2}", re.ASCII)
_LEVEL: Final = 1  # texts halve; a higher level takes longer than the disk does
_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, UnicodeDecodeError
)  # fmt: skip


class Entry(NamedTuple):
    """One file: how long it is, and its SHA-256 in hex digits."""

    bytes: int
    sha256: str


class Manifest(NamedTuple):
    """What is in a backup.

    Attributes:
        made_at: when the record was as it is in there.
        limner: the version that made it.
        schema: the version of the record's tables.
        store: the name of the store.
        embedder: what made the index; None: there is none yet.
        counts: how many users, events, … there are.
        files: the files by their names.
    """

    made_at: str
    limner: str
    schema: int
    store: str
    embedder: str | None
    counts: Mapping[str, int]
    files: Mapping[str, Entry]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON types, with a hash of all else."""
        files = {name: entry._asdict() for name, entry in self.files.items()}
        bare = {"limner_backup": FORMAT, **self._asdict(), "counts": dict(self.counts), "files": files}
        return {**bare, "sha256": _hash_of(bare)}


def write_archive(path: Path, folder: Path, manifest: Manifest) -> Manifest:
    """Write all files of a folder as the archive ``path``, and read it back; returns the manifest with the files.

    Raises:
        StoreError: it cannot be written, or reads otherwise than it was written. There is no such file then.
    """
    files: dict[str, Entry] = {}
    try:
        with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
                for each in sorted(one for one in folder.rglob("*") if one.is_file()):
                    name = each.relative_to(folder).as_posix()
                    files[name] = _put(archive, name, each)
                complete = manifest._replace(files=files)
                archive.writestr(_MANIFEST, json.dumps(complete.as_json(), indent=1))
            stream.flush()
            os.fsync(stream.fileno())
        check_archive(path)
    except OSError as error:
        path.unlink(missing_ok=True)
        said = error.strerror or error
        raise StoreError(f"the backup {str(path)!r} cannot be written: {said}", hint="Free some space") from error
    except InputError as error:
        path.unlink(missing_ok=True)
        raise StoreError(f"the backup reads otherwise than it was written: {error}", hint="Check the disk") from error
    return complete


def read_manifest(path: Path) -> Manifest:
    """What is in a backup.

    Raises:
        InputError: it cannot be read, is no backup, damaged, or made by a newer version.
    """
    with _opened(path) as archive:
        if _MANIFEST not in archive.namelist():
            raise InputError(f"{str(path)!r} is no backup of limner", hint="Give a file that `limner backup` wrote")
        if archive.getinfo(_MANIFEST).file_size > _MOST_MANIFEST_BYTES:
            raise _damaged(path, "its manifest is too long")
        text = archive.read(_MANIFEST)
        try:
            document = json.loads(text)
            found = int(document["limner_backup"])
        except (ValueError, TypeError, KeyError) as error:
            raise _damaged(path, "its manifest cannot be read") from error
        if found > FORMAT:
            said = f"{str(path)!r} is a backup of format {found}, this limner reads {FORMAT}"
            raise InputError(said, hint="Update limner")
        return _manifest(path, document)


def check_archive(path: Path) -> Manifest:
    """Read all of a backup, and compare it with its manifest; returns what is in it.

    Raises:
        InputError: as for ``read_manifest``.
    """
    manifest = read_manifest(path)
    for _ in _checked(path, manifest):
        pass
    return manifest


def extract(path: Path, folder: Path) -> Manifest:
    """Write the files of a backup into an empty folder, checked; returns what is in it.

    Raises:
        InputError: as for ``read_manifest``.
        StoreError: the files cannot be written.
    """
    manifest = read_manifest(path)
    for name, pieces in _checked(path, manifest):
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as stream:
                for piece in pieces:
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            said = error.strerror or error
            raise StoreError(f"{str(target)!r} cannot be written: {said}", hint="Free some space") from error
    return manifest


def _checked(path: Path, manifest: Manifest) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each file with its pieces; what was not taken of it is read, too, so that all of it is checked."""
    with _opened(path) as archive:
        if sorted(archive.namelist()) != sorted([*manifest.files, _MANIFEST]):
            raise _damaged(path, "its files are others than its manifest says")
        for name, entry in manifest.files.items():
            with _translated(path), archive.open(name) as stream:
                pieces = _pieces(path, name, entry, stream)
                yield name, pieces
                for _ in pieces:
                    pass


def _pieces(path: Path, name: str, entry: Entry, stream: IO[bytes]) -> Iterator[bytes]:
    digest, length = hashlib.sha256(), 0
    with _translated(path):
        while piece := stream.read(_CHUNK):
            digest.update(piece)
            length += len(piece)
            if length > entry.bytes:
                break
            yield piece
    if (length, digest.hexdigest()) != entry:
        raise _damaged(path, f"{name!r} in it is not what was put in")


def _put(archive: zipfile.ZipFile, name: str, file: Path) -> Entry:
    digest, length = hashlib.sha256(), 0
    with file.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        while piece := source.read(_CHUNK):
            digest.update(piece)
            length += len(piece)
            target.write(piece)
    return Entry(length, digest.hexdigest())


def _manifest(path: Path, document: Any) -> Manifest:
    bare = {key: value for key, value in document.items() if key != "sha256"}
    if document.get("sha256") != _hash_of(bare):
        raise _damaged(path, "its manifest is not what was written")
    try:
        files = {name: Entry(int(each["bytes"]), str(each["sha256"])) for name, each in document["files"].items()}
        values = {name: document[name] for name in Manifest._fields if name != "files"}
        manifest = Manifest(**values, files=files)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, "its manifest lacks something") from error
    if strange := [name for name in files if not _NAME.fullmatch(name)]:
        raise _damaged(path, f"it names a file {shorten(strange[0])}")
    return manifest


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with path.open("rb") as stream:
            if not zipfile.is_zipfile(stream):
                hint = "Give a file that `limner backup` wrote; one that was cut off is lost"
                raise InputError(f"{str(path)!r} is no backup of limner, or damaged", hint=hint)
            with _translated(path), zipfile.ZipFile(stream) as archive:
                yield archive
    except OSError as error:
        said = error.strerror or error
        raise InputError(f"the backup {str(path)!r} cannot be read: {said}", hint="Check the path") from error


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise _damaged(path, "it cannot be unpacked") from error


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"the backup {str(path)!r} is damaged: {why}", hint="Nothing was restored; take another one")


def _hash_of(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
