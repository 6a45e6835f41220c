"""Checks what is given to a tool against the tool's JSON Schema, and says what is wrong so that it can be mended.

Knows nothing of tools or protocols.
"""

from collections.abc import Mapping
from typing import Any

from agent.errors import UsageError, shorten
from agent.schema_rules import JsonSchema

__all__ = ["check_arguments"]


def check_arguments(tool: str, schema: JsonSchema, given: Mapping[str, Any]) -> None:
    """Make sure that ``given`` is what the tool takes.

    Raises:
        UsageError: it is not; long texts are not repeated in the message.
    """
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(schema).iter_errors(given):
        names = ", ".join(schema["properties"]) or "no arguments"
        raise UsageError(f"{tool}: {_problem(error)}", hint=f"It takes {names}")


def _problem(error: Any) -> str:
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"the argument {missing!r} is missing"
    if error.validator == "additionalProperties":
        unknown = next(name for name in error.instance if name not in error.schema["properties"])
        return f"there is no argument {shorten(unknown)}"
    name = error.absolute_path[0] if error.absolute_path else "arguments"
    is_long = isinstance(error.instance, str) and error.validator not in ("enum", "type")
    value = f"has {len(error.instance)} characters, which" if is_long else f"is {shorten(error.instance)}, which"
    return f"the argument {name!r} {value} does not satisfy {error.validator}: {shorten(error.validator_value, 60)}"
