"""The store: a folder with the record and the index of many users' histories, and the one way to use both.

    store/
    ├── record.sqlite3   the record, source of truth
    ├── chroma/          the index, made from the record and repaired when it differs
    ├── erasure.key      what receipts are signed with; made by the first erasure
    ├── chroma-…/        while the index is made anew, or a backup is restored
    ├── lock             held by whoever writes
    ├── index.lock       held while Chroma's files are opened or written
    └── open.lock        held by whoever has the store open; as long as what it takes to open it, for a full disk

Of an encrypted one, record.sqlcipher is the record, with the index and the key in it.

The record may be in a PostgreSQL database instead, which then has the writers' lock, too, and the index on a Chroma
server.

Knows nothing of language models, schemas or profiles.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from retrieval.browsing import Browsing
from retrieval.consents import Consents
from retrieval.drafts import Applied, Draft
from retrieval.encryption import StoreKey, find_store_key
from retrieval.events import Event, Role, Snippet
from retrieval.forgetting import Forgetting
from retrieval.health import Health
from retrieval.history import UserSummary
from retrieval.index_process import IndexProcess
from retrieval.ingest import IngestReport, OnDropped, Source, check, ingest, ingest_events
from retrieval.keeping import Keeping
from retrieval.languages import language_of
from retrieval.loaders.database import Query
from retrieval.loaders.files import find_files, stdin_as_file
from retrieval.loaders.reading import check_format
from retrieval.loading import BadLine
from retrieval.migrating import SCHEMA_VERSION
from retrieval.opening import Location, Parts
from retrieval.own import UnknownUser
from retrieval.paging import EventFilter, EventPage, Place, page_of_events
from retrieval.personal.policy import PersonalData, kept_key, kept_rule, settle
from retrieval.personal.redacting import Redactor, with_redacted
from retrieval.personal.revealing import Revealed, reveal
from retrieval.policies import POLICY, Policy, read_policy, written_policy
from retrieval.proving import Proof, prove
from retrieval.removing import Derived, Nothing
from retrieval.retention import Expired, Rule
from retrieval.search import Hit, find
from retrieval.views import View
from retrieval.whose import said_by_another

if TYPE_CHECKING:
    from retrieval.archives import Manifest
    from retrieval.embedders import Embedder
    from retrieval.reranking import Reranker
    from retrieval.restoring import OnRestored, Restored

__all__ = ["Store"]


class Store:
    """Histories of users on disk. Threads may share a store, processes may open the same folder.

    Args:
        path: the folder; ``ingest`` makes it, all else needs it to be there.
        embedder: what makes the vectors, or a function that loads it when it is first needed; only ``ingest`` and
            ``search`` need it.
        wait: seconds to wait for another process that writes.
        record: the address of a PostgreSQL database, ``postgresql://user:password@host/database``; None:
            ``$LIMNER_RECORD``, else a file in the folder.
        index: the address of a Chroma server, ``http://host:8000``; None: ``$LIMNER_INDEX``, else in the folder.
        reranker: orders the best of what is found anew, or a function that loads it when it is first needed.
        derived: says what of profiles and corrections stays when retention rules, or a restore, take events; None:
            nothing.
        key: 64 hex digits, with which the store is encrypted; None: those of ``$LIMNER_KEY`` or in the file
            ``$LIMNER_KEY_FILE``, else it is plain. A new store is encrypted when there is a key.
        index_process: what keeps an index in the folder open, so that this process is not stopped while it is
            written: for servers. Stores may share it; who made it closes it. None: this process does.
        token_key: 64 hex digits, or the file that has them, with which its pseudonyms are made and revealed where a
            call brings no key; None: ``$LIMNER_TOKEN_KEY``.

    Raises:
        WrongKey: from every method, when the key is missing, another one, or not wanted.
        StoreError: from every method, when ``path`` is no store, of a newer version, or damaged beyond repair.
        StoreBusy: from ``ingest``, when another process writes; from ``search``, when the index needs repair meanwhile.
        NoStore: from every method but ``ingest``, when there is no store yet.
        UsageError: from ``ingest`` and ``search``, when the store was made with another embedder.
    """

    def __init__(
        self,
        path: Path,
        embedder: "Embedder | Callable[[], Embedder]",
        *,
        wait: float = 5.0,
        record: str | None = None,
        index: str | None = None,
        reranker: "Reranker | Callable[[], Reranker] | None" = None,
        derived: Derived | None = None,
        key: str | StoreKey | None = None,
        index_process: IndexProcess | None = None,
        token_key: str | Path | None = None,
    ) -> None:
        self._path = Path(path)
        self._token_key = token_key
        self._location = Location(self._path, record, index, wait, find_store_key(key), index_process)
        self._given = embedder
        self._loaded: Embedder | None = None
        self._reranker = reranker
        self._derived = derived or Nothing()
        self._parts: Parts | None = None
        self._threads = threading.RLock()
        self._purpose: str | None = None
        self._whole: Store | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def for_purpose(self, purpose: str | None) -> "Store":
        """The same store, used for another purpose than its first one: what was made for that is what it keeps."""
        if purpose == self._purpose:
            return self
        bound = copy(self)
        bound._purpose, bound._whole = purpose, self._whole or self
        return bound

    @property
    def purpose(self) -> str | None:
        """What it is used for; None: the first purpose of its policy, if it has any."""
        return self._purpose

    def close(self) -> None:
        """Release files and memory; the store opens again when it is used."""
        if self._whole is not None:
            self._whole.close()
            return
        if self._parts is not None:
            self._parts.close()
        self._parts = None

    @property
    def path(self) -> Path:
        """The folder; nothing is in it when both the record and the index are on servers."""
        return self._path

    @property
    def embedder(self) -> "Embedder":
        """The embedder, loaded when it was not yet."""
        if self._whole is not None:
            return self._whole.embedder
        with self._threads:
            if self._loaded is None:
                self._loaded = self._given() if callable(self._given) else self._given
            return self._loaded

    def embedder_name(self) -> str:
        """The name of the embedder that made the index; none is loaded to tell it, unless there is no index yet."""
        return self._open().record.setting("embedder") or self.embedder.name

    @property
    def keeping(self) -> Keeping:
        """The versions of profiles and the corrections that are kept beside the histories, for the store's purpose."""
        return self._open().keeping.bound(self._purpose)

    @property
    def everything_kept(self) -> Keeping:
        """The same for whatever purpose, and whatever consent there is: for handing a user all that is known."""
        return self._open().keeping

    @property
    def browsing(self) -> Browsing:
        """Pages of what is in the store, for people who look through it."""
        return self._open().browsing.bound(self._purpose)

    @property
    def consents(self) -> Consents:
        """Who allowed what for which purpose."""
        return self._open().consents

    def make(self) -> None:
        """Make the store, when it is not there: a policy and consents may come before the first history."""
        self._location.check(make=True)
        self._connect(make=True)

    def policy(self) -> Policy:
        """What the store allows; see :class:`retrieval.policies.Policy`."""
        with self._open().database.reading() as db:
            return read_policy(db)

    def set_policy(self, policy: Policy) -> None:
        """Change what the store allows, at once; the store is made when it is not there."""
        self.make()
        parts = self._open()
        with parts.lock.held():
            parts.record.keep_settings(**{POLICY: written_policy(policy)})

    @property
    def forgetting(self) -> Forgetting:
        """What erases histories, and proves it."""
        return self._open().forgetting

    def prove_erasure(self, user_id: str, files: Sequence[Path], *, vectors: bool = True) -> Proof:
        """Look in every file of the store for what was erased; see :class:`Proof`.

        Args:
            user_id: whose erasure it is.
            files: histories with the erased events, as they were loaded; ``-`` is stdin. Rows of others do not count.
            vectors: look for vectors, too, which the embedder makes anew.

        Raises:
            InputError: a file cannot be read.
            ModelUnavailable: the embedder cannot be used.
        """
        with stdin_as_file([Path(each) for each in files], None) as given:
            source = Source(find_files(given, None).files, user_id=user_id)
            rows = (row for file in source.files for row in source.rows(file))
            own = [row for row in rows if isinstance(row, Event) and row.user_id == user_id]
        parts = self._open()
        events = with_redacted(own, kept_rule(parts.record))
        embedder = self.embedder if vectors and events else None
        part = parts.forgetting.tombstones.remember(own)
        proof = prove(self._path, parts.database, user_id, events, embedder, self._location.key, part=part)
        proof.servers = self._location.has_servers
        return proof

    def ingest(
        self,
        files: Sequence[Path | Query],
        *,
        columns: Mapping[str, str] | None = None,
        self_names: Collection[str] = (),
        user_id: str | None = None,
        format: str | None = None,
        strict: bool = False,
        force: bool = False,
        personal_data: PersonalData | None = None,
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
            force: load also what was forgotten.
            personal_data: what the store does with personal data from now on; None: as before.
            progress: called after each batch with the report so far.
            listing: told after each batch what was dropped, cut or marked as a copy in it.

        Raises:
            InputError: a file cannot be read at all, or has bad lines and ``strict`` is set.
            UsageError: the policy for personal data is none, or the key of the pseudonyms is missing or wrong.
        """
        wanted = check_format(format)
        queries = [each for each in files if isinstance(each, Query)]
        with stdin_as_file([Path(each) for each in files if not isinstance(each, Query)], wanted) as given:
            found = find_files(given, wanted)
            source = Source([*found.files, *queries], columns, self_names, user_id, wanted, found.others)
            check(source, strict=strict)
            with self._keeping(force=force, personal_data=personal_data) as (keep, redactor, erased):
                report = ingest(source, keep, progress, listing, redactor=redactor)
            report.erased = erased
            return report

    def ingest_events(
        self,
        events: Iterable[Event | BadLine],
        *,
        self_names: Collection[str] = (),
        force: bool = False,
        personal_data: PersonalData | None = None,
        progress: Callable[[IngestReport], None] | None = None,
        listing: OnDropped | None = None,
        report: IngestReport | None = None,
    ) -> IngestReport:
        """Load events that are made elsewhere, e.g. by :func:`retrieval.events_of_documents`, as ``ingest`` does.

        They are read once, so that what stands before an error is kept. ``report``: of an earlier call, to go on with.
        """
        report = report or IngestReport()
        with self._keeping(force=force, personal_data=personal_data) as (keep, redactor, erased):
            report.erased += erased
            ingest_events(
                events, keep, report, self_names=self_names, progress=progress, listing=listing, redactor=redactor
            )
        return report

    def reveal(
        self, user_id: str, ids: Collection[str] | None = None, *, key: str | Path | None = None
    ) -> list[Revealed]:
        """What the pseudonyms in a user's events stand for; ``key``: as the store has it.

        Raises:
            UsageError: the store has no pseudonyms, or the key is missing or another one.
        """
        events = self.events(user_id, ids)
        return reveal(events, kept_key(self._open().record, self._token_key if key is None else key))

    def backup(self, out: Path, *, force: bool = False) -> "Manifest":
        """Write all of the store to a file, while others read and write it; see :func:`retrieval.backup.back_up`.

        Args:
            out: the file, which is there whole or not at all.
            force: replace a file that is there.
        """
        from retrieval.backup import back_up, check_has_no_server

        check_has_no_server(self._location)
        return back_up(self._open(), self._path, Path(out), self._location.key, force=force)

    def restore(
        self,
        file: Path,
        *,
        force: bool = False,
        progress: "OnRestored | None" = None,
        backup_key: str | StoreKey | None = None,
    ) -> "Restored":
        """Put a backup in the place of this store; see :func:`retrieval.restoring.restore`.

        Args:
            file: what ``backup`` wrote.
            force: replace a store that holds something.
            progress: told what was reached.
            backup_key: what the backup is encrypted with, when that is another key than the store's.
        """
        from retrieval.restoring import restore

        self.close()
        told = progress or (lambda stage: None)
        key = None if backup_key is None else find_store_key(backup_key)
        return restore(Path(file), self._path, self._location, self._derived, key=key, force=force, progress=told)

    def rules(self) -> list[Rule]:
        """The retention rules: for how many days events are kept; see :mod:`retrieval.retention`."""
        return self._open().retention.rules()

    def set_rule(self, rule: Rule) -> Expired:
        """Add a retention rule, or change that of its channel; returns what all rules would erase now.

        Raises:
            UsageError: the days are none.
            StoreError: the clock cannot be right.
        """
        parts = self._open()
        with parts.lock.held():
            parts.retention.set(rule)
        return parts.retention.preview(self._derived)

    def remove_rule(self, channel: str | None = None) -> None:
        """Remove the retention rule of a channel, or that of all other channels.

        Raises:
            UsageError: there is none.
        """
        parts = self._open()
        with parts.lock.held():
            parts.retention.remove(channel)

    def retain(self, *, dry_run: bool = False, defer: bool | None = None, trust_clock: bool = False) -> Expired:
        """Erase what is too old by the retention rules, as each ``ingest`` does.

        Args:
            dry_run: erase nothing; returns how much would be erased.
            defer: leave the bytes to the next compaction; None: as ``$LIMNER_DEFER`` says.
            trust_clock: the clock is right, whatever the store has seen.

        Raises:
            StoreError: the clock cannot be right; nothing was erased.
        """
        parts = self._open()
        if dry_run:
            return parts.retention.preview(self._derived)
        with parts.lock.held():
            parts.forgetting.finish()
            return parts.retention.run(self._derived, defer=defer, trust_clock=trust_clock)[1]

    def reindex(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Make the index anew from the record, with the embedder given now; returns how many vectors it holds.

        For another embedder, or for an index that is not to be trusted. Searches go on with the old index meanwhile;
        when it is interrupted, calling it again continues.

        Args:
            progress: told how many of how many vectors are done.
        """
        parts = self._open()
        with parts.lock.held():
            parts.forgetting.finish()
            parts.mirror.replace(progress)
        return parts.record.count()

    def health(self) -> Health:
        """How record and index stand; nothing is made or repaired, and no model is loaded."""
        parts = self._open()
        return Health(
            record=parts.database.name,
            index=parts.place.name,
            version=SCHEMA_VERSION,
            wanted=parts.record.count(),
            vectors=parts.mirror.count(),
            owed=parts.record.count(indexed=False) + len(parts.record.removals(1)),
            embedder=parts.record.setting("embedder"),
            encrypted=self.is_encrypted,
        )

    @property
    def is_encrypted(self) -> bool:
        """Whether the store is encrypted, or will be when it is made."""
        return self._location.key is not None

    def prepare(self) -> None:
        """Load what the first search and the first ingestion would wait for, the embedder included.

        Raises:
            NoStore: there is no store yet.
            ModelUnavailable: the embedder cannot be loaded.
        """
        self._open().views.topics()
        language_of("some words")

    def users(self) -> list[UserSummary]:
        """Who is in the store, sorted by user id."""
        return self._open().history.users()

    def user(self, user_id: str) -> UserSummary:
        """How much the store holds of a user."""
        found = self._open().history.users([user_id])
        if not found:
            raise UnknownUser(user_id)
        return found[0]

    def find_users(self, limit: int, after: str | None = None, matching: str = "") -> tuple[list[UserSummary], bool]:
        """At most ``limit`` users, sorted by id, and whether there are more.

        Args:
            limit: so many at most.
            after: only those whose id is behind this one.
            matching: only those whose id contains this, in whatever case.
        """
        return self._open().roster.page(limit, after, matching)

    def user_ids(self, prefix: str, limit: int, *, longest: int) -> tuple[list[str], bool]:
        """At most ``limit`` ids that begin with ``prefix``, in whatever case, sorted; and whether there are more.

        Ids of more than ``longest`` characters are left out.
        """
        sought = prefix.casefold()
        ids = (each for each in self._open().roster.ids() if len(each) <= longest)
        found = list(islice((each for each in ids if each.casefold().startswith(sought)), limit + 1))
        return found[:limit], len(found) > limit

    def event_page(
        self,
        user_id: str,
        limit: int,
        after: Place | None = None,
        wanted: EventFilter | None = None,
        *,
        newest_first: bool = False,
    ) -> EventPage:
        """At most ``limit`` of the user's events in time order, from behind a place on; see :class:`EventFilter`."""
        parts = self._open()
        parts.history.check_user(user_id)
        return page_of_events(parts.database, user_id, limit, after, wanted, newest_first=newest_first)

    def events(self, user_id: str, ids: Collection[str] | None = None) -> list[Event]:
        """The user's events in time order: all, or those with the given ids (an unknown one is NotFound)."""
        return self._open().history.events(user_id, ids)

    def event(self, user_id: str, event_id: str) -> Event:
        """One event of the user."""
        return self.events(user_id, [event_id])[0]

    def history(self, user_id: str, limit: int | None = None) -> list[Snippet]:
        """The user's snippets in time order: all, or the ``limit`` newest ones."""
        return self._open().history.snippets(user_id, limit)

    def check_user(self, user_id: str) -> None:
        """Raise UnknownUser unless there is an event of the user."""
        self._open().history.check_user(user_id)

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

    def search(
        self, user_id: str, query: str, k: int = 10, roles: Collection[Role] | None = None, now: datetime | None = None
    ) -> list[Hit]:
        """The at most ``k`` snippets of the user that matter most for the query, best first.

        Args:
            user_id: whose history.
            query: a question or keywords.
            k: so many at most.
            roles: only what these said; None for all.
            now: from when "last year" is seen; None: today.
        """
        return self.search_many(user_id, [query], k, roles, now)[0]

    def search_many(
        self,
        user_id: str,
        queries: Sequence[str],
        k: int = 10,
        roles: Collection[Role] | None = None,
        now: datetime | None = None,
    ) -> list[list[Hit]]:
        """The same for several queries at once, which are embedded together."""
        parts = self._open()
        parts.history.check_user(user_id)
        embedder, reranker = parts.mirror.check_embedder(), self._loaded_reranker()
        return find(parts.views, embedder, user_id, queries, k, roles, now, reranker)

    def said_by_another(self, user_id: str, question: str) -> Hit | None:
        """What another person said that fits a question better than the words of those whom it names; None mostly.

        See :func:`retrieval.whose.said_by_another`.
        """
        parts = self._open()
        parts.history.check_user(user_id)
        return said_by_another(parts.views, parts.mirror.check_embedder(), user_id, question)

    def _loaded_reranker(self) -> "Reranker | None":
        if self._whole is not None:
            return self._whole._loaded_reranker()
        with self._threads:
            if callable(self._reranker):
                self._reranker = self._reranker()
            return self._reranker

    @contextmanager
    def _keeping(
        self, *, force: bool, personal_data: PersonalData | None
    ) -> Iterator[tuple[Callable[[Sequence[Draft]], Applied], Redactor, int]]:
        """What writes and indexes a batch, but for what was forgotten, unless it is forced, and what is too old.

        And what redacts it, and how many events were too old, and erased before.
        """
        with self._writing() as parts:
            asked = personal_data or PersonalData()
            asked = replace(asked, key=self._token_key if asked.key is None else asked.key)
            redactor = Redactor(*settle(parts.record, asked))
            bounds, expired = parts.retention.run(self._derived)

            def keep(drafts: Sequence[Draft]) -> Applied:
                forgotten = [False] * len(drafts) if force else parts.forgetting.tombstones.refused(drafts)
                refused: list[Literal["forgotten", "expired"] | None] = [
                    "expired" if bounds.is_past(each.event) else "forgotten" if no else None
                    for each, no in zip(drafts, forgotten, strict=True)
                ]
                written = [each for each, no in zip(drafts, refused, strict=True) if no is None]
                with parts.views.changing(each.event.user_id for each in written):
                    applied = parts.record.apply(written)
                    parts.mirror.push()
                applied.put_among(refused)
                return applied

            yield keep, redactor, expired.erased.events

    @contextmanager
    def _writing(self) -> Iterator[Parts]:
        """The open store with the writer lock held and its index verified; made when it is not there."""
        self._location.check(make=True)
        parts = self._connect(make=True)
        with parts.lock.held():
            parts.forgetting.finish()
            parts.mirror.verify()
            yield parts

    def _open(self) -> Parts:
        if self._whole is not None:
            return self._whole._open()
        if self._parts is None:
            self._location.check(make=False)
        return self._connect(make=False)

    def _connect(self, *, make: bool) -> Parts:
        if self._whole is not None:
            return self._whole._connect(make=make)
        with self._threads:
            if self._parts is None:
                self._parts = self._location.open(lambda: self.embedder, make=make)
            return self._parts
