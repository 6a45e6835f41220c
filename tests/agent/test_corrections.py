"""Corrections by people: they stand, they are attributed, and what is forbidden stays away."""

from pathlib import Path
from typing import Any

import pytest

from agent import InputError, UsageError
from agent.corrections import read_value, training_line
from agent.fakes import ScriptedChat
from agent.rewording import same_wording
from agent.schema import load_schema, validation_problems
from tests.agent.test_versions import ROWS, SCHEMA, TEXT, Desk, reader


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, ROWS)


def test_a_corrected_value_stands_and_says_who(desk: Desk) -> None:
    desk.limner.profile("u", SCHEMA)
    desk.asked()
    desk.limner.correct("u", "/city", "correct", "Bonn", by="Ann", note="she called", schema=SCHEMA)
    document = desk.limner.profile("u", SCHEMA).as_json()
    assert document["profile"]["city"] == "Bonn" and document["version"] == 2
    claim = next(c for c in document["claims"] if c["pointer"] == "/city")
    assert (claim["origin"], claim["confidence"], claim["status"]) == ("corrected", 1.0, "current")
    assert (claim["corrected"]["by"], claim["corrected"]["note"]) == ("Ann", "she called")
    assert claim["valid_from"] == claim["corrected"]["at"][:10] and claim["evidence"] == []
    refused = next(r for r in document["rejected"] if r["value"] == "Munich")
    assert refused["reason"].startswith("corrected by Ann on ") and refused["evidence"]
    assert set(desk.asked()) == {"text"}  # the summary is written anew
    assert document["profile"]["summary"] == "The user has Bonn coffee."
    changes = desk.limner.changes("u", 2, SCHEMA).changes
    assert [(c.pointer, c.kind, c.why) for c in changes] == [
        ("/city", "changed", "corrected"),
        ("/summary", "changed", "other corrections"),
    ]
    assert (changes[0].before, changes[0].after) == ("Munich", "Bonn")

    desk.load({"id": "move", "timestamp": "2024-01-01", "text": "Where the user lives now: I live in Berlin."})
    assert desk.limner.profile("u", SCHEMA, fresh=True).profile["city"] == "Bonn"


def test_a_confirmed_value_keeps_its_evidence_and_its_past(desk: Desk) -> None:
    desk.load({"id": "old", "timestamp": "2020-01-01", "text": "Where the user lives: I live in Hamburg."})
    desk.limner.profile("u", SCHEMA)
    desk.limner.correct("u", "/city", "confirm", by="Ann", schema=SCHEMA)
    desk.load({"id": "move", "timestamp": "2023-09-01", "text": "Where the user lives now: I live in Berlin."})
    document = desk.limner.profile("u", SCHEMA)
    claims = [c for c in document.claims if c.pointer == "/city"]
    assert [(c.value, c.status, c.origin) for c in claims] == [
        ("Munich", "current", "corrected"),
        ("Hamburg", "superseded", "stated"),
    ]
    assert [e.event_id for e in claims[0].evidence] == ["home"] and claims[0].valid_from == "2023-03-01"
    assert ["another value was confirmed by Ann" in r.reason for r in document.rejected if r.value == "Berlin"] == [
        True
    ]


def test_a_forbidden_value_never_comes_back(desk: Desk) -> None:
    assert desk.limner.profile("u", SCHEMA).profile["drinks"] == ["coffee"]
    desk.limner.correct("u", "/drinks/0", "forbid", by="Ann", schema=SCHEMA)
    desk.load(
        {"id": "cup2", "timestamp": "2024-01-02", "text": "At work, what the user drinks daily: I drink ＣＯＦＦＥＥ."},
        {"id": "cup3", "timestamp": "2024-01-03", "text": "What the user drinks: I drink tea."},
    )
    document = desk.limner.profile("u", SCHEMA)
    assert document.profile["drinks"] == ["tea"]
    reasons = {r.value: r.reason for r in document.rejected if r.pointer == "/drinks"}
    assert set(reasons) == {"coffee", "ＣＯＦＦＥＥ"}
    assert all(reason.startswith("forbidden by Ann on ") for reason in reasons.values())

    desk.limner.correct("u", "/drinks/-", "correct", "coffee", by="Bob", schema=SCHEMA)
    again = desk.limner.profile("u", SCHEMA)
    assert sorted(again.profile["drinks"]) == ["coffee", "tea"]
    coffee = next(c for c in again.claims if c.value == "coffee")
    assert coffee.corrected is not None and coffee.corrected.by == "Bob"
    assert {e.event_id for e in coffee.evidence} == {"cup", "cup2"}


