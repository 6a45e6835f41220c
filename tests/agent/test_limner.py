"""What a Limner shares with others, and how one piece of its work is watched and stopped."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.errors import StoreError
from agent.fakes import ScriptedChat
from agent.limner import Limner
from agent.models import load_chat_model
from agent.progress import Step
from retrieval.fakes import HashingEmbedder
from retrieval.retention import Rule
from tests.agent import scripted
from tests.conftest import WriteRows


@pytest.fixture
def limner(tmp_path: Path, write_rows: WriteRows) -> Limner:
    made = Limner(tmp_path / "store", llm=ScriptedChat(script=scripted.answer), embedder=HashingEmbedder())
    made.ingest(write_rows(*scripted.EVENTS))
    return made


def test_another_store_with_the_same_models(limner: Limner, tmp_path: Path, write_rows: WriteRows) -> None:
    other = limner.over(tmp_path / "other")
    other.ingest(write_rows({"user_id": "u7", "text": "I live in Munich."}))
    assert [each.user_id for each in other.users()] == ["u7"]
    assert [each.user_id for each in limner.users()] == ["u1", "张三"]
    assert other.chat().load() is limner.chat().load()
    assert other.store.embedder is limner.store.embedder
    assert other.ask("u7", "Where do I live?").answer == "Munich"


def test_a_named_model_is_loaded_once_for_all(tmp_path: Path) -> None:
    one = Limner(tmp_path / "a", llm="vllm:some-model", embedder=HashingEmbedder())
    other, watched = one.over(tmp_path / "b"), one.watched(print)
    assert one.chat().load() is other.chat().load() is watched.chat().load()
    assert not one.is_in_process and one.model_name == "vllm:some-model"
    assert type(one.chat().load()) is type(load_chat_model("vllm:some-model"))


def test_steps_are_told_to_whoever_watches(limner: Limner) -> None:
    seen: list[Step] = []
    limner.watched(seen.append).profile("u1", scripted.SCHEMA)
    assert [each.stage for each in seen][:1] == ["retrieve"] and len(seen) > 2


@pytest.mark.parametrize(
    "work",
    [
        lambda limner: limner.ask("u1", "Where do I live?"),
        lambda limner: limner.profile("u1", scripted.SCHEMA),
        lambda limner: limner.explain("u1", "/city", scripted.SCHEMA),
    ],
)
def test_work_is_stopped_before_the_next_call_of_the_model(limner: Limner, work: Callable[[Limner], object]) -> None:
    calls = 0

    def stop_at_the_second() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreError("stopped")

    with pytest.raises(StoreError, match="stopped"):
        work(limner.watched(lambda step: None, stop_at_the_second))
    assert calls == 2
    assert limner.versions("u1") == []  # nothing of it is kept
    work(limner)


def test_another_store_knows_what_profiles_were_made_of(limner: Limner, tmp_path: Path, write_rows: WriteRows) -> None:
    other = limner.over(tmp_path / "other")
    today = datetime.now(UTC).isoformat()
    other.ingest(write_rows({"user_id": "u7", "id": "new", "timestamp": today, "text": "I live in Munich."}))
    other.profile("u7", scripted.SCHEMA)
    other.ingest(write_rows({"user_id": "u7", "id": "old", "timestamp": "2001-01-01", "text": "I like tea."}))
    other.store.set_rule(Rule(365))
    assert other.retain(dry_run=True).erased.events == 1
    assert other.retain().erased.events == 1
    assert [each.event_id for each in other.store.events("u7")] == ["new"]
    assert len(other.versions("u7")) == 1, "it was made without the event that went"
