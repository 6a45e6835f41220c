"""The OpenAPI document: what FastAPI finds out by itself, the problems that operations may answer with, and examples.

Knows routes, not what they do.
"""

from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from pydantic import TypeAdapter

from agent.api.documents import ProblemDocument
from agent.api.event_kinds import Kinds, add_kinds, stream
from agent.api.examples import add_examples
from agent.api.responses import Json

__all__ = ["document", "openapi", "returns", "router"]

router = APIRouter()

_ABOUT: Final = """\
User histories in, profiles and answers out; every statement comes with exact words of the history.

Documents are the same as those of the command line's `--json`. Errors are problem documents (RFC 9457), whose `type`
is an address that tells what the problem means. Ids in paths are percent-encoded, and may hold anything.
"""
_TAGS: Final = (
    ("users", "Who is in the store."),
    ("events", "Histories: upload, list, read."),
    ("search", "Evidence from a history."),
    ("answers", "Questions about a user."),
    ("profiles", "Profiles under a schema, in versions."),
    ("claims", "Why a value stands there, and what people say of it."),
    ("consents", "What a tenant allows, and what users allowed."),
    ("jobs", "What the language model is doing."),
    ("schemas", "What profiles look like."),
    ("erasures", "Forgetting and handing out what is known (GDPR, 个人信息保护法)."),
    ("operations", "For operators."),
)
_MEANINGS: Final = {
    400: "The request makes no sense as it is.",
    401: "No key, or one that is not good.",
    403: "The key is not good for this, or nothing may be told of this user for this purpose.",
    404: "It is not there.",
    409: "The work was cancelled, or the same request is being done.",
    413: "The request is too large.",
    415: "The body is of a kind that is not read.",
    422: "A value in the request is wrong.",
    429: "Too many requests, of this key or for the language model.",
    500: "The store is damaged, or limner has a defect.",
    502: "The language model said something else than it was asked for.",
    503: "The model or the store is busy or cannot be used, or the server ends.",
}
_OPEN: Final = frozenset({"/health", "/ready", "/v1/problems/{name}", "/v1/openapi.json"})


def returns(
    model: Any, status: int = 200, *, description: str = "", events: Kinds | None = None
) -> dict[int | str, dict[str, Any]]:
    """How a route that answers with this document is described; ``events``: or with server-sent events of these kinds,
    with the names of their documents."""
    content = {"text/event-stream": stream(events)} if events else {}
    said = description or (model.__doc__ or "").strip().partition("\n\n")[0].replace("\n    ", " ")
    return {status: {"model": model, "description": said, **({"content": content} if content else {})}}


@router.get("/v1/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """The OpenAPI document of this server."""
    return Json(request.app.openapi())


def document(app: FastAPI) -> dict[str, Any]:
    """The document; made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="limner",
            version="1",
            openapi_version="3.1.0",
            summary="Evidence-grounded profiles and answers from user histories",
            description=_ABOUT,
            routes=app.routes,
            tags=[{"name": name, "description": about} for name, about in _TAGS],
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
        _add_problems(made)
        _drop_nothing(made)
        add_examples(made, without_key=_OPEN)
        app.openapi_schema = made
    return app.openapi_schema


def _add_problems(made: dict[str, Any]) -> None:
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas["ProblemDocument"] = TypeAdapter(ProblemDocument).json_schema(ref_template="#/components/schemas/{model}")
    add_kinds(schemas)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, item in made["paths"].items():
        for operation in item.values():
            answers = operation["responses"]
            for status in _statuses(path, operation):
                answers[str(status)] = {
                    "description": _MEANINGS[status],
                    "content": {
                        "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
                    },
                }


def _drop_nothing(made: dict[str, Any]) -> None:
    """Where an answer is of another kind, FastAPI says that it may be any JSON as well."""
    for item in made["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {})
                if len(content) > 1 and content.get("application/json") == {"schema": {}}:
                    del content["application/json"]


def _statuses(path: str, operation: dict[str, Any]) -> list[int]:
    """Those of the problems that an operation may answer with."""
    found = {500} if path in _OPEN else {400, 401, 403, 429, 500, 503}
    if path == "/ready":
        found.add(503)
    if "{" in path:
        found.add(404)
    if "requestBody" in operation:
        found |= {404, 409, 413, 415, 422, 502}
    if operation.get("parameters"):
        found |= {404, 422}
    return sorted(found)
