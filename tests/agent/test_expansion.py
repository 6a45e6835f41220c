"""What values of attributes may be: named by the model once, searched for in long histories only."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.chat import Chat
from agent.expansion import LONG_HISTORY, examples_for
from agent.facets import Facet, plan_facets
from agent.fakes import ScriptedChat
from agent.schema import load_schema
from prompts import render
from retrieval.fakes import HashingEmbedder

_WORDS = {"type": "array", "items": {"type": "string"}}
_SPORTS = "Swimming, rowing, Yoga, swimming, and golf."


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "examples"


def facets(**properties: Any) -> list[Facet]:
    return plan_facets(load_schema({"type": "object", "properties": properties}), "en")


def model(said: str) -> tuple[ScriptedChat, Chat]:
    scripted = ScriptedChat(script=lambda *asked: said)
    return scripted, Chat(scripted)


@pytest.mark.parametrize(
    ("said", "examples"),
    [
        (_SPORTS, ("swimming", "rowing", "yoga", "golf")),
        ("游泳、划船，瑜伽。", ("游泳", "划船", "瑜伽")),
        ('"Piano", `flute`; *harp*', ("piano", "flute", "harp")),
        ("favorite sports, sport, sports, hockey, golf", ("sport", "sports", "hockey", "golf")),
        ("1. Software engineer", ()),
        ("Swimming, rowing", ()),
        ("", ()),
        (", ".join(f"sport {number}" for number in range(30)), tuple(f"sport {number}" for number in range(12))),
    ],
)
def test_what_the_model_names(said: str, examples: tuple[str, ...]) -> None:
    (facet,) = facets(favorite_sports=_WORDS)
    found = examples_for(model(said)[1], "m", [facet], "en")
    assert found == ({facet.pointer: examples} if examples else {})


def test_it_is_asked_once_for_each_model_and_language(cache: Path) -> None:
    wanted = facets(favorite_sports=_WORDS, favorite_foods=_WORDS)
    for name, language, calls in (("m", "en", 2), ("m", "en", 0), ("other", "en", 2), ("m", "zh", 2)):
        scripted, chat = model(_SPORTS)
        assert len(examples_for(chat, name, wanted, language)) == 2  # type: ignore[arg-type]
        assert [user for _, user in scripted.asked] == ["favorite sports", "favorite foods"][:calls]
    for path in cache.iterdir():
        path.write_text('{"not": "a list"}', "utf-8")
    scripted, chat = model(_SPORTS)
    assert len(examples_for(chat, "m", wanted, "en")) == len(scripted.asked) == 2
    assert all("favorite" not in path.name + path.read_text("utf-8") for path in cache.iterdir())


def test_too_few_examples_are_not_asked_for_again() -> None:
    wanted = facets(dream_job={"type": "string"})
    scripted, chat = model("1. Software engineer")
    assert examples_for(chat, "m", wanted, "en") == examples_for(chat, "m", wanted, "en") == {}
    assert len(scripted.asked) == 1


def test_a_cache_that_cannot_be_written_costs_tokens_only(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, no folder", "utf-8")
    (facet,) = facets(favorite_sports=_WORDS)
    scripted, chat = model(_SPORTS)
    assert examples_for(chat, "m", [facet], "en") == examples_for(chat, "m", [facet], "en")
    assert len(scripted.asked) == 2


@pytest.mark.parametrize(
    "node",
    [
        {"type": "array", "items": {"type": "string"}, "x-queries": ["plays football", "goes swimming"]},
        {"type": "integer"},
        {"enum": ["often", "never"]},
        {"type": "string", "maxLength": 400},
    ],
)
def test_what_needs_no_examples(node: dict[str, Any]) -> None:
    scripted, chat = model(_SPORTS)
    assert examples_for(chat, "m", facets(sports=node), "en") == {}
    assert examples_for(chat, "m", facets(sister_hobbies=_WORDS), "en") == {}
    assert not scripted.asked


@pytest.mark.parametrize("count", [LONG_HISTORY - 1, LONG_HISTORY])
def test_only_long_histories_are_searched_by_examples(tmp_path: Path, count: int) -> None:
    """The one message that tells it shares no word with the attribute's name, all others do."""
    said = [f"Let us not talk about favorite sports at {number}." for number in range(count - 1)]
    rows = [{"user_id": "u", "id": f"e{n}", "text": text} for n, text in enumerate([*said, "Went rowing again."])]
    (tmp_path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    read: list[str] = []

    def script(system: str, user: str, _: Any) -> str | float:
        if system == render("examples_system", "en"):
            return _SPORTS
        read.append(user)
        if user.endswith("yes or no."):
            return 0.9
        return "rowing" if "Went rowing" in user else "none"

    schema = {"title": "s", "type": "object", "properties": {"favorite_sports": _WORDS}}
    with Limner(tmp_path / "store", llm=ScriptedChat(script=script), embedder=HashingEmbedder()) as limner:
        limner.ingest(tmp_path / "h.jsonl")
        document = limner.profile("u", schema)
    assert document.profile == ({"favorite_sports": ["rowing"]} if count == LONG_HISTORY else {})
    assert not any("swimming" in user.casefold() for user in read), "examples are for searching alone"
