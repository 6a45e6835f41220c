import pytest

from retrieval.reldates import relative_dates

MONDAY = "2023-05-08T13:56:00"


@pytest.mark.parametrize(
    ("text", "phrase", "resolved"),
    [
        ("I went there yesterday.", "yesterday", "2023-05-07"),
        ("Last night was fun", "Last night", "2023-05-07"),
        ("the day before yesterday", "the day before yesterday", "2023-05-06"),
        ("the day after tomorrow", "the day after tomorrow", "2023-05-10"),
        ("see you tomorrow", "tomorrow", "2023-05-09"),
        ("last Friday we met", "last Friday", "2023-05-05"),
        ("next Monday it is", "next Monday", "2023-05-15"),
        ("this Friday", "this Friday", "2023-05-12"),
        ("last week", "last week", "2023-05-01/2023-05-07"),
        ("this week", "this week", "2023-05-08/2023-05-14"),
        ("last month", "last month", "2023-04"),
        ("this month", "this month", "2023-05"),
        ("last year", "last year", "2022"),
        ("two weeks ago", "two weeks ago", "2023-04-24/2023-04-30"),
        ("10 days ago", "10 days ago", "2023-04-28"),
        ("a couple of years ago", "a couple of years ago", "2021"),
        ("in 3 days", "in 3 days", "2023-05-11"),
        ("我昨天去了", "昨天", "2023-05-07"),
        ("大后天见", "大后天", "2023-05-11"),
        ("上周三到的", "上周三", "2023-05-03"),
        ("下周日晚上七点", "下周日", "2023-05-21"),
        ("下下周一", "下下周一", "2023-05-22"),
        ("本周五", "本周五", "2023-05-12"),
        ("上个星期搬家", "上个星期", "2023-05-01/2023-05-07"),
        ("上个月买的", "上个月", "2023-04"),
        ("这个月", "这个月", "2023-05"),
        ("去年夏天", "去年", "2022"),
        ("三天前", "三天前", "2023-05-05"),
        ("两周后", "两周后", "2023-05-22/2023-05-28"),
        ("3个月之前", "3个月之前", "2023-02"),
        ("五年前", "五年前", "2018"),
        ("十五天前到的", "十五天前", "2023-04-23"),
        ("二十五天前到的", "二十五天前", "2023-04-13"),
        ("fifteen days ago", "fifteen days ago", "2023-04-23"),
        ("twenty-one days ago", "twenty-one days ago", "2023-04-17"),
        ("twenty one days ago", "twenty one days ago", "2023-04-17"),
    ],
)
def test_a_phrase_is_resolved_against_the_day_of_its_message(text: str, phrase: str, resolved: str) -> None:
    (found,) = relative_dates(text, MONDAY)
    assert (found.phrase, found.resolved) == (phrase, resolved)
    assert text[found.start : found.end] == phrase


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("no dates here, may be", MONDAY),
        ("上下周转", MONDAY),
        ("yesterday", None),
        ("yesterday", "about noon"),
        ("I have a day to go", MONDAY),
        ("4个月大", MONDAY),
        ("一百二十天前", MONDAY),
        ("a hundred and two days ago", MONDAY),
    ],
)
def test_nothing_to_resolve(text: str, timestamp: str | None) -> None:
    assert relative_dates(text, timestamp) == []


def test_several_in_one_text() -> None:
    found = relative_dates("Yesterday I was ill, today I am fine; 明天上班", "2024-03-01")
    assert [each.resolved for each in found] == ["2024-02-29", "2024-03-01", "2024-03-02"]
