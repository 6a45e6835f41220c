"""Which snippets are of the day that a question names."""

from datetime import UTC, datetime

import pytest

from agent.asked_days import of_asked_day
from retrieval import Event, Hit, Snippet

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def hit(day: str, text: str) -> Hit:
    epoch = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() if day else None
    event = Event(
        user_id="u", event_id=text, text=text, timestamp=day or None, epoch=epoch, channel="chat", role="user"
    )
    return Hit(Snippet.cut(event, 0, 0, len(text), "user", "user"), event, 1.0, 1)


HITS = [
    hit("2023-05-04", "I cooked."),
    hit("2023-05-05", "Yesterday I saw a film."),
    hit("2023-05-05", "我昨天去了博物馆。"),
    hit("2023-04-20", "The concert is on May 4."),
    hit("2023-05-06", "Last year I moved."),
    hit("", "Once I sang."),
]


@pytest.mark.parametrize(
    ("question", "fits"),
    [
        ("What did I do on May 4th?", [0, 1, 2, 3]),
        ("What did I do on 4 May 2023?", [0, 1, 2, 3]),
        ("我5月5号做了什么？", [1, 2]),
        ("What did I do yesterday?", [1, 2]),
        ("What did I do last year?", []),
        ("What did I do since May 4th?", []),
        ("5月4日以后我做了什么？", []),
        ("What was between May 4 and May 6?", []),
        ("What did I do on May 9th?", []),
        ("What did I do today?", []),
        ("What did I do?", []),
    ],
)
def test_what_is_of_that_day(question: str, fits: list[int]) -> None:
    assert [number for number, of_day in enumerate(of_asked_day(question, HITS, NOW)) if of_day] == fits


def test_without_times_nothing_is_of_any_day() -> None:
    assert of_asked_day("What did I do on May 4th?", [HITS[-1]], NOW) == [False]
    assert of_asked_day("What did I do on May 4th?", [], NOW) == []
