"""Plans a profile: from a schema to the facets that are asked for one by one, each with its search queries.

Knows JSON Schema and words, nothing of stores or models.

Five annotations are limner's own; every other consumer of the schema ignores them: ``x-description-<language>`` (what
the model is told when the history is in that language), ``x-queries`` (more search phrases), ``x-compute`` (the value
is computed from the events; the model is never asked), ``x-from-claims`` (a text is written from the verified values of
the other attributes, not from snippets) and ``x-sensitive`` (see ``marking``).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from agent.computable import COMPUTED, Rule, asks_for_more, rule_for
from agent.errors import SchemaError
from agent.marking import Mark, mark_in, sounds_like
from agent.schema import ProfileSchema
from agent.schema_rules import JsonSchema, escape_pointer
from agent.wishes import asks_for_wishes
from prompts import Language

__all__ = ["Facet", "Kind", "draft_schema", "example_of", "plan_facets"]

Kind = Literal["value", "list", "choice", "text"]
"""One short value; a list of them; one of an enum or a boolean; one or two sentences about the user."""

_VALUE_CHARS = 60
_TEXT_CHARS = 240
_LONG_TEXT = 150  # a string that may be this long is prose about the user, not a value quoted from the history
_LIST_ITEMS = 8
_COMPUTED_ITEMS = 100
_VERSIONS = 3  # how many values over time are asked for where the schema holds one


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing to find out: a leaf of the schema, or a list.

    ``path`` are the keys from the root, ``item`` is the inlined schema of one value (never null), ``least`` and
    ``most`` how many values the profile can hold. ``compute``: code computes it; ``by_name``: not because the schema
    says so (``x-compute``) but because it is called so, and where the events do not tell it, the model is asked;
    ``is_more``: the model is asked in any case, since more is asked for than events tell. ``sensitive``: the categories
    of sensitive data that it is about; ``marked``: the schema says so itself.
    """

    path: tuple[str, ...]
    kind: Kind
    item: JsonSchema
    label: str
    description: str
    queries: tuple[str, ...]
    most: int
    least: int = 0
    compute: Rule | None = None
    by_name: bool = False
    is_more: bool = False
    from_claims: bool = False
    sensitive: tuple[str, ...] = ()
    marked: bool = False

    @property
    def words(self) -> str:
        """What it is called and what is asked for."""
        return f"{self.label} {self.description}"

    @property
    def lists_wishes(self) -> bool:
        """Whether it is a list of whatever the user wants."""
        return self.kind == "list" and asks_for_wishes(self.label)

    @property
    def pointer(self) -> str:
        """Where the value stands in the profile (RFC 6901)."""
        return "".join(f"/{escape_pointer(key)}" for key in self.path)


def plan_facets(schema: ProfileSchema, language: Language) -> list[Facet]:
    """The facets of a schema, in its order; descriptions and queries for a history in ``language``.

    Raises:
        SchemaError: ``x-compute`` names something that limner does not compute, ``x-sensitive`` no category, or another
            annotation is none.
    """
    return list(_walk(schema.inlined, (), language, ""))


def _walk(
    node: JsonSchema, path: tuple[str, ...], language: Language, pointer: str, above: Mark = None
) -> Iterator[Facet]:
    for name, child in node.get("properties", {}).items():
        where = f"{pointer}/properties/{escape_pointer(name)}"
        own = mark_in(child, where)
        mark = above if own is None else own
        if child.get("type") == "object" and child.get("properties"):
            yield from _walk(child, (*path, name), language, where, mark)
        else:
            yield _facet(child, (*path, name), language, where, mark)


def _facet(node: JsonSchema, path: tuple[str, ...], language: Language, pointer: str, mark: Mark) -> Facet:
    many = node.get("type") == "array"
    item = node.get("items", {}) if many else node
    compute = node.get("x-compute")
    if compute is not None and compute not in COMPUTED:
        raise SchemaError(
            f"schema: 'x-compute' at {pointer + '/x-compute'!r} is {compute!r}",
            pointer=f"{pointer}/x-compute",
            keyword="x-compute",
            hint=f"Use one of {', '.join(COMPUTED)}",
        )
    label = " ".join(_words(key) for key in path)
    description = str(node.get(f"x-description-{language}") or node.get("description") or node.get("title") or "")
    kind = _kind(item, many)
    from_claims = node.get("x-from-claims", False)
    if from_claims is not False and (from_claims is not True or kind != "text"):
        raise SchemaError(
            f"schema: 'x-from-claims' at {pointer + '/x-from-claims'!r} is {from_claims!r} for a {kind}",
            pointer=f"{pointer}/x-from-claims",
            keyword="x-from-claims",
            hint=f"It is true or false, and only for texts: strings with a maxLength of {_LONG_TEXT} or more",
        )
    extra = _queries(node, f"x-queries-{language}", pointer) or _queries(node, "x-queries", pointer)
    by_name = compute is None and not from_claims
    if by_name:
        compute = rule_for(label, description, node)
    limit = _LIST_ITEMS if compute is None else _COMPUTED_ITEMS
    queries = dict.fromkeys([*extra, f"{label}: {description}" if description else label])
    return Facet(
        path=path,
        kind=kind,
        item=item,
        label=label,
        description=description,
        queries=tuple(queries),
        most=min(node.get("maxItems", limit), limit) if many else 1,
        least=node.get("minItems", 0) if many else 0,
        compute=compute,
        by_name=by_name and compute is not None,
        is_more=by_name and compute is not None and asks_for_more(description),
        from_claims=from_claims,
        sensitive=mark if mark is not None else () if from_claims else sounds_like(node, label),
        marked=bool(mark),
    )


