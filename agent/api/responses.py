"""JSON as it is sent: compact, and not failing on what JSON allows and UTF-8 does not. Knows not what it means."""

import json
from typing import Any

from fastapi.responses import Response

__all__ = ["Json", "encoded"]


def encoded(content: Any) -> bytes:
    """A document in UTF-8; half of a surrogate pair is escaped, as JSON writes it."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


class Json(Response):
    """A JSON document."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return encoded(content)
