"""What search makes of persons, times, topics and clues; see test_store for the rest."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.events import Event
from retrieval.fakes import HashingEmbedder
from retrieval.search import Hit
from retrieval.store import Store

Row = tuple[str, str, str]
Searched = Callable[..., list[Hit]]


@pytest.fixture
def searched(open_store: Callable[..., Store]) -> Searched:
    """Searches rows of day, speaker and text; all hits, best first."""

    def search(rows: list[Row], query: str, now: datetime | None = None) -> list[Hit]:
        store = open_store(None, HashingEmbedder(512))
        store.ingest_events(
            Event(
                "u",
                f"e{number}",
                text,
                day,
                datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp(),
                "chat",
                speaker,
                {"Me": "user", "Bot": "agent"}.get(speaker, "other"),
            )
            for number, (day, speaker, text) in enumerate(rows)
        )
        return store.search("u", query, len(rows), now=now)

    return search


def texts(hits: list[Hit]) -> list[str]:
    return [hit.snippet.text for hit in hits]


def test_the_person_that_a_question_names_is_heard_first(searched: Searched) -> None:
    rows = [("2024-01-01", name, "The violin lesson was long") for name in ("Ben", "Me", "Anna Berg")]
    assert next(hit.event.speaker for hit in searched(rows, "Which lesson did Anna take?")) == "Anna Berg"
    assert next(hit.event.speaker for hit in searched(rows, "Which lesson did I take?")) == "Me"


@pytest.mark.parametrize(
    ("query", "heard"),
    [
        ("Which running shoes are good?", False),
        ("哪双 running shoes 好？", False),
        ("Which running shoes did you recommend?", True),
        ("客服 recommended which running shoes？", True),
    ],
)
def test_an_agents_words_count_less_unless_they_are_asked_for(searched: Searched, query: str, heard: bool) -> None:
    rows = [("2024-01-01", who, "These running shoes are good") for who in ("Bot", "Me")]
    scores = {hit.event.speaker: hit.score for hit in searched(rows, query)}
    assert (scores["Bot"] > 0.9 * scores["Me"]) is heard


@pytest.mark.parametrize(
    ("query", "asks", "tells"),
    [
        ("Where is my violin?", "Where is your violin?", "Violin lessons"),
        ("我的提琴在哪里？", "提琴呢？", "提琴课很长。"),
    ],
)
def test_who_asks_tells_less(searched: Searched, query: str, asks: str, tells: str) -> None:
    plain = searched([("2024-01-01", "Ben", asks.rstrip("?？")), ("2024-01-01", "Eve", tells)], query)
    hits = searched([("2024-01-01", "Ben", asks), ("2024-01-01", "Eve", tells)], query)
    before, after = ({hit.event.speaker: hit.score for hit in each} for each in (plain, hits))
    assert after["Ben"] == pytest.approx(0.8 * before["Ben"]) and after["Eve"] == pytest.approx(before["Eve"])


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("Which flower did I buy in March 2023?", "2023-03-08"),
        ("Which flower did I buy last month?", "2024-04-08"),
        ("上个月买了哪种花 flower", "2024-04-08"),
        ("Which flower did I buy?", "2023-01-08"),
    ],
)
def test_the_time_that_a_question_names_comes_first(searched: Searched, query: str, first: str) -> None:
    rows = [(day, "Me", "I bought a flower") for day in ("2023-01-08", "2023-03-08", "2024-04-08", "2024-05-08")]
    assert searched(rows, query, datetime(2024, 5, 9, tzinfo=UTC))[0].event.timestamp == first


def test_now_is_what_was_said_last(searched: Searched) -> None:
    rows = [("2023-01-08", "Me", "I live in Oslo"), ("2024-01-08", "Me", "I live in Rome")]
    assert texts(searched(rows, "Where do I live?")) == ["I live in Oslo", "I live in Rome"]
    assert texts(searched(rows, "Where do I live now?")) == ["I live in Rome", "I live in Oslo"]


def test_an_old_history_is_asked_about_as_of_its_end(searched: Searched) -> None:
    rows = [(day, "Me", "I bought a flower") for day in ("2001-01-08", "2002-01-08")]
    assert searched(rows, "Which flower did I buy last year?")[0].event.timestamp == "2001-01-08"


def test_before_something_that_happened(searched: Searched) -> None:
    rows = [
        ("2023-01-01", "Me", "I live near the harbour"),
        ("2023-06-01", "Me", "I moved to Rome"),
        ("2023-09-01", "Me", "I live near the harbour"),
    ]
    before, after = (searched(rows, f"Where did I live {side} I moved to Rome?") for side in ("before", "after"))
    assert next(hit.event.timestamp for hit in before if "harbour" in hit.snippet.text) == "2023-01-01"
    assert next(hit.event.timestamp for hit in after if "harbour" in hit.snippet.text) == "2023-09-01"


def test_a_clue_leads_to_what_is_told_elsewhere(searched: Searched) -> None:
    rows = [
        *[
            ("2024-01-01", "Me", f"我{who}的职位是{post}。")
            for who, post in (("叔叔", "经理"), ("表姐", "会计"), ("同事", "厨师"))
        ],
        ("2024-01-02", "Me", "我表姐在广州粤信事务所上班。"),
    ]
    hits = searched(rows, "在广州粤信事务所上班的那个人，他的职位是什么？")
    assert texts(hits)[:2] == ["我表姐在广州粤信事务所上班。", "我表姐的职位是会计。"]
    assert "我表姐 职位" in {found.query for hit in hits for found in hit.found}


def test_what_users_say_about_a_topic_is_looked_for(searched: Searched) -> None:
    rows = [("2024-01-01", "Me", text) for text in ("Blue sky over there", "We adopted a puppy", "Green tea for two")]
    hits = searched(rows, "Do I have pets?")
    assert texts(hits)[0] == "We adopted a puppy"
    assert any("We adopted a puppy" in found.query for found in hits[0].found)


def test_what_is_named_exactly_has_no_topic(searched: Searched) -> None:
    hits = searched([("2024-01-01", "Me", "Order 8841 is late")], "order 8841")
    assert {found.query for found in hits[0].found} == {"order 8841"}


class Longest:
    """A reranker that likes long texts."""

    name = "longest"

    def scores(self, question: str, texts: list[str]) -> Any:
        self.asked = (question, len(texts))
        return np.asarray([len(text) for text in texts], dtype=np.float32)


def test_a_reranker_orders_anew_what_was_found(tmp_path: Path) -> None:
    reranker = Longest()
    with Store(tmp_path / "store", HashingEmbedder(), reranker=lambda: reranker) as store:
        store.ingest_events(Event("u", f"e{n}", f"rose {f'and {n} more ' * n}") for n in range(60))
        hits = store.search("u", "rose", k=55)
    lengths = [len(hit.snippet.text) for hit in hits]
    assert reranker.asked == ("rose", 50) and lengths[:50] == sorted(lengths[:50], reverse=True)
    assert [(f.ranker, f.rank) for f in hits[1].found][-1] == ("reranker", 2)
    assert hits[0].score == 1 and all(a.score >= b.score for a, b in pairwise(hits)) and len(hits) == 55


def test_without_a_reranker_nothing_is_looked_at_twice(searched: Searched) -> None:
    hits = searched([("2024-01-01", "Me", "rose"), ("2024-01-01", "Me", "rose garden")], "rose")
    assert all(found.ranker != "reranker" for hit in hits for found in hit.found)


def test_a_reply_is_found_with_its_question(searched: Searched) -> None:
    rows = [
        ("2024-01-01", "Ben", "Are you a vegan?"),
        ("2024-01-01", "Me", "Since May"),
        ("2024-01-02", "Me", "Since May"),
    ]
    hits = searched(rows, "vegan")
    assert {hit.event.event_id: hit.asked for hit in hits} == {"e0": None, "e1": "Are you a vegan?", "e2": None}
