"""Forgets a user, or some of a user's events, so that nothing comes back and no byte is left.

In this order, so that whatever is killed in between, nothing half done is visible and the next run finishes it:

1. The key of the store is made, when there is none yet.
2. One transaction of the record takes out events, raw forms, snippets, versions of profiles and corrections; writes the
   tombstones and the receipt, as ``due`` (or ``deferred``); and notes which vectors have to leave the index. From here
   on nothing of it can be found or read: searches take from the index what the record lists.
3. The index is copied beside itself without these vectors, and the copy swapped in (a rename, or a note in the record);
   the old files are deleted. A copy that was not finished is thrown away and begun anew.
4. The record is written anew (VACUUM) and its write-ahead log emptied.
5. The receipt is written anew, as ``done``.

While a receipt is ``due``, whoever next writes to the store does 3 to 5. ``deferred`` ones wait for ``compact``, which
does them for many erasures at once. Knows nothing of models, nor of what a profile is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from retrieval.clock import now_by_events
from retrieval.errors import InputError, StoreBusy
from retrieval.index import IndexPlace
from retrieval.locks import Lock
from retrieval.mirror import Mirror
from retrieval.own import Own, UnknownUser
from retrieval.paging import Page
from retrieval.receipts import Erased, Erasure, Receipts, State
from retrieval.record import Record, begin_edition, raise_generation
from retrieval.removing import Derived, Nothing, plan_removal, remove
from retrieval.roster import Roster
from retrieval.scopes import Scope
from retrieval.seal import Seal
from retrieval.sql import Database, tables
from retrieval.tombstones import Said, Tombstones, is_after
from retrieval.views import Views

__all__ = ["Forgetting", "OnStage", "Stage", "Use"]

Stage = Literal["erased", "copying", "swapped", "compacted"]
OnStage = Callable[[Stage, int, int], None]
"""``progress(stage, done, total)``: what was reached; of ``copying``, how many of how many snippets."""


class Use(NamedTuple):
    """The parts of a store that forgetting works on."""

    database: Database
    record: Record
    mirror: Mirror
    views: Views
    roster: Roster
    place: IndexPlace
    lock: Lock


class Forgetting:
    """Erasures in one store.

    Args:
        use: the parts of the store.
        seal: the store's key.
    """

    def __init__(self, use: Use, seal: Seal) -> None:
        self._use = use
        self.seal = seal
        self._receipts = Receipts(use.database, seal)
        self.tombstones = Tombstones(use.database, seal)

    def preview(self, user_id: str, scope: Scope, derived: Derived | None = None) -> Erased:
        """What ``forget`` would erase; nothing is written.

        Raises:
            UnknownUser, InputError: as for ``forget``.
        """
        self._check(user_id)
        with self._use.database.reading() as db:
            return plan_removal(db, user_id, scope, derived or Nothing()).erased

    def forget(
        self,
        user_id: str,
        scope: Scope,
        derived: Derived | None = None,
        *,
        defer: bool = False,
        leftover: Sequence[str] = (),
        progress: OnStage | None = None,
    ) -> dict[str, Any]:
        """Erase, and return the signed receipt. Its ``state`` is ``due`` when another process kept a file in use.

        Called again for a user whose erasure was interrupted, it finishes that.

        Args:
            user_id: whose events.
            scope: which of them.
            derived: says what of profiles and corrections was made without these events; None: nothing.
            defer: leave the bytes to the next ``compact``.
            leftover: what others have to do, for the receipt.
            progress: told what was reached.

        Raises:
            UnknownUser: the store holds nothing of the user.
            InputError: nothing is in the scope, or an id is not there.
            StoreBusy: another process writes; nothing was erased.
            StoreError, BackendUnavailable: the store cannot be used; what was erased is out of reach all the same.
        """
        with self._use.lock.held():
            if not self._knows(user_id):
                return self._unfinished(user_id, progress)
            self.seal.make(lost=self._receipts.is_any())
            try:
                number = self._erase(user_id, scope, derived or Nothing(), "deferred" if defer else "due", leftover)
            except InputError:
                self.finish()  # of a part that an interrupted erasure took
                raise
            self._use.views.drop(user_id)
            self._use.roster.drop()
            _tell(progress, "erased")
            if not defer:
                with suppress(StoreBusy):  # the receipt says so
                    self._compact(progress)
            return self._receipts.get(number)

    def preview_expired(self, chosen: Mapping[str, Sequence[str]], derived: Derived) -> Erased:
        """What ``forget_expired`` would erase; nothing is written."""
        with self._use.database.reading() as db:
            plans = (plan_removal(db, user, Scope(tuple(ids)), derived) for user, ids in chosen.items())
            return _sum(plan.erased for plan in plans)

    def forget_expired(
        self,
        chosen: Mapping[str, Sequence[str]],
        scope: Mapping[str, Any],
        derived: Derived,
        *,
        undated: int,
        defer: bool,
    ) -> dict[str, Any]:
        """Erase events of many users at once, with one receipt, which is returned. The caller holds the writer lock.

        Args:
            chosen: ids of events by users.
            scope: what the receipt says of them.
            derived: as for ``forget``.
            undated: how many events have no time, for the receipt.
            defer: leave the bytes to the next ``compact``.
        """
        self.seal.make(lost=self._receipts.is_any())
        state: State = "deferred" if defer else "due"
        store = self._use.record.identity()
        with self._use.database.writing() as db:
            erased = list[Erased]()
            for user_id, ids in chosen.items():
                removal = plan_removal(db, user_id, Scope(tuple(ids)), derived)
                remove(db, removal)
                self.tombstones.set_events(db, removal.said)
                erased.append(removal.erased)
            raise_generation(db)
            begin_edition(db)
            erasure = Erasure(store, self._by_rule(), scope, _sum(erased)._replace(undated=undated))
            number = self._receipts.add(db, state, erasure)
        for user_id in chosen:
            self._use.views.drop(user_id)
        self._use.roster.drop()
        if not defer:
            with suppress(StoreBusy):
                self._compact(None)
        return self._receipts.get(number)

    def compact(self, progress: OnStage | None = None) -> list[dict[str, Any]]:
        """Remove the bytes of whatever was erased; returns the receipts that are complete now.

        Raises:
            StoreBusy: another process writes, or reads a file that has to go; call again.
        """
        with self._use.lock.held():
            return self._compact(progress)

    def finish(self) -> None:
        """Finish an interrupted erasure, as far as no other process is in the way. The caller holds the writer lock."""
        if self._receipts.is_any("due"):
            with suppress(StoreBusy):
                self._compact(None)

    def is_any(self) -> bool:
        """Whether anything was ever erased."""
        return self._receipts.is_any()

    def last(self) -> int:
        """The number of the last receipt; 0: nothing was ever erased."""
        return self._receipts.last()

    def erased_since(self, number: int, users: Iterable[str]) -> set[str]:
        """Of whom of these users something may have been erased after the receipt with this number.

        Of all, after a retention rule erased something: its receipts do not tell of whom.
        """
        subjects = self._receipts.subjects_since(number)
        if not subjects:
            return set()
        return {user for user in users if not subjects.isdisjoint((self._by_rule(), self.tombstones.subject(user)))}

    def _by_rule(self) -> str:
        """What receipts of retention rules call whom they are about."""
        return self.seal.mark("retention")

    def is_unfinished(self) -> bool:
        """Whether bytes of what was erased are still in files of the store, as far as the receipts say."""
        return self._receipts.is_any("due") or self._receipts.is_any("deferred")

    def receipts(self, user_id: str | None = None) -> list[dict[str, Any]]:
        """The receipts in order: all, or those of one user."""
        if user_id is not None and not self._receipts.is_any():
            return []
        return self._receipts.all(None if user_id is None else self.tombstones.subject(user_id))

    def receipt_page(self, limit: int, after: int = 0, *, user_id: str | None = None) -> Page[dict[str, Any]]:
        """At most ``limit`` of the same, from behind a number on."""
        if user_id is not None and not self._receipts.is_any():
            return Page([], None)
        subject = None if user_id is None else self.tombstones.subject(user_id)
        return self._receipts.page(limit, after, subject=subject)

    def is_genuine(self, receipt: Mapping[str, Any], user_id: str | None = None) -> bool:
        """Whether this store signed the receipt as it is, for this user."""
        if not self._receipts.is_any():
            return False
        about = user_id is None or receipt.get("subject") == self.tombstones.subject(user_id)
        return about and self.seal.is_signed(receipt)

    def _knows(self, user_id: str) -> bool:
        kept = tables()
        with self._use.database.reading() as db:
            own = Own(db, user_id)
            return any(
                own.execute(own.select(table, table.c.pk).limit(1)).first() is not None
                for table in (kept.events, kept.versions, kept.corrections, kept.consents)
            )

    def _check(self, user_id: str) -> None:
        if not self._knows(user_id):
            raise UnknownUser(user_id)

    def _unfinished(self, user_id: str, progress: OnStage | None) -> dict[str, Any]:
        """Finish the erasure of a user who is gone already, if it was interrupted."""
        found = self.receipts(user_id)
        if not found or found[-1]["state"] == "done":
            raise UnknownUser(user_id)
        with suppress(StoreBusy):
            self._compact(progress)
        return self._receipts.get(found[-1]["number"])

    def _erase(self, user_id: str, scope: Scope, derived: Derived, state: State, leftover: Sequence[str]) -> int:
        store = self._use.record.identity()
        with self._use.database.writing() as db:
            now = now_by_events(db)
            removal = plan_removal(db, user_id, scope, derived)
            remove(db, removal)
            if scope.is_whole:
                self.tombstones.set_user(db, user_id, now)
            self.tombstones.set_events(db, (each for each in removal.said if _needs_own(each, scope, now)))
            raise_generation(db)
            begin_edition(db)
            subject = self.tombstones.subject(user_id)
            return self._receipts.add(db, state, Erasure(store, subject, scope.as_json(), removal.erased, leftover))

    def _compact(self, progress: OnStage | None) -> list[dict[str, Any]]:
        self._use.mirror.rewrite(None if progress is None else lambda done, of: progress("copying", done, of))
        _tell(progress, "swapped")
        self._use.database.compact()
        _tell(progress, "compacted")
        return self._receipts.settle([each for each in self._leftover() if each is not None])

    def _leftover(self) -> list[str | None]:
        record, index = self._use.database.leftover, self._use.place.leftover
        others = (
            "Other machines that keep an index of this record in a folder of their own: run `limner compact` there"
            if record is not None and index is None
            else None
        )
        return [record, index, others]


def _sum(counts: Iterable[Erased]) -> Erased:
    return Erased(*(sum(each) for each in zip(Erased(), *counts, strict=True)))


def _needs_own(said: Said, scope: Scope, now: float) -> bool:
    """Whether an event has to be remembered by itself: that its user was forgotten keeps out what is from before."""
    return not scope.is_whole or is_after(said, now)


def _tell(progress: OnStage | None, stage: Stage) -> None:
    if progress is not None:
        progress(stage, 1, 1)