def test_an_entry_and_a_whole_list_are_corrected(desk: Desk) -> None:
    desk.load({"id": "cup3", "timestamp": "2024-01-03", "text": "What the user drinks: I drink tea."})
    assert desk.limner.profile("u", SCHEMA).profile["drinks"] == ["tea", "coffee"]
    desk.limner.correct("u", "/drinks/1", "correct", "espresso", by="Ann", schema=SCHEMA)
    document = desk.limner.profile("u", SCHEMA)
    assert sorted(document.profile["drinks"]) == ["espresso", "tea"]
    changes = {(c.kind, c.before, c.after, c.why) for c in desk.limner.changes("u", 2, SCHEMA).changes}
    assert {("removed", "coffee", None, "corrected"), ("added", None, "espresso", "corrected")} <= changes

    desk.limner.correct("u", "/drinks", "correct", ["water"], by="Ann", schema=SCHEMA)
    assert desk.limner.profile("u", SCHEMA).profile["drinks"] == ["water"]
    desk.limner.correct("u", "/drinks", "correct", [], by="Ann", schema=SCHEMA)
    nothing = desk.limner.profile("u", SCHEMA)
    assert nothing.profile["drinks"] == [] and "/drinks" in nothing.unknown


def test_what_people_gave_is_never_merged(desk: Desk) -> None:
    for drink in ("tea", "green tea"):
        desk.limner.correct("u", "/drinks/-", "correct", drink, by="Ann", schema=SCHEMA)
    assert sorted(desk.limner.profile("u", SCHEMA).profile["drinks"]) == ["coffee", "green tea", "tea"]


def test_texts_and_computed_values_are_corrected(desk: Desk) -> None:
    desk.limner.profile("u", SCHEMA)
    desk.limner.correct("u", "/summary", "correct", "A good customer.", by="Ann", schema=SCHEMA)
    desk.limner.correct("u", "/events", "correct", 7, by="Ann", schema=SCHEMA)
    desk.asked()
    document = desk.limner.profile("u", SCHEMA)
    assert (document.profile["summary"], document.profile["events"]) == ("A good customer.", 7)
    assert desk.asked() == [] and document.version == 2
    desk.limner.correct("u", "/summary", "forbid", by="Ann", schema=SCHEMA)
    assert (
        desk.limner.profile("u", SCHEMA).profile["summary"] is None
    )  # the one before was corrected, this is forbidden


def test_a_correction_that_is_taken_back(desk: Desk) -> None:
    desk.limner.correct("u", "/city", "correct", "Bonn", by="Ann", schema=SCHEMA)
    assert desk.limner.profile("u", SCHEMA).profile["city"] == "Bonn"
    desk.limner.correct("u", "/city", "forbid", by="Bob", schema=SCHEMA)
    document = desk.limner.profile("u", SCHEMA)
    assert document.profile["city"] == "Munich"
    change = next(c for c in desk.limner.changes("u", 2, SCHEMA).changes if c.pointer == "/city")
    assert (change.before, change.after, change.why) == ("Bonn", "Munich", "corrected")
    refused = next(r for r in document.rejected if r.value == "Bonn")
    assert refused.corrected is not None and (refused.corrected.by, refused.corrected.action) == ("Bob", "forbid")


def test_corrected_is_told_of_nothing_that_no_person_spoke_of(desk: Desk) -> None:
    desk.limner.profile("u", SCHEMA)
    desk.limner.correct("u", "/city", "correct", "Bonn", by="Ann", schema=SCHEMA)
    desk.load(
        {"id": "cup", "timestamp": "2023-03-02", "text": "What the user drinks: It is late."},
        {"id": "x", "timestamp": "2024-01-01", "text": "Parcel."},
    )
    desk.limner.profile("u", SCHEMA)
    assert {each.pointer: each.why for each in desk.limner.changes("u", 2, SCHEMA).changes} == {
        "/city": "corrected", "/drinks": "event gone", "/summary": "event gone", "/events": "new events"
    }  # fmt: skip


