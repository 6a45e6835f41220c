"""Which JSON Schemas limner can fill: finds what it cannot, and inlines references.

Knows the keywords of draft 2020-12 (https://json-schema.org/draft/2020-12), nothing of models or evidence.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from agent.errors import SchemaError, shorten
from agent.schema_bounds import check_pattern

__all__ = [
    "KEYWORDS",
    "JsonSchema",
    "attribute_of",
    "check_required",
    "escape_pointer",
    "inline",
    "resolve_pointer",
    "standard",
    "unescape_pointer",
]

JsonSchema = dict[str, Any]

_ANNOTATIONS = {
    "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples",
    "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "$anchor", "$vocabulary",
}  # fmt: skip
_FILLED = {
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems", "maxItems",
    "uniqueItems", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "$ref", "anyOf", "oneOf", "allOf",
}  # fmt: skip
_REFUSED = {
    "not", "if", "then", "else", "dependentSchemas", "dependentRequired", "patternProperties", "propertyNames",
    "unevaluatedProperties", "unevaluatedItems", "prefixItems", "contains", "minContains", "maxContains",
    "minProperties", "maxProperties", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "contentSchema",
    "additionalItems",
}  # fmt: skip
KEYWORDS = frozenset(_ANNOTATIONS | _FILLED | _REFUSED)
"""Those of draft 2020-12 and of the drafts before it."""

_TYPES = {"string", "integer", "number", "boolean", "object", "array", "null"}
# Look-around, back references and the like have no equivalent in a decoding grammar.
_IRREGULAR = re.compile(r"\(\?[=!<]|\(\?P?[=<]|\\[1-9]|\\b|\\B|\\p|\\P")


def escape_pointer(key: str) -> str:
    """One reference token of a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape_pointer(token: str) -> str:
    """The key that a reference token of a JSON Pointer means."""
    return token.replace("~1", "/").replace("~0", "~")


def attribute_of(document: Any, pointer: str) -> str:
    """The pointer of the attribute that ``pointer`` leads to: without what is inside of a list or a plain value."""
    node, attribute = document, ""
    for token in pointer.split("/")[1:]:
        if not isinstance(node, dict):
            break
        attribute += f"/{token}"
        node = node.get(unescape_pointer(token))
    return attribute


def resolve_pointer(document: Any, pointer: str) -> Any:
    """The value at an RFC 6901 pointer.

    Raises:
        KeyError: there is nothing at ``pointer``.
    """
    node = document
    for token in pointer.split("/")[1:]:
        key = unescape_pointer(token)
        try:
            node = node[int(key)] if isinstance(node, list) else node[key]
        except (TypeError, ValueError, IndexError, KeyError):
            raise KeyError(pointer) from None
    return node


def _refuse(keyword: str, pointer: str, why: str, hint: str) -> SchemaError:
    where = f"{pointer}/{escape_pointer(keyword)}"
    return SchemaError(f"schema: {keyword!r} at {where!r} {why}", pointer=where, keyword=keyword, hint=hint)


def inline(root: Mapping[str, Any]) -> JsonSchema:
    """``root`` with every local ``$ref`` and single ``allOf`` replaced by what it means.

    Nullable unions (``anyOf: [X, {"type": "null"}]``) become ``{..., "nullable": true}``; a union of several non-null
    branches stays ``anyOf`` and may hold scalars only.

    Raises:
        SchemaError: a keyword that cannot be filled, an unknown or remote reference, or a recursive one.
    """
    return _inline(dict(root), "", root, ())


def _inline(node: Any, pointer: str, root: Mapping[str, Any], open_refs: tuple[str, ...]) -> JsonSchema:
    if node is True:
        return {}
    if not isinstance(node, Mapping):
        raise SchemaError(
            f"schema: {shorten(node)} at {pointer!r} is not a schema that a value can satisfy",
            pointer=pointer,
            hint='Use an object such as {"type": "string"}',
        )
    for keyword in node:
        if keyword in _REFUSED:
            raise _refuse(
                keyword, pointer, "is not supported", "Describe the value with type, properties, items and bounds"
            )
    if "$ref" in node:
        return _follow(node, pointer, root, open_refs)
    result = {k: v for k, v in node.items() if k not in ("$defs", "definitions", "$schema", "$id")}
    if "allOf" in result:
        result = _merge_all(result, pointer, root, open_refs)
    for keyword in ("anyOf", "oneOf"):
        if keyword in result:
            result = _union(result, keyword, pointer, root, open_refs)
    _check_leaf(result, pointer)
    if "properties" in result:
        result["properties"] = {
            name: _inline(child, f"{pointer}/properties/{escape_pointer(name)}", root, open_refs)
            for name, child in result["properties"].items()
        }
    if "items" in result:
        result["items"] = _inline(result["items"], f"{pointer}/items", root, open_refs)
    return _mark_nullable(result)


def _follow(node: Mapping[str, Any], pointer: str, root: Mapping[str, Any], open_refs: tuple[str, ...]) -> JsonSchema:
    target = node["$ref"]
    if not isinstance(target, str) or not target.startswith("#"):
        raise _refuse(
            "$ref", pointer, f"points outside of the schema ({shorten(target)})", "Copy the definition into $defs"
        )
    where = unquote(target[1:])  # a URI fragment: RFC 6901, section 6
    if where in open_refs or pointer == where or pointer.startswith(f"{where}/"):
        raise _refuse(
            "$ref", pointer, f"is recursive ({target!r})", "A profile has a fixed depth: unroll the levels you need"
        )
    try:
        found = resolve_pointer(root, where)
    except KeyError:
        raise _refuse("$ref", pointer, f"points to nothing ({target!r})", "Define it under $defs") from None
    merged = {**found, **{k: v for k, v in node.items() if k != "$ref"}} if isinstance(found, Mapping) else found
    return _inline(merged, pointer, root, (*open_refs, where))


