"""JSON as it is sent: compact, in pieces where it is long, and not failing on what JSON allows and UTF-8 does not.

Knows not what it means.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from fastapi.responses import Response, StreamingResponse

__all__ = ["Json", "JsonPieces", "encoded", "encoded_pieces"]

_TOGETHER: Final = 200  # items of a list in one piece


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


class JsonPieces(StreamingResponse):
    """A JSON object that is sent as it is encoded; see :func:`encoded_pieces`."""

    media_type = "application/json"

    def __init__(self, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(encoded_pieces(content), headers=dict(headers or {}))


def encoded_pieces(content: Mapping[str, Any]) -> Iterator[bytes]:
    """An object in UTF-8, member by member; an iterator in it becomes a list, some items at a time."""
    before = b"{"
    for name, value in content.items():
        yield before + encoded(name) + b":"
        before = b","
        if isinstance(value, Iterator):
            mark = b"["
            while some := list(islice(value, _TOGETHER)):
                yield mark + b",".join(map(encoded, some))
                mark = b","
            yield b"[]" if mark == b"[" else b"]"
        else:
            yield encoded(value)
    yield b"}"