def _queries(node: JsonSchema, keyword: str, pointer: str) -> list[str]:
    value = node.get(keyword) or []
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise SchemaError(
        f"schema: {keyword!r} at {f'{pointer}/{keyword}'!r} is no list of texts",
        pointer=f"{pointer}/{keyword}",
        keyword=keyword,
        hint='Write it like ["city, country", "where the user lives"]',
    )


def _words(key: str) -> str:
    """``favorite_foods`` and ``favoriteFoods`` as words."""
    spaced = "".join(f" {c.lower()}" if c.isupper() and i and key[i - 1].islower() else c for i, c in enumerate(key))
    return spaced.replace("_", " ").replace("-", " ").strip() or key


def _kind(item: JsonSchema, many: bool) -> Kind:
    if many:
        return "list"
    if "enum" in item or "const" in item or item.get("type") == "boolean":
        return "choice"
    if item.get("type", "string") == "string" and item.get("maxLength", 0) >= _LONG_TEXT:
        return "text"
    return "value"


def draft_schema(facet: Facet, evidence_ids: list[int]) -> JsonSchema:
    """The JSON Schema of a reply about ``facet``: evidence first (an enum of what is shown), then value or null."""
    cited: JsonSchema = {"enum": evidence_ids}
    if facet.kind in ("choice", "text"):
        most = 4 if facet.kind == "text" else 2
        return _entry({"type": "array", "items": cited, "minItems": 0, "maxItems": min(most, len(evidence_ids))}, facet)
    entries = facet.most if facet.kind == "list" else min(_VERSIONS, len(evidence_ids))
    return {"type": "array", "items": _entry(cited, facet), "minItems": 0, "maxItems": max(entries, 1)}


def _entry(evidence: JsonSchema, facet: Facet) -> JsonSchema:
    return {
        "type": "object",
        "properties": {"evidence": evidence, "value": _or_null(_drafted(facet.item, facet.kind))},
        "required": ["evidence", "value"],
        "additionalProperties": False,
    }


def _or_null(schema: JsonSchema) -> JsonSchema:
    return {"anyOf": [schema, {"type": "null"}]}


def _drafted(node: JsonSchema, kind: Kind) -> JsonSchema:
    """What decoding is constrained to: the bounds of ``node``, without prose, with a length for every string."""
    if "anyOf" in node:
        return {"anyOf": [_drafted(branch, kind) for branch in node["anyOf"]]}
    if "enum" in node or "const" in node:
        return {"enum": node["enum"] if "enum" in node else [node["const"]]}
    kept = (
        "type",
        "pattern",
        "format",
        "minLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minItems",
    )
    result: dict[str, Any] = {key: node[key] for key in kept if key in node}
    result.setdefault("type", "string")
    if result["type"] == "object":
        properties = node.get("properties", {})
        required = set(node.get("required", []))
        result["properties"] = {
            name: _drafted(child, kind)
            if name in required and not child.get("nullable")
            else _or_null(_drafted(child, kind))
            for name, child in properties.items()
        }
        result |= {"required": list(properties), "additionalProperties": False}
    elif result["type"] == "array":
        result |= {
            "items": _drafted(node.get("items", {}), kind),
            "maxItems": min(node.get("maxItems", 4), _LIST_ITEMS),
        }
    elif result["type"] == "string":
        if result.get("format") not in ("date", "date-time", "time", "email"):
            result.pop("format", None)
        limit = _TEXT_CHARS if kind == "text" else _VALUE_CHARS
        if "pattern" not in result:  # the two together make grammars explode; the bound is checked after
            result["minLength"] = max(1, node.get("minLength", 1))
            result["maxLength"] = max(result["minLength"], min(limit, node.get("maxLength", limit)))
    return result


def example_of(facet: Facet) -> str:
    """A JSON text with the shape of one value, to show in the prompt; no real value that could leak."""
    return _shape(_drafted(facet.item, facet.kind))


def _shape(node: JsonSchema) -> str:
    if "anyOf" in node:
        return _shape(node["anyOf"][0])
    if "enum" in node:
        return json.dumps(node["enum"][0], ensure_ascii=False)
    kind = node["type"][0] if isinstance(node["type"], list) else node["type"]
    if kind == "object":
        return (
            "{"
            + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_shape(v)}" for k, v in node["properties"].items())
            + "}"
        )
    if kind == "array":
        return f"[{_shape(node['items'])}]"
    return '"..."' if kind == "string" else "..."
