from typing import Any

import pytest

from agent.wording import (
    is_placeholder,
    leaves,
    missing_numbers,
    normalise,
    quote_span,
    said_share,
    sentences,
    whole_brackets,
)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "N/A",
        "未知",
        "...",
        [],
        {},
        " None. ",
        {"a": None, "b": "unknown"},
        "“—”",
        "not mentioned",
        "I",
        "我们",
    ],
)
def test_placeholders(value: Any) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize("value", [0, False, "Munich", "绿茶", {"a": "x", "b": None}, ["x"], "C", "It"])
def test_values_are_no_placeholders(value: Any) -> None:
    assert not is_placeholder(value)


def test_normalise_folds_width_case_and_signs() -> None:
    assert normalise("ＡＢＣ-Straße, 5!") == "abc strasse 5"
    assert normalise("绿茶 tea") == "绿 茶 tea"


def test_leaves_are_the_scalars() -> None:
    assert list(leaves({"a": [1, {"b": "x"}], "c": None, "d": False})) == [1, "x", False]


@pytest.mark.parametrize(
    ("value", "quote", "share"),
    [
        ("Munich", "I live in MUNICH.", 1.0),
        ("绿茶", "我爱喝绿茶", 1.0),
        ("参加艺术论坛", "我要参加的艺术论坛很大", 1.0),
        ("我的表弟", "我表弟来了", 1.0),
        ("的", "我爱喝绿茶", 0.0),
        (3, "I have 3 dogs", 1.0),
        (3.0, "3 dogs", 1.0),
        ("tea", "a steak", 0.0),
        ("!!", "x", 0.0),
        ("green tea", "tea that is green", 0.99),
        ("gardening", "my garden", 0.99),
        ("black tea", "green tea", 0.5),
    ],
)
def test_how_much_of_a_value_a_quote_says(value: Any, quote: str, share: float) -> None:
    assert said_share(value, quote) == share


@pytest.mark.parametrize(
    ("value", "quote", "missing"),
    [
        ("42 years", "I am 42", []),
        ("42", "I am 24 years", ["42"]),
        (3, "我有三只猫", []),
        ("1,000", "1000 euros", []),
        (5.0, "5 cats", []),
        ("2024-03-01", "on 1/3/2024", []),
        ("2024-03-01", "on 1.3.2024", []),
        ("24", "2 of 4", ["24"]),
        ("3", "3.5 litres", ["3"]),
        ("no number", "x", []),
        ("７", "7", []),
        ("1 hour", "I ran for an hour", []),
        ("1", "a house", ["1"]),
        ("8 and 9", "Eight people", ["9"]),
    ],
)
def test_numbers_that_the_quote_lacks(value: Any, quote: str, missing: list[str]) -> None:
    assert missing_numbers(value, quote) == missing


@pytest.mark.parametrize(
    ("text", "values", "quote"),
    [
        ("Hello. I live in Munich. Bye.", ["Munich"], "I live in Munich."),
        ("你好。我住在慕尼黑。再见。", ["慕尼黑"], "我住在慕尼黑。"),
        ("I pay 3.50 euros. Fine.", ["3.50"], "I pay 3.50 euros."),
        ("A cat. A dog. A hen.", ["cat", "dog"], "A cat. A dog."),
        ("Nothing. Here.", ["Munich"], "Nothing. Here."),
    ],
)
def test_the_quote_is_the_sentence_that_says_it(text: str, values: list[Any], quote: str) -> None:
    start, end = quote_span(text, values)
    assert text[start:end] == quote


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two! Three", ["One.", "Two!"]),
        ("一。二", ["一。"]),
        ("no end", ["no end"]),
        ("", []),
    ],
)
def test_sentences_without_one_that_was_cut_off(text: str, found: list[str]) -> None:
    assert sentences(text) == found


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        ("Camera (24MP, zo", "Camera"),
        ("Camera (24MP)", "Camera (24MP)"),
        ("(x", "(x"),
        ("相机（黑", "相机"),
        ("wired) $5", ""),
        ("a", "a"),
    ],
)
def test_a_bracket_that_was_cut_off_goes(value: str, whole: str) -> None:
    assert whole_brackets(value) == whole
