"""What a tenant allows, and what users allowed: ``/v1/policy`` and ``/v1/users/{user_id}/consents``."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from agent.api.access import Admins, Reads, Writes
from agent.api.cursors import After, Limit, page_of
from agent.api.documents import ConsentEntry, Consents, PolicyDocument
from agent.api.jsonvalues import Name
from agent.api.openapi import returns
from agent.api.paths import Segment
from agent.api.repeating import IdempotencyKey, once
from agent.api.responses import Json
from agent.api.threads import writing
from agent.errors import NoStore, UsageError
from agent.render_consent import consents_document
from retrieval.consents import Basis
from retrieval.policies import CATEGORIES, Category, Policy, make_policy

__all__ = ["Given", "PolicyGiven", "get_policy", "list_consents", "record_consent", "router", "set_policy"]

router = APIRouter(prefix="/v1", tags=["consents"])

_Purpose = Annotated[str, Field(max_length=63, description="What for, such as support.")]
_Text = Annotated[str | None, Field(min_length=1, max_length=2000)]
_Categories = Annotated[list[Category], Field(max_length=len(CATEGORIES))]


class PolicyGiven(BaseModel):
    """What a tenant allows; replaces what it allowed before."""

    model_config = ConfigDict(extra="forbid")

    purposes: Annotated[list[_Purpose], Field(max_length=100, description="The first where none is named.")] = []
    require_consent: Annotated[bool, Field(description="Nothing is made of a user without a legal basis.")] = False
    sensitive: Annotated[
        Literal["all"] | _Categories, Field(description="What may be shown where users stated it.")
    ] = "all"
    inferred: Annotated[_Categories, Field(description="What may be inferred where a schema marks it.")] = []


class Given(BaseModel):
    """What a user allowed for a purpose, or withdrew."""

    model_config = ConfigDict(extra="forbid")

    action: Annotated[Literal["grant", "withdraw"], Field(description="Allowed, or not any more.")] = "grant"
    purpose: Annotated[
        str | None, Field(max_length=63, description="What for, such as support; with `withdraw`, null: for all.")
    ] = None
    basis: Annotated[Basis, Field(description="The legal basis of what is allowed.")] = "consent"
    until: Annotated[str | None, Field(max_length=64, description="To which day or time, itself included.")] = None
    sensitive: Annotated[_Categories, Field(description="The categories that were allowed by name.")] = []
    source: Annotated[_Text, Field(description="How the user said so.")] = None
    by: Annotated[Name | None, Field(description="Who records it; else the key's label, or its id.")] = None


@router.get("/policy", responses=returns(PolicyDocument))
def get_policy(caller: Reads) -> Response:
    """What the tenant allows to be made of its histories."""
    try:
        return Json(caller.limner.store.policy().as_json())
    except NoStore:
        return Json(Policy().as_json())


@router.put("/policy", responses=returns(PolicyDocument))
async def set_policy(
    request: Request,
    caller: Admins,
    wanted: Annotated[PolicyGiven, Body(examples=[{"purposes": ["support"], "require_consent": True}])],
) -> Response:
    """Change what the tenant allows, at once; all of it. Can be done before anything was loaded."""
    allowed = None if wanted.sensitive == "all" else wanted.sensitive
    policy = make_policy(wanted.purposes, allowed, wanted.inferred, require_consent=wanted.require_consent)
    await writing(request, caller.limner.store.set_policy, policy)
    return Json(policy.as_json())


@router.get("/users/{user_id}/consents", responses=returns(Consents))
def list_consents(caller: Reads, user_id: Segment, limit: Limit = 100, after: After = None) -> Response:
    """What was recorded of a user, in order, and what counts now; also where nothing was loaded of the user.

    `now` counts all that was recorded, on whichever page it is.
    """
    try:
        entries = caller.limner.store.consents.of(user_id)
    except NoStore:
        entries = []
    page, following = page_of(entries, lambda each: each.at, limit, after)
    shown = [each.as_json() for each in page]
    return Json({**consents_document(user_id, entries), "consents": shown, "next": following})


@router.post("/users/{user_id}/consents", status_code=201, responses=returns(ConsentEntry, 201))
async def record_consent(
    request: Request,
    caller: Writes,
    user_id: Segment,
    given: Annotated[Given, Body(examples=[{"purpose": "support", "source": "web form of 2026-03-01"}])],
    key: IdempotencyKey = None,
) -> Response:
    """Record what a user allowed, or withdrew. It counts at once, and nothing that was recorded is changed.

    A withdrawal stops what is being made for the user, and drops the profiles that were made for the purpose.
    """
    service, tenant = caller.service, caller.tenant
    more: dict[str, Any] = {"by": given.by or caller.key.label or caller.key.key_id, "source": given.source}

    async def withdraw() -> Response:
        entry, dropped = await writing(request, service.withdraw, tenant, user_id, given.purpose, **more)
        return Json({**entry.as_json(), "profile_versions": dropped}, 201)

    async def grant() -> Response:
        if given.purpose is None:
            raise UsageError("a consent is for a purpose", hint="Give purpose")
        caller.check_purpose(given.purpose)  # a withdrawal is taken whatever the key is for
        terms = {"basis": given.basis, "until": given.until, "sensitive": given.sensitive}
        entry = await writing(request, service.grant, tenant, user_id, given.purpose, **more, **terms)
        return Json({**entry.as_json(), "profile_versions": 0}, 201)

    if given.action == "withdraw":
        return await once(request, caller, key, user_id, withdraw, forgets=True)
    return await once(request, caller, key, user_id, grant)
