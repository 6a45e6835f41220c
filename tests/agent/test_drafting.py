"""What the judge is asked, and how many snippets are read."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from agent.chat import Chat
from agent.documents import Evidence
from agent.drafting import Drafts, draft_all, draft_facet, judge_claim
from agent.evidence import Pack
from agent.facets import Facet, plan_facets
from agent.fakes import ScriptedChat
from agent.schema import load_schema
from retrieval import Event, Hit, Snippet
from tests.agent.one_by_one import alone

ISSUE = {
    "type": "object",
    "description": "a problem the user reported",
    "properties": {"issue": {"type": "string"}, "status": {"enum": ["open", "resolved"]}},
}
QUOTE = Evidence("e", "e#0", 0, 8, "It broke", None, None, None)


@pytest.mark.parametrize(
    ("node", "value", "asked"),
    [
        (
            {"type": "array", "items": ISSUE, "description": "all problems"},
            {"issue": "it broke", "status": "open"},
            '"it broke" is a problem the user reported?',
        ),
        ({"type": "array", "items": {"type": "string"}, "description": "hobbies"}, "tea", '"tea" is hobbies?'),
        ({"enum": ["low", "high"], "description": "the risk"}, "high", '"high" is the risk?'),
        ({"type": "boolean"}, True, '"True" is the user\'s thing?'),
        ({"type": "string"}, "tea", '"tea" is the user\'s thing?'),
    ],
)
def test_the_judge_is_asked_for_what_must_be_said(node: dict[str, Any], value: Any, asked: str) -> None:
    facet = plan_facets(load_schema({"type": "object", "properties": {"thing": node}}), "en")[0]
    model = ScriptedChat(script=lambda *_: 0.7)
    assert judge_claim(Chat(model), facet, value, [QUOTE], "en", record=False) == pytest.approx(0.7)
    assert f"Does the message say that {asked} Answer yes or no." in model.asked[0][1]


def hit(number: int, text: str) -> Hit:
    event = Event("u", f"e{number}", text, f"2024-03-{number:02}", 86400.0 * number, "chat", "user")
    return Hit(Snippet(f"e{number}#0", "u", f"e{number}", 0, len(text), text, "user", "user"), event, 1.0, number)


def drafts(
    node: dict[str, Any], *texts: str, people: Mapping[str, str] | None = None, thorough: bool = False
) -> tuple[Drafts, list[str]]:
    """What is read of an attribute in these snippets, best first, by a model that finds the city that they name."""
    facet: Facet = plan_facets(load_schema({"type": "object", "properties": {"city": node}}), "en")[0]
    read: list[str] = []

    def finds(system: str, user: str, schema: Mapping[str, Any] | None) -> list[Mapping[str, float]]:
        asked = alone(system, user)
        assert asked is not None
        read.append(asked.line.partition(": ")[2])
        city = next((name for name in ("Munich", "Rome") if name in asked.line), "none")
        return [{city: 0.9, "-": 0.1} if city == "none" else {city: 0.9, "none": 0.1}]

    pack = Pack(tuple(hit(number, text) for number, text in enumerate(texts, start=1)), (facet,))
    return draft_all(Chat(ScriptedChat(script=finds)), [pack], people or {}, "en", thorough=thorough), read


ONE = {"type": ["string", "null"]}
MANY = {"type": "array", "items": {"type": "string"}}
OTHERS = tuple(f"Hello, number {number}." for number in range(2, 9))


def test_one_value_that_the_best_snippets_tell_is_enough() -> None:
    found, read = drafts(ONE, "I live in Munich.", *OTHERS)
    assert [each.value for each in found.drafted] == ["Munich"]
    assert read == ["I live in Munich.", *OTHERS[:3]]
    assert [len(pack.hits) for pack in found.shown] == [4]


@pytest.mark.parametrize(
    ("node", "text", "people"),
    [
        (ONE, "Anna lives in Rome.", {"Anna": "sister"}),
        (ONE, "I used to live in Rome.", {}),
        (ONE, "Should I move to Rome?", {}),
        (MANY, "I live in Munich.", {}),
    ],
)
def test_what_does_not_settle_an_attribute_lets_the_other_snippets_be_read(
    node: dict[str, Any], text: str, people: dict[str, str]
) -> None:
    found, read = drafts(node, text, *OTHERS, people=people)
    assert len(read) == 8 and [len(pack.hits) for pack in found.shown] == [8]


@pytest.mark.parametrize(("thorough", "count"), [(False, 4), (True, 8)])
def test_where_the_best_snippets_all_seem_to_tell_nothing_others_are_read_only_in_a_repair(
    thorough: bool, count: int
) -> None:
    found, read = drafts(ONE, "I live in a town.", *OTHERS, thorough=thorough)
    assert found.drafted == [] and len(read) == count
    assert [len(pack.hits) for pack in found.shown] == [count]


def test_a_snippet_is_read_once_for_a_list_and_a_single_value_and_those_that_begin_alike_follow_each_other() -> None:
    texts = ("My order has come.", "I live in a town.", "My order is late.", "I live in a flat.", "Munich!")
    found = [hit(number, text) for number, text in enumerate(texts)]
    hits = tuple(each._replace(event=replace(each.event, timestamp="2024-03-01")) for each in found)
    nodes = {"city": {"type": ["string", "null"]}, "cities": {"type": "array", "items": {"type": "string"}}}
    city, cities = plan_facets(load_schema({"type": "object", "properties": nodes}), "en")
    model = ScriptedChat(script=lambda *_: "none")
    draft_all(Chat(model), [Pack(hits, (city,)), Pack(hits, (cities,))], {}, "en")
    lines = [user.partition("\n")[0].partition(": ")[2] for _, user in model.asked]
    assert list(dict.fromkeys(lines)) == sorted(texts)
    assert lines == sorted(lines)  # each snippet is read for both before the next one
    assert len(lines) == 4 + 5


def test_what_a_list_repeats_is_one_value_with_all_that_is_cited_for_it() -> None:
    issues = {"type": "array", "items": ISSUE, "description": "problems"}
    facet = plan_facets(load_schema({"type": "object", "properties": {"issues": issues}}), "en")[0]
    broke, late = {"issue": "it broke", "status": "open"}, {"issue": "late", "status": "open"}
    told = [(1, broke), (2, late), (3, broke), (1, broke), (2, None), (3, {**broke, "status": "resolved"})]
    reply = json.dumps([{"evidence": number, "value": value} for number, value in told])
    hits = tuple(hit(number, "It broke.") for number in range(1, 4))
    found = draft_facet(Chat(ScriptedChat(script=lambda *_: reply)), Pack(hits, (facet,)), 0, "en")
    assert [(each.value, each.cited) for each in found] == [
        (broke, (hits[0], hits[2])),
        (late, (hits[1],)),
        ({**broke, "status": "resolved"}, (hits[2],)),
    ]


def test_a_single_value_that_comes_back_is_told_each_time() -> None:
    facet = plan_facets(load_schema({"type": "object", "properties": {"age": {"type": "integer"}}}), "en")[0]
    reply = json.dumps([{"evidence": number, "value": value} for number, value in ((1, 30), (2, 31), (3, 30))])
    hits = tuple(hit(number, f"I am {number}.") for number in range(1, 4))
    found = draft_facet(Chat(ScriptedChat(script=lambda *_: reply)), Pack(hits, (facet,)), 0, "en")
    assert [each.value for each in found] == [30, 31, 30]
