"""Profiles: made as jobs, kept in versions: ``/v1/users/{user_id}/profiles``."""

import hashlib
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from agent.api.access import Caller, Reads
from agent.api.cursors import After, Limit, next_of, number_of
from agent.api.documents import ChangesDocument, JobDocument, VersionList
from agent.api.jsonvalues import Name
from agent.api.openapi import returns
from agent.api.paths import Segment, path_of
from agent.api.repeating import IdempotencyKey, once
from agent.api.responses import Json, encoded
from agent.api.threads import reading
from agent.api.working import job_document
from agent.documents import ProfileDocument
from agent.errors import NotFound
from agent.listings import versions_document
from agent.schema import ProfileSchema

__all__ = [
    "Wanted",
    "build_profile",
    "changes",
    "latest_profile",
    "list_versions",
    "router",
    "version",
    "versions_of_schema",
]

router = APIRouter(prefix="/v1/users/{user_id}/profiles", tags=["profiles"])

_Known = Annotated[str | None, Header(alias="If-None-Match", description="The ETag of what is there already.")]
_UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "It is still what the ETag says."}}
_Number = Annotated[int, Path(ge=1, le=2**31, description="The number of a version.")]


class Wanted(BaseModel):
    """The profile that is to be made."""

    model_config = ConfigDict(extra="forbid")

    schema_name: Annotated[Name, Field(alias="schema", description="A built-in or registered schema.")] = "person"
    min_confidence: Annotated[float, Field(ge=0, le=1, description="Values less sure than this are left out.")] = 0.0
    fresh: Annotated[bool, Field(description="Find out everything again, whatever was kept.")] = False
    moods: Annotated[
        bool, Field(description="Also the mood of each period, where the schema asks for one: six short calls at most.")
    ] = False


@router.post("", status_code=202, responses=returns(JobDocument, 202))
async def build_profile(
    request: Request,
    caller: Reads,
    user_id: Segment,
    wanted: Annotated[Wanted, Body(examples=[{"schema": "customer"}])],
    key: IdempotencyKey = None,
) -> Response:
    """Let a profile be made; the answer names the job, whose result it is. Costs nothing when nothing changed."""

    async def build() -> Response:
        schema = await reading(caller.service.schemas.get, caller.tenant, wanted.schema_name)
        more = {**wanted.model_dump(exclude={"schema_name"}), "purpose": caller.purpose}
        job = await reading(caller.service.build, caller.tenant, user_id, schema, **more)
        return Json(job_document(job), 202, {"Location": path_of("v1", "jobs", job.job_id)})

    return await once(request, caller, key, user_id, build)


@router.get("", responses=returns(VersionList))
def list_versions(caller: Reads, user_id: Segment, limit: Limit = 100, after: After = None) -> Response:
    """The versions of all of a user's profiles, oldest first."""
    return _listed(caller, user_id, limit, after)


@router.get("/{schema}", responses={**returns(ProfileDocument), **_UNCHANGED})
def latest_profile(caller: Reads, user_id: Segment, schema: Segment, known: _Known = None) -> Response:
    """The latest version of a profile, as it was made; no model is asked."""
    return _tagged(caller.limner.latest(user_id, _schema(caller, schema)), known)


@router.get("/{schema}/versions", responses=returns(VersionList))
def versions_of_schema(
    caller: Reads, user_id: Segment, schema: Segment, limit: Limit = 100, after: After = None
) -> Response:
    """The versions of the profile under a schema, oldest first."""
    return _listed(caller, user_id, limit, after, schema)


@router.get("/{schema}/versions/{number}", responses={**returns(ProfileDocument), **_UNCHANGED})
def version(caller: Reads, user_id: Segment, schema: Segment, number: _Number, known: _Known = None) -> Response:
    """A version, as it was made."""
    return _tagged(caller.limner.version(user_id, number, _schema(caller, schema)), known)


@router.get("/{schema}/versions/{number}/changes", responses=returns(ChangesDocument))
def changes(caller: Reads, user_id: Segment, schema: Segment, number: _Number) -> Response:
    """A version with what changed since the one before, and why."""
    named, limner = _schema(caller, schema), caller.limner
    document = limner.version(user_id, number, named)
    return Json({**document.as_json(), **limner.changes(user_id, number, named).as_json()})


def _listed(caller: Caller, user_id: str, limit: int, after: str | None, schema: str | None = None) -> Response:
    store = caller.limner.store
    store.check_user(user_id)
    page = store.keeping.version_page(user_id, limit, number_of(after), schema=schema)
    return Json({**versions_document(user_id, page.items), "next": next_of(page)})


def _tagged(document: ProfileDocument, known: str | None) -> Response:
    """The document with its ETag, or that it is ``known``; whether it may be told is asked each time."""
    content = encoded(document.as_json())
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    there = [each.strip().removeprefix("W/") for each in (known or "").split(",")]
    if tag in there or "*" in there:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")


def _schema(caller: Caller, name: str) -> ProfileSchema:
    """The schema whose profiles are read; what was made under one that was removed since stays readable."""
    try:
        return caller.service.schemas.get(caller.tenant, name)
    except NotFound:
        return ProfileSchema(name, "", {}, {})
