"""Which snippets are of the day, week or month that a question names: "on May 4th", "last week", 5月4号.

A snippet is when it was written then, or says then: "I went to the museum yesterday" is of the day before. Pure text
code for Chinese and English; knows no models.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from retrieval import Hit, relative_dates
from retrieval.focus import NamedPeriod, Period, named_periods, period_of

__all__ = ["of_asked_day"]

_LONGEST = 31 * 86400  # what is said of last year may have been told yesterday
_AHEAD = timedelta(days=180)  # "on May 7" may lie ahead of the day on which it is written
_SIDED = re.compile(
    r"(?:\b(?:before|after|since|until|till|between|from|by|and|to)(?: the)?|[从自到至和与-])\s*$", re.IGNORECASE
)
_SIDED_ZH = re.compile(r"\s*(?:的|这天|那天)?(?:之前|以前|之后|以后|以来|起|到|至|前|后|和|与)")
_TODAY = frozenset({"today", "tonight", "今天", "今日", "今晚"})


def of_asked_day(question: str, hits: Sequence[Hit], now: datetime | None = None) -> list[bool]:
    """Whether each snippet is of the day, week or month that a question names.

    All are not when the question names none, or two, or what was before or after one ("since May 4th").

    Args:
        question: as it was asked.
        hits: in any order.
        now: from when "last week" is seen (None: today), if anything is of that time; else it is the newest hit's.
    """
    newest = max((hit.event.epoch for hit in hits if hit.event.epoch is not None), default=None)
    if newest is None:
        return [False] * len(hits)
    for seen_from in (now or datetime.now(UTC), datetime.fromtimestamp(newest, UTC)):
        period = _asked(question, seen_from)
        fits = [period is not None and _is_of(hit, period) for hit in hits]
        if any(fits):
            return fits
    return [False] * len(hits)


def _asked(question: str, now: datetime) -> Period | None:
    """The one time that is asked about."""
    named = [each for each in named_periods(question, now) if question[each.start : each.end].casefold() not in _TODAY]
    if len(named) != 1 or _is_sided(question, named[0]) or not _is_short(named[0].period):
        return None
    return named[0].period


def _is_sided(question: str, named: NamedPeriod) -> bool:
    return bool(_SIDED.search(question[: named.start]) or _SIDED_ZH.match(question[named.end :]))


def _is_short(period: Period) -> bool:
    return period.end - period.start <= _LONGEST


def _is_of(hit: Hit, period: Period) -> bool:
    """Whether a snippet was written in a time, or names a time that overlaps with it."""
    epoch = hit.event.epoch
    if epoch is None:
        return False
    if period.holds(epoch):
        return True
    text, written = hit.snippet.text, datetime.fromtimestamp(epoch, UTC)
    told = [period_of(each.resolved) for each in relative_dates(text, hit.event.timestamp)]
    told += [each.period for each in named_periods(text, written, written + _AHEAD)]
    return any(_is_short(each) and each.start < period.end and period.start < each.end for each in told)
