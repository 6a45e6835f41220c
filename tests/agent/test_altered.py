import json
from pathlib import Path

import pytest

from agent.altered import gold_messages, whole_messages
from retrieval import Store
from retrieval.fakes import HashingEmbedder

LONG = " ".join(f"On day {day} I planted tomatoes in row {day} of the garden behind my house." for day in range(1, 40))
ROWS = [("a", "user", LONG), ("b", "user", "I like tomatoes."), ("c", "agent", "Tomatoes are on sale.")]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    rows = [{"user_id": "u", "id": i, "speaker": speaker, "text": text} for i, speaker, text in ROWS]
    (tmp_path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    made = Store(tmp_path / "store", HashingEmbedder())
    made.ingest([tmp_path / "h.jsonl"])
    return made


def test_hits_are_whole_messages_once_each(store: Store) -> None:
    assert len([each for each in store.history("u") if each.event_id == "a"]) > 3
    hits = whole_messages(store).search("u", "tomatoes in the garden", 10)
    assert sorted(hit.event.event_id for hit in hits) == ["a", "b", "c"]
    assert next(hit.snippet.text for hit in hits if hit.event.event_id == "a") == LONG
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert [hit.event.event_id for hit in whole_messages(store).search("u", "on sale", 3, ["agent"])] == ["c"]
    assert whole_messages(store).snippet_count("u") == store.snippet_count("u")


def test_only_gold_messages_are_found(store: Store) -> None:
    found = gold_messages(store, lambda user_id, query: {"b", "c", "gone"} if query == "sale" else set())
    first, second = found.search_many("u", ["sale", "tomatoes"])
    assert [hit.event.event_id for hit in first] == ["b", "c"] and second == []
    assert [hit.event.event_id for hit in found.search("u", "sale", roles=["user"])] == ["b"]
