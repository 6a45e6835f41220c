"""Who calls a tool, and what they may do. Knows tenants and scopes, nothing of the protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.errors import InputError, UsageError, shorten
from agent.limner import Limner
from agent.schema import ProfileSchema
from agent.service import Scope, Service
from agent.service.keys import allows

__all__ = ["Caller", "NotAllowed"]


class NotAllowed(UsageError):
    """The caller may not do this."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A client, with what it may do.

    Attributes:
        service: what does the work.
        tenant: whose data it is about.
        scopes: what the client may do, in the words of API keys.
        by: who makes a correction; the language model cannot choose that.
        remedy: what to do when it may not do something; holds ``{scope}``.
        schemas: further profile schemas, by name.
        purpose: what it is for; None: the first purpose of the tenant's policy.
        is_operator: whether it may learn the names of folders and servers: who runs limner on this machine, and keys
            with the scope ``admin``.
    """

    service: Service
    tenant: str
    scopes: frozenset[Scope]
    by: str
    remedy: str
    schemas: Mapping[str, ProfileSchema] = field(default_factory=dict)
    purpose: str | None = None
    is_operator: bool = True

    @property
    def limner(self) -> Limner:
        """The tenant's store with the models, for the purpose."""
        return self.service.limner(self.tenant).for_purpose(self.purpose)

    def may(self, scope: Scope) -> bool:
        """Whether the client may do what ``scope`` says."""
        return allows(self.scopes, scope)

    def check(self, scope: Scope, what: str) -> None:
        """Make sure that the client may do what ``scope`` says.

        Raises:
            NotAllowed: it may not.
        """
        if not self.may(scope):
            raise NotAllowed(f"{what} is not allowed here", hint=self.remedy.format(scope=scope))

    def schema_names(self) -> list[str]:
        """The names of the profile schemas that there are, sorted."""
        return sorted({*self.schemas, *self.service.schemas.names(self.tenant)})

    def schema(self, name: str) -> ProfileSchema:
        """A profile schema by its name; files are not read, whatever the name is.

        Raises:
            InputError: there is none.
        """
        if name in self.schemas:
            return self.schemas[name]
        known = self.schema_names()
        if name not in known:
            raise InputError(f"there is no schema {shorten(name)}", hint=f"There are: {', '.join(known)}")
        return self.service.schemas.get(self.tenant, name)
