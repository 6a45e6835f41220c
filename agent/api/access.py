"""Who calls, and what they may do: API keys in ``Authorization: Bearer``, or everybody in the mode for development.

Knows keys and requests, not what is asked for.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from agent.api.problems import Problem
from agent.limner import Limner
from agent.service import DEFAULT_TENANT, ApiKey, Scope, Service

__all__ = ["DEV_KEY", "Caller", "Reads", "Writes", "caller_of", "needs"]

DEV_KEY: Final = ApiKey("dev", DEFAULT_TENANT, frozenset({"admin"}), "--dev", "")
"""What everybody has in the mode for development."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A request with a key that is good for what it asks."""

    service: Service
    key: ApiKey

    @property
    def tenant(self) -> str:
        """Whose data it is about."""
        return self.key.tenant

    @property
    def limner(self) -> Limner:
        """The tenant's store."""
        return self.service.limner(self.tenant)


def caller_of(request: Request) -> Caller:
    """Who calls.

    Raises:
        Problem: 401, without a key, or with one that is not good.
    """
    service: Service = request.app.state.service
    given = _given(request)
    if given is None and request.app.state.settings.dev:
        return Caller(service, DEV_KEY)
    key = service.keys.check(given or "")
    if key is None:
        said = "the key is not known, revoked or expired" if given else "the request has no key"
        raise Problem(
            401,
            "unauthorized",
            f"{said}. Send Authorization: Bearer KEY; `limner keys add` makes one",
            headers={"WWW-Authenticate": 'Bearer realm="limner"'},
        )
    return Caller(service, key)


def needs(scope: Scope) -> Any:
    """A dependency: the caller, who may do what ``scope`` says.

    Raises:
        Problem: 401 as :func:`caller_of`; 403, the key is not good for that.
    """

    def check(request: Request) -> Caller:
        caller = caller_of(request)
        if not caller.key.may(scope):
            raise Problem(403, "forbidden", f"the key is not good for this. It needs the scope {scope!r}")
        return caller

    return Depends(check)


def _given(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


Reads = Annotated[Caller, needs("read")]
Writes = Annotated[Caller, needs("write")]
