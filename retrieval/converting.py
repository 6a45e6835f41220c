"""Encrypts a store in place, decrypts it, or gives it another key; whatever is killed, it is the old or the new one.

1. The new record is written beside the old one, with the vectors and the key of the receipts in it (or, of one that is
   decrypted, with an index and a key file beside it), and read through.
2. It is renamed into its place: from here on the store is the new one.
3. The old files are deleted; if that was interrupted, by whoever opens the store next.

Nobody else may have the store open, so that nobody writes to a file that is no longer the record. Knows nothing of
backups, which keep the key that they were made with.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from retrieval.backends import DAMAGED
from retrieval.disk import Trouble, trouble_of
from retrieval.encryption import StoreKey
from retrieval.errors import StoreBusy, StoreError, UsageError, WrongKey
from retrieval.files import ENCRYPTED, INDEX, KEY, RECORD, begin, fresh, switch, sync
from retrieval.index import IndexDamaged, IndexPlace
from retrieval.index_folder import IndexFolder
from retrieval.index_table import IndexTable
from retrieval.locks import StoreLock
from retrieval.opening import Location, Parts
from retrieval.record import Record
from retrieval.rewriting import copy_vectors
from retrieval.seal import SEAL_SETTING, KeyFile
from retrieval.sql import Database, tables
from retrieval.sqlite_files import companions, connect, copy_file, driver, failures

if TYPE_CHECKING:
    from retrieval.embedders import Embedder

__all__ = ["OnConverted", "change_key", "check_record", "recode"]

OnConverted = Callable[[Literal["copying", "written", "switched"], int, int], None]
"""``progress(stage, done, total)``: the vectors are copied; the new record is complete; it is the one in use."""

_WAIT_SECONDS = 10.0


def change_key(folder: Path, old: StoreKey | None, new: StoreKey | None, progress: OnConverted | None = None) -> None:
    """Write a store anew, encrypted with another key or with none.

    Args:
        folder: of the store.
        old: its key; None: it is plain.
        new: the key that it is to have.
        progress: told what was reached.

    Raises:
        NoStore: there is none.
        UsageError: a part of it is on a server, or the two keys are one.
        WrongKey: the old key is not the store's.
        StoreBusy: another program has the store open. Nothing was changed.
        StoreError: it is damaged, or the disk is full. It is as it was.
        BackendUnavailable: SQLCipher is not installed.
    """
    driver()
    location = Location(folder, None, None, _WAIT_SECONDS, old)
    if location.has_servers:
        raise UsageError("a part of this store is on a server, which limner does not encrypt", hint="Let it encrypt")
    location.check(make=False)
    parts = _opened(location, folder, old)
    try:
        assert parts.presence is not None, "the record is in a file"
        if old == new:
            raise UsageError(
                "this is the key that the store has", hint="Make another one: limner encryption new-key FILE"
            )
        found = _which(location.record)
        with parts.presence.alone(), parts.lock.held():
            if _which(location.record) != found:
                raise StoreBusy(f"the store {str(folder)!r} was changed meanwhile", hint="Look, then call again")
            if parts.forgetting.is_unfinished():
                parts.forgetting.compact()
            parts.mirror.close()
            parts.database.close()
            recode(folder, old, new, progress)
    finally:
        parts.close()


def recode(folder: Path, old: StoreKey | None, new: StoreKey | None, progress: OnConverted | None = None) -> None:
    """The same for a folder that nobody else has open, and that holds a whole store."""
    told = progress or (lambda stage, done, total: None)
    name, source = ENCRYPTED if new else RECORD, folder / (ENCRYPTED if old else RECORD)
    with _written(folder):
        if source.name != name:
            begin(folder, name)
        target = fresh(folder, name)
        copy_file(source, old, target, new)
        if old is None and new is not None:
            _bring_in(folder, source, target, new, told)
        elif old is not None and new is None:
            _take_out(folder, target, told)
        check_record(target, new)
        _close(target, new)
        target.chmod(source.stat().st_mode & 0o777)
        sync(target)
    told("written", 1, 1)
    switch(folder, name)
    told("switched", 1, 1)


def check_record(path: Path, key: StoreKey | None) -> None:
    """Look through a whole record.

    Raises:
        StoreError: it is damaged.
        WrongKey: it was written with another key.
    """
    try:
        with closing(connect(path, key)) as connection:
            sealed = [str(row[0]) for row in connection.execute("PRAGMA cipher_integrity_check")] if key else []
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(1)")]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchone()
    except failures() as error:
        raise _damaged(str(error)) from error
    if sealed or found != ["ok"] or orphans is not None:
        said = sealed[0] if sealed else found[0] if orphans is None else "a row of it belongs to none"
        raise _damaged(said)


def _bring_in(folder: Path, source: Path, target: Path, key: StoreKey, told: OnConverted) -> None:
    """Put the vectors of the index and the key of the receipts into a record."""
    database = Database(target, make=False, key=key)
    try:
        record = Record(database)
        seal = KeyFile(folder / KEY).read()
        if seal is not None:
            record.keep_settings(**{SEAL_SETTING: seal})
        if (folder / INDEX).is_dir():
            _copy(_folder_place(folder), IndexTable(database, record, folder / "none"), record, told)
        else:
            record.compare(set())
    finally:
        database.close()


def _take_out(folder: Path, target: Path, told: OnConverted) -> None:
    """Make an index and a key file of what a record that was encrypted has of them."""
    database = Database(target, make=False)
    try:
        record = Record(database)
        seal = record.setting(SEAL_SETTING)
        if seal is not None:
            KeyFile(folder / KEY).make(seal)
        table = IndexTable(database, record, folder / "none")
        _copy(table, _folder_place(folder), record, told)
        table.remove_all()
        with database.writing() as db:
            db.execute(tables().meta.delete().where(tables().meta.c.key == SEAL_SETTING))
        database.compact()
    finally:
        database.close()


def _copy(old: IndexPlace, new: IndexPlace, record: Record, told: OnConverted) -> None:
    """Copy the vectors; those that the old index lacks are made when they are next needed."""
    copied = 0
    name, dimension = record.setting("embedder"), record.setting("dimension")
    if name is not None and dimension is not None:
        made_by = {"embedder": name, "dimension": dimension}
        with suppress(IndexDamaged), closing(old.open()) as reading, closing(new.beside(made_by)) as writing:
            lacking = copy_vectors(reading, writing, record, lambda done, total: told("copying", done, total))
            copied = record.count() - len(lacking)
        if copied:
            new.swap()
    if copied != record.count():
        record.compare(_ids_in(new) if copied else set())
    if not copied:
        new.discard_beside()


def _ids_in(place: IndexPlace) -> set[str]:
    with closing(place.open()) as index:
        return index.ids()


def _folder_place(folder: Path) -> IndexFolder:
    return IndexFolder(folder / INDEX, StoreLock(folder / "index.lock", _WAIT_SECONDS))


def _close(path: Path, key: StoreKey | None) -> None:
    """Leave all that a database holds in its one file."""
    with closing(connect(path, key)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE").close()
    if left := [each.name for each in companions(path) if each.exists()]:
        raise StoreError(f"{str(path)!r} is in use: there is {left[0]!r}", hint="Call again")


def _which(path: Path) -> tuple[int, int]:
    """Tells a file from another one of the same name."""
    found = path.stat()
    return found.st_dev, found.st_ino


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except failures(OSError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        trouble = trouble_of(folder, said) or Trouble(said, "Call again")
        raise StoreError(
            f"the store {str(folder)!r} cannot be written anew: {trouble.what}. It is as it was", hint=trouble.hint
        ) from error


def _opened(location: Location, folder: Path, old: StoreKey | None) -> Parts:
    try:
        return location.open(_no_embedder, make=False)
    except WrongKey:
        if old is None and not (folder / RECORD).exists():
            said = f"the store {str(folder)!r} is encrypted already"
            raise UsageError(said, hint="Give it another key with: limner encryption rotate") from None
        if old is not None and not (folder / ENCRYPTED).exists():
            raise UsageError(f"the store {str(folder)!r} is not encrypted") from None
        raise


def _no_embedder() -> "Embedder":
    raise UsageError("nothing is embedded when a store is written anew")


def _damaged(why: str) -> StoreError:
    return StoreError(f"the record is damaged: {why}", hint=DAMAGED)
