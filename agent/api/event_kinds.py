"""What the server-sent events of the model's work are, for the OpenAPI document. Knows documents, not how they come.

OpenAPI 3.1 has no words for the events of a stream: ``x-events`` names the schema of each kind.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from agent.meanwhile import BeingRead, Part

__all__ = ["OF_ANSWERS", "OF_EXPLANATIONS", "OF_JOBS", "OF_UPLOADS", "Kinds", "add_kinds", "stream"]

Kinds = Mapping[str, str | None]
"""The kinds of events, in the order in which they come, with the names of their documents; None: any JSON object."""

_TEMPLATE: Final = "#/components/schemas/{model}"
_EARLY: Final = {"progress": "JobDocument", "reading": "BeingRead", "part": "Part"}

OF_ANSWERS: Final[Kinds] = {**_EARLY, "done": "AnswerDocument", "problem": "ProblemDocument"}
OF_EXPLANATIONS: Final[Kinds] = {"progress": "JobDocument", "done": "Explanation", "problem": "ProblemDocument"}
OF_JOBS: Final[Kinds] = {**_EARLY, "done": None, "problem": "ProblemDocument"}
OF_UPLOADS: Final[Kinds] = {"progress": None, "done": "IngestDocument", "problem": "ProblemDocument"}


def stream(kinds: Kinds) -> dict[str, Any]:
    """How a stream with these kinds of events is described."""
    named = {
        kind: {"type": "object"} if name is None else {"$ref": _TEMPLATE.format(model=name)}
        for kind, name in kinds.items()
    }
    return {"schema": {"type": "string", "description": f"Events: {', '.join(kinds)}."}, "x-events": named}


def add_kinds(schemas: dict[str, Any]) -> None:
    """Add the documents that only events have."""
    for kind in (BeingRead, Part):
        made = TypeAdapter(kind).json_schema(mode="serialization", ref_template=_TEMPLATE)
        for name, part in made.pop("$defs", {}).items():
            schemas.setdefault(name, part)
        schemas[kind.__name__] = made
