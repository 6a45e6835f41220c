"""Resolves what messages say relative to their own day: "yesterday", "last month", "上周三", "三天前".

Finds the phrases; what they mean is computed by dateparser. Knows Chinese and English, not events.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from retrieval.numerals import NUMERAL_EN, NUMERAL_ZH, NUMERALS_EN, NUMERALS_ZH

__all__ = ["RelativeDate", "relative_dates"]


class RelativeDate(NamedTuple):
    """``text[start:end]`` is the phrase; ``resolved`` the day, week, month or year that it means.

    A day is ``2024-03-01``, a week ``2024-02-26/2024-03-03`` (Monday to Sunday), a month ``2024-02``, a year ``2023``.
    """

    start: int
    end: int
    phrase: str
    resolved: str


_NUMBERS_EN = {"a": 1, "an": 1, "a couple of": 2, **NUMERALS_EN}
_SAID_EN = {"last night": "yesterday", "tonight": "today", "day after tomorrow": "in 2 days"}  # for dateparser
_DAYS_ZH = {
    "大前天": "3 days ago", "前天": "2 days ago", "昨天": "yesterday", "昨日": "yesterday", "昨晚": "yesterday",
    "今天": "today", "今日": "today", "今晚": "today", "明天": "tomorrow", "明日": "tomorrow", "明晚": "tomorrow",
    "后天": "in 2 days", "大后天": "in 3 days", "去年": "last year", "前年": "2 years ago", "今年": "this year",
    "明年": "next year", "后年": "in 2 years",
}  # fmt: skip
_UNITS_ZH = {"天": "day", "周": "week", "星期": "week", "礼拜": "week", "月": "month", "年": "year"}
_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAY_EN = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_COUNT_EN = rf"(?:\d{{1,3}}|an?|a couple of|{NUMERAL_EN})"
_COUNTED_EN = re.compile(rf"(?<![\w-])(?:an?|a couple of|{NUMERAL_EN})(?= (?:day|week|month|year)s?\b)")
_ENGLISH = re.compile(
    r"\b(?:(?:the )?day (?:before yesterday|after tomorrow)|yesterday|today|tomorrow|tonight|last night"
    rf"|(?:last|next|this) (?:week|month|year|{_WEEKDAY_EN})"
    rf"|{_COUNT_EN} (?:day|week|month|year)s? ago|in {_COUNT_EN} (?:day|week|month|year)s?)\b",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    rf"(?P<day>{'|'.join(sorted(_DAYS_ZH, key=len, reverse=True))})"
    r"|(?P<which>[上下这本])(?P<again>[上下])?个?(?P<unit>周|星期|礼拜|月(?![一二三四五六七八九十\d]))(?P<weekday>[一二三四五六日天](?!个))?"
    rf"|(?P<count>\d{{1,3}}|{NUMERAL_ZH})个?(?P<of>天|周|星期|礼拜|月|年)(?:之|以)?(?P<side>前|后)"
)
_WEEK, _MONTH, _YEAR = re.compile(r"\bweeks?\b"), re.compile(r"\bmonths?\b"), re.compile(r"\byears?\b")


def relative_dates(text: str, timestamp: str | None) -> list[RelativeDate]:
    """The relative dates in a text that was written at ``timestamp`` (ISO 8601), in order; none without a timestamp."""
    if not timestamp or not (_ENGLISH.search(text) or _CHINESE.search(text)):
        return []
    try:
        base = datetime.fromisoformat(timestamp[:10])
    except ValueError:
        return []
    return sorted([*_english(text, base), *_chinese(text, base)])


def _english(text: str, base: datetime) -> Iterator[RelativeDate]:
    for match in _ENGLISH.finditer(text):
        phrase = match.group().casefold()
        said = _SAID_EN.get(phrase.removeprefix("the "), phrase)
        if resolved := _resolved(said, base):
            yield RelativeDate(*match.span(), match.group(), resolved)


def _chinese(text: str, base: datetime) -> Iterator[RelativeDate]:
    for match in _CHINESE.finditer(text):
        if resolved := _resolved_chinese(match, base):
            yield RelativeDate(*match.span(), match.group(), resolved)


def _resolved_chinese(match: re.Match[str], base: datetime) -> str | None:
    if match["day"]:
        return _resolved(_DAYS_ZH[match["day"]], base)
    if match["which"]:
        steps = {"上": -1, "下": 1}.get(match["which"], 0) * (2 if match["again"] else 1)
        if match["again"] and match["again"] != match["which"]:
            return None
        if _UNITS_ZH[match["unit"]] == "month":
            return None if match["weekday"] else _resolved(_counted(steps, "month"), base)
        monday = base.date() - timedelta(days=base.weekday()) + timedelta(weeks=steps)
        if match["weekday"]:
            return (monday + timedelta(days=_WEEKDAYS_ZH.index(match["weekday"].replace("天", "日")))).isoformat()
        return _week_of(monday)
    count = int(match["count"]) if match["count"].isdigit() else NUMERALS_ZH[match["count"]]
    return _resolved(_counted(-count if match["side"] == "前" else count, _UNITS_ZH[match["of"]]), base)


def _counted(steps: int, unit: str) -> str:
    return f"{-steps} {unit}s ago" if steps < 0 else f"in {steps} {unit}s"


@lru_cache(maxsize=4096)
def _resolved(phrase: str, base: datetime) -> str | None:
    """The day, week, month or year of an English phrase."""
    from dateparser import parse

    phrase = _COUNTED_EN.sub(lambda word: str(_NUMBERS_EN[word.group()]), phrase)
    this = re.fullmatch(r"this (week|month|year)|in 0 \w+", phrase)
    settings = {"RELATIVE_BASE": base, "PREFER_DATES_FROM": "future" if phrase.startswith("this ") else "past"}
    found = base if this else parse(phrase.removeprefix("this "), languages=["en"], settings=settings)
    if found is None:
        return None
    day = found.date()
    if _YEAR.search(phrase):
        return f"{day:%Y}"
    if _MONTH.search(phrase):
        return f"{day:%Y-%m}"
    return _week_of(day) if _WEEK.search(phrase) else day.isoformat()


def _week_of(day: date) -> str:
    monday = day - timedelta(days=day.weekday())
    return f"{monday.isoformat()}/{(monday + timedelta(days=6)).isoformat()}"
