"""Puts a backup in the place of a store; whatever is killed in between, the store is the old one or the new one.

1. The backup is unpacked and checked in a folder of its own inside of the store's; its record is read through. Where
   the store is encrypted, and the backup is not, or with another key, the copy is encrypted as the store is.
2. What the store remembers as forgotten is taken out of the copy, and remembered by it;
   consents that were given or withdrawn since count in it, too.
3. The copy's index is put into use, and its record copied over the store's by SQLite's online backup, in one
   transaction: programs that have the store open see the new state with their next read, and write into it. An index
   that does not fit the record, since the run was killed between the two, is mended by the next use.

Until 3, nothing of the store was changed. Knows nothing of how a backup is made.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from retrieval.archives import Manifest, extract, read_manifest
from retrieval.backup import check_has_no_server, counts_of, open_copy
from retrieval.converting import check_record, recode
from retrieval.disk import trouble_of
from retrieval.encryption import HOW, StoreKey
from retrieval.errors import InputError, StoreBusy, StoreError, UsageError, WrongKey
from retrieval.files import ENCRYPTED, INDEX, KEY, RECORD, RESTORING, is_encrypted
from retrieval.migrating import SCHEMA_VERSION
from retrieval.opening import Location, Parts
from retrieval.personal.policy import outliving
from retrieval.reapplying import Again, bring_consents, bring_key, reapply
from retrieval.removing import Derived
from retrieval.seal import KeyFile
from retrieval.sqlite_files import connect, failures

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
    key: StoreKey | None = None,
    force: bool = False,
    progress: OnRestored = lambda stage: None,
) -> Restored:
    """Put a backup in the place of the store in a folder; the folder is made when it is missing.

    Args:
        file: the backup.
        store: the folder.
        location: of the same store.
        derived: says what of profiles and corrections was made without events that were forgotten since.
        key: what the backup is encrypted with; None: as the store is.
        force: replace a store that holds something.
        progress: told what was reached.

    Raises:
        WrongKey: the backup's key is missing or another one. Nothing was changed.
        InputError: the backup is none, damaged, or of a newer version. Nothing was changed.
        UsageError: the store holds something, or is another one that forgot something, or is on servers.
        StoreBusy: another process writes. Nothing was changed.
        StoreError: the store that is to be replaced is damaged, so that it does not say what was forgotten, or the disk
            is full.
    """
    check_has_no_server(location)
    manifest = read_manifest(file)
    _check_version(file, manifest)
    its = _key_of(file, manifest, location, key)
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
                manifest, again = _unpack(file, its, parts, location, copy, derived)
                progress("unpacked")
                _put_in_place(parts, store, copy, location.key, progress)
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
    except (StoreBusy, WrongKey):
        raise
    except StoreError as error:
        if trouble_of(store, str(error)):
            raise
        raise StoreError(
            f"the store {str(store)!r} cannot be opened, and so does not tell what it forgot since the backup",
            hint="Restore into a new folder (--store), and forget once more who was forgotten since; the cause: "
            f"{error}",
        ) from error


def _key_of(file: Path, manifest: Manifest, location: Location, given: StoreKey | None) -> StoreKey | None:
    """The key of a backup; what is encrypted does not become plain by a restore."""
    if not is_encrypted(manifest):
        if given is not None:
            raise WrongKey(
                f"the backup {str(file)!r} is not encrypted, and a key was given for it", hint="Leave it out"
            )
        return None
    if location.key is None:
        raise WrongKey(
            f"the backup {str(file)!r} is encrypted, and the store has no key",
            hint=f"{HOW}, with which the store is encrypted, too; a plain store has to be encrypted first: limner "
            "encryption on",
        )
    return given or location.key


def _unpack(
    file: Path, key: StoreKey | None, parts: Parts, location: Location, copy: Path, derived: Derived
) -> tuple[Manifest, Again]:
    """Make the copy what the store is to be; the store is only read."""
    try:
        copy.mkdir(mode=0o700)
    except OSError as error:
        raise StoreError(f"{str(copy)!r} cannot be made: {error.strerror or error}") from error
    manifest = extract(file, copy)
    _check_copy(file, manifest, copy, key)
    if key != location.key:
        recode(copy, key, location.key)
    remembers = bool(counts_of(parts.database)["tombstones"]) or parts.forgetting.is_any()
    new = open_copy(copy, location.key)
    try:
        bring_key(parts, new, remembers=remembers)
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


def _check_copy(file: Path, manifest: Manifest, copy: Path, key: StoreKey | None) -> None:
    record = RECORD if key is None else ENCRYPTED
    if record not in manifest.files:
        raise InputError(f"the backup {str(file)!r} has no record", hint="Take another one")
    try:
        check_record(copy / record, key)
        parts = open_copy(copy, key)
        try:
            found = counts_of(parts.database)
        finally:
            parts.close()
    except WrongKey as error:
        said = f"the backup {str(file)!r} was made with the key {error.made_with}, which is another one"
        raise WrongKey(said, hint="Give that key with --backup-key-file F", made_with=error.made_with) from error
    except StoreError as error:
        raise InputError(f"the backup {str(file)!r} cannot be used: {error}") from error
    if any(found.get(name) != count for name, count in manifest.counts.items()):
        raise InputError(f"the record in {str(file)!r} is not what its manifest says", hint="Take another one")


def _check_version(file: Path, manifest: Manifest) -> None:
    if manifest.schema > SCHEMA_VERSION:
        said = f"{str(file)!r} is of a store of version {manifest.schema}, this limner reads {SCHEMA_VERSION}"
        raise InputError(said, hint="Update limner")


def _put_in_place(parts: Parts, store: Path, copy: Path, key: StoreKey | None, progress: OnRestored) -> None:
    """From here on the store is changed: the index first, then, in one transaction, the record."""
    with _written(store), parts.place.frozen():
        parts.mirror.close()
        if key is None:
            _put_index(parts, store, copy)
        progress("swapped")
        name = RECORD if key is None else ENCRYPTED
        with closing(connect(copy / name, key)) as new, closing(connect(store / name, key)) as old:
            new.backup(old)
        progress("restored")
    parts.place.tidy()


def _put_index(parts: Parts, store: Path, copy: Path) -> None:
    """What of a plain store is not in its record: the key of its receipts, and the index."""
    mine, its = KeyFile(store / KEY), KeyFile(copy / KEY).read()
    if its is not None and mine.read() != its:
        mine.make(its)
    parts.place.discard_beside()
    if (copy / INDEX).is_dir():
        (copy / INDEX).rename(store / f"{INDEX}-new")
        parts.place.swap()
    else:
        parts.place.wipe()


@contextmanager
def _written(store: Path) -> Iterator[None]:
    try:
        yield
    except failures(OSError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreError(f"the store {str(store)!r} cannot be written: {said}", hint="Call again") from error


def _no_embedder() -> Any:
    raise UsageError("nothing is embedded by a restore")
