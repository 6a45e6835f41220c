import json
from typing import Any

import pytest

from agent.documents import Evidence, Rejected, cite_hits
from agent.evidence import make_packs
from agent.facets import Facet, plan_facets
from agent.kept import Kept
from agent.schema import load_schema
from agent.verify import Accepted
from retrieval import Event, Hit, Snippet


def hit(event_id: str, text: str, role: Any = "user") -> Hit:
    event = Event("u", event_id, text, "2024-03-01", 10.0, role=role)
    return Hit(Snippet(f"{event_id}#0", "u", event_id, 0, len(text), text, None, role), event, 1.0, 1)


def facet(**node: Any) -> Facet:
    return plan_facets(load_schema({"type": "object", "properties": {"city": {"type": "string", **node}}}), "en")[0]


HITS = [hit(str(n), f"I live in Munich, Anna said {n}.") for n in range(8)]
SHOWN = 3
CITY = facet()
ACCEPTED = Accepted(CITY, "Munich", "stated", 0.9, cite_hits(HITS[:1]), 10.0)
REJECTED = Rejected("/city", {"a": [1.5, None]}, "why", cite_hits(HITS[1:2]))


def stands(evidence: Evidence) -> bool:
    return True


@pytest.fixture
def earlier() -> dict[str, Any]:
    kept = Kept("model", None, stands)
    assert kept.recall([(CITY, HITS)], SHOWN, {"Bob": "boss"}, "en") == {}
    kept.show(make_packs([(CITY, HITS[:SHOWN])], 1000))
    kept.note([ACCEPTED], [REJECTED])
    plain: dict[str, Any] = json.loads(json.dumps(kept.private()))
    return plain


def test_verdicts_come_back_as_they_were(earlier: dict[str, Any]) -> None:
    kept = Kept("model", earlier, stands)
    known = kept.recall([(CITY, HITS)], SHOWN, {"Bob": "boss"}, "en")["/city"]
    assert (known.accepted, known.rejected) == ([ACCEPTED], [REJECTED])
    assert known.shown == [(str(n), f"{n}#0") for n in range(SHOWN)]
    assert json.loads(json.dumps(kept.private())) == earlier


@pytest.mark.parametrize(
    ("hits", "others", "known"),
    [
        (HITS[::-1], {"Bob"}, True),  # only the ranks are others
        (HITS[1:], set(), True),  # one is gone that no verdict rests on
        ([*HITS[: SHOWN - 1], hit("new", "I live in Bonn."), *HITS], {"Bob"}, False),
        ([*HITS[:SHOWN], hit("new", "I live in Bonn.")], {"Bob"}, True),  # it would not be shown
        ([hit("0", "I live in Bonn."), *HITS[1:]], {"Bob"}, False),
        ([hit("0", "I live in Munich, Anna said 0.", role="system"), *HITS[1:]], {"Bob"}, False),
        (HITS, {"Bob", "Anna"}, False),  # another person was introduced
        (HITS, {"Bob", "Carl"}, True),  # but not in these snippets
    ],
)
def test_only_what_is_new_among_what_is_shown_counts(
    earlier: dict[str, Any], hits: list[Hit], others: set[str], known: bool
) -> None:
    assert (
        bool(Kept("model", earlier, stands).recall([(CITY, hits)], SHOWN, dict.fromkeys(others, "boss"), "en")) is known
    )


def test_what_is_new_counts_later_too(earlier: dict[str, Any]) -> None:
    """A snippet that was not shown when it came is still new when it comes up."""
    new = hit("new", "I live in Bonn.")
    second = Kept("model", earlier, stands)
    assert second.recall([(CITY, [*HITS, new])], SHOWN, {"Bob": "boss"}, "en")
    assert not Kept("model", second.private(), stands).recall([(CITY, [new, *HITS])], SHOWN, {"Bob": "boss"}, "en")


def test_what_verdicts_depend_on(earlier: dict[str, Any]) -> None:
    found = [(CITY, HITS)]
    assert not Kept("other model", earlier, stands).recall(found, SHOWN, {"Bob": "boss"}, "en")
    assert not Kept("model", earlier, lambda each: each.event_id != "1").recall(found, SHOWN, {"Bob": "boss"}, "en")
    assert not Kept("model", earlier, stands).recall(found, SHOWN, {"Bob": "boss"}, "zh")
    assert not Kept("model", earlier, stands).recall([(facet(maxLength=9), HITS)], SHOWN, {"Bob": "boss"}, "en")


def test_a_text_is_written_again_when_its_facts_change() -> None:
    about = facet(maxLength=200)
    text = Accepted(about, "Lives in Munich.", "inferred", 0.9, cite_hits(HITS[:1]), 0.0)
    written: list[str] = []

    def tell(kept: Kept, facts: list[str], result: Accepted | Rejected | None = text) -> Accepted | Rejected | None:
        def write() -> Accepted | Rejected | None:
            written.append("; ".join(facts))
            return result

        return kept.text(about, facts, "en", write)

    first = Kept("model", None, stands)
    assert tell(first, ["city: Munich", "job: cook"]) == text
    second = Kept("model", first.private(), stands)
    assert tell(second, ["job: cook", "city: Munich"]) == text
    assert tell(Kept("model", second.private(), lambda each: False), ["city: Munich", "job: cook"]) == text
    third = Kept("model", second.private(), stands)
    assert tell(third, ["city: Bonn"], None) is None
    assert tell(Kept("model", third.private(), stands), ["city: Bonn"]) is None
    assert written == ["city: Munich; job: cook", "city: Munich; job: cook", "city: Bonn"]
