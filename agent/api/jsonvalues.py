"""JSON from outside that is kept or handed on as it is: what cannot be written again as JSON in UTF-8 is refused.

Knows nothing of what it means.
"""

import math
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

__all__ = ["OF", "JsonObject", "JsonValue", "Name", "Text"]

_MAX_DEPTH = 50


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > _MAX_DEPTH:
        raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("NaN and infinity are no JSON numbers")
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("a string holds half of a surrogate pair")
    if isinstance(value, dict):
        for key, item in value.items():
            _plain(key, depth + 1)
            _plain(item, depth + 1)
    if isinstance(value, list):
        for item in value:
            _plain(item, depth + 1)
    return value


JsonValue = Annotated[Any, AfterValidator(_plain)]
"""Any JSON value."""

JsonObject = Annotated[dict[str, Any], AfterValidator(_plain)]
"""A JSON object."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"\S")]
"""A question or a query."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""The name of a schema, a channel, a speaker."""

OF = "The value of a claim at the pointer that is meant instead of the one in the profile: disputed, or of the past."
"""What ``of`` means in a request."""
