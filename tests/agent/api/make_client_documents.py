"""Writes the types of the client's documents from the OpenAPI document.

`python -m tests.agent.api.make_client_documents` does it, whenever the documents of the API change.
A test compares what is written with what lies in ``agent/client/documents.py``.
"""

import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

__all__ = ["PLACE", "documents_of"]

PLACE: Final = Path(__file__).parents[3] / "agent" / "client" / "documents.py"

_HEAD: Final = '''\
"""The documents of the HTTP API as types, plain dicts at run time; what a newer server sends besides is kept.

Written by ``tests/agent/api/make_client_documents.py`` from the OpenAPI document.
"""

from typing import Any, Literal, NotRequired, TypedDict
'''
_WIDTH: Final = 120
_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def documents_of(openapi: Mapping[str, Any]) -> str:
    """The text of the module: a ``TypedDict`` for each document that an answer or an event holds."""
    schemas = openapi["components"]["schemas"]
    wanted: dict[str, None] = {}
    for item in openapi["paths"].values():
        for operation in item.values():
            for name in _named(operation["responses"]):
                _reach(name, schemas, wanted)
    exports = "".join(f'    "{each}",\n' for each in sorted(map(_public, wanted)))
    classes = [_class(each, schemas[each]) for each in wanted]
    return "\n\n".join((f"{_HEAD}\n__all__ = [\n{exports}]\n", *classes))


def _named(node: Any) -> Iterator[str]:
    """The names of the documents that a part of the OpenAPI document refers to, without its examples."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for key, each in node.items():
            if key not in ("example", "examples"):
                yield from _named(each)
    elif isinstance(node, list):
        for each in node:
            yield from _named(each)


def _reach(name: str, schemas: Mapping[str, Any], found: dict[str, None]) -> None:
    """Add a document behind those that it holds."""
    if name not in found:
        for each in _named(schemas[name]):
            _reach(each, schemas, found)
        found[name] = None


def _public(name: str) -> str:
    return name.lstrip("_")


def _class(name: str, schema: Mapping[str, Any]) -> str:
    said = " ".join(schema["description"].split("\n\n")[0].split())
    required = schema.get("required", ())
    lines = [f"class {_public(name)}(TypedDict):", *_wrapped(said), ""]
    for field, kind in schema["properties"].items():
        made = _type(kind)
        lines += _short(f"    {field}: {made if field in required else f'NotRequired[{made}]'}")
    return "\n".join(lines) + "\n"


def _short(line: str) -> list[str]:
    if len(line) <= _WIDTH:
        return [line]
    start, inside = line.removesuffix("]").split("[", 1)
    within = f"        {inside}"
    listed = [within] if len(within) <= _WIDTH else [f"        {each}," for each in inside.split(", ")]
    return [f"{start}[", *listed, "    ]"]


def _wrapped(text: str) -> list[str]:
    whole = f'"""{text}"""'
    return textwrap.wrap(whole, _WIDTH, initial_indent="    ", subsequent_indent="    ", break_long_words=False)


def _type(schema: Any) -> str:
    """The annotation of a schema."""
    if "$ref" in schema:
        return _public(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return f"Literal[{schema['const']!r}]".replace("'", '"')
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]".replace("'", '"')
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    match schema.get("type"):
        case "array":
            return f"list[{_type(schema.get('items', {}))}]"
        case "object":
            inside = schema.get("additionalProperties", {})
            return f"dict[str, {_type(inside) if isinstance(inside, dict) else 'Any'}]"
        case None:
            return "Any"
        case kind:
            return _PLAIN[kind]


def main() -> None:
    """Write the module."""
    from tests.agent.api.serving import served

    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as server:
        PLACE.write_text(documents_of(server.client.get("/v1/openapi.json").json()), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
