from typing import Any

from agent.documents import ClaimRef, Evidence
from agent.facets import plan_facets
from agent.resolve import Resolved, resolve
from agent.schema import load_schema, validation_problems
from agent.verify import Accepted

TEXT = {"type": "string"}
NULLABLE = {"type": ["string", "null"]}
LIST = {"type": "array", "items": TEXT}


def run(schema: dict[str, Any], *said: tuple[Any, ...]) -> Resolved:
    """``said`` are (pointer, value, year, confidence)."""
    loaded = load_schema({"type": "object", **schema})
    facets = plan_facets(loaded, "en")
    by_pointer = {f.pointer: f for f in facets}
    accepted = []
    for number, (pointer, value, year, sure) in enumerate(said):
        evidence = Evidence(f"e{number}", f"e{number}#0", 0, 1, "x", f"{year}-01-02" if year else None, None, None)
        accepted.append(Accepted(by_pointer[pointer], value, "stated", sure, (evidence,), float(year or 0)))
    result = resolve(loaded.inlined, facets, accepted)
    if not result.missing:
        assert validation_problems(loaded.document, result.profile) == {}
    return result


def test_the_newest_value_supersedes() -> None:
    result = run({"properties": {"city": TEXT}}, ("/city", "Berlin", 2023, 0.9), ("/city", "Munich", 2024, 0.8))
    assert result.profile == {"city": "Munich"}
    current, old = result.claims
    assert (current.status, current.valid_from, current.valid_to) == ("current", "2024-01-02", None)
    assert (old.value, old.status, old.valid_from, old.valid_to) == ("Berlin", "superseded", "2023-01-02", "2024-01-02")


def test_a_much_less_sure_value_is_rejected_though_newer() -> None:
    result = run({"properties": {"city": TEXT}}, ("/city", "Berlin", 2023, 0.95), ("/city", "Munich", 2024, 0.6))
    assert result.profile == {"city": "Berlin"}
    assert "P=0.60 against 0.95" in result.rejected[0].reason


def test_at_the_same_time_the_surer_value_stands_and_both_are_disputed() -> None:
    result = run({"properties": {"city": TEXT}}, ("/city", "Berlin", None, 0.8), ("/city", "Munich", None, 0.9))
    assert result.profile == {"city": "Munich"} and result.unknown == [] and result.rejected == []
    first, second = result.claims
    assert [(c.value, c.status, c.valid_from) for c in result.claims] == [
        ("Munich", "disputed", None), ("Berlin", "disputed", None)
    ]  # fmt: skip
    assert first.disputed_with == (ClaimRef("/city", "Berlin"),) and second.disputed_with[0].value == "Munich"


def test_lists_are_deduplicated_and_their_evidence_joined() -> None:
    result = run(
        {"properties": {"likes": LIST}}, ("/likes", "Green tea", 2023, 0.8), ("/likes", "green  TEA!", 2024, 0.9),
        ("/likes", "绿茶", 2024, 0.7), ("/likes", "乌龙和绿茶", 2024, 0.6), ("/likes", "tea", 2024, 0.5),
    )  # fmt: skip
    assert result.profile == {"likes": ["green  TEA!", "绿茶"]}
    assert [len(c.evidence) for c in result.claims] == [3, 2]
    assert [c.pointer for c in result.claims] == ["/likes/0", "/likes/1"]


def test_a_word_inside_of_another_word_is_another_value() -> None:
    result = run({"properties": {"likes": LIST}}, ("/likes", "steak", 2023, 0.9), ("/likes", "tea", 2023, 0.8))
    assert result.profile == {"likes": ["steak", "tea"]}


def test_numbers_are_never_merged_by_their_digits() -> None:
    node = {"type": "array", "items": {"type": "integer"}}
    assert run({"properties": {"n": node}}, ("/n", 12, 2023, 0.9), ("/n", 123, 2023, 0.8)).profile == {"n": [12, 123]}


def test_list_bounds() -> None:
    most = run({"properties": {"a": {**LIST, "maxItems": 1}}}, ("/a", "one", 2001, 0.9), ("/a", "two", 2001, 0.8))
    assert most.profile == {"a": ["one"]} and "more values" in most.rejected[0].reason
    least = run({"properties": {"a": {**LIST, "minItems": 2}}}, ("/a", "one", 2001, 0.9))
    assert least.profile == {} and "fewer values" in least.rejected[0].reason and least.unknown == ["/a"]


def test_unknown_is_null_where_allowed_and_left_out_elsewhere() -> None:
    result = run({"properties": {"a": TEXT, "b": NULLABLE, "c": LIST, "d": LIST}, "required": ["b", "d"]})
    assert result.profile == {"b": None, "d": []}
    assert result.unknown == ["/a", "/b", "/c", "/d"] and result.missing == []


def test_a_required_value_that_is_missing_is_named() -> None:
    result = run({"properties": {"a/b": TEXT, "c": TEXT}, "required": ["a/b"]}, ("/c", "x", 2001, 0.9))
    assert result.missing == ["/a~1b"] and result.profile == {}


def test_an_optional_object_without_a_required_part_is_withdrawn() -> None:
    job = {"type": "object", "properties": {"title": TEXT, "firm": TEXT}, "required": ["title"]}
    result = run({"properties": {"job": job}}, ("/job/firm", "Acme", 2001, 0.9))
    assert result.profile == {} and result.claims == [] and result.missing == []
    assert [(r.pointer, r.reason) for r in result.rejected] == [
        ("/job/firm", "its object needs /job/title, which is unknown")
    ]


def test_a_nullable_object_is_null_and_a_required_one_is_missing() -> None:
    job = {"type": "object", "properties": {"title": TEXT}, "required": ["title"]}
    assert run({"properties": {"job": {**job, "type": ["object", "null"]}}}).profile == {"job": None}
    assert "/job/title" in run({"properties": {"job": job}, "required": ["job"]}).missing


def test_signs_and_points_make_other_numbers() -> None:
    node = {"type": "array", "items": {"type": "number"}}
    said = [("/n", 1.5, 2023, 0.9), ("/n", 15, 2022, 0.8), ("/n", -15, 2021, 0.8), ("/n", 15.0, 2022, 0.7)]
    assert run({"properties": {"n": node}}, *said).profile == {"n": [1.5, 15, -15]}
    said = [("/t", "v1.5", 2023, 0.9), ("/t", "v15", 2022, 0.8)]
    assert run({"properties": {"t": LIST}}, *said).profile == {"t": ["v1.5", "v15"]}