@pytest.mark.parametrize(("by_another_model", "why"), [(True, "model"), (False, "other corrections")])
def test_what_a_model_says_anew_is_not_told_as_corrected(desk: Desk, by_another_model: bool, why: str) -> None:
    class Other(ScriptedChat):
        pass

    def forgetful(system: str, user: str, schema: Any) -> Any:
        return reader(system, user.replace("I drink coffee", "I am thirsty"), schema)

    desk.limner.profile("u", SCHEMA)
    desk.limner.correct("u", "/city", "confirm", by="Ann", schema=SCHEMA)
    desk.model = Other(script=forgetful) if by_another_model else ScriptedChat(script=forgetful)
    desk.open().profile("u", SCHEMA, fresh=True)
    found = {each.pointer: each.why for each in desk.limner.changes("u", 2, SCHEMA).changes}
    assert (found["/city"], found["/drinks"], found["/summary"]) == ("corrected", why, why)


def test_the_person_who_corrects_one_entry_did_not_speak_of_the_others(desk: Desk) -> None:
    desk.limner.profile("u", SCHEMA)
    desk.limner.correct("u", "/drinks/-", "correct", "juice", by="Ann", schema=SCHEMA)
    desk.load({"id": "cup3", "timestamp": "2024-01-03", "text": "What the user drinks: I drink tea."})
    desk.limner.profile("u", SCHEMA)
    desk.limner.correct("u", "/drinks", "correct", ["water"], by="Ann", schema=SCHEMA)
    desk.limner.profile("u", SCHEMA)
    first, second = (
        {(c.before, c.after): c.why for c in desk.limner.changes("u", number, SCHEMA).changes if c.pointer == "/drinks"}
        for number in (2, 3)
    )
    assert first == {(None, "juice"): "corrected", (None, "tea"): "new events"}
    assert second == dict.fromkeys([("coffee", None), ("tea", None), ("juice", None), (None, "water")], "corrected")


def test_corrections_need_no_profile_before_them(desk: Desk) -> None:
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "phone": TEXT, "tier": {"enum": ["a", "b", None]}}}
    desk.limner.correct("u", "/phone", "correct", "4711", by="Ann", schema=schema)
    desk.limner.correct("u", "/city", "correct", None, by="Ann", schema=schema)
    desk.limner.correct("u", "/drinks/-", "correct", "tea", by="Ann", schema=schema)
    document = desk.limner.profile("u", schema)
    assert (document.profile["phone"], document.profile["city"]) == ("4711", None)
    assert set(document.profile["drinks"]) == {"tea", "coffee"}
    assert set(document.unknown) == {"/city", "/tier"}
    assert validation_problems(schema, document.profile) == {}
    assert desk.limner.profile("u", {**schema, "title": "other"}).profile["city"] == "Munich"  # of another schema


@pytest.mark.parametrize(
    ("pointer", "action", "value", "error", "said"),
    [
        ("/city", "correct", 5, InputError, "5 for '/city' is not what the schema 'small' allows"),
        ("/drinks/-", "correct", None, InputError, "None for '/drinks/-'"),
        ("/drinks", "correct", "tea", InputError, "'tea' for '/drinks'"),
        ("/drinks", "correct", None, InputError, "None for '/drinks'"),
        ("/drinks/7", "correct", "tea", InputError, "nothing stands at '/drinks/7' in version 1 .*Use /drinks/-"),
        ("/drinks/-", "forbid", None, InputError, "nothing stands"),
        ("/nick", "confirm", None, InputError, "nothing stands at '/nick'"),
        ("/nowhere", "correct", "x", UsageError, "no attribute '/nowhere'. Use one of /city, /drinks, /summary"),
        ("/city/0", "correct", "x", UsageError, "inside of a value. Correct all of '/city'"),
        ("/drinks/0/name", "correct", "x", UsageError, "Correct all of '/drinks/0'"),
        ("", "correct", "x", UsageError, "no attribute"),
    ],
)
def test_what_cannot_be_corrected(
    desk: Desk, pointer: str, action: Any, value: Any, error: type[Exception], said: str
) -> None:
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "nick": TEXT}}
    desk.limner.profile("u", schema)
    with pytest.raises(error, match=said):
        desk.limner.correct("u", pointer, action, value, by="Ann", schema=schema)
    with pytest.raises(UsageError, match="--by"):
        desk.limner.correct("u", "/city", "confirm", by=" ", schema=schema)
    assert desk.limner.corrections("u") == []


