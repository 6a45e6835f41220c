"""When two values are the same in other words."""

import pytest

from agent.reasons import reason_in_chinese
from agent.rewording import same_wording, value_key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("177厘米", "177cm", True),
        ("177 公分", "177CM", True),
        ("60公斤", "60kg", True),
        ("60 kilograms", "60 kg", True),
        ("5公里", "5 km", True),
        ("36周岁", "36岁", True),
        ("03月24日", "3月24号", True),
        ("2020年03月04日", "2020年3月4号", True),
        ("177cm", "178cm", False),
        ("3月24日", "3月2日", False),
        ("11月3日", "1月13日", False),
        ("60公斤", "60斤", False),
        ("kilo", "kg", False),
    ],
)
def test_units_and_days(one: str, other: str, same: bool) -> None:
    assert (value_key(one) == value_key(other)) is same
    assert same_wording(one, other, exact=True) is same


@pytest.mark.parametrize(
    ("reason", "chinese"),
    [
        (
            "the words seem not to tell it (P=0.43 that they tell nothing)",
            "原话似乎没有说到（没有说到的概率 P=0.43）",
        ),
        ("these words tell /city (P=0.97 against 0.61)", "这些话说的是 /city（P=0.97 对 0.61）"),
        ("forbidden by 李娜 on 2026-11-27", "李娜 于 2026-11-27 禁用"),
        ("another value was confirmed by Ann on 2026-11-27", "Ann 于 2026-11-27 确认了另一个值"),
        ("something new", "something new"),
    ],
)
def test_reasons_in_chinese(reason: str, chinese: str) -> None:
    assert reason_in_chinese(reason) == chinese
