"""Quantities in short answers, Chinese and English."""

import pytest

from agent.quantities import quantity_of


@pytest.mark.parametrize(
    ("text", "kind", "size"),
    [
        ("169cm", "length", 169),
        ("1.75米", "length", 175),
        ("5'9\"", "length", 175.26),
        ("36岁", "age", 36),
        ("30 years old", "age", 30),
        ("九百人", "people", 900),
        ("1万人", "people", 10_000),
        ("两千人", "people", 2000),
        ("12,000 people", "people", 12_000),
        ("两个周", "duration", 14),
        ("two weeks", "duration", 14),
        ("twenty-one days", "duration", 21),
        ("十五天", "duration", 15),
        ("1.5 kg", "weight", 1.5),
        ("38", "number", 38),
    ],
)
def test_units_make_sizes_comparable(text: str, kind: str, size: float) -> None:
    quantity = quantity_of(text)
    assert quantity is not None
    assert (quantity.kind, quantity.size) == (kind, pytest.approx(size))


def test_dates_are_compared_as_days() -> None:
    said = ["2024-04-09", "2024年4月16日 周二 09:00", "May 2, 2024", "3 June 2025"]
    quantities = [quantity_of(text) for text in said]
    assert all(each is not None and each.kind == "date" for each in quantities)
    sizes = [each.size for each in quantities if each is not None]
    assert sizes == sorted(sizes)


def test_birthdays_have_no_year() -> None:
    first, second = quantity_of("02月05日"), quantity_of("12月1日")
    assert first is not None and second is not None
    assert first.kind == second.kind == "day of the year"
    assert first.size < second.size


def test_degrees_have_an_order() -> None:
    ranks = [quantity_of(text) for text in ("高中", "大专", "本科", "硕士", "博士")]
    assert [each.kind for each in ranks if each] == ["degree"] * 5
    assert [each.size for each in ranks if each] == sorted(each.size for each in ranks if each)


@pytest.mark.parametrize("text", ["", "工程师", "green lamp", "?"])
def test_words_without_an_quantity(text: str) -> None:
    assert quantity_of(text) is None
