"""Versions of profiles: what a change of the history costs, what is used again, and what is told about it."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent import InputError, Limner
from agent.fakes import ScriptedChat
from retrieval import HashingEmbedder, UnknownUser
from tests.agent.one_by_one import alone, one_by_one

TEXT = {"type": ["string", "null"]}
SCHEMA: dict[str, Any] = {
    "title": "small",
    "type": "object",
    "properties": {
        "city": {**TEXT, "description": "where the user lives"},
        "drinks": {"type": "array", "items": {"type": "string"}, "description": "what the user drinks"},
        "summary": {**TEXT, "maxLength": 200, "x-from-claims": True},
        "events": {"type": "integer", "x-compute": "event_count"},
    },
    "required": ["city", "drinks", "summary"],
}
ROWS: list[dict[str, Any]] = [
    *(
        {"id": f"c{n}", "timestamp": f"2023-01-{n + 10}", "text": f"The user lives somewhere, note {n}."}
        for n in range(8)
    ),
    *(
        {"id": f"d{n}", "timestamp": f"2023-02-{n + 10}", "text": f"The user drinks something, note {n}."}
        for n in range(8)
    ),
    {"id": "home", "timestamp": "2023-03-01", "text": "Where the user lives: I live in Munich."},
    {"id": "cup", "timestamp": "2023-03-02", "text": "What the user drinks: I drink coffee."},
]
FACTS = {"city": r"live in (\w+)", "drinks": r"drink (\w+)"}
Ask = tuple[str, str]


def label_of(user: str) -> str | None:
    found = re.match(r"(?:Attribute: |属性：)([^.(。（]+?)(?: \(|\.|。|（|$)", user, re.MULTILINE)
    return found[1] if found else None


@one_by_one
def reader(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    """A model that knows cities and drinks, and writes what it is told as a summary."""
    if schema is None:
        return 0.9
    label = label_of(user)
    lines = re.findall(r"^\[(\d+)\] (.*)$", system, re.MULTILINE)
    if schema["type"] == "object":
        told = " ".join(line.partition(": ")[2] for _, line in lines)
        return json.dumps({"evidence": [1], "value": f"The user has {told}."})
    rule = FACTS.get(label or "", r"(?!)")
    found = [(int(n), m[1]) for n, line in lines for m in re.finditer(rule, line)]
    return json.dumps([{"evidence": n, "value": value} for n, value in found[: schema["maxItems"]]])


class Desk:
    """A store of one user whose history can grow, and a model that counts what it is asked."""

    def __init__(self, folder: Path, rows: list[dict[str, Any]]) -> None:
        self.folder = folder
        self.model = ScriptedChat(script=reader)
        self.limner = self.open()
        self.load(*rows)

    def open(self, **options: Any) -> Limner:
        return Limner(self.folder / "store", **{"llm": self.model, "embedder": HashingEmbedder(), **options})

    def load(self, *rows: dict[str, Any]) -> None:
        path = self.folder / "more.jsonl"
        path.write_text("".join(json.dumps({"user_id": "u", **row}) + "\n" for row in rows), encoding="utf-8")
        self.limner.ingest(path)

    def asked(self) -> list[str]:
        """Which attributes the model was asked about since the last call, once for each snippet that it was shown;
        "judge" and "text" for the rest."""
        asks, self.model.asked[:] = list(self.model.asked), []
        read = [(alone(system, user), system) for system, user in asks]
        return [one.label if one else "judge" if not system else "text" for one, system in read]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, ROWS)


def test_an_unchanged_history_costs_nothing(desk: Desk) -> None:
    first = desk.limner.profile("u", SCHEMA)
    assert first.profile == {
        "city": "Munich", "drinks": ["coffee"], "events": 18, "summary": "The user has Munich coffee."
    }  # fmt: skip
    assert (first.version, first.usage.llm_calls) == (1, len(desk.asked()))

    def no_embedder() -> HashingEmbedder:
        raise AssertionError("it must not be loaded")

    other = desk.open()
    other._store._given = no_embedder
    again = other.profile("u", SCHEMA)
    assert desk.asked() == [] and again.usage.llm_calls == 0
    assert {**again.as_json(), "usage": None} == {**first.as_json(), "usage": None}
    assert [note.number for note in desk.limner.versions("u")] == [1]


def test_a_new_event_costs_the_attribute_that_it_touches(desk: Desk) -> None:
    first = desk.limner.profile("u", SCHEMA)
    desk.asked()
    desk.load({"id": "move", "timestamp": "2024-01-01", "text": "Where the user lives now: I live in Berlin."})
    second = desk.limner.profile("u", SCHEMA)
    asked = desk.asked()
    shown = desk.limner.shown("u", 2, SCHEMA)["/city"]
    assert set(asked) == {"city", "judge", "text"} and asked.count("city") == len(shown) <= 10
    assert ("move", "move#0") in shown
    assert (second.profile["city"], second.profile["drinks"], second.profile["events"]) == ("Berlin", ["coffee"], 19)
    assert second.version == 2 and second.history["total"] == 19
    assert first.claims[1] in second.claims  # the drink, with its evidence
    fresh = desk.limner.profile("u", SCHEMA, fresh=True)
    assert set(desk.asked()) == {"city", "drinks", "judge", "text"}
    assert (fresh.profile, fresh.claims, fresh.version) == (second.profile, second.claims, 2)


def test_what_changes_nothing_is_no_new_version(desk: Desk) -> None:
    schema = {**SCHEMA, "properties": {k: v for k, v in SCHEMA["properties"].items() if k != "events"}}
    desk.limner.profile("u", schema)
    desk.load({"id": "x", "timestamp": "2024-01-01", "text": "Parcel."})
    again = desk.limner.profile("u", schema)
    assert (again.version, again.history["total"]) == (1, 19)
    desk.asked()
    assert desk.limner.profile("u", schema).history["total"] == 19
    assert desk.asked() == []


def test_what_rests_on_words_that_are_gone_is_found_out_again(desk: Desk) -> None:
    desk.limner.profile("u", SCHEMA)
    desk.asked()
    desk.load({"id": "cup", "timestamp": "2023-03-02", "text": "What the user drinks: I drink tea."})
    again = desk.limner.profile("u", SCHEMA)
    assert again.profile["drinks"] == ["tea"] and "city" not in desk.asked()
    changes = {(c.pointer, c.kind, c.before, c.after): c for c in desk.limner.changes("u", 2, SCHEMA).changes}
    gone = changes["/drinks", "removed", "coffee", None]
    assert (gone.why, [e.quote for e in gone.evidence]) == ("event gone", ["What the user drinks: I drink coffee."])


@pytest.mark.parametrize("changed", ["model", "definition", "nothing"])
def test_other_means_find_out_again(desk: Desk, changed: str) -> None:
    class Other(ScriptedChat):
        pass

    desk.limner.profile("u", SCHEMA)
    desk.asked()
    schema, limner = SCHEMA, desk.limner
    if changed == "model":
        desk.model = Other(script=reader)
        limner = desk.open()
    elif changed == "definition":
        drinks = {**SCHEMA["properties"]["drinks"], "maxItems": 3}
        schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "drinks": drinks}}
    limner.profile("u", schema)
    expected = {"model": {"city", "drinks", "judge", "text"}, "definition": {"drinks", "judge"}, "nothing": set()}
    assert set(desk.asked()) == expected[changed]


def test_two_schemas_of_one_name_do_not_cost_each_other(desk: Desk) -> None:
    other = {**SCHEMA, "required": ["city"]}
    assert [desk.limner.profile("u", each).version for each in (SCHEMA, other)] == [1, 2]
    desk.asked()
    assert [desk.limner.profile("u", each).version for each in (SCHEMA, other, SCHEMA)] == [1, 2, 1]
    assert desk.asked() == []


def test_changes_say_what_and_why(desk: Desk) -> None:
    desk.limner.profile("u", SCHEMA)
    assert desk.limner.changes("u", 1, SCHEMA).as_json() == {"since": None, "changes": []}
    desk.load(
        {"id": "move", "timestamp": "2024-01-01", "text": "Where the user lives now: I live in Berlin."},
        {"id": "cup2", "timestamp": "2024-01-02", "text": "What the user drinks: I drink tea."},
    )
    desk.limner.profile("u", SCHEMA)
    found = desk.limner.changes("u", 2, SCHEMA)
    told = [(c.pointer, c.kind, c.before, c.after, c.why) for c in found.changes]
    assert found.since == 1
    assert ("/city", "superseded", "Munich", "Berlin", "new events") in told
    assert ("/drinks", "added", None, "tea", "new events") in told
    assert ("/events", "changed", 18, 20, "new events") in told
    assert not [each for each in told if "coffee" in (each[2], each[3])]
    city = next(c for c in found.as_json()["changes"] if c["pointer"] == "/city")
    assert [e["event_id"] for e in city["evidence"]] == ["move"]


def test_old_versions_keep_their_evidence(desk: Desk) -> None:
    first = desk.limner.profile("u", SCHEMA)
    desk.load({"id": "home", "timestamp": "2023-03-01", "text": "Where the user lives: I live in Bonn."})
    assert desk.limner.profile("u", SCHEMA).profile["city"] == "Bonn"
    assert desk.limner.version("u", 1, SCHEMA).as_json() == first.as_json()
    assert [(n.schema, n.number) for n in desk.limner.versions("u", SCHEMA)] == [("small", 1), ("small", 2)]
    with pytest.raises(InputError, match="no version 3"):
        desk.limner.version("u", 3, SCHEMA)
    with pytest.raises(UnknownUser):
        desk.limner.versions("nobody")


def test_what_each_attribute_was_shown_is_told(desk: Desk) -> None:
    desk.limner.profile("u", SCHEMA)
    shown = desk.limner.shown("u", 1, SCHEMA)
    assert set(shown) == {"/city", "/drinks"}
    assert ("home", "home#0") in shown["/city"] and ("cup", "cup#0") in shown["/drinks"]


def test_a_version_is_kept_while_another_process_ingests(desk: Desk) -> None:
    other = desk.open().store
    with other._open().lock.held():
        assert desk.limner.profile("u", SCHEMA).version == 1
    assert len(desk.limner.versions("u")) == 1


def test_two_processes_that_make_the_same_keep_one_version(desk: Desk) -> None:
    late = desk.open()
    original: Callable[..., Any] = late.chat

    def while_another_is_faster() -> Any:
        desk.limner.profile("u", SCHEMA)
        return original()

    late.chat = while_another_is_faster  # type: ignore[method-assign]  # the other process comes first
    assert late.profile("u", SCHEMA).version == 1
    assert len(desk.limner.versions("u")) == 1