def _merge_all(node: JsonSchema, pointer: str, root: Mapping[str, Any], open_refs: tuple[str, ...]) -> JsonSchema:
    merged: JsonSchema = {}
    for i, part in enumerate(node["allOf"]):
        branch = _inline(part, f"{pointer}/allOf/{i}", root, open_refs)
        clash = [k for k in branch if k in merged and merged[k] != branch[k] and k not in ("properties", "required")]
        if clash:
            raise _refuse(
                "allOf", pointer, f"has branches that disagree on {clash[0]!r}", "Write the combined schema out"
            )
        merged = {
            **merged,
            **branch,
            **({"properties": merged.get("properties", {}) | branch["properties"]} if "properties" in branch else {}),
            **({"required": [*merged.get("required", []), *branch["required"]]} if "required" in branch else {}),
        }
    return merged | {k: v for k, v in node.items() if k != "allOf"}


def _union(
    node: JsonSchema, keyword: str, pointer: str, root: Mapping[str, Any], open_refs: tuple[str, ...]
) -> JsonSchema:
    branches = [_inline(part, f"{pointer}/{keyword}/{i}", root, open_refs) for i, part in enumerate(node[keyword])]
    real = [b for b in branches if b.get("type") != "null" and b.get("const", ...) is not None]
    rest = {k: v for k, v in node.items() if k != keyword}
    nullable = len(real) < len(branches) or any(b.get("nullable") for b in real)
    if len(real) == 1:
        merged = {**real[0], **rest}
    elif real and all(_is_scalar(b) for b in real):
        merged = {**rest, "anyOf": real}
    else:
        raise _refuse(
            keyword, pointer, "joins several objects or lists", "Choose one of the branches, or give each a property"
        )
    return merged | ({"nullable": True} if nullable else {})


def _is_scalar(node: JsonSchema) -> bool:
    kinds = node.get("type", "string")
    return not ({"object", "array"} & set(kinds if isinstance(kinds, list) else [kinds])) and "properties" not in node


def _check_leaf(node: JsonSchema, pointer: str) -> None:
    kinds = node.get("type")
    for kind in kinds if isinstance(kinds, list) else [kinds] if kinds is not None else []:
        if kind not in _TYPES:
            raise _refuse("type", pointer, f"is {shorten(kind)}", f"Use one of {', '.join(sorted(_TYPES))}")
    if isinstance(kinds, list) and len({*kinds} - {"null"}) > 1 and not {"object", "array"}.isdisjoint(kinds):
        raise _refuse("type", pointer, "joins objects or lists with others", "Choose one, or give each a property")
    if isinstance(node.get("enum"), list) and all(value is None for value in node["enum"]):
        raise _refuse("enum", pointer, "allows no value", "Name at least one value other than null")
    pattern = node.get("pattern")
    if isinstance(pattern, str):
        check_pattern(pattern, pointer)
        try:
            re.compile(pattern)
        except re.error as error:
            raise _refuse("pattern", pointer, f"is no regular expression ({error})", "Correct it") from error
        if _IRREGULAR.search(pattern):
            raise _refuse(
                "pattern", pointer, f"uses look-around or back references ({shorten(pattern)})", "Use a plain pattern"
            )
    if isinstance(node.get("additionalProperties"), Mapping) and not node.get("properties"):
        raise _refuse(
            "additionalProperties",
            pointer,
            "leaves the keys open",
            "Name the keys under properties, or use a list of objects",
        )


def _mark_nullable(node: JsonSchema) -> JsonSchema:
    """Move every way to say "or null" into the one key ``nullable``."""
    kinds = node.get("type")
    if isinstance(kinds, list):
        rest = [k for k in kinds if k != "null"]
        node = {**node, "type": rest[0] if len(rest) == 1 else rest or "null"}
        node |= {"nullable": True} if "null" in kinds else {}
    if isinstance(node.get("enum"), list) and None in node["enum"]:
        node = {**node, "enum": [v for v in node["enum"] if v is not None], "nullable": True}
    if "type" not in node:
        if "properties" in node:
            node = {**node, "type": "object"}
        elif "items" in node:
            node = {**node, "type": "array"}
    if node.get("type") == "null":
        node = {**node, "nullable": True}
    return node


def check_required(node: JsonSchema, pointer: str = "") -> None:
    """Raises SchemaError where an inlined schema requires what it does not describe: no profile satisfies it."""
    named = node.get("properties", {})
    lacking = [name for name in node.get("required", ()) if name not in named] if named else []
    if lacking:
        hint = f"Correct it, or describe it there; described are {', '.join(named)}"
        raise _refuse("required", pointer, f"names {shorten(lacking[0])}, which properties lacks", hint)
    for name, child in named.items():
        check_required(child, f"{pointer}/properties/{escape_pointer(name)}")
    if "items" in node:
        check_required(node["items"], f"{pointer}/items")


def standard(node: JsonSchema) -> JsonSchema:
    """An inlined schema with ``nullable`` written the standard way, for validators."""
    result = {k: v for k, v in node.items() if k != "nullable"}
    if "properties" in result:
        result["properties"] = {
            name: {"anyOf": [standard(child), {"type": "null"}]} if child.get("nullable") else standard(child)
            for name, child in result["properties"].items()
        }
    if "items" in result:
        result["items"] = standard(result["items"])
    return result
