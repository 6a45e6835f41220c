"""Keeps schemas within bounds: how deep, how large once references are written out, and what patterns may cost.

A server takes schemas from its clients: a short one must not keep it busy, or fill its memory. Knows JSON Schema's
shape, not what a profile is.
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from agent.errors import SchemaError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

__all__ = ["MAX_DEPTH", "MAX_NODES", "check_bounds", "check_pattern", "errors_in"]

MAX_DEPTH: Final = 64
"""So deep may JSON be nested in a schema, and schemas in each other once references are written out."""

MAX_NODES: Final = 10_000
"""So many schemas may stand in one another then."""

_MATCH_SECONDS: Final = 1.0
_MOST_REPEATS: Final = 1_000_000
_PATTERN_CHARS: Final = 2000
_COUNTED: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_LISTS: Final = ("anyOf", "oneOf", "allOf")


def check_bounds(name: str, document: Any) -> None:
    """Raises SchemaError when a schema is too deep or too large, or holds what is no text."""
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _refused(name, f"is nested more than {MAX_DEPTH} levels deep")
        for each in level:
            if isinstance(each, str) and any("\ud800" <= char <= "\udfff" for char in each):
                raise _refused(name, "holds a character that is no Unicode text", "Write it in UTF-8")
        level = [part for each in level for part in _parts(each)]
    _Measure(name, document).of(document, 1)


def check_pattern(pattern: str, pointer: str) -> None:
    """Raises SchemaError when merely to prepare a pattern would take long."""
    repeats = math.prod(int(high or low) or 1 for low, high in _COUNTED.findall(pattern))
    if len(pattern) > _PATTERN_CHARS or repeats > _MOST_REPEATS:
        raise SchemaError(
            f"schema: 'pattern' at {pointer + '/pattern'!r} is too long, or repeats too often",
            pointer=f"{pointer}/pattern",
            keyword="pattern",
            hint=f"Use at most {_PATTERN_CHARS} characters and {_MOST_REPEATS:,} repetitions in all",
        )


def errors_in(document: Mapping[str, Any], value: Any, *, formats: bool = False) -> "Iterator[ValidationError]":
    """What is wrong with a value under a schema; a pattern that takes longer than a second does not match."""
    from jsonschema import Draft202012Validator

    checker = Draft202012Validator.FORMAT_CHECKER if formats else None
    yield from _bounded()(document, format_checker=checker).iter_errors(value)


@lru_cache(maxsize=1)
def _bounded() -> Any:
    from jsonschema import Draft202012Validator, validators

    extend: Any = validators.extend
    return extend(Draft202012Validator, {"pattern": _matches})


def _matches(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    import regex
    from jsonschema.exceptions import ValidationError

    if not isinstance(value, str):
        return
    try:
        if regex.search(pattern, value, timeout=_MATCH_SECONDS, concurrent=True):
            return
    except TimeoutError:
        yield ValidationError("the pattern takes too long")
        return
    yield ValidationError("the pattern does not match")


class _Measure:
    """How large a schema is once its references are written out, without doing so."""

    def __init__(self, name: str, root: Any) -> None:
        self._name, self._root = name, root
        self._known: dict[str, tuple[int, int]] = {}
        self._open: set[str] = set()

    def of(self, node: Any, depth: int) -> tuple[int, int]:
        """How many schemas ``node`` stands for, and how many levels of them.

        Raises:
            SchemaError: too many.
        """
        if not isinstance(node, Mapping):
            return 1, 1
        inside = [self.of(each, depth + 1) for each in _schemas_in(node)]
        if isinstance(target := node.get("$ref"), str):
            inside.append(self._behind(unquote(target.removeprefix("#")), depth + 1))
        nodes, height = 1 + sum(each for each, _ in inside), 1 + max((each for _, each in inside), default=0)
        if nodes > MAX_NODES or depth + height > MAX_DEPTH:
            raise _refused(
                self._name, f"stands for more than {MAX_NODES:,} values, or more than {MAX_DEPTH} levels of them"
            )
        return nodes, height

    def _behind(self, where: str, depth: int) -> tuple[int, int]:
        from agent.schema_rules import resolve_pointer

        if where in self._open or depth > MAX_DEPTH:
            return MAX_DEPTH * (where not in self._open), MAX_DEPTH * (where not in self._open)
        if where not in self._known:
            try:
                found = resolve_pointer(self._root, where)
            except KeyError:  # told when it is followed
                return 1, 1
            self._open.add(where)
            self._known[where] = self.of(found, depth)
            self._open.discard(where)
        return self._known[where]


def _schemas_in(node: Mapping[str, Any]) -> Iterator[Any]:
    properties = node.get("properties")
    yield from properties.values() if isinstance(properties, Mapping) else ()
    if "items" in node:
        yield node["items"]
    for name in _LISTS:
        yield from node[name] if isinstance(node.get(name), list) else ()


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value


def _refused(name: str, why: str, hint: str = "Ask for less in one schema") -> SchemaError:
    shown = name.encode("utf-8", "replace").decode("utf-8")
    return SchemaError(f"schema {shown!r}: {why}", hint=hint)
