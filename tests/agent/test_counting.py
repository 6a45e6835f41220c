"""Questions about the events themselves are answered by code; all others are left to the model."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.counting import answer
from agent.errors import ModelUnavailable
from agent.fakes import ScriptedChat
from retrieval import Event, HashingEmbedder
from tests.agent.scripted import open_with
from tests.conftest import WriteRows

TODAY = datetime(2024, 6, 15, tzinfo=UTC)


def event(
    name: str, day: str | None, channel: str, text: str, role: Any = "user", user: str = "shop/Anna_Bell", **more: Any
) -> Event:
    epoch = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() if day else None
    speaker = {"agent": "Tom", "system": "system"}.get(role, "Anna Bell")
    return Event(user, name, text, day, epoch, channel, speaker, role, metadata=more)


HISTORY = [
    event("o1", "2023-12-30", "order_event", "Order #W1001 delivered. Payments: payment $100.50 via card.", "system"),
    event("t1", "2024-01-05", "ticket", "The lamp is broken.", ticket_id="T1"),
    event("t2", "2024-01-06", "ticket", "We send a new one.", "agent", ticket_id="T1"),
    event("t3", "2024-03-02", "ticket", "The new one is broken, too.", ticket_id="T2"),
    event(
        "o2", "2024-03-03", "order_event", "Order #W1002 status pending. Lamp $40.00; bulb $2.00.", "system", total=42
    ),
    event("o3", "2024-03-04", "order_event", "Order #W1002 status shipped. Total: $42.00.", "system"),
    event("e1", "2024-03-10T09:12:30", "email", "Where is my order?"),
    event("e2", "2024-03-10T10:00:00", "email", "It is on its way.", "agent"),
    event("e3", "2024-03-11", "email", "Thank you! I have two children and bought 3 lamps for 50 $."),
]


def told(question: str, history: list[Event] = HISTORY) -> str | None:
    counted = answer(question, history, TODAY)
    return counted.answer if counted else None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many tickets has she submitted?", "2 tickets"),
        ("How many tickets this year?", "2 tickets in 2024"),
        ("How many tickets did Anna open last year?", "0 tickets in 2023 (2 in all)"),
        ("她今年提交了多少工单？", "2 张工单（2024年）"),
        ("去年有几张工单？", "0 张工单（2023年，总共 2 张）"),
        ("How many emails did she send in March?", "2 emails in 2024-03"),
        ("How many e-mails are there?", "3 emails"),
        ("How many emails did the agent send?", "1 email"),
        ("How many emails did Anna Bell send on 10 March 2024?", "1 email on 2024-03-10"),
        ("三月份发了几封邮件？", "2 封邮件（2024年3月）"),
        ("客服一共发了多少封邮件？", "1 封邮件"),
        ("她去年三月发了几封邮件？", "0 封邮件（2023年3月，总共 2 封）"),
        ("How many messages did the customer write since March 2024?", "3 messages since 2024-03-01"),
        ("How many messages did the user send before February 2024?", "1 message before 2024-02-01"),
        ("How many tickets did she open between January and February 2024?", "1 ticket from 2024-01-01 to 2024-02-29"),
        ("How many orders did she place?", "2 orders"),
        ("用户总共下了多少单？", "2 笔订单"),
        ("2023年以来下过几单", "2 笔订单（2023-01-01 起）"),
        ("When was her first order?", "2023-12-30"),
        ("第一次下单是哪天？", "2023-12-30"),
        ("When did she place her last order?", "2024-03-03"),
        ("她最近一次下单是什么时候？", "2024-03-03"),
        ("When did she last contact us?", "2024-03-11"),
        ("最近一次联系是什么时候？", "2024-03-11"),
        ("什么时候第一次联系我们的？", "2024-01-05"),
        ("when was the first email?", "2024-03-10 09:12"),
        ("How often did she contact us in March 2024?", "on 3 days in 2024-03, with 3 messages"),
        ("Which channels does she use?", "ticket (2), email (2)"),
        ("她用过哪些渠道？", "ticket（2 条）、email（2 条）"),
    ],
)
def test_events_are_counted(question: str, expected: str) -> None:
    assert told(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "How many children does she have?",
        "她有几个孩子？",
        "How many times did Anna go to the beach?",
        "那次活动有多少人？",
        "How many lamps did she buy?",
        "How many orders did she place with a lamp?",
        "How many broken tickets did she open?",
        "How much did she spend on lamps?",
        "她买灯花了多少钱？",
        "When did she last see her brother?",
        "When did Anna first write to her mother?",
        "她最近一次联系妈妈是什么时候？",
        "我的邮箱地址是多少？",
        "How many emails did she send in March or May?",
        "How many emails did she send between January and May 2023?",
        "How many emails did Bob send?",
        "How many emails did she get?",
        "How many emails does she have?",
        "她收到了多少封邮件？",
        "她有几封邮件？",
        "How much did she pay?",
        "When did she last order a lamp?",
        "她在三月五号到底发了几封邮件给小王？",
        "Did she place an order?",
        "What did she write in her last email?",
    ],
)
def test_what_was_said_is_left_to_the_model(question: str) -> None:
    assert told(question) is None


@pytest.mark.parametrize(
    "question", ["How many reviews did she write?", "她写过几条评价？", "How many calls were there?"]
)
def test_a_kind_of_event_that_the_history_does_not_have_is_not_counted_as_none(question: str) -> None:
    assert told(question) is None


def test_what_the_events_cannot_tell_is_not_guessed() -> None:
    undated = [event("o1", None, "order", "Order #A100 of a lamp."), event("o2", "2024-01-01", "order", "Order #A200.")]
    assert told("How many orders?", undated) == "2 orders"
    assert told("How many orders in 2024?", undated) is None
    assert told("When was the first order?", undated) is None
    assert told("How much did she spend?", undated) is None
    mixed = [event("t1", "2024-01-01", "ticket", "Help!"), event("t2", "2024-01-02", "ticket", "How?", "agent")]
    assert told("How many tickets?", mixed) is None  # one or two: no number of the ticket tells
    assert told("How many tickets?", mixed[:1]) == "1 ticket"
    transcript = [event("c1", "2024-01-01", "chat", "Anna Bell: Hello\nTom: Hi\nAnna Bell: Bye")]
    assert told("How many messages did she send?", transcript) is None
    assert told("How many chats were there?", transcript) == "1 chat"
    assert told("How many chats were there?", [event("m1", "2024-01-01", "chat", "Hello")]) is None
    own = [event("m1", "2024-01-01", "chat", "Hello")]
    assert told("How many messages did the agent send?", own) is None  # the agent's side may not be in the history


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How much did she spend?", "$142.50 for 2 orders"),
        ("How much did she spend in 2024?", "$42.00 for 1 order in 2024"),
        ("她一共花了多少钱？", "$142.50，共 2 笔订单"),
        ("What is her average order value?", "$71.25 on average over 2 orders"),
        ("平均每单花多少钱？", "平均 $71.25，共 2 笔订单"),
    ],
)
def test_money_is_added_up_once_an_order(question: str, expected: str) -> None:
    assert told(question) == expected


def test_currencies_are_kept_apart_and_refunds_taken_off() -> None:
    history = [
        event("o1", "2024-01-01", "订单", "订单号 20240001，实付 1,299.00 元。"),
        event("o2", "2024-01-02", "订单", "订单号 20240002，合计 ¥100，退款 ¥20.50。"),
        event("o3", "2024-01-03", "订单", "订单号 20240003", total="5,50", currency="EUR"),
    ]
    assert told("How much did he spend?", history) == "¥1,378.50 and €5.50 for 3 orders, after refunds of ¥20.50"
    assert told("总共花了多少钱", history) == "¥1,378.50、€5.50，共 3 笔订单（已扣除退款 ¥20.50）"
    assert told("What is his average order value?", history) is None


def test_orders_without_an_amount_are_told() -> None:
    silent = event("o9", "2024-04-01", "order_event", "Order #W1009 pending. Lamp $4.00; bulb $2.00.", "system")
    counted = answer("How much did she spend?", [*HISTORY, silent], TODAY)
    assert counted is not None
    assert counted.answer == "$142.50 for 3 orders; 1 of them states no amount"
    assert counted.confidence == pytest.approx(2 / 3, abs=1e-4)


LAMPS = [
    event("o1", "2023-01-01", "order", "Order #A100. Items: Desk Lamp (color: red) $9.50; Bulb $1.00."),
    event("o2", "2024-01-01", "order", "Order #A200. Items: Bulb $1.00; Chair $50.00. Payments: payment $51.00."),
    event("o3", "2024-02-01", "订单", "订单号 A300", 商品=["Bulb", "Sofa"]),
]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What did she buy most often?", "Bulb (in 3 of 3 orders)"),
        ("What did she order most often in 2023?", "nothing more than once (1 order in 2023)"),
        ("她买得最多的商品是什么？", "Bulb（3 笔订单中的 3 笔）"),
        ("她去年最常买什么？", "没有重复购买的商品（共 1 笔订单，2023年）"),
    ],
)
def test_what_was_bought_most_often(question: str, expected: str) -> None:
    assert told(question, LAMPS) == expected
    assert told(question, HISTORY) is None  # its orders name no items


def rows(history: list[Event]) -> list[dict[str, Any]]:
    keys = ("user_id", "event_id", "timestamp", "channel", "speaker", "text")
    return [{**{key: getattr(each, key) for key in keys}, **each.metadata} for each in history]


def never(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    raise AssertionError(f"the model was asked: {user}")


def test_no_model_is_loaded_or_asked(tmp_path: Path, write_rows: WriteRows) -> None:
    path = write_rows(*rows(HISTORY))
    with Limner(tmp_path / "store", llm="gguf:/nowhere.gguf", embedder=HashingEmbedder()) as limner:
        limner.ingest(path)
    with Limner(tmp_path / "store", llm="gguf:/nowhere.gguf", embedder="/nowhere") as limner:
        document = limner.ask("shop/Anna_Bell", "How much did she spend in 2024?").as_json()
    limner = Limner(tmp_path / "store", llm="gguf:/nowhere.gguf", embedder=HashingEmbedder())
    with limner, pytest.raises(ModelUnavailable, match=r"nowhere\.gguf"):
        limner.ask("shop/Anna_Bell", "Is her lamp broken?")
    assert (document["answer"], document["confidence"]) == ("$42.00 for 1 order in 2024", 1.0)
    assert document["usage"]["llm_calls"] == 0
    assert document["model"]["llm"] == "none"
    assert document["computed"] == [
        {"question": "How much did she spend in 2024?", "answer": "$42.00 for 1 order in 2024", "events": 1}
    ]
    quoted = document["evidence"][0]
    assert (quoted["event_id"], quoted["quote"]) == ("o3", HISTORY[5].text[quoted["start"] : quoted["end"]])


def test_counted_and_other_questions_in_one_text(tmp_path: Path, write_rows: WriteRows) -> None:
    def script(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        return "lamp" if user.endswith("Answer:") else 0.9

    lamp = [event("m1", "2024-01-01", "chat", "My lamp is broken.")]
    with Limner(tmp_path / "store", llm=ScriptedChat(script=script), embedder=HashingEmbedder()) as limner:
        limner.ingest(write_rows(*rows(lamp)))
        document = limner.ask("shop/Anna_Bell", "What is broken? How many messages did she send?")
    assert document.answer == "lamp; 1 message"
    assert [each.question for each in document.computed] == ["How many messages did she send?"]
    assert document.model.llm == "ScriptedChat"


@pytest.mark.parametrize(
    ("question", "expected"), [("How many tickets did she open?", "2 tickets"), ("提交过几张工单？", "2 张工单")]
)
def test_the_command(
    question: str, expected: str, tmp_path: Path, write_rows: WriteRows, capsys: pytest.CaptureFixture[str]
) -> None:
    from agent.cli import main

    store = str(tmp_path / "store")
    assert main(["ingest", str(write_rows(*rows(HISTORY))), "--store", store], open_with(never)) == 0
    capsys.readouterr()
    assert main(["ask", "shop/Anna_Bell", question, "--store", store, "--json"], open_with(never)) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["answer"], document["answered"]) == (expected, True)
    assert [each["event_id"] for each in document["evidence"]] == ["t1", "t3"]
    assert document["computed"][0]["events"] == 2
    assert main(["ask", "shop/Anna_Bell", question, "--store", store], open_with(never)) == 0
    assert capsys.readouterr().out.startswith(f"{expected} [1] [2]")
