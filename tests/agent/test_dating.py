"""Dates in answers are written out."""

import pytest

from agent.dating import dated, natural_date
from retrieval import Event, Hit, Snippet


def hit(text: str, timestamp: str | None) -> Hit:
    event = Event(
        user_id="u", event_id="e", text=text, timestamp=timestamp, epoch=0.0, channel="chat", speaker="u", role="user"
    )
    return Hit(Snippet.cut(event, 0, 0, len(text), "u", "user"), event, 1.0, 1)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("yesterday", "24 August 2023"),
        ("Yesterday, in class", "24 August 2023, in class"),
        ("2023-08-24", "24 August 2023"),
        ("2023-09", "September 2023"),
        ("next month", "September 2023"),
        ("July 20", "July 20"),
        ("order 2023-0824", "order 2023-0824"),
        ("blue", "blue"),
    ],
)
def test_english(answer: str, shown: str) -> None:
    assert dated(answer, [hit("I made it in class yesterday. Next month I leave.", "2023-08-25")], "en") == shown


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("下周二晚上七点", "2024年4月9日周二 19:00"),
        ("2024-04-09", "2024年4月9日周二 19:00"),
        ("下周二", "2024年4月9日周二"),
        ("园博园", "园博园"),
    ],
)
def test_chinese_with_weekday_and_clock(answer: str, shown: str) -> None:
    assert dated(answer, [hit("活动定在下周二晚上七点，别忘了", "2024-04-03T10:00:00Z")], "zh") == shown


def test_a_message_without_a_time_changes_nothing() -> None:
    assert dated("yesterday", [hit("I made it yesterday", None)], "en") == "yesterday"


def test_periods_and_impossible_days() -> None:
    assert natural_date("2024-02-26/2024-03-03", "en") == "26 February 2024 to 3 March 2024"
    assert natural_date("2023", "zh") == "2023年"
    assert natural_date("2023-13", "en") == "2023-13"
