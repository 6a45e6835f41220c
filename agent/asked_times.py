"""Finds the one period that a question about events names, and takes it out of the question.

"in March", "since 2023", "in the last 30 days", "今年", "三月份": seen from the given day. A month or a day without
a year is the newest one that lies within the history. Knows Chinese and English, not events.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from retrieval.focus import MONTHS, Period, named_periods, period_of
from retrieval.numerals import NUMERAL_EN, NUMERAL_ZH, NUMERALS_EN, NUMERALS_ZH

__all__ = ["Span", "last_day", "take_period"]

_FOREVER = float("inf")
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365, "天": 1, "日": 1, "周": 7, "星期": 7, "月": 30, "年": 365}
_NUMBERS = {"": 1, "半": 0.5, **NUMERALS_EN, **NUMERALS_ZH}
_LAST = re.compile(
    r"\b(?:in|over|during|within|for)?\s*the (?:last|past|previous)\s*"
    rf"(?P<count>\d{{1,3}}|{NUMERAL_EN}|)\s*(?P<unit>day|week|month|year)s?\b"
    rf"|(?:在)?(?:最近|过去|近)的?(?P<count_zh>\d{{1,3}}|半|{NUMERAL_ZH})个?(?P<unit_zh>天|日|周|星期|月|年)(?:里|内|以来|中)?"
)
_NAMES = "|".join(f"{name[:3]}(?:{name[3:]})?" if name != "may" else name for name in MONTHS)
_MONTH = re.compile(
    rf"\b(?P<name>{_NAMES})\b\.?|(?<!\d)(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月份?(?!\d|前|后|底|初)"
)
_BETWEEN = re.compile(r"\b(?:between|from) \x00 (?:and|to|until|till) \x00|从?\x00[到至-]\x00")
_ONE = re.compile(
    r"\b(?P<side>since|after|before|until|in|on|during|for|within|of)?\s*\bthe\b \x00"
    r"|\b(?P<side2>since|after|before|until|in|on|during|for|within|of) \x00"
    r"|[自从在于]?\x00(?P<side_zh>以来|起|之?后|以后|之?前|以前|至今)?(?:期间|里|内|中|间|份|一整年|全年)?(?:以?来)?的?"
)


class Span(NamedTuple):
    """From ``start`` up to, not including, ``end``, in seconds since 1970, UTC; an open side is infinite."""

    start: float
    end: float


def take_period(question: str, now: datetime, newest: float | None) -> tuple[str, Span | None] | None:
    """The question without the period that it names, and the period; None when it names times that do not make one.

    Args:
        question: lower case.
        now: from when "this year" is seen.
        newest: the epoch of the newest event of the history.
    """
    if match := _LAST.search(question):
        unit = match["unit"] or match["unit_zh"]
        count = match["count"] if match["unit"] else match["count_zh"]
        days = _DAYS[unit] * (float(count) if count.isdigit() else _NUMBERS[count])
        end = period_of(now.date().isoformat()).end
        rest = f"{question[: match.start()]} {question[match.end() :]}"
        return None if _spans(rest, now, newest) else (rest, Span(end - days * 86400, end))
    found = _spans(question, now, newest)
    if not found:
        return question, None
    marked, at = "", 0
    for start, end, _ in found:
        marked, at = f"{marked}{question[at:start]}\x00", end
    marked = re.sub(r"\x00,? ?(?:of )?(?=\x00)", "\x00", marked + question[at:])
    periods = _merged([period for *_, period in found], marked)
    marked = re.sub(r"\x00+", "\x00", marked)
    if len(periods) == 2 and (match := _BETWEEN.search(marked)):
        asked = Span(periods[0].start, periods[1].end)
    elif len(periods) == 1 and (match := _ONE.search(marked)):
        asked = _sided(periods[0], match["side"] or match["side2"] or match["side_zh"] or "")
    else:
        return None
    if asked.start >= asked.end:  # "between January and May 2023", asked in 2024
        return None
    return f"{marked[: match.start()]} {marked[match.end() :]}", asked


def _spans(question: str, now: datetime, newest: float | None) -> list[tuple[int, int, Period]]:
    """Where times are named, with the months that have no year."""
    seen_from = now if newest is None else min(now, datetime.fromtimestamp(newest, UTC))
    spans = [(each.start, each.end, each.period) for each in named_periods(question, now, seen_from)]
    for match in _MONTH.finditer(question):
        if all(match.end() <= start or end <= match.start() for start, end, _ in spans):
            spans.append((match.start(), match.end(), _newest_month(_number(match), seen_from)))
    return sorted(spans)


def _number(match: re.Match[str]) -> int:
    if match["name"]:
        return next(n for n, name in enumerate(MONTHS, 1) if name.startswith(match["name"][:3]))
    return int(match["month"]) if match["month"].isdigit() else int(_NUMBERS[match["month"]])


def _newest_month(month: int, seen_from: datetime) -> Period:
    return period_of(f"{seen_from.year - (month > seen_from.month)}-{month:02}")


def _merged(periods: list[Period], marked: str) -> list[Period]:
    """A month beside a year ("去年三月", "March last year") is the month of that year."""
    if len(periods) != 2 or "\x00\x00" not in marked:
        return periods
    year, month = sorted(periods, key=lambda each: each.start - each.end)
    if year.end - year.start < 300 * 86400 or not 27 * 86400 < month.end - month.start < 32 * 86400:
        return periods
    first, named = (datetime.fromtimestamp(each.start, UTC) for each in (year, month))
    return [period_of(f"{first.year}-{named.month:02}")]


def _sided(period: Period, side: str) -> Span:
    if side in {"since", "以来", "起", "至今"}:
        return Span(period.start, _FOREVER)
    if side == "after" or side.endswith("后"):
        return Span(period.end, _FOREVER)
    if side in {"before", "until"} or side.endswith("前"):
        return Span(-_FOREVER, period.start)
    return Span(*period)


def last_day(end: float) -> str:
    """The last day before ``end``."""
    return (datetime.fromtimestamp(end, UTC) - timedelta(seconds=1)).date().isoformat()
