"""Who calls, and what they may do: API keys in ``Authorization: Bearer``, or everybody in the mode for development.

Knows keys and requests, not what is asked for.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from fastapi.security import HTTPBearer

from agent.api.problems import Problem
from agent.errors import shorten
from agent.limner import Limner
from agent.service import DEFAULT_TENANT, ApiKey, Scope, Service

__all__ = ["DEV_KEY", "PURPOSE", "Admins", "Caller", "Erases", "Reads", "Writes", "caller_of", "needs"]

DEV_KEY: Final = ApiKey("dev", DEFAULT_TENANT, frozenset({"admin"}), "--dev", "")
"""What everybody has in the mode for development."""

PURPOSE: Final = "Limner-Purpose"
"""The header that says what a request is for."""

_Purpose = Annotated[
    str | None,
    Header(
        alias=PURPOSE,
        max_length=63,
        description="What it is for: a purpose of the tenant's policy (/v1/policy). Without it: the first one that the "
        "key is for, or, of a key for all, the policy's first.",
    ),
]
_BEARER: Final = HTTPBearer(
    auto_error=False, scheme_name="key", bearerFormat="limner_…", description="An API key of `limner keys add`."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """A request with a key that is good for what it asks."""

    service: Service
    key: ApiKey
    purpose: str | None = None

    @property
    def tenant(self) -> str:
        """Whose data it is about."""
        return self.key.tenant

    @property
    def limner(self) -> Limner:
        """The tenant's store, for the purpose that the request names, if it names one."""
        return self.service.limner(self.tenant).for_purpose(self.purpose)

    def check(self, scope: Scope) -> None:
        """Refuse what the key is not good for.

        Raises:
            Problem: 403.
        """
        if not self.key.may(scope):
            raise Problem(403, "forbidden", f"the key is not good for this. It needs the scope {scope!r}")

    def check_purpose(self, purpose: str | None) -> None:
        """Refuse a purpose that the key is not good for; None: all of them.

        Raises:
            Problem: 403.
        """
        if not self.key.is_for(purpose):
            what = "all purposes" if purpose is None else f"the purpose {shorten(purpose)}"
            only = ", ".join(self.key.purposes)
            remedy = "Use another key. Whoever runs the server makes one: `limner keys add`, with --purpose or without"
            raise Problem(403, "forbidden", f"the key is not good for {what}. It is good for: {only}. {remedy}")


def caller_of(request: Request) -> Caller:
    """Who calls; the request is counted.

    Raises:
        Problem: 401, without a key, or with one that is not good; 403, it is not for the purpose that is named; 429,
            the key made too many requests.
    """
    service: Service = request.app.state.service
    given = _given(request)
    if given is None and request.app.state.settings.dev:
        key: ApiKey | None = DEV_KEY
    else:
        key = service.keys.check(given or "")
    if key is None:
        said = "the key is not known, revoked or expired" if given else "the request has no key"
        raise Problem(
            401,
            "unauthorized",
            f"{said}. Send Authorization: Bearer KEY. Whoever runs the server makes one with `limner keys add`",
            headers={"WWW-Authenticate": 'Bearer realm="limner"'},
        )
    request.state.is_operator = key.may("admin")
    request.state.rate_headers = request.app.state.rates.count(key.key_id)
    named = request.headers.get(PURPOSE) or (key.purposes[0] if key.purposes else None)
    caller = Caller(service, key, named)
    if named is not None:
        caller.check_purpose(named)
    return caller


def needs(scope: Scope) -> Any:
    """A dependency: the caller, who may do what ``scope`` says.

    Raises:
        Problem: 401 and 429 as :func:`caller_of`; 403, the key is not good for that.
    """

    async def check(request: Request, shown: Annotated[Any, Depends(_BEARER)], purpose: _Purpose = None) -> Caller:
        caller = caller_of(request)
        caller.check(scope)
        return caller

    return Depends(check)


def _given(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


Reads = Annotated[Caller, needs("read")]
Writes = Annotated[Caller, needs("write")]
Erases = Annotated[Caller, needs("erase")]
Admins = Annotated[Caller, needs("admin")]
