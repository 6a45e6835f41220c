"""Looks for personal data in the metadata of an event, where the name of a column says what a value is.

Knows columns and values, not what is done with what is found.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from retrieval.personal.kinds import Kind, Place

__all__ = ["Settle", "walk"]

Settle = Callable[[str, str, list[Place]], str]
"""``settle(field, text, places)``: the text as it is kept."""

_THING: Final = re.compile(
    r"product|item|file|company|brand|shop|store|event|model|device|campaign|template", re.IGNORECASE
)


def walk(metadata: Mapping[str, Any], kinds: Collection[Kind], settle: Settle) -> dict[str, Any]:
    """The metadata as it is kept. Names of columns stay; a number in which something is found becomes a text."""
    return {name: _settled(value, name, f"/metadata/{_step(name)}", kinds, settle) for name, value in metadata.items()}


def _settled(value: Any, name: str, field: str, kinds: Collection[Kind], settle: Settle) -> Any:
    if isinstance(value, Mapping):
        return {key: _settled(item, key, f"{field}/{_step(key)}", kinds, settle) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_settled(item, name, f"{field}/{number}", kinds, settle) for number, item in enumerate(value)]
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    places = _found(name, text, kinds)
    kept = settle(field, text, places) if places else text
    return value if kept == text else kept


def _found(name: str, text: str, kinds: Collection[Kind]) -> list[Place]:
    """The places in a value, which reads as if the name of its column stood before it."""
    from retrieval.personal.finding import find

    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\s-]+", " ", name).strip().lower()
    named_thing = words == "name" or _THING.search(words) is not None
    head = f"{words}: "
    shift = len(head)
    found = [each for each in find(head + text, kinds) if not (named_thing and each.kind == "name")]
    return [Place(kind, start - shift, end - shift) for kind, start, end in found if start >= shift]


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
