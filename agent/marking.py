"""Tells which attributes of a schema are sensitive: those that it marks (``x-sensitive``), and those that sound so.

Knows JSON Schema and words, nothing of policies.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from agent.errors import SchemaError, shorten
from agent.schema_rules import JsonSchema
from agent.sensitive import asked_about
from retrieval.policies import CATEGORIES

__all__ = ["Mark", "mark_in", "sounds_like"]

Mark = tuple[str, ...] | None
"""The categories that a schema marks an attribute with, none for one that is not sensitive; None: it does not say."""

_KEYWORD = "x-sensitive"


def mark_in(node: JsonSchema, pointer: str) -> Mark:
    """What ``x-sensitive`` says of an attribute, or of the entries of a list.

    Raises:
        SchemaError: it names no category.
    """
    holders = [(node, pointer), (node.get("items"), f"{pointer}/items")]
    for holder, where in holders:
        if isinstance(holder, dict) and _KEYWORD in holder:
            return _categories(holder[_KEYWORD], f"{where}/{_KEYWORD}")
    return None


def sounds_like(node: JsonSchema, label: str) -> tuple[str, ...]:
    """The categories that an attribute is about by its name, its descriptions in all languages, and what it may be."""
    return asked_about(" | ".join([label, *_words(node)]))


def _categories(given: Any, pointer: str) -> tuple[str, ...]:
    if given is False:
        return ()
    named = [given] if isinstance(given, str) else given
    if not isinstance(named, list) or not named or any(each not in CATEGORIES for each in named):
        raise SchemaError(
            f"schema: {_KEYWORD!r} at {pointer!r} is {shorten(given)}",
            pointer=pointer,
            keyword=_KEYWORD,
            hint=f"Use one or several of {', '.join(CATEGORIES)}; or false, where the attribute is not sensitive",
        )
    return tuple(each for each in CATEGORIES if each in named)


def _words(node: JsonSchema) -> Iterator[str]:
    """What a schema says in words, and the values that it lists."""
    for name in ("title", "description", "x-description-en", "x-description-zh"):
        if isinstance(node.get(name), str):
            yield node[name]
    listed: Sequence[Any] = node.get("enum") or ()
    yield from (each for each in listed if isinstance(each, str))
    for name, child in node.get("properties", {}).items():
        yield name
        yield from _words(child)
    if isinstance(node.get("items"), dict):
        yield from _words(node["items"])
