"""The store: a folder with the record and the index of many users' histories, and the one way to use both.

    store/
    ├── record.sqlite3   the record, source of truth
    ├── chroma/          the index, made from the record and repaired when it differs
    ├── lock             held by whoever writes
    └── index.lock       held while Chroma's files are opened or written

Knows nothing of language models, schemas or profiles.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from retrieval.drafts import Applied, Draft
from retrieval.errors import StoreError, UsageError
from retrieval.events import Event, Role, Snippet
from retrieval.history import History, UserSummary
from retrieval.ingest import IngestReport, OnDropped, Source, check, ingest, ingest_events
from retrieval.loaders.database import Query
from retrieval.loaders.files import find_files, stdin_as_file
from retrieval.loaders.reading import check_format
from retrieval.loading import BadLine
from retrieval.locks import StoreLock
from retrieval.mirror import Mirror
from retrieval.record import Record
from retrieval.search import Hit, find
from retrieval.sql import Database
from retrieval.views import View, Views

if TYPE_CHECKING:
    from retrieval.embedders import Embedder

__all__ = ["Store"]

_RECORD = "record.sqlite3"


class _Parts(NamedTuple):
    database: Database
    record: Record
    history: History
    mirror: Mirror
    views: Views


class Store:
    """Histories of users on disk. Threads may share a store, processes may open the same folder.

    Args:
        path: the folder; ``ingest`` makes it, all else needs it to be there.
        embedder: what makes the vectors, or a function that loads it when it is first needed; only ``ingest`` and
            ``search`` need it.
        wait: seconds to wait for another process that writes.

    Raises:
        StoreError: from every method, when ``path`` is no store, of a newer version, or damaged beyond repair.
        StoreBusy: from ``ingest``, when another process writes; from ``search``, when the index needs repair meanwhile.
        UsageError: from every method but ``ingest``, when there is no store yet; from ``ingest`` and ``search``, when
            the store was made with another embedder.
    """

    def __init__(self, path: Path, embedder: "Embedder | Callable[[], Embedder]", *, wait: float = 5.0) -> None:
        self._path = Path(path)
        self._wait = wait
        self._given = embedder
        self._loaded: Embedder | None = None
        self._parts: _Parts | None = None
        self._lock: StoreLock | None = None
        self._threads = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release files and memory; the store opens again when it is used."""
        if self._parts is not None:
            self._parts.mirror.close()
            self._parts.database.close()
        self._parts = None

    @property
    def path(self) -> Path:
        """The folder."""
        return self._path

    @property
    def embedder(self) -> "Embedder":
        """The embedder, loaded when it was not yet."""
        with self._threads:
            if self._loaded is None:
                self._loaded = self._given() if callable(self._given) else self._given
            return self._loaded

    def ingest(
        self,
        files: Sequence[Path | Query],
        *,
        columns: Mapping[str, str] | None = None,
        self_names: Collection[str] = (),
        user_id: str | None = None,
        format: str | None = None,
        strict: bool = False,
        progress: Callable[[IngestReport], None] | None = None,
        listing: OnDropped | None = None,
    ) -> IngestReport:
        """Load history files; see :class:`IngestReport` for what is counted.

        Loading the same again adds nothing. An event whose content changed replaces what was there, a row that says
        the same at the same time under another id is dropped. A bad line is listed and skipped. When the call is
        interrupted, whatever was reported is kept, and calling it again continues.

        Args:
            files: ``.jsonl``, ``.csv``, ``.json`` … (see docs/loaders.md), folders, globs; ``-`` is stdin; a
                :class:`retrieval.Query` is asked of its database.
            columns: field -> column, where the usual names do not fit.
            self_names: further names under which the users speak.
            user_id: whose the rows are that have no column for the user; chats and mail need it.
            format: the format of all files, where it is not the one that name and content say.
            strict: read all files first, and load nothing when there is a bad line.
            progress: called after each batch with the report so far.
            listing: told after each batch what was dropped, cut or marked as a copy in it.

        Raises:
            InputError: a file cannot be read at all, or has bad lines and ``strict`` is set.
        """
        wanted = check_format(format)
        queries = [each for each in files if isinstance(each, Query)]
        with stdin_as_file([Path(each) for each in files if not isinstance(each, Query)], wanted) as given:
            found = find_files(given, wanted)
            source = Source([*found.files, *queries], columns, self_names, user_id, wanted, found.others)
            check(source, strict=strict)
            with self._keeping() as keep:
                return ingest(source, keep, progress, listing)

    def ingest_events(
        self,
        events: Iterable[Event | BadLine],
        *,
        self_names: Collection[str] = (),
        progress: Callable[[IngestReport], None] | None = None,
        listing: OnDropped | None = None,
    ) -> IngestReport:
        """Load events that are made elsewhere, e.g. by :func:`retrieval.events_of_documents`, as ``ingest`` does.

        They are read once, so that what stands before an error is kept.
        """
        report = IngestReport()
        with self._keeping() as keep:
            ingest_events(events, keep, report, self_names=self_names, progress=progress, listing=listing)
        return report

    def reindex(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Make the index anew from the record, with the embedder given now; returns how many vectors it holds.

        For another embedder, or for an index that is not to be trusted. Searches go on with the old index meanwhile;
        when it is interrupted, calling it again continues.

        Args:
            progress: told how many of how many vectors are done.
        """
        parts = self._open()
        with self._writer().held():
            parts.mirror.replace(progress)
        return parts.record.count()

    def users(self) -> list[UserSummary]:
        """Who is in the store, sorted by user id."""
        return self._open().history.users()

    def events(self, user_id: str, ids: Collection[str] | None = None) -> list[Event]:
        """The user's events in time order: all, or those with the given ids (an unknown one is an InputError)."""
        return self._open().history.events(user_id, ids)

    def event(self, user_id: str, event_id: str) -> Event:
        """One event of the user."""
        return self.events(user_id, [event_id])[0]

    def history(self, user_id: str, limit: int | None = None) -> list[Snippet]:
        """The user's snippets in time order: all, or the ``limit`` newest ones."""
        return self._open().history.snippets(user_id, limit)

    def snippet_count(self, user_id: str) -> int:
        """How many snippets the user's history has."""
        parts = self._open()
        parts.history.check_user(user_id)
        return parts.record.count(user_id=user_id)

    def view(self, user_id: str) -> View:
        """What ranking sees of the user: all snippets in time order, with their vectors and terms. Read only."""
        parts = self._open()
        parts.history.check_user(user_id)
        parts.mirror.check_embedder()
        return parts.views.of(user_id)

    def search(self, user_id: str, query: str, k: int = 10, roles: Collection[Role] | None = None) -> list[Hit]:
        """The at most ``k`` snippets of the user that matter most for the query, best first.

        ``roles``: only what these said; None for all.
        """
        return self.search_many(user_id, [query], k, roles)[0]

    def search_many(
        self, user_id: str, queries: Sequence[str], k: int = 10, roles: Collection[Role] | None = None
    ) -> list[list[Hit]]:
        """The same for several queries at once, which are embedded together."""
        parts = self._open()
        parts.history.check_user(user_id)
        return find(parts.views, parts.mirror.check_embedder(), user_id, queries, k, roles)

    @contextmanager
    def _keeping(self) -> Iterator[Callable[[Sequence[Draft]], Applied]]:
        """What writes and indexes a batch."""
        with self._writing() as parts:

            def keep(drafts: Sequence[Draft]) -> Applied:
                applied = parts.record.apply(drafts)
                parts.mirror.push()
                return applied

            yield keep

    @contextmanager
    def _writing(self) -> Iterator[_Parts]:
        """The open store with the writer lock held and its index verified; made when it is not there."""
        self._check_folder()
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the store {str(self._path)!r} cannot be made: {error.strerror or error}") from error
        with self._writer().held():
            parts = self._connect()
            parts.mirror.verify()
            yield parts

    def _open(self) -> _Parts:
        if self._parts is None:
            self._check_folder()
            if not (self._path / _RECORD).exists():
                raise UsageError(f"there is no store in {str(self._path)!r}", hint="Load a history with: limner ingest")
        return self._connect()

    def _connect(self) -> _Parts:
        with self._threads:
            if self._parts is None:
                database = Database(self._path / _RECORD)
                record = Record(database)
                mirror = Mirror(self._path, record, lambda: self.embedder, self._writer())
                history = History(database)
                self._parts = _Parts(database, record, history, mirror, Views(record, history, mirror))
            return self._parts

    def _writer(self) -> StoreLock:
        with self._threads:
            if self._lock is None:
                self._lock = StoreLock(self._path / "lock", self._wait)
            return self._lock

    def _check_folder(self) -> None:
        """Refuse what is not a store: a file, or a folder with other things in it."""
        if self._path.exists() and not self._path.is_dir():
            raise StoreError(f"the store {str(self._path)!r} is a file, not a folder", hint="Choose another --store")
        if self._path.is_dir() and not (self._path / _RECORD).exists():
            strangers = sorted(each.name for each in self._path.iterdir() if each.name not in {"lock", "index.lock"})
            if strangers:
                raise StoreError(
                    f"{str(self._path)!r} is not a limner store: it holds {strangers[0]!r}, but no {_RECORD!r}",
                    hint="Choose an empty or new folder",
                )
