"""Questions for what one conversation was about."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.talks import Talk, snippets_of, talk_in
from retrieval import Event, Role, Snippet


@pytest.mark.parametrize(
    ("question", "which"),
    [
        ("What topic did we talk about on April 27th?", "then"),
        ("What did the customer talk about on 3 May 2023?", "then"),
        ("What did I tell you on May 4th?", "then"),
        ("What did we discuss yesterday?", "then"),
        ("Do you remember what we talked about during our first conversation?", "first"),
        ("What did she contact us about last time?", "last"),
        ("What was our last conversation about?", "last"),
        ("“What was the most recent call about?”", "last"),
        ("在4月27号我们聊了什么话题？", "then"),
        ("在4月29日我们聊了哪些话题呢？", "then"),
        ("客户昨天说了什么？", "then"),
        ("你还记得我们第一次对话的时候，聊了什么话题吗？", "first"),
        ("我们上次聊了什么？", "last"),
        ("上次对话是关于什么的？", "last"),
        ("她最近一次联系说了什么问题？", "last"),
    ],
)
def test_a_conversation_that_is_asked_about_as_a_whole(question: str, which: str) -> None:
    talk = talk_in(question)
    assert talk is not None and talk.which == which


@pytest.mark.parametrize(
    "question",
    [
        "What did we talk about on April 27 regarding hiking?",
        "What did we talk about?",
        "What did we talk about on May 4th and on May 5th?",
        "What did my sister say on May 4th?",
        "What was the last book about?",
        "What did I buy on May 4th?",
        "我们聊了什么？",
        "他5月4号买了什么？",
        "上次去北京说了什么？",
        "妈妈昨天说了什么？",
    ],
)
def test_other_questions_are_searched_for(question: str) -> None:
    assert talk_in(question) is None


def said(day: str, text: str, role: Role = "user", **metadata: Any) -> tuple[Snippet, Event]:
    epoch = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    event = Event(
        user_id="u",
        event_id=text,
        text=text,
        timestamp=day,
        epoch=epoch,
        channel="chat",
        speaker=role,
        role=role,
        metadata=metadata,
    )
    return Snippet.cut(event, 0, 0, len(text), role, role), event


SAID = [
    said("2023-04-27", "My job bores me."),
    said("2023-04-27", "Try yoga.", "agent"),
    said("2023-04-28", "I bought a piano."),
    said("2023-05-04", "The piano is out of tune.", session=7),
    said("2023-05-05", "It was tuned.", session=7),
]


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("What did we talk about on April 27th?", ["My job bores me."]),
        ("What did we talk about on 28 April 2023?", ["I bought a piano."]),
        ("What did we talk about yesterday?", ["The piano is out of tune."]),
        ("我们5月9号聊了什么？", []),
        ("我们第一次聊了什么？", ["My job bores me."]),
        ("What was our last conversation about?", ["The piano is out of tune.", "It was tuned."]),
    ],
)
def test_what_persons_said_in_it(question: str, texts: list[str]) -> None:
    talk = talk_in(question)
    assert talk is not None
    assert [hit.snippet.text for hit in snippets_of(talk, SAID)] == texts


def test_of_a_long_conversation_twelve_snippets_and_of_no_words_none() -> None:
    long = [said("2023-04-27", f"Message {number}.") for number in range(40)]
    texts = [hit.snippet.text for hit in snippets_of(Talk("first", ""), long)]
    assert len(texts) == 12 and texts[0] == "Message 0." and texts[-1] == "Message 36."
    assert snippets_of(Talk("last", ""), []) == []
