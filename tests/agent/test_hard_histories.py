"""Histories that are hard in other ways: floods, namesakes, impossible dates, values given up, a copied prompt."""

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.fakes import ScriptedChat
from agent.schema import built_in_schemas, load_schema
from prompts import own_words
from retrieval import Event, HashingEmbedder
from retrieval.timestamps import parse_timestamp
from tests.agent.one_by_one import alone, one_by_one

TEXT = {"type": ["string", "null"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {**TEXT, "description": "where the user lives", "x-queries": ["I live in"]},
        "sports": {"type": "array", "items": {"type": "string"}, "description": "what the user plays"},
    },
}
Script = Callable[[str, str, Mapping[str, Any] | None], str | float]


@one_by_one
def reader(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    """Drafts every city and sport that a line names, whatever the line says of it, and finds everything true."""
    if schema is None:
        return 0.9
    rule = r"\b(?:Berlin|Munich|Hamburg|Rome)\b" if "city" in user else r"\b(?:tennis|chess)\b"
    entries = [
        {"evidence": int(number), "value": value}
        for number, line in re.findall(r"^\[(\d+)\] (.*)$", system, re.MULTILINE)
        for value in re.findall(rule, line)
    ]
    return json.dumps(entries[-schema["maxItems"] :])


def event(user: str, name: str, at: str | None, text: str, role: Any = "user") -> Event:
    stamp = parse_timestamp(at)
    return Event(user, name, text, at, stamp.epoch if stamp else None, speaker=None, role=role)


def profile_of(folder: Path, script: Script, texts: list[tuple[str, str | None, str]], schema: Any = None) -> Any:
    """The profile of user "u", of whom ``texts`` (event id, time, words) are the history."""
    events = [event("u", *each) for each in texts]
    with Limner(folder / "store", llm=ScriptedChat(script=script), embedder=HashingEmbedder()) as limner:
        limner.ingest_events(events)
        return limner.profile("u", schema or SCHEMA)


def claims_of(document: Any, pointer: str = "/city") -> list[tuple[Any, str, str | None, str | None]]:
    return [(c.value, c.status, c.valid_from, c.valid_to) for c in document.claims if c.pointer.startswith(pointer)]


def test_a_move_there_and_back(tmp_path: Path) -> None:
    texts = [
        ("a", "2020-05-01", "I live in Munich."),
        ("c", "2024-02-01", "I moved back to Munich last month."),
        ("b", "2022-03-01", "I live in Berlin now."),
    ]
    assert claims_of(profile_of(tmp_path, reader, texts)) == [
        ("Munich", "current", "2024-01-01", None),
        ("Berlin", "superseded", "2022-03-01", "2024-01-01"),
        ("Munich", "superseded", "2020-05-01", "2022-03-01"),
    ]


def test_what_is_given_up_is_not_current(tmp_path: Path) -> None:
    texts = [
        ("a", "2020-05-01", "I play tennis and chess."),
        ("b", "2022-03-01", "I don't play tennis any more."),
        ("c", "2022-04-01", "I used to live in Hamburg."),
    ]
    document = profile_of(tmp_path, reader, texts)
    assert document.profile == {"city": None, "sports": ["chess"]} and document.unknown == ("/city",)
    assert claims_of(document) == [("Hamburg", "superseded", None, "2022-04-01")]
    assert ("tennis", "superseded", "2020-05-01", "2022-03-01") in claims_of(document, "/sports")


def test_a_withdrawal_that_the_model_overlooks_is_found(tmp_path: Path) -> None:
    @one_by_one
    def overlooks(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        return reader(re.sub(r".*(?:any more|left).*", "", system), user, schema)

    texts = [
        ("a", "2020-05-01", "I play tennis. I live in Rome."),
        ("b", "2022-03-01", "I don't play tennis any more."),
        ("c", "2022-04-01", "I left Rome in March 2022."),
    ]
    document = profile_of(tmp_path, overlooks, texts)
    assert document.profile == {"city": None}
    assert claims_of(document) == [("Rome", "superseded", "2020-05-01", "2022-03-01")]


def test_a_record_and_the_user_disagree_on_one_day(tmp_path: Path) -> None:
    events = [
        event("u", "a", "2024-03-01T10:00:00Z", "I live in Munich."),
        event("u", "b", "2024-03-01T11:00:00Z", "Order 1: ship to Hamburg", "system"),
    ]
    with Limner(tmp_path / "store", llm=ScriptedChat(script=reader), embedder=HashingEmbedder()) as limner:
        limner.ingest_events(events)
        document = limner.profile("u", SCHEMA).as_json()
    claims = {c["value"]: c for c in document["claims"]}
    assert {c["status"] for c in claims.values()} == {"disputed"}
    assert claims["Munich"]["disputed_with"] == [{"pointer": "/city", "value": "Hamburg"}]
    assert claims["Hamburg"]["origin"] == "reported" and document["profile"]["city"] in claims


@pytest.mark.parametrize(
    ("said", "since"),
    [
        ("I have lived in Munich since 2031.", "2024-03-01"),
        ("I have lived in Munich since February 30, 2020.", "2024-03-01"),
        ("I have lived in Munich since 2015 or 2016.", "2015-01-01"),
        ("I live in Munich.", "2024-03-01"),
    ],
)
def test_dates_that_cannot_be_do_not_count(tmp_path: Path, said: str, since: str) -> None:
    assert claims_of(profile_of(tmp_path, reader, [("a", "2024-03-01", said)])) == [("Munich", "current", since, None)]


def test_namesakes_are_never_mixed(tmp_path: Path) -> None:
    events = [
        event(user, "e", "2024-03-01", f"My name is Anna Schmidt. I live in {city}.")
        for user, city in (("anna-1", "Munich"), ("anna-2", "Hamburg"))
    ]
    model = ScriptedChat(script=reader)
    with Limner(tmp_path / "store", llm=model, embedder=HashingEmbedder()) as limner:
        limner.ingest_events(events)
        for user, own, other in (("anna-1", "Munich", "Hamburg"), ("anna-2", "Hamburg", "Munich")):
            model.asked.clear()
            document = limner.profile(user, SCHEMA)
            assert document.profile["city"] == own
            assert own in str(model.asked) and other not in str(model.asked)


def test_ten_thousand_near_identical_messages(tmp_path: Path) -> None:
    flood = [
        (f"n{i:05}", f"2023-{i % 12 + 1:02}-01", f"Where is my order {i}? I live in Berlin.") for i in range(10_000)
    ]
    texts = [*flood, ("last", "2024-03-01", "I live in Munich now.")]
    started = time.monotonic()
    model = ScriptedChat(script=reader)
    with Limner(tmp_path / "store", llm=model, embedder=HashingEmbedder()) as limner:
        limner.ingest_events(event("u", *each) for each in texts)
        document = limner.profile("u", SCHEMA)
    assert document.profile["city"] == "Munich"
    assert len(document.claims[0].evidence) <= 3
    assert document.usage.llm_calls < 30 and document.usage.prompt_tokens < 12_000  # a few snippets, two attributes
    assert time.monotonic() - started < 120


@pytest.mark.parametrize("text", ["I waited for two hours, and nobody came.", "我等了两个小时，没有人来。"])
@pytest.mark.parametrize("name", built_in_schemas())
def test_no_words_of_the_prompt_become_facts(tmp_path: Path, name: str, text: str) -> None:
    """A model that answers with pieces of its prompt: sentences, labels, descriptions, examples, words in brackets."""
    asked: list[str] = []
    answered: list[str] = []

    def copies(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        one = alone(system, user)
        if schema is None and one is None:
            return 0.99
        around = user.replace(one.line, "") if one else f"{system.partition(chr(10) * 2)[0]}\n{user}"
        pieces = re.split(r"[\n。.!?：:;；()（）\"“”]|, |，", f"{around}\n{own_words()}")
        copied = [piece.strip() for piece in pieces if piece.strip()]
        asked.extend(copied)
        if schema is None:
            start, many = 31 * len(answered) % len(copied), len(answered) % 2
            answered.append(", ".join(copied[start : start + (3 if many else 1)]))
            return answered[-1]
        if schema["type"] == "array":
            most, start = schema["maxItems"], len(asked) % 7
            return json.dumps([{"evidence": 1, "value": piece[:60]} for piece in copied[start : start + most]])
        value = schema["properties"]["value"]["anyOf"][0]
        return json.dumps({"evidence": [1], "value": None if "enum" in value else ". ".join(copied[:4]) + "."})

    schema = load_schema(name)
    document = profile_of(tmp_path, copies, [("a", "2024-03-01", text)], schema)
    assert len(asked) > 100 and len(answered) > 5
    assert [c.value for c in document.claims if c.origin != "computed"] == []