def test_a_correction_that_an_edited_schema_does_not_allow_is_told(desk: Desk) -> None:
    desk.limner.correct("u", "/city", "correct", "Bonn", by="Ann", schema=SCHEMA)
    edited = {**SCHEMA, "properties": {**SCHEMA["properties"], "city": {**TEXT, "maxLength": 3}}}
    document = desk.limner.profile("u", edited)
    assert document.profile["city"] != "Bonn"
    assert ["does not allow it" in r.reason for r in document.rejected if r.value == "Bonn"] == [True]


def test_corrections_are_training_data(desk: Desk) -> None:
    desk.limner.profile("u", SCHEMA)
    desk.limner.correct("u", "/city", "correct", "Bonn", by="Ann", schema=SCHEMA)
    desk.limner.correct("u", "/drinks/0", "forbid", by="Bob", note="never", schema=SCHEMA)
    desk.limner.profile("u", SCHEMA)
    desk.limner.correct("u", "/city", "confirm", by="Ann", schema=SCHEMA)
    lines = [training_line(each) for each in desk.limner.corrections()]
    told = [(x["pointer"], x["action"], x["model_value"], x["value"], x["by"], x["note"]) for x in lines]
    assert told == [
        ("/city", "correct", "Munich", "Bonn", "Ann", None),
        ("/drinks/0", "forbid", "coffee", None, "Bob", "never"),
        ("/city", "confirm", None, "Bonn", "Ann", None),
    ]
    assert lines[0]["description"] == "where the user lives"
    assert lines[0]["quotes"] == ["Where the user lives: I live in Munich."]


def test_what_a_person_typed_is_read_as_the_schema_wants_it() -> None:
    properties = {"age": {"type": ["integer", "null"]}, "code": TEXT, "tags": {"type": "array", "items": TEXT}}
    schema = load_schema({"type": "object", "properties": properties, "required": ["code", "tags"]})
    typed = [("/age", "30"), ("/age", "null"), ("/code", "30"), ("/code", '"a"'), ("/code", "null"), ("/code", "NaN")]
    assert [read_value(text, schema, pointer) for pointer, text in typed] == [30, None, "30", "a", None, "NaN"]
    assert [read_value(text, schema, "/tags") for text in ('["a"]', "[1", "a")] == [["a"], "[1", "a"]
    assert read_value("慕尼黑", schema, "/tags/-") == "慕尼黑"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ｍｕｎｉｃｈ", "munich!", True),
        ("drinks coffee", "coffee drinking", True),
        ("coffee", "I love coffee", True),
        ("喝咖啡", "喜欢喝咖啡。", True),
        ("ＡＢＣ１２３", "abc 123", True),
        ("上海", "海上", False),
        ("vegan", "not vegan", False),
        ("素食", "不吃素食", False),
        ("Austria", "Australia", False),
        ("tea", "steak", False),
        ("30", "30 years", False),
        (30, 30.0, True),
        (3.5, 35, False),
        (-5, 5, False),
        ("room 12", "room 13", False),
        ("Munich", "慕尼黑", False),  # what code cannot tell
        ({"a": "tea", "b": None}, {"a": "Tea!", "b": "x"}, True),
        ({"a": "tea", "n": 3}, {"a": "tea", "n": 4}, False),
    ],
)
def test_wordings(one: Any, other: Any, same: bool) -> None:
    assert same_wording(one, other) is same_wording(other, one) is same
    assert not same_wording("high", "very high", exact=True)


def rivals(desk: Desk) -> tuple[str, str]:
    """Two cities that were said on one day: the one in the profile, and the other; Hamburg is of the past."""
    desk.load(
        {"id": "old", "timestamp": "2020-01-01", "text": "Where the user lives: I live in Hamburg."},
        {"id": "home2", "timestamp": "2023-03-01", "text": "Where the user lives: I live in Bonn."},
    )
    document = desk.limner.profile("u", SCHEMA)
    cities = {c.value: c.status for c in document.claims if c.pointer == "/city"}
    assert cities == {"Munich": "disputed", "Bonn": "disputed", "Hamburg": "superseded"}
    held = document.profile["city"]
    return held, next(each for each in ("Munich", "Bonn") if each != held)


