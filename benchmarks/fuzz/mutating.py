"""Changes JSON as JSON: a part is replaced, dropped, doubled or moved, so that what comes out still parses."""

import json
import random
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["mutate_json"]

_ODD: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 1.5, 1e308, 10**30, "", "x", "0", "a" * 300, "\ud800", "\0", "u\u200b1", [], {}, [[]], [None],
    {"": None}, {"id": []}, {"type": "object"}, {"type": ["string", "null"]}, {"$ref": "#"}, {"$ref": "#/$defs/s"},
    "#/properties", "2024-02-30", "1e5", {"text": "x", "user_id": "y"}, {"properties": {"a": {}}}, -0.0, "\u202e",
)  # fmt: skip
_LONG: Final = 14
"""What somebody said is not put where an id should be: messages may show ids."""


def mutate_json(data: bytes, most: int, seed: int) -> bytes | None:
    """The same with some parts changed; None where it is no JSON, or too long afterwards. Lines are kept as lines."""
    rand = random.Random(seed)
    try:
        lines = data.decode("utf-8").splitlines() if b"}\n{" in data else [data.decode("utf-8")]
        values = [json.loads(line) for line in lines if line.strip()]
    except (ValueError, RecursionError):
        return None
    if not values:
        return None
    try:
        for _ in range(rand.randint(1, 4)):
            at = rand.randrange(len(values))
            values[at] = _changed(values[at], rand)
        made = "\n".join(json.dumps(each, ensure_ascii=rand.random() < 0.5) for each in values)
    except RecursionError:
        return None
    packed = made.encode("utf-8", "surrogatepass") + b"\n" * (len(values) > 1)
    return packed if len(packed) <= most else None


def _changed(value: Any, rand: random.Random) -> Any:
    places = list(_places(value))
    if not places:
        return _odd(rand)
    holder, key = rand.choice(places)
    kind = rand.randrange(6)
    if kind == 0:
        holder[key] = _odd(rand)
    elif kind == 1:
        del holder[key]
    elif kind == 2:
        other, name = rand.choice(places)
        taken = other.get(name) if isinstance(other, dict) else (other[name : name + 1] or [None])[0]
        holder[key] = json.loads(json.dumps(taken)) if len(str(taken)) < _LONG else None
    elif kind == 3 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif kind == 4 and isinstance(holder, dict) and len(str(holder[key])) < _LONG:
        holder[rand.choice((*(name for _, name in places if isinstance(name, str)), "", "id", "text"))] = holder.pop(
            key
        )
    else:
        holder[key] = [holder[key]] if rand.random() < 0.5 else {"a": holder[key]}
    return value


def _odd(rand: random.Random) -> Any:
    return json.loads(json.dumps(rand.choice(_ODD)))  # a copy, into which more may be put


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
