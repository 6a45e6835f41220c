"""What of an answer is only supposed or said in jest."""

import pytest

from agent.voice import said_part
from tests.agent.test_reading import hit

HITS = [
    hit("I live in Munich."),
    hit("I might move to Oslo."),
    hit("Perhaps I will buy a boat."),
    hit("我住在上海。"),
    hit("我住在蓬莱，开玩笑的。"),
    hit("You might like Rome.", "agent"),
]


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("Where do I live?", "Munich, Oslo", "Munich"),
        ("Where does she live?", "Munich, Oslo", "Munich"),
        ("我住在哪里？", "上海、蓬莱", "上海"),
        ("Where do I live?", "Oslo", "Oslo"),  # alone it is left to the judge
        ("Where do I live?", "Munich, Rome", "Munich, Rome"),
        ("Where do I live?", "Munich, Paris", "Munich, Paris"),
        ("Where might I move to?", "Munich, Oslo", "Munich, Oslo"),
        ("我打算搬到哪里？", "上海、蓬莱", "上海、蓬莱"),
    ],
)
def test_what_is_only_supposed_goes_where_something_is_said(question: str, answer: str, said: str) -> None:
    assert said_part(question, answer, HITS) == said
