import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.chat import Chat
from agent.documents import ModelNames
from agent.errors import ModelReplyError
from agent.fakes import ScriptedChat
from agent.floors import Floor, floor
from retrieval import Store
from retrieval.fakes import HashingEmbedder

WORDS = [
    "weather",
    "garden",
    "window",
    "river",
    "letter",
    "morning",
    "train",
    "market",
    "winter",
    "neighbour",
    "bicycle",
    "ticket",
    "kettle",
]


def filler(seed: int) -> str:
    """850 characters, other ones for each message: HNSW may not find its way out of a heap of equal vectors."""
    words = random.Random(seed)
    return " ".join(f"{words.choice(WORDS)}{words.randrange(100)}" for _ in range(200))[:850]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A hundred messages of 850 characters, two of them about bread: the 3rd and the 98th."""
    texts = [f"{at}: {'I baked rye bread. ' if at in (3, 98) else ''}{filler(at)}" for at in range(100)]
    rows = [
        {"user_id": "u", "id": f"e{at}", "timestamp": f"2024-01-01T{at // 60:02}:{at % 60:02}:00", "text": text}
        for at, text in enumerate(texts)
    ]
    (tmp_path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    made = Store(tmp_path / "store", HashingEmbedder(512))
    made.ingest([tmp_path / "h.jsonl"])
    return made


def first(system: str, user: str, schema: Mapping[str, Any] | None) -> str:
    """It cites the first message that it sees."""
    return '{"evidence": [1, 1], "answer": "bread"}'


def test_a_long_prompt_holds_the_newest_messages_that_fit(store: Store) -> None:
    model = ScriptedChat(script=first)
    document = floor("long", store, lambda: Chat(model), ModelNames("m", "e", "p")).ask("u", "What did I bake?")
    ((system, _),) = model.asked
    assert 15 < document.history["shown"] < 30 and document.history["total"] == 100
    assert "[1] 2024-01-01" in system and "98: I baked" in system and " 3: I baked" not in system
    assert len(system) / 3 < 8192
    (cited,) = document.evidence
    assert cited.event_id == f"e{100 - document.history['shown']}"
    assert cited.quote == store.event("u", cited.event_id).text
    assert (document.answer, document.confidence, document.signals) == ("bread", 1.0, {})


def test_retrieval_shows_the_ten_nearest_messages(store: Store) -> None:
    model = ScriptedChat(script=first)
    document = floor("retrieval", store, lambda: Chat(model), ModelNames("m", "e", "p")).ask("u", "rye bread baked")
    ((system, _),) = model.asked
    assert document.history["shown"] == 10
    assert 0 < system.index(" 3: I baked") < system.index("98: I baked")  # in time order


def test_null_is_no_answer_and_nonsense_an_error(store: Store) -> None:
    def replying(reply: str) -> Floor:
        model = ScriptedChat(script=lambda *_: reply)
        return floor("retrieval", store, lambda: Chat(model), ModelNames("m", "e", "p"))

    document = replying('{"evidence": [], "answer": null}').ask("u", "我烤了什么？")
    assert (document.answer, document.answered, document.confidence, document.evidence) == (None, False, 0.0, ())
    with pytest.raises(ModelReplyError):
        replying("nonsense").ask("u", "What did I bake?")
