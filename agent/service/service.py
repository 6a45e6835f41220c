"""What a server does for its clients: the tenants' stores, and the model that they share by a queue.

Knows no protocol: the HTTP API, the console and MCP stand on it.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.abreast import Cancelled
from agent.errors import ConsentMissing, NoStore
from agent.limner import Limner
from agent.progress import OnStep
from agent.schema import ProfileSchema
from agent.service.book import Book
from agent.service.erasures import Erasures
from agent.service.jobs import Job
from agent.service.keys import Keys
from agent.service.loading import load_in_parts
from agent.service.once import Once
from agent.service.queue import ModelQueue
from agent.service.schemas import Schemas
from agent.service.tenants import Tenants
from agent.service.turns import Turns

if TYPE_CHECKING:
    from retrieval import BadLine, Event, IngestReport
    from retrieval.consents import Consent
    from retrieval.retention import Expired

__all__ = ["BOOK", "Service"]

_CLOSING_SECONDS: Final = 5.0

BOOK: Final = "service.sqlite3"
"""The file of keys and schemas, in the folder of the store, or of the tenants."""


class Service:
    """Tenants, keys, schemas and the model's queue.

    Args:
        limner: the models, and the store of the tenant ``default``.
        home: the folder for what the service keeps itself; that of the store, or of the tenants.
        tenants: the folder of the tenants' stores; None: ``limner``'s own store is the only one.
        queue: the queue before the model.
        token_keys: the folder of the keys of the tenants' pseudonyms; see :class:`Tenants`.
    """

    def __init__(
        self,
        limner: Limner,
        home: Path,
        *,
        tenants: Path | None = None,
        queue: ModelQueue | None = None,
        token_keys: Path | None = None,
    ) -> None:
        self.home = home
        self.book = Book(home / BOOK)
        self.keys = Keys(self.book)
        self.schemas = Schemas(self.book)
        self.tenants = Tenants(limner, tenants, token_keys)
        self.queue = queue or ModelQueue()
        self.once = Once()
        self._erasures = Erasures()
        self._turns: defaultdict[str, Turns] = defaultdict(Turns)
        self._lock = threading.Lock()

    def limner(self, tenant: str) -> Limner:
        """The tenant's store with the models; see :meth:`Tenants.limner`."""
        return self.tenants.limner(tenant)

    def ask(
        self, tenant: str, user_id: str, question: str, *, min_confidence: float = 0.0, purpose: str | None = None
    ) -> Job:
        """Let the model answer a question; the job's result is the answer document, as long as it may be told.

        Before, it tells what is being read and parts of the answer; see :meth:`agent.limner.Limner.ask`.

        Raises:
            UnknownUser, ConsentMissing: at once, before anything waits.
            QueueFull: too much waits.
        """
        limner, guard, named = self._with_user(tenant, user_id, purpose)

        def task(on_step: OnStep, may_go_on: Any) -> dict[str, Any]:
            answered = _watched(limner, on_step, may_go_on).ask(
                user_id,
                question,
                min_confidence=min_confidence,
                on_reading=lambda read: job.show("reading", read.as_json()),
                on_part=lambda part: job.show("part", part.as_json()),
            )
            return answered.as_json()

        job = Job(tenant, user_id, "ask", task, guard=guard, purpose=named)
        return self.queue.submit(job)

    def build(
        self,
        tenant: str,
        user_id: str,
        schema: ProfileSchema,
        *,
        min_confidence: float = 0.0,
        fresh: bool = False,
        moods: bool = False,
        purpose: str | None = None,
    ) -> Job:
        """Let the model make a profile; the job's result is the profile document. See :meth:`ask`."""
        limner, guard, named = self._with_user(tenant, user_id, purpose)

        def task(on_step: OnStep, may_go_on: Any) -> dict[str, Any]:
            watched = _watched(limner, on_step, may_go_on)
            made = watched.profile(user_id, schema, min_confidence=min_confidence, fresh=fresh, moods=moods)
            return made.as_json()

        return self.queue.submit(Job(tenant, user_id, "profile", task, about=schema.name, guard=guard, purpose=named))

    def explain(
        self,
        tenant: str,
        user_id: str,
        pointer: str,
        schema: ProfileSchema,
        *,
        of: Any = None,
        purpose: str | None = None,
    ) -> Job:
        """Let the model find out why a profile has what it has, or a rival or past value ``of`` it; the result is the
        explanation. See :meth:`ask`."""
        limner, guard, named = self._with_user(tenant, user_id, purpose)

        def task(on_step: OnStep, may_go_on: Any) -> dict[str, Any]:
            return _watched(limner, on_step, may_go_on).explain(user_id, pointer, schema, of=of).as_json()

        return self.queue.submit(Job(tenant, user_id, "explain", task, about=schema.name, guard=guard, purpose=named))

    def explain_answer(self, tenant: str, user_id: str, question: str, *, purpose: str | None = None) -> Job:
        """Let the model find out why a question is answered as it is; the result is the explanation. See :meth:`ask`.

        Raises:
            UsageError: there are several questions, or none.
        """
        from agent.explaining import check_question

        check_question(question)
        limner, guard, named = self._with_user(tenant, user_id, purpose)

        def task(on_step: OnStep, may_go_on: Any) -> dict[str, Any]:
            return _watched(limner, on_step, may_go_on).explain_answer(user_id, question).as_json()

        return self.queue.submit(Job(tenant, user_id, "explain", task, guard=guard, purpose=named))

    def job(self, tenant: str, job_id: str) -> Job | None:
        """A tenant's job, as long as it is remembered and nothing was erased by others since."""
        self.notice_erasures(tenant)
        return self.queue.job(tenant, job_id)

    def jobs(self, tenant: str, user_id: str | None = None) -> list[Job]:
        """The tenant's jobs, oldest first: all, or those about one user. See :meth:`job`."""
        self.notice_erasures(tenant)
        return self.queue.jobs(tenant, user_id)

    def load(
        self,
        tenant: str,
        rows: "Iterable[Event | BadLine]",
        *,
        force: bool = False,
        progress: "Callable[[IngestReport], None] | None" = None,
    ) -> "IngestReport":
        """Load events in parts; see :func:`agent.service.loading.load_in_parts`."""
        report = load_in_parts(self.limner(tenant), rows, self._writers(tenant), force=force, progress=progress)
        self.notice_erasures(tenant)
        return report

    def retain(self, tenant: str) -> "Expired":
        """Erase what is too old by the tenant's retention rules, and forget what was answered from what is gone.

        Raises:
            NoStore: nothing was loaded yet.
            StoreError: the clock cannot be right.
        """
        with self._writers(tenant).taken():
            expired = self.limner(tenant).retain()
        self.notice_erasures(tenant)
        return expired

    def notice_erasures(self, tenant: str) -> None:
        """Forget what was answered about users of whom others erased something: the command line beside the server, or
        a retention rule.

        Before anything is told from memory, and before anything is begun that may be told from memory later.
        """
        limner = self.limner(tenant)
        try:
            last = limner.store.forgetting.last()
        except NoStore:
            last = 0
        known = self._erasures.news(tenant, last)
        if known is None:
            return
        self.once.forget_all()  # its hashes do not tell whose an answer is
        about = {job.user_id for job in self.queue.jobs(tenant)}
        erased = limner.store.forgetting.erased_since(known, about) if known < last else about  # a store was restored
        for user_id in erased:
            self.queue.drop(tenant, user_id)
        limner.forget_prompts()

    def forget(self, tenant: str, user_id: str, **scope: Any) -> dict[str, Any]:
        """Erase, as :meth:`agent.limner.Limner.forget` does; work about the user is stopped first, and none is taken.

        What a repeated request would be answered about the user is forgotten, too.
        """
        limner = self.limner(tenant)
        if scope.get("dry_run"):
            return limner.forget(user_id, **scope)
        with self._writers(tenant).taken(), self.queue.barred(tenant, user_id):
            self.notice_erasures(tenant)
            try:
                receipt = limner.forget(user_id, **scope)
                self._erasures.know(tenant, receipt["number"])
                return receipt
            finally:
                self.once.forget(tenant, user_id)

    def grant(self, tenant: str, user_id: str, purpose: str, **terms: Any) -> "Consent":
        """Record a consent, or another legal basis; see :meth:`retrieval.consents.Consents.grant`."""
        store = self.limner(tenant).store
        store.make()
        return store.consents.grant(user_id, purpose, **terms)

    def withdraw(self, tenant: str, user_id: str, purpose: str | None, **terms: Any) -> "tuple[Consent, int]":
        """Record a withdrawal; work about the user is stopped first, and what was answered is forgotten."""
        store = self.limner(tenant).store
        store.make()
        with self.queue.barred(tenant, user_id):
            try:
                return store.consents.withdraw(user_id, purpose, **terms)
            finally:
                self.once.forget(tenant, user_id)

    def compact(self, tenant: str) -> list[dict[str, Any]]:
        """Remove the bytes of what was erased and deferred; see :meth:`agent.limner.Limner.compact`."""
        with self._writers(tenant).taken():
            return self.limner(tenant).compact()

    def close(self) -> None:
        """Stop the work and release everything."""
        self.queue.close(_CLOSING_SECONDS)
        self.tenants.close()
        self.book.close()

    def _writers(self, tenant: str) -> Turns:
        with self._lock:
            return self._turns[tenant]

    def _with_user(
        self, tenant: str, user_id: str, purpose: str | None
    ) -> tuple[Limner, Callable[[], None], str | None]:
        """The tenant's store for the purpose, what refuses results of work about the user, and which purpose it is."""
        self.notice_erasures(tenant)
        limner = self.limner(tenant).for_purpose(purpose)
        erased = limner.store.forgetting.last()
        limner.store.check_user(user_id)
        before = limner.permit(user_id)

        def guard() -> None:
            if limner.store.forgetting.erased_since(erased, [user_id]):
                raise Cancelled("something of this user was erased meanwhile", hint="Ask again")
            now = limner.permit(user_id)
            if (now.purpose, now.sensitive) != (before.purpose, before.sensitive):
                raise ConsentMissing("what may be told of this user changed since this was made", hint="Ask again")

        return limner, guard, before.purpose


def _watched(limner: Limner, on_step: OnStep, may_go_on: Callable[[], None]) -> Limner:
    limner.load_code()
    return limner.watched(on_step, may_go_on)
