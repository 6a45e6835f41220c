"""Loads a profile schema: built in, from a file, a mapping or a Pydantic model; and validates profiles against it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from agent.errors import SchemaError, shorten
from agent.schema_bounds import check_bounds, errors_in
from agent.schema_rules import JsonSchema, check_required, escape_pointer, inline

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["ProfileSchema", "SchemaSource", "built_in_schemas", "load_schema", "validation_problems"]

SchemaSource: TypeAlias = "str | Path | Mapping[str, Any] | type[BaseModel] | ProfileSchema"


@dataclass(frozen=True, slots=True)
class ProfileSchema:
    """A JSON Schema (draft 2020-12) that limner can fill.

    ``document`` is the user's schema unchanged, ``inlined`` the same without references, ``hash`` the first 12 hex
    digits of SHA-256 over its canonical JSON.
    """

    name: str
    hash: str
    document: JsonSchema
    inlined: JsonSchema


def built_in_schemas() -> list[str]:
    """The names of the schemas that come with limner."""
    folder = files("agent") / "schemas"
    return sorted(item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json"))


def load_schema(source: "SchemaSource") -> ProfileSchema:
    """Read and check a schema.

    Args:
        source: the name of a built-in schema, a path to a JSON file, a mapping, or a Pydantic model class.

    Raises:
        SchemaError: no such schema, not JSON, not a JSON Schema, its root is no object, or it uses a keyword that
            limner cannot fill; the message names the keyword and its pointer.
    """
    if isinstance(source, ProfileSchema):
        return source
    name, document = _read(source)
    _check_is_schema(name, document)
    inlined = inline(document)
    if inlined.get("type") != "object" or not inlined.get("properties"):
        raise SchemaError(
            f"schema {name!r}: its root is not an object with properties (type is {shorten(inlined.get('type'))})",
            pointer="/type",
            keyword="type",
            hint='Put the attributes under "properties" of a root with "type": "object"',
        )
    check_required(inlined)
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return ProfileSchema(name, hashlib.sha256(canonical.encode()).hexdigest()[:12], document, inlined)


def _read(source: "str | Path | Mapping[str, Any] | type[BaseModel]") -> tuple[str, Any]:
    if isinstance(source, Mapping):
        return str(source.get("title") or "schema"), dict(source)
    if isinstance(source, type):
        return source.__name__, source.model_json_schema()
    if isinstance(source, str) and source in built_in_schemas():
        resource = files("agent") / "schemas" / f"{source}.json"
        return source, json.loads(resource.read_text(encoding="utf-8"))
    path = Path(source)
    hint = f"Give a JSON Schema file, or one of the built-in schemas: {', '.join(built_in_schemas())}"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, PermissionError, OSError) as error:
        raise SchemaError(f"schema {shorten(str(source))}: {error.strerror or error}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise SchemaError(f"schema {shorten(str(path))}: not UTF-8 text (byte {error.start})", hint=hint) from error
    try:
        return path.stem, json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = (
            f"line {error.lineno}, column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else "nested too deep"
        )
        raise SchemaError(f"schema {shorten(str(path))}: not JSON ({where})", hint=hint) from error


def _check_is_schema(name: str, document: Any) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError as NotASchema

    if not isinstance(document, dict):
        raise SchemaError(f"schema {name!r}: a {type(document).__name__}, not a JSON object", hint="Give a JSON Schema")
    check_bounds(name, document)
    declared = document.get("$schema", "https://json-schema.org/draft/2020-12/schema")
    if not isinstance(declared, str) or (
        "2020-12" not in declared and "draft-07" not in declared and "2019-09" not in declared
    ):
        raise SchemaError(
            f"schema {name!r}: $schema is {shorten(declared)}",
            pointer="/$schema",
            keyword="$schema",
            hint="Use draft 2020-12",
        )
    try:
        Draft202012Validator.check_schema(document)
    except NotASchema as error:
        pointer = "".join(f"/{escape_pointer(str(p))}" for p in error.absolute_path)
        keyword = str(error.absolute_path[-1]) if error.absolute_path else None
        raise SchemaError(
            f"schema {name!r}: not valid JSON Schema at {pointer!r}: {shorten(error.message, 160)}",
            pointer=pointer,
            keyword=keyword,
            hint="See https://json-schema.org/draft/2020-12",
        ) from error


def validation_problems(document: JsonSchema, value: Any) -> dict[str, str]:
    """What is wrong with ``value`` under the JSON Schema ``document``, by JSON Pointer; empty when it is valid.

    Formats (``date``, ``email``, …) are checked too. Messages do not contain the value.
    """
    problems: dict[str, str] = {}
    for error in errors_in(document, value, formats=True):
        pointer = "".join(f"/{escape_pointer(str(p))}" for p in error.absolute_path)
        rule = shorten(error.validator_value, 60)
        if error.validator == "required" and isinstance(error.instance, dict):
            wanted: Any = error.validator_value
            missing = [k for k in wanted if k not in error.instance]
            problems.update({f"{pointer}/{escape_pointer(k)}": "required but unknown" for k in missing})
        else:
            problems[pointer] = f"does not satisfy {error.validator}: {rule}"
    return problems
