"""Makes a backup of an open store while others go on reading and writing it.

The record is copied by SQLite's online backup, which sees one state of it, and encrypted with the key of the store, if
it has one; the index of a plain store is copied file by file under its lock, since Chroma has no such thing. Writers
may go on meanwhile: what the record says the index still owes it is made after the restore, as after any interruption.
What was forgotten before is not in the copy, not even its bytes: where an erasure waits for its compaction, the copy is
compacted. Knows nothing of how a backup is restored.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retrieval.archives import Manifest, write_archive
from retrieval.backends import DAMAGED
from retrieval.converting import check_record
from retrieval.encryption import StoreKey
from retrieval.errors import InputError, StoreError, UsageError
from retrieval.files import ENCRYPTED, INDEX, KEY, RECORD, sync
from retrieval.locks import StoreLock
from retrieval.migrating import SCHEMA_VERSION
from retrieval.opening import Location, Parts
from retrieval.receipts import version
from retrieval.sql import Database, tables
from retrieval.sqlite_files import connect, failures
from retrieval.timestamps import utc_text

if TYPE_CHECKING:
    from retrieval.embedders import Embedder

__all__ = ["back_up", "check_has_no_server", "counts_of", "open_copy"]

_SUFFIX: Final = ".partial"
_STORE, _ARCHIVE, _LOCK = "store", "archive", "lock"


def back_up(parts: Parts, store: Path, out: Path, key: StoreKey | None = None, *, force: bool = False) -> Manifest:
    """Write all of a store to the file ``out``, which is there whole or not at all; returns what is in it.

    Beside it, there is a folder ``out``.partial meanwhile. One that a killed run left is deleted by the next one.

    Args:
        parts: of the store, which is in a folder.
        store: the folder.
        out: the file; its folder must be there.
        key: what the store is encrypted with.
        force: replace a file that is there.

    Raises:
        UsageError: ``out`` is there, or inside of the store.
        StoreError: the store is damaged, or ``out`` cannot be written.
        StoreBusy: the index is being written for long, or another backup to ``out`` is under way.
    """
    _check(store, out, force=force)
    with suppress(StoreError):  # a store that cannot be written: then the backup has a name of its own
        parts.record.identity()
    with _alone(out.with_name(f"{out.name}{_SUFFIX}")) as beside:
        copy = beside / _STORE
        try:
            copy.mkdir()
            with parts.place.frozen():
                made_at = utc_text()
                name = ENCRYPTED if key else RECORD
                _copy_record(store / name, copy / name, key)
                _copy_index(store / INDEX, copy / INDEX)
            if (store / KEY).exists():  # made before the first erasure, so never newer than the record needs
                shutil.copyfile(store / KEY, copy / KEY)
        except OSError as error:
            said = error.strerror or error
            raise StoreError(f"the backup {str(out)!r} cannot be written: {said}", hint="Free some space") from error
        manifest = write_archive(beside / _ARCHIVE, copy, _looked_through(copy, made_at, key))
        try:
            (beside / _ARCHIVE).replace(out)
            sync(out.parent)
        except OSError as error:
            raise StoreError(f"the backup {str(out)!r} cannot be written: {error.strerror or error}") from error
        return manifest


def check_has_no_server(location: Location) -> None:
    """Refuse a store that is not all in a folder.

    Raises:
        UsageError: a part of it is on a server.
    """
    if location.has_servers:
        raise UsageError(
            "a part of this store is on a server, which limner neither backs up nor restores",
            hint="Use the database's own tools: pg_dump and pg_restore for the record, which has the key, too. The "
            "index is made anew from the record by `limner reindex`; or copy the Chroma server's folder while it is "
            "stopped",
        )


def open_copy(folder: Path, key: StoreKey | None) -> Parts:
    """Open a store that nobody else knows of; there is no embedder for it.

    Raises:
        StoreError: it is damaged, or of a newer version.
    """
    return Location(folder, None, None, 0.0, key).open(_no_embedder, make=False)


def counts_of(database: Database) -> dict[str, int]:
    """How many rows a record has, and how many users."""
    from sqlalchemy import func, select

    kept = tables()
    named = {
        "events": kept.events,
        "snippets": kept.snippets,
        "profile_versions": kept.versions,
        "corrections": kept.corrections,
        "tombstones": kept.tombstones,
        "receipts": kept.erasures,
        "consents": kept.consents,
    }
    with database.reading() as db:
        users = db.execute(select(func.count(kept.events.c.user_key.distinct()))).scalar_one()
        rows = {name: db.execute(select(func.count()).select_from(each)).scalar_one() for name, each in named.items()}
    return {"users": users, **rows}


def _looked_through(copy: Path, made_at: str, key: StoreKey | None) -> Manifest:
    """Check a copy, finish its erasures, and tell what is in it."""
    check_record(copy / (ENCRYPTED if key else RECORD), key)
    parts = open_copy(copy, key)
    try:
        if parts.forgetting.is_unfinished():
            parts.forgetting.compact()
        store, embedder = parts.record.identity(), parts.record.setting("embedder")
        counts = counts_of(parts.database)
    finally:
        parts.close()
    for each in copy.glob("*lock"):
        each.unlink()
    return Manifest(made_at, version(), SCHEMA_VERSION, store, embedder, counts, {})


def _copy_record(source: Path, target: Path, key: StoreKey | None) -> None:
    try:
        with closing(connect(source, key)) as old, closing(connect(target, key)) as new:
            old.backup(new)
    except failures() as error:
        if "full" in str(error):
            raise StoreError(f"{str(target)!r} cannot be written: the disk is full", hint="Free some space") from error
        raise _damaged(str(error)) from error


def _copy_index(source: Path, target: Path) -> None:
    """Nothing, where there is none: it is made from the record when it is needed."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=shutil.copyfile)


def _check(store: Path, out: Path, *, force: bool) -> None:
    where = out.absolute()
    if where.resolve().is_relative_to(store.resolve()):
        raise UsageError(f"the backup {str(out)!r} would be inside of the store", hint="Write it to another disk")
    if not where.parent.is_dir():
        raise UsageError(f"there is no folder {str(where.parent)!r} for the backup", hint="Make it")
    if where.is_dir():
        raise UsageError(f"the backup {str(out)!r} is a folder", hint="Name a file")
    if where.exists() and not force:
        raise UsageError(f"the file {str(out)!r} is there already", hint="Give another name, or --force to replace it")


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """An empty folder for one run; what another one left in it is deleted."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with StoreLock(folder / _LOCK, 0.0).held():
            try:
                _empty(folder)
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        said = error.strerror or error
        raise StoreError(f"the folder {str(folder)!r} cannot be written: {said}", hint="Write elsewhere") from error


def _empty(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name != _LOCK:
            each.unlink()


def _no_embedder() -> "Embedder":
    raise InputError("a copy of a store is not searched")


def _damaged(why: str) -> StoreError:
    return StoreError(f"the record is damaged: {why}", hint=DAMAGED)
