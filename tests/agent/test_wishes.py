"""What is taken for a wish, which are read, and which stay."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.chat import Chat
from agent.drafting import draft_all
from agent.evidence import Pack
from agent.facets import Facet, plan_facets
from agent.fakes import ScriptedChat
from agent.finding import find
from agent.resolve import resolve
from agent.schema import load_schema
from agent.verify import verify
from agent.wishes import asks_for_wishes, wishes_in
from retrieval import Event, Hit, Role, Snippet, Store
from retrieval.fakes import HashingEmbedder


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("The bicycle I received was damaged, and I'm looking to get a refund.", ["get a refund"]),
        ("i want new cable service", ["new cable service"]),
        ("I need you to cancel order 5 because it is late.", ["cancel order 5"]),
        ("Can I exchange it for another one? Can you help me with that?", ["exchange it for another one"]),
        (
            "I want to return the bottle, the camera, and the backpack. Could you process that for me?",
            ["return the bottle, the camera, and the backpack"],
        ),
        ("I'd like to cancel just that one and I'd love to travel to Rome", ["cancel just that one", "travel to Rome"]),
        ("hi i need to know the status of my claim", ["know the status of my claim"]),
        ("I want help to switch an item. How do I revert a payment?", ["switch an item", "revert a payment"]),
        ("能帮我查一下我的订单吗？", ["查一下我的订单"]),
        ("您好，麻烦帮我找个评分在4.5分以上的餐馆。", ["找个评分在4.5分以上的餐馆"]),
        ("请帮我找一家有糖油饼，人均消费是50-100元的餐馆，谢谢！", ["找一家有糖油饼，人均消费是50-100元的餐馆"]),
        ("这些酒店中，我要找一家最低价格是800-900元的，求推荐。", ["找一家最低价格是800-900元的"]),
        ("我最近打算去攀登华山，体验更加刺激的。", ["去攀登华山"]),
    ],
)
def test_what_is_wanted_is_found_in_its_words(text: str, wishes: list[str]) -> None:
    assert wishes_in(text) == wishes
    assert all(wish in text for wish in wishes)


@pytest.mark.parametrize(
    "text",
    [
        "Can you tell me what the most expensive item is?",
        "I need some help with an order, please.",
        "I'm looking forward to it. I hope you're having a great day.",
        "I don't want to return it.",
        "Hi friend, I want to chat with you about my job.",
        "I'd like to proceed with that.",
        "I wanted to ask whether it came.",
        "My wallet was wanted by many.",
        "我不要退货。",
        "今天我想和你聊聊我的工作。",
        "工作内容和我想象中的不太一样。",
        "I need to know what it costs, and check if it fits.",
        "我想知道几点关门。帮我查一下这个酒店周边都有什么景点。",
        "",
    ],
)
def test_questions_small_talk_and_denials_are_no_wishes(text: str) -> None:
    assert wishes_in(text) == []


def test_a_long_message_is_read_in_time() -> None:
    assert len(wishes_in("I want to go, and then, " * 20_000)) == 1
    assert len(wishes_in("我想找一家" * 20_000)) <= 1
    assert len(wishes_in("".join(f"I want lamp {n}. " for n in range(9_000)))) <= 20


@pytest.mark.parametrize(
    ("label", "asks"),
    [
        ("intents", True), ("current goals", True), ("user's requests", True), ("需求", True),
        ("用户当前意图", True), ("fitness goals", False),
        ("dream job", False), ("旅行计划", False), ("preferences", False),
    ],
)  # fmt: skip
def test_an_attribute_asks_for_all_wishes_or_for_some(label: str, asks: bool) -> None:
    assert asks_for_wishes(label) is asks


def facet_of(name: str, most: int = 4) -> Facet:
    node: dict[str, Any] = {"type": "array", "items": {"type": "string"}, "maxItems": most}
    return plan_facets(load_schema({"type": "object", "properties": {name: node}}), "en")[0]


def hit(number: int, text: str, role: Role = "user") -> Hit:
    event = Event("u", f"e{number}", text, f"2024-03-{number:02}", 86400.0 * number, "chat", role)
    return Hit(Snippet(f"e{number}#0", "u", f"e{number}", 0, len(text), text, role, role), event, 1.0, number)


def test_the_model_reads_only_what_states_no_wish_and_what_agents_say() -> None:
    said = (hit(1, "I'd like to return the lamp."), hit(2, "Two large fries."), hit(3, "I want to sell it.", "agent"))
    model = ScriptedChat(script=lambda *_: "none")
    drafts = draft_all(Chat(model), [Pack(said, (facet_of("intents"),))], {}, "en")
    assert [(each.value, each.cited, each.nothing) for each in drafts.drafted] == [("return the lamp", said[:1], None)]
    assert len(model.asked) == 2 and "lamp" not in "".join(asked for _, asked in model.asked)
    drafts = draft_all(Chat(model), [Pack(said[:1], (facet_of("fitness_goals"),))], {}, "en")
    assert drafts.drafted == []


@pytest.mark.parametrize(("sure", "shown"), [(0.9, True), (0.3, False)])
def test_the_judge_has_the_say_over_a_wish(sure: float, shown: bool) -> None:
    drafts = draft_all(
        Chat(ScriptedChat(script=lambda *_: "none")),
        [Pack((hit(1, "Could you please cancel the order?"),), (facet_of("intents"),))],
        {},
        "en",
    )
    (verdict,) = verify(drafts.drafted[0], lambda *_: sure)
    assert hasattr(verdict, "confidence") is shown


def test_the_newest_wishes_are_read_first_and_stay(tmp_path: Path) -> None:
    wanted = [f"I want to buy lamp {letter}." for letter in "abcdefghi"]
    said = [*wanted[:4], "I want to buy lamp a.", *wanted[4:], "It rains a lot here."]
    rows = [
        {
            "user_id": "u",
            "id": f"e{n:02}",
            "timestamp": f"2024-03-{n + 1:02}T10:00:00Z",
            "speaker": "user",
            "text": text,
        }
        for n, text in enumerate(said)
    ]
    (tmp_path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    store = Store(tmp_path / "store", HashingEmbedder())
    store.ingest([tmp_path / "h.jsonl"])
    facet = facet_of("intents", most=2)
    ((_, hits),) = find(store, "u", [facet], {}, 8)
    assert [each.event.event_id for each in hits[:6]] == ["e09", "e08", "e07", "e06", "e05", "e04"]
    assert len({each.event.event_id for each in hits}) == len(hits)
    drafts = draft_all(Chat(ScriptedChat(script=lambda *_: "none")), [Pack(tuple(hits[:8]), (facet,))], {}, "en")
    sureness = iter([0.7, 0.8, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99])
    accepted = [verify(each, lambda *_: next(sureness))[0] for each in drafts.drafted]
    schema = load_schema(
        {"type": "object", "properties": {"intents": {"type": "array", "items": {"type": "string"}, "maxItems": 2}}}
    )
    assert resolve(schema.inlined, [facet], accepted).profile == {"intents": ["buy lamp i", "buy lamp h"]}  # type: ignore[arg-type]
