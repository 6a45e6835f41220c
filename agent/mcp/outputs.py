"""The JSON Schemas of the documents that tools return: the CLI's documents. Knows their types, nothing of tools."""

from functools import cache
from typing import Any

from agent.schema_rules import JsonSchema

__all__ = ["answer", "any_object", "correction", "explanation", "ingestion", "profile", "search", "users"]

_TEXT_OR_NULL: JsonSchema = {"type": ["string", "null"]}


def _object(**properties: JsonSchema) -> JsonSchema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def users() -> JsonSchema:
    """Of ``list_users``: ``total`` counts all that fit, ``next`` is where the next page begins."""
    user = _object(
        user_id={"type": "string"},
        events={"type": "integer"},
        snippets={"type": "integer"},
        first=_TEXT_OR_NULL,
        last=_TEXT_OR_NULL,
        languages={"type": "object", "additionalProperties": {"type": "integer"}},
    )
    return _object(users={"type": "array", "items": user}, total={"type": "integer"}, next=_TEXT_OR_NULL)


def search() -> JsonSchema:
    """Of ``search_history``."""
    hit = _object(
        rank={"type": "integer"},
        score={"type": "number"},
        text={"type": "string"},
        event_id={"type": "string"},
        snippet_id={"type": "string"},
        start={"type": "integer"},
        end={"type": "integer"},
        timestamp=_TEXT_OR_NULL,
        speaker=_TEXT_OR_NULL,
        channel=_TEXT_OR_NULL,
    )
    return _object(user_id={"type": "string"}, query={"type": "string"}, hits={"type": "array", "items": hit})


def answer() -> JsonSchema:
    """Of ``ask_user``."""
    from agent.documents import AnswerDocument

    return _schema_of(AnswerDocument)


def profile() -> JsonSchema:
    """Of ``get_profile``."""
    from agent.documents import ProfileDocument

    return _schema_of(ProfileDocument)


def explanation() -> JsonSchema:
    """Of ``explain_claim``."""
    from agent.explanations import Explanation

    return _schema_of(Explanation)


def correction() -> JsonSchema:
    """Of ``correct_claim``."""
    from agent.corrections import Correction

    return _schema_of(Correction)


def ingestion() -> JsonSchema:
    """Of ``add_event``."""
    counts = ("read", "added", "updated", "unchanged", "repeated", "forgotten", "snippets", "bad_count")
    return _object(**{name: {"type": "integer"} for name in counts})


def any_object() -> JsonSchema:
    """Of what has several forms."""
    return {"type": "object"}


@cache
def _schema_of(document: type) -> JsonSchema:
    from pydantic import TypeAdapter

    schema: JsonSchema = _without_titles(TypeAdapter(document).json_schema(mode="serialization"))
    return schema


def _without_titles(node: Any) -> Any:
    """The same schema without what pydantic adds for people: each name a second time."""
    if isinstance(node, list):
        return [_without_titles(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {name: each for name, each in node.items() if not (name == "title" and isinstance(each, str))}
    return {name: _without_titles(each) for name, each in kept.items()}
