"""A real Limner with the shipped fakes, for tests of the command line; run as a script, it is the command ``limner``.

When it is asked to wait, it puts a file "started" into the folder $LIMNER_TEST, and answers after a minute.
$LIMNER_TEST_SECONDS: so long it takes to embed some passages.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli import main
from agent.errors import ModelReplyError, ModelUnavailable
from agent.fakes import ScriptedChat
from agent.limner import Limner
from retrieval.fakes import HashingEmbedder
from tests.agent.one_by_one import one_by_one

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CITIES = ("Munich", "慕尼黑")
EVENTS: list[dict[str, Any]] = [
    {"user_id": "u1", "id": "a", "timestamp": "2024-03-01", "channel": "email", "text": "I live in Munich now."},
    {
        "user_id": "u1",
        "id": "b",
        "timestamp": "2024-03-02",
        "channel": "chat",
        "text": "My [b]order[/b] is late.",
    },
    {"user_id": "张三", "id": "c", "timestamp": "2024-03-03", "channel": "客服", "text": "我住在慕尼黑。"},
]
_TEXT = {"type": ["string", "null"]}
SCHEMA = {"title": "small", "type": "object", "properties": {"city": _TEXT, "job": _TEXT}}


@one_by_one
def answer(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    """What the scripted model says: it knows cities, and nothing else."""
    if "go away" in user:
        raise ModelUnavailable("the server is gone", hint="Start it")
    if "say nonsense" in user:
        raise ModelReplyError("the model's reply is not what was asked for")
    if schema is None:
        return _told(user) if user.endswith(("Answer:", "答案：")) else 0.9
    numbers = {city: re.search(rf"\[(\d+)\] [^\n]*{city}", system) for city in CITIES}
    found = next(((int(match[1]), city) for city, match in numbers.items() if match), None)
    if found is None or not _knows(user):
        return "[]"
    return f'[{{"evidence":{found[0]},"value":"{found[1]}"}}]'


def _told(user: str) -> str:
    question = next(line for line in user.splitlines() if line.startswith(("Question:", "问题：")))
    return next((city for city in CITIES if city in user and _knows(question)), "none")


def _knows(asked: str) -> bool:
    return any(word in asked for word in ("city", "live", "住"))


def open_with(script: Callable[..., str | float]) -> Callable[..., Limner]:
    """Opens a real Limner with a scripted model, whatever models the command line names."""

    def open_limner(store: Path, *, llm: str, llm_base_url: str | None, embedder: str, **settings: Any) -> Limner:
        return Limner(store, llm=ScriptedChat(script=script), embedder=_Embedder(), **settings)

    return open_limner


class _Embedder(HashingEmbedder):
    def embed_passages(self, texts: list[str]) -> "NDArray[np.float32]":
        time.sleep(float(os.environ.get("LIMNER_TEST_SECONDS", "0")))
        return super().embed_passages(texts)


def _slow(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    folder = os.environ.get("LIMNER_TEST")
    if folder and "wait" in user:
        Path(folder, "started").touch()
        time.sleep(60)
    return answer(system, user, schema)


if __name__ == "__main__":
    sys.exit(main(open_limner=open_with(_slow)))
