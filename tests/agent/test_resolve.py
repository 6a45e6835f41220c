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


def said(value: Any, at: str | None, quote: str = "x", sure: float = 0.9, former: bool = False, event: str = "") -> Any:
    """A reading of ``/city`` or ``/likes/…``: a value, when its message was written, and the words that say it."""
    name = event or f"{at}{value}"
    evidence = Evidence(name, f"{name}#0", 0, len(quote), quote, at, None, None)
    return value, sure, evidence, former


def over_time(node: dict[str, Any], *readings: Any) -> Resolved:
    loaded = load_schema({"type": "object", "properties": {"a": node}})
    facets = plan_facets(loaded, "en")
    accepted = [
        Accepted(facets[0], value, "stated", sure, (evidence,), 0.0, former=former)
        for value, sure, evidence, former in readings
    ]
    return resolve(loaded.inlined, facets, accepted)


def spells(result: Resolved) -> list[tuple[Any, str, str | None, str | None]]:
    return [(c.value, c.status, c.valid_from, c.valid_to) for c in result.claims]


def test_a_value_that_changes_back_has_three_claims_whatever_order_they_were_loaded_in() -> None:
    readings = [said("Munich", "2020-01-01"), said("Munich", "2024-01-01"), said("Berlin", "2022-01-01")]
    result = over_time(NULLABLE, *readings)
    assert result.profile == {"a": "Munich"}
    assert spells(result) == [
        ("Munich", "current", "2024-01-01", None),
        ("Berlin", "superseded", "2022-01-01", "2024-01-01"),
        ("Munich", "superseded", "2020-01-01", "2022-01-01"),
    ]
    assert [c.superseded_by for c in result.claims] == [None, ClaimRef("/a", "Munich"), ClaimRef("/a", "Berlin")]
    assert spells(over_time(NULLABLE, *reversed(readings))) == spells(result)


def test_history_loaded_late_lands_at_its_own_date() -> None:
    now = [said("Munich", "2024-01-01"), said("Berlin", "2022-06-01")]
    late = over_time(NULLABLE, *now, said("Hamburg", "2019-05-05"))
    assert late.profile == {"a": "Munich"}
    assert spells(late)[1:] == [
        ("Berlin", "superseded", "2022-06-01", "2024-01-01"), ("Hamburg", "superseded", "2019-05-05", "2022-06-01")
    ]  # fmt: skip


def test_dates_that_are_said_count_more_than_the_day_of_the_message() -> None:
    result = over_time(
        NULLABLE,
        said("Berlin", "2022-06-01", "I have lived in Berlin since 2019."),
        said("Munich", "2024-03-10", "I moved to Munich last month."),
        said("Berlin", "2024-03-11", "I left Berlin last month.", former=True),
    )
    assert spells(result) == [
        ("Munich", "current", "2024-02-01", None), ("Berlin", "superseded", "2019-01-01", "2024-02-01")
    ]  # fmt: skip
    assert [e.quote for e in result.claims[1].evidence] == [
        "I have lived in Berlin since 2019.", "I left Berlin last month."
    ]  # fmt: skip


def test_a_value_that_is_only_said_to_be_over_is_superseded_and_unknown() -> None:
    result = over_time(NULLABLE, said("Acme", "2024-03-10", "I left Acme in May 2021.", former=True))
    assert spells(result) == [("Acme", "superseded", None, "2021-05-01")]
    assert result.profile == {"a": None} and result.unknown == ["/a"] and result.rejected == []
    moved = over_time(
        NULLABLE, said("Bonn", "2024-03-10", "I moved from Bonn to Ulm.", former=True), said("Ulm", "2024-03-10")
    )
    assert spells(moved) == [("Ulm", "current", "2024-03-10", None), ("Bonn", "superseded", None, "2024-03-10")]
    assert moved.claims[1].superseded_by == ClaimRef("/a", "Ulm")


def test_a_list_keeps_its_values_until_the_user_withdraws_one() -> None:
    list_of = {"type": "array", "items": TEXT}
    played = [said("tennis", "2022-01-01"), said("table tennis", "2022-01-01"), said("chess", "2020-01-01")]
    ended = said("tennis", "2024-02-02", "I don't play tennis any more.", former=True)
    result = over_time(list_of, *played[1:], ended, said("tennis", "2022-01-01"))
    assert "tennis" not in result.profile["a"] and "chess" in result.profile["a"]
    only = over_time(list_of, played[0], played[2], ended)
    assert only.profile == {"a": ["chess"]}
    assert (only.claims[-1].pointer, *spells(only)[-1]) == ("/a", "tennis", "superseded", "2022-01-01", "2024-02-02")
    again = over_time(list_of, played[0], ended, said("tennis", "2024-09-09", "I play tennis again"))
    assert again.profile == {"a": ["tennis"]} and len(again.claims) == 1
    never = over_time(list_of, ended)
    assert never.profile == {} and spells(never) == [("tennis", "superseded", None, "2024-02-02")]


def test_what_two_sources_say_on_one_day_is_disputed() -> None:
    result = over_time(
        NULLABLE,
        said("Munich", "2024-03-01T08:00:00Z", "I live in Munich.", 0.8),
        said("Hamburg", "2024-03-01T12:00:00Z", "Ship to: Hamburg", 0.9),
        said("Bonn", "2023-01-01"),
    )
    assert result.profile == {"a": "Hamburg"}
    assert spells(result) == [
        ("Hamburg", "disputed", "2024-03-01", None),
        ("Munich", "disputed", "2024-03-01", None),
        ("Bonn", "superseded", "2023-01-01", "2024-03-01"),
    ]
    assert result.claims[0].disputed_with == (ClaimRef("/a", "Munich"),)
    assert result.claims[1].disputed_with == (ClaimRef("/a", "Hamburg"),)
    settled = over_time(NULLABLE, *_disputed_day(), said("Munich", "2024-03-02"))
    assert settled.claims[0].status == "current" and settled.profile == {"a": "Munich"}


def _disputed_day() -> list[Any]:
    return [said("Munich", "2024-03-01T08:00:00Z"), said("Hamburg", "2024-03-01T12:00:00Z")]


def test_words_that_say_a_change_settle_the_day() -> None:
    corrected = said("Hamburg", "2024-03-01T12:00:00Z", "Sorry, I meant Hamburg.")
    result = over_time(NULLABLE, _disputed_day()[0], corrected)
    assert spells(result) == [
        ("Hamburg", "current", "2024-03-01", None), ("Munich", "superseded", "2024-03-01", "2024-03-01")
    ]  # fmt: skip
    changed = said("杭州", "2024-03-01T12:00:00Z", "我现在住在杭州了")
    assert over_time(NULLABLE, said("上海", "2024-03-01T08:00:00Z"), changed).profile == {"a": "杭州"}


def test_one_message_does_not_contradict_itself() -> None:
    result = over_time(
        NULLABLE, said("nurse", "2024-03-01", sure=0.9, event="e"), said("barista", "2024-03-01", sure=0.8, event="e")
    )
    assert spells(result) == [("nurse", "current", "2024-03-01", None)]
    assert [r.value for r in result.rejected] == ["barista"]
