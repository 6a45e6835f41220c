"""Reads since when and until when something holds, as a message says it: "since 2019", "2020年起", "moved last month".

A time that is said less exactly than a day stands for its first day. Chinese and English; relative dates are resolved
by ``retrieval.relative_dates`` against the day of the message. Knows nothing of claims.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from retrieval import relative_dates

__all__ = ["said_since", "said_until"]

_NAMES = (
    "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|sep sept september|oct october"
    "|nov november|dec december"
)
_MONTHS = {name: number for number, names in enumerate(_NAMES.split("|"), start=1) for name in names.split()}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = (
    rf"(?:(?P<month>{_MONTH})\.? (?:of )?)?(?:the (?:year|summer|autumn|fall|spring|winter) (?:of )?)?"
    r"(?P<year>(?:19|20)\d\d)"
    r"(?:-(?P<number>\d\d?)(?:-(?P<day>\d\d?))?)?"
)
_DATE_ZH = r"(?P<year>(?:19|20)\d\d) ?年(?:(?P<number>\d{1,2}) ?月)?(?:(?P<day>\d{1,2}) ?[日号])?"
_BEGUN_EN = "move[ds]?|start(?:ed)?|beg[au]n|join(?:ed)?|became|switched|adopted|bought|got|relocated|took up|since"
_BEGUN_ZH = "搬|开始|入职|换到|换成|转到|加入|当上|成为|养了|买了|自从"
_OVER_EN = r"quit|left|gave up|given up|stopped|resigned|retired|sold|moved (?:away |out )?from|until|till|ended"
_OVER_ZH = r"戒|离开|辞|搬|不[\u4e00-\u9fff]{1,8}了|卖|退出|直到|结束"
_SINCE = (
    re.compile(
        rf"\b(?:since|(?:{_BEGUN_EN})\b[^.!?;]{{0,40}}?\bin) (?:early |late |mid[- ]|about |around )?{_DATE}",
        re.IGNORECASE,
    ),
    re.compile(rf"(?:从|自从?|打){_DATE_ZH}(?!到)"),
    re.compile(rf"{_DATE_ZH}[^，。；！？]{{0,3}}?(?:起|以来|{_BEGUN_ZH})"),
)
_UNTIL = (
    re.compile(
        rf"\b(?:until|till|(?:19|20)\d\d (?:to|[-–])|(?:{_OVER_EN})\b[^.!?;]{{0,40}}?\bin) (?:early |late |mid[- ])?"
        rf"{_DATE}",
        re.IGNORECASE,
    ),
    re.compile(rf"(?:到|直到){_DATE_ZH}"),
    re.compile(rf"{_DATE_ZH}[^，。；！？]{{0,12}}?(?:{_OVER_ZH})"),
)
_FOR_YEARS = re.compile(
    r"\b(?:have|has|['’]ve|['’]s)\b[^.!?;]{0,40}?\bfor (?:the (?:last|past) )?(\d{1,2}) years?", re.IGNORECASE
)
_BEFORE = re.compile(r"[.!?;。；！？\n]|\bbut\b|但")
_AFTER = re.compile(r"[,.!?;，。；！？\n]")


def said_since(text: str, timestamp: str | None) -> str | None:
    """Since when, as an ISO date, what a message says has held; None when it does not say so, or names a later day."""
    found = [*_said(_SINCE, text), *_relative(text, timestamp, _BEGUN_EN, _BEGUN_ZH)]
    if timestamp and (years := _FOR_YEARS.search(text)):
        found.append(f"{int(timestamp[:4]) - int(years[1])}-01-01")
    return _not_after(found, timestamp)


def said_until(text: str, timestamp: str | None) -> str | None:
    """Until when, as an ISO date, what a message says is over had held; None when it does not say so."""
    return _not_after([*_said(_UNTIL, text), *_relative(text, timestamp, _OVER_EN, _OVER_ZH)], timestamp)


def _not_after(days: Iterable[str], timestamp: str | None) -> str | None:
    return next((day for day in days if not timestamp or day <= timestamp[:10]), None)


def _said(patterns: Sequence[re.Pattern[str]], text: str) -> Iterator[str]:
    for match in (match for pattern in patterns for match in pattern.finditer(text)):
        parts = match.groupdict()
        month = _MONTHS[parts["month"].casefold()] if parts.get("month") else int(parts["number"] or 1)
        try:
            yield date(int(parts["year"]), month, int(parts["day"] or 1)).isoformat()
        except ValueError:  # there is no such day
            continue


def _relative(text: str, timestamp: str | None, english: str, chinese: str) -> Iterator[str]:
    """The first days of relative dates ("last month") that stand in a clause with a word for beginning or ending."""
    for each in relative_dates(text, timestamp):
        clause = _BEFORE.split(text[: each.start])[-1] + _AFTER.split(text[each.start :])[0]
        if re.search(rf"\b(?:{english})\b|{chinese}", clause, re.IGNORECASE):
            yield f"{each.resolved.partition('/')[0]}-01-01"[:10]
