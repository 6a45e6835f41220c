"""Attributes that code computes from orders and tickets: by their names, and what comes out."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent import Limner, SchemaError
from agent.computable import rule_for
from agent.fakes import ScriptedChat
from retrieval import Event, HashingEmbedder

STRING = {"type": "string"}
LIST = {"type": "array", "items": STRING}
ORDERS = [
    ("o1", "2024-03-01", "Order #A1001 placed. Items: Tea Kettle (steel) $20.00; Camera $100.00. Payments: $120.00."),
    ("o2", "2024-03-05", "Order #A1002 placed. Items: Digital Camera $300.50. Payments: $300.50 via card_1."),
    ("o3", "2024-03-09", "Order #A1002 cancelled. Items: Digital Camera $300.50. Payments: $300.50; refund $300.50."),
]  # fmt: skip
ZH_ORDERS = [
    ("z1", "2024-03-01", "订单号 8001，商品：电热水壶；相机。实付 120.00 元。"),
    ("z2", "2024-03-06", "订单号 8002，商品：数码相机。实付 300.50 元。"),
]
SCHEMA: dict[str, Any] = {
    "title": "totals",
    "type": "object",
    "properties": {
        "n_orders": {"type": ["integer", "null"]},
        "total_spent": {"type": ["string", "null"]},
        "totalOrderValue": {"type": ["number", "null"]},
        "average_order_value": {"type": ["number", "null"]},
        "last_order_date": {"type": ["string", "null"], "format": "date"},
        "products": LIST,
        "ticket_count": {"type": ["integer", "null"]},
    },
}
ZH_SCHEMA: dict[str, Any] = {
    "title": "合计",
    "type": "object",
    "properties": {
        "订单数量": {"type": ["integer", "null"]},
        "消费总额": {"type": ["string", "null"]},
        "最近一次下单日期": {"type": ["string", "null"]},
        "购买过的商品": LIST,
    },
}


def answer(system: str, user: str, schema: Mapping[str, Any] | None) -> str:
    return "none" if schema is None else "[]"


@pytest.fixture
def open_limner(tmp_path: Path) -> Callable[..., tuple[Limner, ScriptedChat]]:
    def make(*rows: tuple[str, str, str], user: str = "u", script: Any = answer) -> tuple[Limner, ScriptedChat]:
        path = tmp_path / "h.jsonl"
        events = [
            {"user_id": user, "id": name, "timestamp": day, "channel": "order_event", "speaker": "system", "text": text}
            for name, day, text in rows
        ]
        events.append({"user_id": user, "id": "hi", "timestamp": "2024-03-02", "speaker": "user", "text": "Hello!"})
        path.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in events), encoding="utf-8")
        model = ScriptedChat(script=script)
        limner = Limner(tmp_path / "store", llm=model, embedder=HashingEmbedder())
        limner.ingest(path)
        return limner, model

    return make


def test_what_orders_tell_is_computed_and_no_model_is_asked(
    open_limner: Callable[..., tuple[Limner, ScriptedChat]],
) -> None:
    limner, model = open_limner(*ORDERS)
    schema = {**SCHEMA, "properties": {k: v for k, v in SCHEMA["properties"].items() if k != "ticket_count"}}
    found = limner.profile("u", schema)
    assert found.profile == {
        "n_orders": 2,
        "total_spent": "$120.00",
        "totalOrderValue": 420.5,
        "average_order_value": 60.0,
        "last_order_date": "2024-03-05",
        "products": ["Digital Camera", "Tea Kettle", "Camera"],
    }
    assert model.asked == []
    assert {claim.origin for claim in found.claims} == {"computed"}
    texts = {event.event_id: event.text for event in limner.store.events("u")}
    assert all(e.quote == texts[e.event_id][e.start : e.end] for claim in found.claims for e in claim.evidence)
    assert all(claim.evidence for claim in found.claims)
    assert "Tea Kettle" in found.claims[-2].evidence[0].quote


def test_chinese_orders(open_limner: Callable[..., tuple[Limner, ScriptedChat]]) -> None:
    limner, model = open_limner(*ZH_ORDERS, user="张三")
    assert limner.profile("张三", ZH_SCHEMA).profile == {
        "订单数量": 2,
        "消费总额": "¥420.50",
        "最近一次下单日期": "2024-03-06",
        "购买过的商品": ["数码相机", "电热水壶", "相机"],
    }
    assert model.asked == []


def test_where_the_events_do_not_tell_the_model_is_asked(
    open_limner: Callable[..., tuple[Limner, ScriptedChat]],
) -> None:
    limner, model = open_limner()
    found = limner.profile("u", SCHEMA)
    assert model.asked and set(found.unknown) == {f"/{name}" for name in SCHEMA["properties"]}
    explained = limner.explain("u", "/products", SCHEMA)
    assert (explained.kind, explained.computed) == ("unknown", None)


def test_what_is_bought_or_owned_is_computed_and_asked(
    open_limner: Callable[..., tuple[Limner, ScriptedChat]],
) -> None:
    def owns(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        if not system:  # the judge
            return 0.9
        return "lamp" if "lamp" in user.splitlines()[0] else "none"

    limner, model = open_limner(*ORDERS, script=owns)
    limner.ingest_events([Event("u", "own", "I have an old lamp.", "2024-04-01", 1711929600.0, "chat", "user")])
    products = {**LIST, "maxItems": 4, "description": "products that the user owns or bought"}
    found = limner.profile("u", {"title": "n", "type": "object", "properties": {"products": products}})
    assert found.profile == {"products": ["lamp", "Digital Camera", "Tea Kettle", "Camera"]}
    assert [claim.origin for claim in found.claims] == ["stated", "computed", "computed", "computed"]
    assert model.asked


def test_orders_without_an_amount_give_no_sum(open_limner: Callable[..., tuple[Limner, ScriptedChat]]) -> None:
    limner, _ = open_limner(*ORDERS[:1], ("o9", "2024-03-09", "Order #A1009 placed."))
    profile = limner.profile("u", SCHEMA).profile
    assert (profile["n_orders"], profile["total_spent"], profile["totalOrderValue"]) == (2, None, None)


def test_an_explanation_says_how_it_was_counted(open_limner: Callable[..., tuple[Limner, ScriptedChat]]) -> None:
    limner, _ = open_limner(*ORDERS)
    found = limner.explain("u", "/total_spent", SCHEMA)
    assert found.computed is not None and (found.kind, found.computed.rule) == ("computed", "total_spent")


def test_a_value_that_the_schema_does_not_allow_is_not_computed(
    open_limner: Callable[..., tuple[Limner, ScriptedChat]],
) -> None:
    limner, _ = open_limner(*ORDERS)
    narrow = {"title": "n", "type": "object", "properties": {"n_orders": {"type": ["integer", "null"], "maximum": 1}}}
    assert limner.profile("u", narrow).profile == {"n_orders": None}


def test_a_schema_may_say_so_itself(open_limner: Callable[..., tuple[Limner, ScriptedChat]]) -> None:
    limner, model = open_limner(*ORDERS)
    own = {"type": ["string", "null"], "x-compute": "order_count"}
    assert limner.profile("u", {"title": "n", "type": "object", "properties": {"loyalty": own}}).profile == {
        "loyalty": "2"
    }
    assert model.asked == []
    with pytest.raises(SchemaError, match="order_count"):
        limner.profile("u", {"title": "n", "type": "object", "properties": {"x": {**STRING, "x-compute": "magic"}}})


@pytest.mark.parametrize(
    ("name", "about", "node", "rule"),
    [
        ("number of orders", "", {"type": "integer"}, "order_count"),
        ("order count", "", STRING, "order_count"),
        ("total tickets", "", {"type": "number"}, "ticket_count"),
        ("lifetime spend", "", STRING, "total_spent"),
        ("aov", "", {"type": "number"}, "average_order"),
        ("累计消费金额", "", STRING, "total_spent"),
        ("客单价", "", {"type": "number"}, "average_order"),
        ("purchased products", "what was bought", LIST, "products"),
        ("products", "products that the user owns or bought", LIST, "products"),
        ("products", "products that the user owns", LIST, None),
        ("商品", "用户喜欢的商品", LIST, None),
        ("favourite products", "", LIST, None),
        ("number of children", "", {"type": "integer"}, None),
        ("orders", "", {"type": "boolean"}, None),
        ("last order", "", {"enum": ["open", "done"]}, None),
        ("order count", "", {"type": "array", "items": {"type": "integer"}}, None),
        ("products", "", {"type": "array", "items": {"type": "object"}}, None),
        ("订单偏好", "", STRING, None),
    ],
)
def test_names(name: str, about: str, node: dict[str, Any], rule: str | None) -> None:
    assert rule_for(name, about, node) == rule
