"""Finds keywords of a profile schema that nothing reads, but that look like one which would be. Knows no models."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from agent.schema_rules import KEYWORDS, escape_pointer

__all__ = ["Typo", "find_typos"]

_CLOSE: Final = 0.86
_OF_OTHERS: Final = {"example", "nullable", "discriminator", "externalDocs", "xml"}
"""Those of OpenAPI, which are no slips."""

_OWN: Final = {"x-compute", "x-sensitive", "x-from-claims", "x-queries", "x-description"} | {
    f"{name}-{language}" for name in ("x-queries", "x-description") for language in ("en", "zh")
}
_KNOWN: Final = sorted(KEYWORDS | _OWN)


class Typo(NamedTuple):
    """A keyword that is not read, where it stands (RFC 6901), and the one that may be meant."""

    keyword: str
    pointer: str
    meant: str


def find_typos(document: Mapping[str, Any]) -> list[Typo]:
    """The likely slips in a schema; such keywords are valid JSON Schema, and say nothing."""
    return list(_typos(document, ""))


def _typos(node: Any, pointer: str) -> Iterator[Typo]:
    if not isinstance(node, Mapping):
        return
    for keyword in node:
        if keyword not in _OF_OTHERS and keyword not in _KNOWN and (meant := _meant(keyword)):
            yield Typo(keyword, pointer, meant)
    for name in ("properties", "$defs", "definitions"):
        inside = node.get(name)
        for key, child in inside.items() if isinstance(inside, Mapping) else ():
            yield from _typos(child, f"{pointer}/{name}/{escape_pointer(key)}")
    yield from _typos(node.get("items"), f"{pointer}/items")
    for name in ("anyOf", "oneOf", "allOf"):
        parts = node.get(name)
        for number, child in enumerate(parts if isinstance(parts, list) else ()):
            yield from _typos(child, f"{pointer}/{name}/{number}")


def _meant(keyword: str) -> str | None:
    folded = {known.casefold(): known for known in _KNOWN}
    close = get_close_matches(keyword.casefold(), folded, n=1, cutoff=_CLOSE)
    return folded[close[0]] if close else None
