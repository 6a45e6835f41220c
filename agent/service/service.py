"""What a server does for its clients: the tenants' stores, and the model that they share by a queue.

Knows no protocol: the HTTP API, the console and MCP stand on it.
"""

from pathlib import Path
from typing import Any, Final

from agent.limner import Limner
from agent.progress import OnStep
from agent.schema import ProfileSchema
from agent.service.book import Book
from agent.service.jobs import Job
from agent.service.keys import Keys
from agent.service.queue import ModelQueue
from agent.service.schemas import Schemas
from agent.service.tenants import Tenants

__all__ = ["BOOK", "Service"]

BOOK: Final = "service.sqlite3"
"""The file of keys and schemas, in the folder of the store, or of the tenants."""


class Service:
    """Tenants, keys, schemas and the model's queue.

    Args:
        limner: the models, and the store of the tenant ``default``.
        home: the folder for what the service keeps itself; that of the store, or of the tenants.
        tenants: the folder of the tenants' stores; None: ``limner``'s own store is the only one.
        queue: the queue before the model.
    """

    def __init__(
        self, limner: Limner, home: Path, *, tenants: Path | None = None, queue: ModelQueue | None = None
    ) -> None:
        self.home = home
        self.book = Book(home / BOOK)
        self.keys = Keys(self.book)
        self.schemas = Schemas(self.book)
        self.tenants = Tenants(limner, tenants)
        self.queue = queue or ModelQueue()

    def limner(self, tenant: str) -> Limner:
        """The tenant's store with the models; see :meth:`Tenants.limner`."""
        return self.tenants.limner(tenant)

    def ask(self, tenant: str, user_id: str, question: str, *, min_confidence: float = 0.0) -> Job:
        """Let the model answer a question; the job's result is the answer document.

        Raises:
            UnknownUser: at once, before anything waits.
            QueueFull: too much waits.
        """
        limner = self._with_user(tenant, user_id)

        def task(on_step: OnStep, may_go_on: Any) -> dict[str, Any]:
            watched = limner.watched(on_step, may_go_on)
            return watched.ask(user_id, question, min_confidence=min_confidence).as_json()

        return self.queue.submit(Job(tenant, user_id, "ask", task))

    def build(
        self, tenant: str, user_id: str, schema: ProfileSchema, *, min_confidence: float = 0.0, fresh: bool = False
    ) -> Job:
        """Let the model make a profile; the job's result is the profile document. See :meth:`ask`."""
        limner = self._with_user(tenant, user_id)

        def task(on_step: OnStep, may_go_on: Any) -> dict[str, Any]:
            watched = limner.watched(on_step, may_go_on)
            return watched.profile(user_id, schema, min_confidence=min_confidence, fresh=fresh).as_json()

        return self.queue.submit(Job(tenant, user_id, "profile", task, about=schema.name))

    def explain(self, tenant: str, user_id: str, pointer: str, schema: ProfileSchema) -> Job:
        """Let the model find out why a profile has what it has; the result is the explanation. See :meth:`ask`."""
        limner = self._with_user(tenant, user_id)

        def task(on_step: OnStep, may_go_on: Any) -> dict[str, Any]:
            return limner.watched(on_step, may_go_on).explain(user_id, pointer, schema).as_json()

        return self.queue.submit(Job(tenant, user_id, "explain", task, about=schema.name))

    def forget(self, tenant: str, user_id: str, **scope: Any) -> dict[str, Any]:
        """Erase, as :meth:`agent.limner.Limner.forget` does; work about the user is stopped first."""
        limner = self._with_user(tenant, user_id)
        if not scope.get("dry_run"):
            self.queue.forget(tenant, user_id)
        try:
            return limner.forget(user_id, **scope)
        finally:
            if not scope.get("dry_run"):
                self.queue.forget(tenant, user_id)

    def close(self) -> None:
        """Stop the work and release everything."""
        self.queue.close()
        self.tenants.close()
        self.book.close()

    def _with_user(self, tenant: str, user_id: str) -> Limner:
        limner = self.limner(tenant)
        limner.store.snippet_count(user_id)
        return limner
