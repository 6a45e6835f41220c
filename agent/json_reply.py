"""Takes the one JSON value out of a reply that may have prose or a code fence around it. Knows no schemas' meaning.

Strict: what is not exactly one value of the wanted kind is none, and the reason is told, so that it can be asked again.
"""

import json
import re
from typing import Any, NamedTuple

from agent.schema_rules import JsonSchema

__all__ = ["Found", "find_json"]

_FENCE = re.compile(r"```[\w-]*[ \t]*\n?(.*?)```", re.DOTALL)
_OPENING = re.compile(r"[\[{]")
_NOT_JSON = "the reply was not JSON: reply with JSON only"
_CUT_OFF = "the reply was cut off: be shorter"


class Found(NamedTuple):
    """A value and the text that it was read from, or what is wrong ("" when nothing is)."""

    value: Any
    text: str
    problem: str


def find_json(text: str, schema: JsonSchema) -> Found:
    """The value in ``text``: the whole of it, what its only code fence holds, or the only list or object in it.

    ``schema`` tells whether a list, of objects or of others, or an object is wanted. A value that breaks off is
    reported as cut off, whatever the server says of the end.
    """
    whole = text.strip()
    for candidate in (whole, *_fenced(whole)):
        try:
            return Found(_loads(candidate), candidate, "")
        except ValueError:
            continue
        except RecursionError:
            return Found(None, "", _NOT_JSON)
    return _within(whole, schema)


def _fenced(text: str) -> list[str]:
    blocks = [block.strip() for block in _FENCE.findall(text)]
    return blocks if len(blocks) == 1 else []


def _within(text: str, schema: JsonSchema) -> Found:
    """The only value of the wanted kind that stands in prose."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    found: list[Found] = []
    at = 0
    while opening := _OPENING.search(text, at):
        start = opening.start()
        try:
            value, at = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            if _is_cut(error, text, start):
                return Found(None, "", _CUT_OFF)
            at = start + 1
        except (ValueError, RecursionError):
            return Found(None, "", _NOT_JSON)
        else:
            if _is_wanted(value, schema):
                found.append(Found(value, text[start:at], ""))
    return found[0] if len(found) == 1 else Found(None, "", _NOT_JSON)


def _is_cut(error: json.JSONDecodeError, text: str, start: int) -> bool:
    """Whether a value that begins like JSON (not like the number of a snippet) goes on until the text ends."""
    begins = re.match(r"\[\s*[\[{\"]|\{\s*\"", text[start:])
    return begins is not None and (error.pos >= len(text) or error.msg.startswith("Unterminated string"))


def _is_wanted(value: Any, schema: JsonSchema) -> bool:
    """Whether a value is a list or an object, as ``schema`` says; "[1]", a snippet's number, is no list of objects."""
    kinds = schema.get("type", ["array", "object"])
    if isinstance(value, dict):
        return "object" in kinds
    objects = schema.get("items", {}).get("type") == "object"
    return "array" in kinds and (not objects or all(isinstance(each, dict) for each in value))


def _loads(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
