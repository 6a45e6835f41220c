"""Which of several attributes the same words tell."""

import pytest

from agent.documents import Rejected
from agent.facets import Facet, plan_facets
from agent.rivals import told_of_others
from agent.schema import load_schema
from agent.verify import Drafted
from retrieval import Event, Hit, Snippet

SCHEMA = {"type": "object", "properties": {"hometown": {"type": "string"}, "workplace": {"type": "string"}}}
HOME, WORK = plan_facets(load_schema(SCHEMA), "en")


def drafted(facet: Facet, value: str, probability: float | None, event: str = "e", nothing: float = 0.0) -> Drafted:
    text = f"My uncle works in {value}."
    hit = Hit(
        Snippet(f"{event}#0", "u", event, 0, len(text), text, None, "user"), Event("u", event, text, None), 1.0, 1
    )
    return Drafted(facet, value, (hit,), (hit,), probability, nothing)


def told(*drafts: Drafted) -> dict[int, Rejected]:
    return told_of_others(drafts)


def test_the_attribute_that_is_told_much_better_keeps_the_words() -> None:
    found = told(drafted(HOME, "Rome", 0.85), drafted(WORK, "rome", 0.99))
    assert list(found) == [0] and found[0].pointer == "/hometown" and found[0].value == "Rome"
    assert found[0].reason == "these words tell /workplace (P=0.99 against 0.85)"
    assert found[0].evidence[0].quote == "My uncle works in Rome."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (drafted(HOME, "Rome", 0.94), drafted(WORK, "Rome", 0.99)),  # both are sure
        (drafted(HOME, "Rome", 0.7), drafted(WORK, "Rome", 0.8)),  # about as sure
        (drafted(HOME, "Rome", 0.6), drafted(WORK, "Oslo", 0.99)),  # other words
        (drafted(HOME, "Rome", 0.6, "f"), drafted(WORK, "Rome", 0.99)),  # another snippet
        (drafted(HOME, "Rome", None), drafted(WORK, "Rome", 0.99)),  # a model without probabilities
    ],
)
def test_both_may_stand(one: Drafted, other: Drafted) -> None:
    assert told(one, other) == {} and told(other, one) == {}


def test_the_probability_of_nothing_counts() -> None:
    assert list(told(drafted(HOME, "Rome", 0.99), drafted(WORK, "Rome", 0.99, nothing=0.25))) == [1]
    assert told() == {}
