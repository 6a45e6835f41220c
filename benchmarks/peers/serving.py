"""What the workers of peers share: they answer requests, one JSON a line, and keep what their library only logs.

A worker runs as a script in its peer's own environment, which has nothing of limner; this file lies beside it.
"""

import json
import logging
import os
import sys

__all__ = ["Faults", "as_chat", "serve"]


class Faults(logging.Handler):
    """Keeps what a library logs from ``level`` on, in loggers whose names begin with one of ``names``."""

    def __init__(self, level: int, *names: str) -> None:
        super().__init__(level)
        self._names = names
        self.said: list[str] = []
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(self._names or ""):
            self.said.append(record.getMessage()[:200])


def as_chat(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """A batch of messages as a peer takes them: the day stands in the text."""
    return [{"role": "user", "content": f"[{each['date']}] {each['text']}"} for each in messages]


def serve(peer: object) -> int:
    """Call the peer's method that each request names as ``op``, with the rest of it, until there are no more."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no reply
    for line in sys.stdin:
        request = json.loads(line)
        operation = request.pop("op")
        try:
            reply = getattr(peer, operation)(**request)
        except Exception as error:  # whatever a peer raises is a result of the benchmark
            reply = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
        replies.write(json.dumps(reply, ensure_ascii=False) + "\n")
        replies.flush()
    return 0
