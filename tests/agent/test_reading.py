"""How snippets are weighed and read, with a scripted model."""

from collections.abc import Mapping
from typing import Any

import pytest

from agent.chat import Chat
from agent.fakes import ScriptedChat
from agent.reading import Weighed, in_balance, read, weigh, weightiest
from retrieval import Event, Hit, Role, Snippet


def hit(text: str, role: Role = "user") -> Hit:
    event = Event(
        user_id="u",
        event_id=text,
        text=text,
        timestamp="2024-03-01",
        epoch=0.0,
        channel="chat",
        speaker=role,
        role=role,
    )
    return Hit(Snippet.cut(event, 0, 0, len(text), role, role), event, 1.0, 1)


def chat(script: Any) -> Chat:
    return Chat(ScriptedChat(script=script))


def lamps(system: str, user: str, schema: Mapping[str, Any] | None) -> str:
    return "green" if "green" in user else "none"


def test_what_tells_weighs_more_and_the_first_ones_of_a_search_weigh_more() -> None:
    hits = [hit("It is late."), hit("The lamp is green."), hit("A green lamp, really.")]
    weighed = weigh(chat(lamps), "What colour is the lamp?", hits, "en")
    assert [each.rank for each in weighed] == [2, 3, 1]
    assert [each.tells for each in weighed] == [1.0, 1.0, 0.0]
    assert weightiest(weighed) == weighed[:2]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What colour is the lamp?", "user"),
        ("What did the agent say of the lamp?", "agent"),
        ("灯是什么颜色？", "user"),
        ("客服说灯是什么颜色？", "agent"),
    ],
)
def test_the_user_comes_before_the_agent_unless_the_agent_is_asked_about(question: str, first: str) -> None:
    hits = [hit("You want a green lamp.", "agent"), hit("My lamp is green.")]
    assert weigh(chat(lamps), question, hits, "en")[0].hit.snippet.role == first


def test_an_agent_who_says_what_is_asked_for_is_no_worse_than_the_user() -> None:
    found, own = hit("Your lamp number is green 7.", "agent"), hit("My lamp is green.")
    by_agent, by_user = (in_balance("What is the lamp number?", [(each, 0.9)])[0] for each in (found, own))
    assert by_agent.second_hand and by_agent.weight == pytest.approx(by_user.weight, abs=0.7)
    by_agent, by_user = (in_balance("What is the desk worth?", [(each, 0.9)])[0] for each in (found, own))
    assert by_agent.weight == pytest.approx(by_user.weight - 1)


def test_what_is_about_the_question_comes_before_what_seems_to_tell_as_much() -> None:
    hits = [hit("It is green, I like it."), hit("The lamp is green.")]
    weighed = in_balance("What colour is the lamp?", [(each, 0.9) for each in hits])
    assert [each.covers for each in weighed] == sorted((each.covers for each in weighed), reverse=True)
    assert weighed[0].hit == hits[1]


def test_at_most_five_are_read_in_time_order() -> None:
    many = [Weighed(hit(f"green {n}"), 0.99, 1) for n in range(9)]
    assert len(weightiest(many)) == 5 and weightiest([]) == []


@pytest.mark.parametrize(("said", "text"), [("green", "green"), ("none", None), ("无", None), ("“绿色”", "绿色")])
def test_nothing_is_no_answer(said: str, text: str | None) -> None:
    reading = read(chat(lambda *a: said), "Q?", [hit("x")], "en")
    assert reading.text == text
    assert reading.nothing == (1.0 if text is None else 0.0) and reading.probability is None


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Why did she return the lamp?", True),
        ("她为什么退灯？", True),
        ("What did she return?", False),
        ("她退了什么？", False),
    ],
)
def test_of_a_question_for_a_reason_the_model_is_told_so(question: str, reason: bool) -> None:
    told: list[str] = []

    def script(system: str, user: str, schema: Mapping[str, Any] | None) -> str:
        told.append(system)
        return "too bright"

    language = "zh" if "她" in question else "en"
    hits = [hit("The lamp is too bright, I sent it back.")]
    weigh(chat(script), question, hits, language)
    read(chat(script), question, hits, language)
    word = "原因" if language == "zh" else "reason"
    assert [word in system for system in told] == [reason, reason]


def test_what_is_of_the_day_that_is_asked_about_comes_first() -> None:
    day = hit("The lamp is green since 1 April 2024.")
    hits = [hit("The lamp is green."), hit("A green lamp, really."), day]
    weighed = weigh(chat(lamps), "What colour had the lamp on April 1st, 2024?", hits, "en")
    assert weighed[0].hit == day and [each.of_day for each in weighed] == [True, False, False]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ('"Emma"', "Emma"),
        ('"Emma", "Persuasion"', '"Emma", "Persuasion"'),
        ('Emma, "Persuasion", "Ulysses', 'Emma, "Persuasion", Ulysses'),
        ("agent: Emma", "Emma"),
        ("agent, Emma", "Emma"),
        ("agent", "agent"),
    ],
)
def test_quotation_marks_and_the_labels_of_a_prompt_are_no_part_of_an_answer(reply: str, text: str) -> None:
    assert read(chat(lambda *_: reply), "Which book?", [hit("Emma")], "en").text == text
