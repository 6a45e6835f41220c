"""What is found in texts, and what is not taken for personal data."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.personal_data import Labelled, read_labelled
from retrieval.errors import UsageError
from retrieval.events import Event, Role
from retrieval.personal.context import folded
from retrieval.personal.finding import find
from retrieval.personal.kinds import KINDS, check_kinds, label_of
from retrieval.personal.policy import Rule
from retrieval.personal.redacting import Redactor

SETS = [each for path in sorted(Path(__file__).parent.glob("*.txt")) for each in read_labelled(path)]


@pytest.mark.parametrize("labelled", SETS, ids=lambda each: each.text[:24])
def test_exactly_what_is_labelled_is_found(labelled: Labelled) -> None:
    text = labelled.text
    found = [(each.kind, text[each.start : each.end]) for each in find(text)]
    assert found == [(each.kind, text[each.start : each.end]) for each in labelled.places]


@pytest.mark.parametrize(
    "text",
    [
        "订单号：13812345678",
        "order number is 4111111111111111",
        "Your parcel 212-555-2368 1 of 2, tracking no. 212-555-2368",
        "ref: 536-90-4399",
        "$4111111111111111",
        "它的价格是13812345678元吗？价格13812345678",
        "2024-05-12 13:45:12, 20240512134512",
        "10.0.0.138, 1.3812345678",
        "ABC13812345678X",
        "password: [SECRET], phone: [PHONE:abcdefgh2345]",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert find(text) == []


def test_without_the_word_the_same_digits_are_found() -> None:
    assert [each.kind for each in find("13812345678, 4111111111111111, 212-555-2368, 536-90-4399")] == [
        "phone",
        "card",
        "phone",
        "ssn",
    ]


def test_a_wrong_checksum_is_another_number() -> None:
    assert find("4111111111111112") == find("110105199003072312") == find("DE89370400440532013001") == []
    assert [each.kind for each in find("my card is 4111111111111112")] == ["card"]  # who says so is believed


def test_leaving_a_kind_out_makes_no_other_of_it() -> None:
    text = "身份证号码110105199003072311"
    assert find(text, check_kinds(["phone", "card", "account"])) == []


def test_a_name_is_found_again_in_the_same_text() -> None:
    text = "我叫王晓梅，麻烦你了。王晓梅收，别写错。"
    assert [text[each.start : each.end] for each in find(text)] == ["王晓梅", "王晓梅"]


def test_names_of_speakers_in_a_transcript_stay() -> None:
    text = "Linda: Hi, my name is Linda.\nAgent: Hello Linda.\nLinda: Linda, with an i."
    assert [each.start for each in find(text)] == [22, 42, 56]


@pytest.mark.parametrize("labelled", SETS, ids=lambda each: each.text[:24])
def test_nothing_is_found_in_what_was_masked(labelled: Labelled) -> None:
    event = Redactor(Rule("mask", salt="00" * 32)).apply(Event("u", "e", labelled.text)).event
    assert find(event.text) == []
    assert (event.text == labelled.text) is (labelled.places == [])


def test_labels_speak_the_language_of_the_text() -> None:
    assert (label_of("phone", "call 12"), label_of("phone", "打12")) == ("PHONE", "电话号码")
    assert len({label_of(kind, "中") for kind in KINDS}) == len(KINDS)


def test_an_unknown_kind_is_refused() -> None:
    assert check_kinds(["Email", "id-card"]) == ("email", "id_card")
    assert check_kinds(["all"]) == KINDS
    for wrong in (["phones"], []):
        with pytest.raises(UsageError, match="Kinds are: name, phone"):
            check_kinds(wrong)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("1234567890 -+().@:，。号是路市区王叫我密码卡aAbX=/\n"), max_size=200))
def test_places_are_in_order_and_within_the_text(text: str) -> None:
    assert len(folded(text)) == len(text)
    end = 0
    for place in find(text):
        assert end <= place.start < place.end <= len(text)
        end = place.end


@pytest.mark.parametrize(
    "piece",
    ["a", "1", "1 ", "市区县镇路", "eyJ", "a.", "DE12ABCD", "12 a ", "password: ", "我叫王小明。", "(", "-----BEGIN "],
)
def test_no_text_takes_quadratic_time(piece: str) -> None:
    began = time.perf_counter()
    find(piece * (100_000 // len(piece)))
    assert time.perf_counter() - began < 30  # quadratic ones took minutes


@pytest.mark.parametrize("name", ["zh", "en"])
def test_of_what_was_written_after_the_rules_most_is_found(name: str) -> None:
    found = labelled = 0
    for each in read_labelled(Path(__file__).parent / "held" / f"{name}.txt"):
        places = find(each.text)
        labelled += len(each.places)
        found += sum(gold in places for gold in each.places)
        assert {place.kind for place in places} <= {gold.kind for gold in each.places}
    assert found / labelled > 0.85


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("charlie", "charlie"),
        ("James Smith", "James Smith"),
        ("vicky 2568", "vicky"),
        ("maria garcia.", "maria garcia"),
        ("im charlie", "charlie"),
        ("myself catherine ssn 9173", "catherine"),
        ("i am nancy and booking confirmation number is q 5", "nancy"),
    ],
)
def test_known_names_are_found_where_a_message_says_little_else(text: str, name: str) -> None:
    assert [text[each.start : each.end] for each in find(text, ["name"], answers=True)] == [name]


@pytest.mark.parametrize(
    "text",
    ["hope", "austin", "phoenix 85001", "june 5", "i am in a hurry", "I'm lucky to have it", "this is a dress", "ok",
     "thank you", "charlie brown bag", "order 123456", "sophie, where is my order", "i am german"],
)  # fmt: skip
def test_ordinary_words_are_no_names(text: str) -> None:
    assert not find(text, ["name"], answers=True)


@pytest.mark.parametrize(
    ("role", "channel", "kept"),
    [("user", "support_chat", "[NAME]"), ("user", None, "[NAME]"), ("user", "search", "tommy"),
     ("user", "orders", "tommy"), ("user", "搜索", "tommy"), ("agent", "support_chat", "tommy")],
)  # fmt: skip
def test_a_name_alone_is_looked_for_in_talks_only(role: Role, channel: str | None, kept: str) -> None:
    redactor = Redactor(Rule(policy="mask", kinds=KINDS, salt="00" * 16))
    assert redactor.apply(Event("u", "e", "tommy", channel=channel, role=role)).event.text == kept
