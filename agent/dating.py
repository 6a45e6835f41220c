"""Writes the dates of an answer as people write them, and says which day "yesterday" or "下周二晚上七点" was.

Knows answers and the messages that they rest on; what a phrase means is computed by :mod:`retrieval`.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from prompts import Language
from retrieval import Hit, relative_dates
from retrieval.numerals import NUMERALS_ZH

__all__ = ["dated", "natural_date"]

_ISO: Final = re.compile(
    r"(?<![\d-])((?:19|20)\d\d-\d\d(?:-\d\d)?(?:/(?:19|20)\d\d-\d\d-\d\d)?)(?:T[\d:.]+Z?)?(?![\d-])"
)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_CLOCK_ZH: Final = re.compile(
    r"(?P<half>凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚)?"
    r"(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,3})点(?P<past>半|一刻|三刻)?"
)
_PAST_ZH: Final = {"": 0, "半": 30, "一刻": 15, "三刻": 45}
_WEEKDAY_ZH: Final = re.compile(r"(?:周|星期|礼拜)[一二三四五六日天]")


class _Said(NamedTuple):
    """A relative date with the clock time that follows it ("" when none does)."""

    phrase: str
    resolved: str
    clock: str
    clock_phrase: str


def dated(answer: str, cited: Sequence[Hit], language: Language) -> str:
    """``answer`` with ISO dates, and relative ones that stand in ``cited``, written out in ``language``.

    "yesterday" becomes "24 August 2023"; "下周二晚上七点" becomes "2024年4月16日周二 19:00".
    """
    said = [each for hit in cited for each in _said(hit)]
    for each in sorted(said, key=lambda s: -len(s.phrase + s.clock_phrase)):
        for words in (each.phrase + each.clock_phrase, each.phrase):
            if words.casefold() in answer.casefold() and not _is_word_part(words, answer):
                clock = each.clock if words != each.phrase or not each.clock_phrase else ""
                answer = re.sub(re.escape(words), _with(each, clock, language), answer, count=1, flags=re.IGNORECASE)
                break
    by_day = {each.resolved: each for each in reversed(said)}
    return _ISO.sub(lambda match: _iso(match[1], by_day, language), answer)


def _iso(resolved: str, by_day: dict[str, _Said], language: Language) -> str:
    each = by_day.get(resolved)
    return natural_date(resolved, language) if each is None else _with(each, each.clock, language)


def _with(each: _Said, clock: str, language: Language) -> str:
    weekday = _WEEKDAY_ZH.search(each.phrase) is not None
    shown = natural_date(each.resolved, language, weekday=weekday)
    return f"{shown} {clock}" if clock else shown


def _is_word_part(words: str, answer: str) -> bool:
    return words.isascii() and not re.search(rf"\b{re.escape(words)}\b", answer, re.IGNORECASE)


def _said(hit: Hit) -> Iterator[_Said]:
    text = hit.snippet.text
    for each in relative_dates(text, hit.event.timestamp):
        clock = _CLOCK_ZH.match(text, each.end)
        yield _Said(each.phrase, each.resolved, _clock(clock) if clock else "", clock.group() if clock else "")


def _clock(match: re.Match[str]) -> str:
    hour = match["hour"]
    value = int(hour) if hour.isdigit() else NUMERALS_ZH.get(hour, 0)
    if match["half"] in ("下午", "傍晚", "晚上", "晚") and value < 12:
        value += 12
    return f"{value:02d}:{_PAST_ZH[match['past'] or '']:02d}"


def natural_date(resolved: str, language: Language, *, weekday: bool = False) -> str:
    """A day, week, month or year (see :class:`retrieval.RelativeDate`) in words: "24 August 2023", "2023年8月24日"."""
    first, _, last = resolved.partition("/")
    if last:
        start, end = natural_date(first, language), natural_date(last, language)
        return f"{start}至{end}" if language == "zh" else f"{start} to {end}"
    year, month, day = ([int(part) for part in first.split("-")] + [0, 0])[:3]
    try:
        named = "周" + "一二三四五六日"[date(year, month, day).weekday()] if weekday and day else ""
    except ValueError:
        return resolved
    if language == "zh":
        return f"{year}年" + (f"{month}月" if month else "") + (f"{day}日" if day else "") + named
    if not 0 <= month <= 12:
        return resolved
    return " ".join(part for part in (str(day) if day else "", _MONTHS[month - 1] if month else "", str(year)) if part)
