"""Puts a backup in the place of a store; whatever is killed in between, the store is the old one or the new one.

1. The backup is unpacked and checked in a folder of its own inside of the store's; its record is read through.
2. What the store remembers as forgotten is taken out of the copy, and remembered by it; consents that were given or
   withdrawn since count in it, too.
3. The copy's index is put into use, and its record copied over the store's by SQLite's online backup, in one
   transaction: programs that have the store open see the new state with their next read, and write into it. An index
   that does not fit the record, since the run was killed between the two, is mended by the next use.

Until 3, nothing of the store was changed. Knows nothing of how a backup is made.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from retrieval.archives import Manifest, extract, read_manifest
from retrieval.backup import check_copy, check_has_no_server, counts_of, open_copy
from retrieval.disk import trouble_of
from retrieval.errors import InputError, StoreBusy, StoreError, UsageError
from retrieval.opening import INDEX, KEY, RECORD, RESTORING, Location, Parts
from retrieval.personal.policy import outliving
from retrieval.reapplying import Again, bring_consents, bring_key, reapply
from retrieval.removing import Derived
from retrieval.seal import KeyFile
from retrieval.sql import SCHEMA_VERSION

__all__ = ["OnRestored", "Restored", "restore"]

OnRestored = Callable[[Literal["unpacked", "swapped", "restored"]], None]
"""``progress(stage)``: the copy is what the store is to be; its index is in use; its record, too."""

_NOTE = "limner.json"


class Restored(NamedTuple):
    """What became of a restore.

    Attributes:
        manifest: of the backup.
        replaced: how many users, events, … the store had before.
        again: what the backup had, but the store knew as forgotten.
        counts: how many users, events, … it has now.
    """

    manifest: Manifest
    replaced: dict[str, int]
    again: Again
    counts: dict[str, int]


def restore(
    file: Path,
    store: Path,
    location: Location,
    derived: Derived,
    *,
    force: bool = False,
    progress: OnRestored = lambda stage: None,
) -> Restored:
    """Put a backup in the place of the store in a folder; the folder is made when it is missing.

    Args:
        file: the backup.
        store: the folder.
        location: of the same store.
        derived: says what of profiles and corrections was made without events that were forgotten since.
        force: replace a store that holds something.
        progress: told what was reached.

    Raises:
        InputError: the backup is none, damaged, or of a newer version. Nothing was changed.
        UsageError: the store holds something, or is another one that forgot something, or is on servers.
        StoreBusy: another process writes. Nothing was changed.
        StoreError: the store that is to be replaced is damaged, so that it does not say what was forgotten, or the disk
            is full.
    """
    check_has_no_server(location)
    _check_version(file, read_manifest(file))
    location.check(make=True)
    parts = _open(location, store)
    try:
        with parts.lock.held():
            replaced = counts_of(parts.database)
            if any(replaced.values()) and not force:
                said = f"the store {str(store)!r} holds {replaced['users']} users and {replaced['events']} events"
                raise UsageError(said, hint="Restore into a new folder, or replace them with --force")
            parts.place.tidy()
            copy = store / RESTORING
            try:
                manifest, again = _unpack(file, parts, store, copy, derived)
                progress("unpacked")
                _put_in_place(parts, store, copy, progress)
            finally:
                parts.place.tidy()
            counts = counts_of(parts.database)
            with suppress(StoreBusy):  # someone reads the old state: the next compaction does it
                parts.forgetting.compact() if parts.forgetting.is_unfinished() else parts.database.compact()
    finally:
        parts.close()
    return Restored(manifest, replaced, again, counts)


def _open(location: Location, store: Path) -> Parts:
    try:
        return location.open(_no_embedder, make=True)
    except StoreBusy:
        raise
    except StoreError as error:
        if trouble_of(store, str(error)):
            raise
        raise StoreError(
            f"the store {str(store)!r} cannot be opened, and so does not tell what it forgot since the backup",
            hint="Restore into a new folder (--store), and forget once more who was forgotten since; the cause: "
            f"{error}",
        ) from error


def _unpack(file: Path, parts: Parts, store: Path, copy: Path, derived: Derived) -> tuple[Manifest, Again]:
    """Make the copy what the store is to be; the store is only read."""
    try:
        copy.mkdir(mode=0o700)
    except OSError as error:
        raise StoreError(f"{str(copy)!r} cannot be made: {error.strerror or error}") from error
    manifest = extract(file, copy)
    _check_copy(file, manifest, copy)
    remembers = bool(counts_of(parts.database)["tombstones"]) or parts.forgetting.is_any()
    bring_key(store, copy, remembers=remembers)
    new = open_copy(copy)
    try:
        again = reapply(parts, new, derived) if remembers else Again()
        generation = max(parts.record.generation(), new.record.generation()) + 1
        rules = parts.retention.outliving(new.retention) | outliving(parts.record, new.record)
        rules |= bring_consents(parts, new, remembers=remembers)
        new.record.keep_settings(**rules, generation=str(generation))
        new.database.compact()
        made_by = {key: new.record.setting(key) for key in ("embedder", "dimension")}
    finally:
        new.close()
    if (copy / INDEX).is_dir():
        (copy / INDEX / _NOTE).write_text(json.dumps(made_by), encoding="utf-8")
    return manifest, again


def _check_copy(file: Path, manifest: Manifest, copy: Path) -> None:
    if RECORD not in manifest.files:
        raise InputError(f"the backup {str(file)!r} has no record", hint="Take another one")
    try:
        check_copy(copy / RECORD)
        parts = open_copy(copy)
        try:
            found = counts_of(parts.database)
        finally:
            parts.close()
    except StoreError as error:
        raise InputError(f"the backup {str(file)!r} cannot be used: {error}") from error
    if any(found.get(name) != count for name, count in manifest.counts.items()):
        raise InputError(f"the record in {str(file)!r} is not what its manifest says", hint="Take another one")


def _check_version(file: Path, manifest: Manifest) -> None:
    if manifest.schema > SCHEMA_VERSION:
        said = f"{str(file)!r} is of a store of version {manifest.schema}, this limner reads {SCHEMA_VERSION}"
        raise InputError(said, hint="Update limner")


def _put_in_place(parts: Parts, store: Path, copy: Path, progress: OnRestored) -> None:
    """From here on the store is changed: the index first, then, in one transaction, the record."""
    mine, its = KeyFile(store / KEY), KeyFile(copy / KEY).read()
    if its is not None and mine.read() != its:
        mine.make(its)
    with _written(store), parts.place.guarded():
        parts.mirror.close()
        parts.place.discard_beside()
        if (copy / INDEX).is_dir():
            (copy / INDEX).rename(store / f"{INDEX}-new")
            parts.place.swap()
        else:
            parts.place.wipe()
        progress("swapped")
        with closing(sqlite3.connect(copy / RECORD)) as new, closing(sqlite3.connect(store / RECORD)) as old:
            new.backup(old)
        progress("restored")
    parts.place.tidy()


@contextmanager
def _written(store: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.DatabaseError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreError(f"the store {str(store)!r} cannot be written: {said}", hint="Call again") from error


def _no_embedder() -> Any:
    raise UsageError("nothing is embedded by a restore")
