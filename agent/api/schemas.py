"""The schemas of profiles: built in, or registered by a tenant: ``/v1/schemas``."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from agent.api.access import Reads, Writes
from agent.api.cursors import After, Limit, page_of
from agent.api.documents import SchemaCheck, SchemaDocument, SchemaList
from agent.api.jsonvalues import JsonObject, Name
from agent.api.openapi import returns
from agent.api.paths import Segment, path_of
from agent.api.responses import Json
from agent.errors import SchemaError
from agent.schema import ProfileSchema, built_in_schemas, validation_problems
from agent.schema_rules import standard
from agent.service.schemas import fillable

__all__ = ["Checked", "check_schema", "get_schema", "list_schemas", "put_schema", "remove_schema", "router"]

router = APIRouter(prefix="/v1", tags=["schemas"])

_SCHEMA = {"type": "object", "properties": {"city": {"type": ["string", "null"], "description": "where they live"}}}


class Checked(BaseModel):
    """A schema, or the name of one, and a profile that should satisfy it."""

    model_config = ConfigDict(extra="forbid")

    schema_: Annotated[JsonObject | Name, Field(alias="schema")]
    profile: JsonObject | None = None


@router.get("/schemas", responses=returns(SchemaList))
def list_schemas(caller: Reads, limit: Limit = 100, after: After = None) -> Response:
    """The schemas that can be used, by name."""
    schemas, tenant = caller.service.schemas, caller.tenant
    names, following = page_of(schemas.names(tenant), str, limit, after)
    found = [_document(schemas.get(tenant, name)) for name in names]
    shown = [{key: each[key] for key in ("name", "hash", "built_in")} for each in found]
    return Json({"schemas": shown, "next": following})


@router.get("/schemas/{name}", responses=returns(SchemaDocument))
def get_schema(caller: Reads, name: Segment) -> Response:
    """A schema."""
    return Json(_document(caller.service.schemas.get(caller.tenant, name)))


@router.put(
    "/schemas/{name}",
    responses={**returns(SchemaDocument), **returns(SchemaDocument, 201, description="It was not there before.")},
)
def put_schema(
    caller: Writes,
    name: Segment,
    document: Annotated[JsonObject, Body(examples=[_SCHEMA], description="A JSON Schema, draft 2020-12.")],
) -> Response:
    """Register a schema under a name, or replace it; profiles that were made with the one before are kept."""
    schemas, tenant = caller.service.schemas, caller.tenant
    there = name in schemas.names(tenant)
    made = _document(schemas.register(tenant, name, document))
    return Json(made) if there else Json(made, 201, {"Location": path_of("v1", "schemas", name)})


@router.delete("/schemas/{name}", status_code=204, responses={204: {"description": "It is gone."}})
def remove_schema(caller: Writes, name: Segment) -> Response:
    """Take a registered schema away; profiles that were made with it are kept."""
    caller.service.schemas.remove(caller.tenant, name)
    return Response(status_code=204)


@router.post("/schema-checks", responses=returns(SchemaCheck))
def check_schema(
    caller: Reads, what: Annotated[Checked, Body(examples=[{"schema": _SCHEMA, "profile": {"city": "Munich"}}])]
) -> Response:
    """Whether limner can fill a schema, and whether a profile satisfies it; nothing is kept."""
    errors: list[dict[str, Any]] = []
    schema: ProfileSchema | None = None
    try:
        if isinstance(what.schema_, str):
            schema = caller.service.schemas.get(caller.tenant, what.schema_)
        else:
            schema = fillable(what.schema_, "schema")
    except SchemaError as error:
        errors.append({"at": "schema", "pointer": error.pointer, "keyword": error.keyword, "message": str(error)})
    if schema is not None and what.profile is not None:
        problems = validation_problems(standard(schema.inlined), what.profile)
        errors += [
            {"at": "profile", "pointer": pointer, "keyword": None, "message": message}
            for pointer, message in problems.items()
        ]
    return Json({"valid": not errors, "hash": None if schema is None else schema.hash, "errors": errors})


def _document(schema: ProfileSchema) -> dict[str, Any]:
    is_built_in = schema.name in built_in_schemas()
    return {"name": schema.name, "hash": schema.hash, "built_in": is_built_in, "document": schema.document}