def test_a_disputed_rival_is_confirmed(desk: Desk) -> None:
    held, rival = rivals(desk)
    said = desk.limner.correct("u", "/city", "confirm", of=rival, by="Ann", schema=SCHEMA)
    assert (said.value, said.before, said.drafted) == (rival, rival, True)
    assert [each.quote for each in said.evidence] == [f"Where the user lives: I live in {rival}."]
    document = desk.limner.profile("u", SCHEMA)
    assert document.profile["city"] == rival
    (claim,) = (c for c in document.claims if c.value == rival)
    assert (claim.status, claim.origin, claim.evidence) == ("current", "corrected", said.evidence)
    assert "another value was confirmed by Ann" in next(r.reason for r in document.rejected if r.value == held)


def test_a_disputed_rival_is_forbidden_or_corrected(desk: Desk) -> None:
    held, rival = rivals(desk)
    desk.limner.correct("u", "/city", "forbid", of=rival, by="Ann", schema=SCHEMA)
    document = desk.limner.profile("u", SCHEMA)
    assert [(c.value, c.status) for c in document.claims if c.pointer == "/city"] == [
        (held, "current"), ("Hamburg", "superseded")
    ]  # fmt: skip
    said = desk.limner.correct("u", "/city", "correct", "Cologne", of=held, by="A", schema=SCHEMA)
    assert (said.value, said.before) == ("Cologne", held)
    assert desk.limner.profile("u", SCHEMA).profile["city"] == "Cologne"


def test_a_past_value_can_only_be_forbidden(desk: Desk) -> None:
    rivals(desk)
    for action, value in (("confirm", None), ("correct", "Harburg")):
        with pytest.raises(InputError, match="'Hamburg' is a past value of '/city'") as raised:
            desk.limner.correct("u", "/city", action, value, of="Hamburg", by="Ann", schema=SCHEMA)  # type: ignore[arg-type]
        assert "forbid" in str(raised.value.hint)
    desk.limner.correct("u", "/city", "forbid", of="Hamburg", by="Ann", schema=SCHEMA)
    document = desk.limner.profile("u", SCHEMA)
    assert {c.value for c in document.claims if c.pointer == "/city"} == {"Munich", "Bonn"}
    assert next(r.reason for r in document.rejected if r.value == "Hamburg").startswith("forbidden by Ann")
    with pytest.raises(InputError, match="is no value of '/city'"):
        desk.limner.correct("u", "/city", "forbid", of="Paris", by="Ann", schema=SCHEMA)


def test_a_past_entry_of_a_list_is_forbidden(desk: Desk) -> None:
    desk.load({"id": "no", "timestamp": "2024-01-01", "text": "What the user drinks: I no longer drink coffee."})
    document = desk.limner.profile("u", SCHEMA)
    assert [(c.pointer, c.status) for c in document.claims if c.value == "coffee"] == [("/drinks", "superseded")]
    said = desk.limner.correct("u", "/drinks", "forbid", of="coffee", by="Ann", schema=SCHEMA)
    assert (said.pointer, said.value) == ("/drinks/-", "coffee")
    again = desk.limner.profile("u", SCHEMA)
    assert all(c.value != "coffee" for c in again.claims)
    assert next(r.reason for r in again.rejected if r.value == "coffee").startswith("forbidden by Ann")


def test_rivals_and_past_values_are_explained(desk: Desk) -> None:
    held, rival = rivals(desk)
    found = desk.limner.explain("u", "/city", SCHEMA, of=rival)
    assert (found.value, found.status, [q.evidence.quote for q in found.quotes]) == (
        rival, "disputed", [f"Where the user lives: I live in {rival}."]
    )  # fmt: skip
    assert {(c.value, c.status) for c in found.others} == {(held, "disputed"), ("Hamburg", "superseded")}
    (lost,) = (each for each in found.without if each.removed == "cited")
    assert lost.instead == (held,)
    past = desk.limner.explain("u", "/city", SCHEMA, of="Hamburg")
    assert (past.value, past.status, past.quotes[0].evidence.event_id) == ("Hamburg", "superseded", "old")
    (lost,) = (each for each in past.without if each.removed == "cited")
    assert lost.instead is not None and "Hamburg" not in lost.instead
    assert desk.limner.explain("u", "/city", SCHEMA).value == held
    with pytest.raises(InputError, match="is no value of '/city'"):
        desk.limner.explain("u", "/city", SCHEMA, of="Paris")
