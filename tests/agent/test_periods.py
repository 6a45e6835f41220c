import pytest

from agent.periods import said_since, said_until

AT = "2024-03-10T09:00:00Z"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("I have lived in Munich since 2019.", "2019-01-01"),
        ("since May 2019", "2019-05-01"),
        ("since 2019-05-04", "2019-05-04"),
        ("I moved to Munich in March 2020.", "2020-03-01"),
        ("I joined Acme last month.", "2024-02-01"),
        ("I moved here yesterday", "2024-03-09"),
        ("I've been a nurse for 5 years", "2019-01-01"),
        ("从2020年起我住在杭州", "2020-01-01"),
        ("自从2021年3月以来", "2021-03-01"),
        ("2018年5月6日开始学钢琴", "2018-05-06"),
        ("我上个月搬到上海", "2024-02-01"),
        ("去年开始打网球", "2023-01-01"),
        ("I live in Munich. I was born in 1980.", None),
        ("I play tennis since 2031", None),
        ("since 2019-13-40", None),
        ("I ate sushi last month.", None),
        ("2020年我很忙", None),
    ],
)
def test_since_when(text: str, day: str | None) -> None:
    assert said_since(text, AT) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("I lived in Berlin until 2020.", "2020-01-01"),
        ("I worked there from 2015 to 2018", "2018-01-01"),
        ("I quit smoking last year.", "2023-01-01"),
        ("I left Acme in May 2021", "2021-05-01"),
        ("我在北京住到2020年", "2020-01-01"),
        ("2021年6月离开了北京", "2021-06-01"),
        ("我去年戒了烟", "2023-01-01"),
        ("我不抽烟了", None),
        ("I no longer smoke", None),
    ],
)
def test_until_when(text: str, day: str | None) -> None:
    assert said_until(text, AT) == day


def test_without_a_date_of_the_message_only_full_dates_count() -> None:
    assert said_since("I moved here last month", None) is None
    assert said_since("since 2019", None) == "2019-01-01"
