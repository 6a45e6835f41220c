"""Puts examples into the OpenAPI document: of answers, of streams, of problems, of parameters.

By the names of documents and parameters; knows nothing of what the routes do.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from agent.api.cursors import cursor_of
from agent.api.example_documents import DOCUMENTS, METRICS, UPLOADING
from agent.api.problem_types import TYPES
from agent.api.problems import MEDIA_TYPE, Problem

__all__ = ["add_examples"]

_PARAMETERS: Final[Mapping[str, tuple[Any, ...]]] = {
    "user_id": ("u42", "张伟"),
    "event_id": ("e2",),
    "schema": ("person", "客户"),
    "name": ("mine", "客户"),
    "number": (1,),
    "job_id": ("JkVnXtN7Pz1I0sT3",),
    "q": ("u4", "张"),
    "limit": (100,),
    "after": (cursor_of("u42"),),
    "k": (10,),
    "explain": (True,),
    "user": ("u42", "张伟"),
    "map": (["text=body", "user_id=客户编号"],),
    "force": (False,),
    "since": ("2024-03-01", "2024-03-01T09:00:00Z"),
    "until": ("2024-05-31",),
    "channel": ("email", "微信"),
    "speaker": ("Anna", "张伟"),
    "role": ("user",),
    "order": ("newest",),
    "state": ("running",),
    "Limner-Purpose": ("support",),
    "Idempotency-Key": ("7f9c24e8-3b12-4d5f-9a51-6c0f4e2b8d10",),
    "If-None-Match": ('"5d41402abc4b2a76b9719d911017c592"',),
}
"""By name; a parameter that has its own where it is declared keeps them."""
_AT: Final[Mapping[str, Mapping[str, tuple[Any, ...]]]] = {
    "/v1/problems/{name}": {"name": ("unknown-user", "consent-missing")},
    "/v1/users/{user_id}/events": {"after": (cursor_of(1714608000.0, 7),)},
    **{
        path: {"after": (cursor_of("2024-03-02T09:00:00Z", 0),)}
        for path in (
            "/v1/users/{user_id}/profiles",
            "/v1/users/{user_id}/profiles/{schema}/versions",
            "/v1/users/{user_id}/corrections",
            "/v1/corrections",
            "/v1/jobs",
        )
    },
    **{path: {"after": (cursor_of(f"{7:020}", 0),)} for path in ("/v1/users/{user_id}/erasures", "/v1/erasures")},
}
"""By path and name, where the name means something else."""

_MORE: Final[Mapping[str, Mapping[str, Any]]] = {
    "invalid-request": {"errors": [{"at": ["query", "limit"], "message": "Input should be less than or equal to 500"}]},
    "schema-error": {"pointer": "/properties/city/x-compute", "keyword": "x-compute"},
    "profile-invalid": {"problems": {"/job": "the history does not tell it, and the schema requires it"}},
}
"""What problems of some types have besides."""
_OF_BODIES: Final = frozenset({"schema-error", "profile-invalid", "other-request"})
_OF_USERS: Final = frozenset({"unknown-user", "consent-missing"})
_OF_ALL: Final = frozenset({"not-found", "invalid-request", "internal-error"})
_OF_READINESS: Final = frozenset({"store-error", "store-busy", "backend-unavailable", "shutting-down"})


def add_examples(made: dict[str, Any], *, without_key: frozenset[str]) -> None:
    """Add to a document what its answers and parameters look like; ``without_key``: the paths that need no key."""
    made["components"]["examples"] = _problems()
    for path, item in made["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                found = _AT.get(path, {}).get(parameter["name"]) or _PARAMETERS.get(parameter["name"])
                if found:
                    parameter["schema"].setdefault("examples", list(found))
            for status, answer in operation["responses"].items():
                for media_type, content in answer.get("content", {}).items():
                    if media_type == MEDIA_TYPE:
                        content["examples"] = _of_status(int(status), path, operation, path in without_key)
                    else:
                        content |= _of_answer(status, media_type, content)


def _of_answer(status: str, media_type: str, content: Mapping[str, Any]) -> dict[str, Any]:
    if "x-events" in content:
        return {"example": _stream(content["x-events"])}
    if media_type == "text/plain":
        return {"example": METRICS}
    named = _documents(content.get("schema", {}), status)
    return {"examples": {name: {"value": value} for name, value in named.items()}} if named else {}


def _documents(schema: Mapping[str, Any], come_with: str) -> Mapping[str, Any]:
    """The examples of a document, which comes with a status or as a kind of event."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return DOCUMENTS.get(f"{name} {come_with}") or DOCUMENTS.get(name, {})


def _stream(kinds: Mapping[str, Mapping[str, Any]]) -> str:
    """A stream that comes to its end: an event of each kind, but for problems."""
    told = []
    for kind, schema in kinds.items():
        if kind != "problem":
            other = UPLOADING if kind == "progress" else DOCUMENTS["AnswerDocument"]["answered"]
            document = next(iter(_documents(schema, kind).values()), other)
            told.append(f"event: {kind}\ndata: {json.dumps(document, ensure_ascii=False)}\n\n")
    return "".join(told)


def _problems() -> dict[str, Any]:
    """An example of each type of problem with each of its statuses."""
    return {
        f"{name}-{status}": {
            "summary": kind.meaning,
            "value": Problem(status, name, kind.meaning, hint=kind.remedy, **_MORE.get(name, {})).document(),
        }
        for name, kind in TYPES.items()
        for status in kind.statuses
    }


def _of_status(status: int, path: str, operation: Mapping[str, Any], is_open: bool) -> dict[str, Any]:
    """The problems with a status that an operation may answer with."""
    found = {name for name, kind in TYPES.items() if status in kind.statuses}
    if "requestBody" not in operation:
        found -= _OF_BODIES
    if "{user_id}" not in path:
        found -= _OF_USERS
    if is_open:
        found &= _OF_READINESS if path == "/ready" and status != 500 else _OF_ALL
    return {name: {"$ref": f"#/components/examples/{name}-{status}"} for name in TYPES if name in found}
