"""Reads times as people and programs write them, and refuses the ambiguous ones.

Does not know the reader's time zone: a time without a zone stays without one, and its epoch is that of UTC.
"""

import math
import re
import time
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from retrieval.errors import InputError, shorten

__all__ = ["Timestamp", "parse_timestamp", "utc_text"]


class Timestamp(NamedTuple):
    """One moment, as text and as a number.

    Attributes:
        text: ISO 8601 in the precision that was given: a bare date stays a date, a zoned time ends in ``Z`` (UTC),
            a time without a zone stays without one.
        epoch: seconds since 1970-01-01T00:00Z; a time without a zone is read as UTC, a date as its midnight.
    """

    text: str
    epoch: float


_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_MISSING = frozenset({"", "nan", "nat", "none", "null", "n/a", "<na>"})
_ACCEPTED = (
    "Accepted are ISO 8601 (2024-03-04, 2024-03-04T09:30:00+08:00), 2024/03/04 09:30, 2024年3月4日 09:30, "
    "Mon, 04 Mar 2024 09:30:00 +0000, and seconds (10 digits) or milliseconds (13 digits) since 1970"
)

_NUMBER = re.compile(r"\d+(\.\d*)?", re.ASCII)
_YEAR_FIRST = re.compile(
    r"(\d{4})(?:[/.-](\d{1,2})[/.-](\d{1,2})|\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?)"
    r"(?:[T ,]*(?:星期.|周.|\(.\))?\s*(\d{1,2})[:：时点](\d{2})(?:分|(?:[:：分](\d{2})秒?))?)?",
    re.ASCII,
)
_RFC_2822 = re.compile(r"(?:[A-Za-z]{3},?\s+)?\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s+\d{1,2}:\d{2}(:\d{2})?(\s+.*)?", re.ASCII)
_MINUTES_ONLY = re.compile(r"[^:]*[T ]\d{2}:?\d{2}(?:Z|[+-]\d{2}:?\d{2})?", re.ASCII | re.IGNORECASE)


def parse_timestamp(value: object) -> Timestamp | None:
    """Reads a time from text, a number, a ``datetime`` or a ``date``.

    Returns:
        The moment, or None when ``value`` is missing (None, NaN, an empty text, "null" and the like).

    Raises:
        InputError: the format is unknown or ambiguous (03/04/2024), or the year is not in 1970..2200.
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        return _timestamp(value, value)
    if isinstance(value, date):
        return _timestamp(value, value)
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value, value)
    if not isinstance(value, str):
        raise _unknown(value)
    text = value.strip()
    if text.casefold() in _MISSING:
        return None
    return _from_text(text)


def _from_text(text: str) -> Timestamp:
    if _NUMBER.fullmatch(text) and len(text) != 8:
        return _from_number(float(text), text)
    try:
        if match := _YEAR_FIRST.fullmatch(text):
            year, month, day, *clock = (int(part) for part in match.groups() if part is not None)
            if not clock:
                return _timestamp(date(year, month, day), text)
            hour, minute, second = (*clock, 0)[:3]
            return _timestamp(datetime(year, month, day, hour, minute, second), text, minutes_only=len(clock) == 2)
        if match := _RFC_2822.fullmatch(text):
            return _timestamp(parsedate_to_datetime(text), text, minutes_only=match[1] is None)
        if len(text) <= 10 and ":" not in text and "T" not in text:
            return _timestamp(date.fromisoformat(text), text)
        minutes_only = _MINUTES_ONLY.fullmatch(text) is not None
        return _timestamp(datetime.fromisoformat(text), text, minutes_only=minutes_only)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise _unknown(text) from error


def _from_number(number: float, value: object) -> Timestamp:
    """Seconds have 9 or 10 digits and milliseconds 12 or 13; eight digits are a calendar date, if they make one."""
    if isinstance(number, int) and 19700101 <= number <= 22001231:
        return _from_text(str(number))
    if 1e8 <= number < 1e10:
        seconds = float(number)
    elif 1e11 <= number < 1e13:
        seconds = number / 1000
    else:
        raise _unknown(value)
    return _timestamp(datetime.fromtimestamp(seconds, UTC), value)


def _timestamp(moment: date, value: object, *, minutes_only: bool = False) -> Timestamp:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise InputError(
            f"the year of the time {shorten(value)} is not in {_FIRST_YEAR}..{_LAST_YEAR}", hint="Correct the value"
        )
    if not isinstance(moment, datetime):
        return Timestamp(moment.isoformat(), datetime(moment.year, moment.month, moment.day, tzinfo=UTC).timestamp())
    naive = moment.tzinfo is None
    utc = moment.replace(tzinfo=UTC) if naive else moment.astimezone(UTC)
    if minutes_only and not (utc.second or utc.microsecond):
        precision = "minutes"
    elif utc.microsecond:
        precision = "microseconds" if utc.microsecond % 1000 else "milliseconds"
    else:
        precision = "seconds"
    text = utc.replace(tzinfo=None).isoformat(timespec=precision)
    return Timestamp(text if naive else f"{text}Z", utc.timestamp())


def utc_text(moment: datetime | None = None) -> str:
    """A moment, or now, as limner writes it: ISO 8601 in UTC, to the second."""
    return (moment or datetime.fromtimestamp(time.time(), UTC)).isoformat(timespec="seconds").replace("+00:00", "Z")


def _unknown(value: object) -> InputError:
    shown = f" {shorten(value, 40)}" if _may_be_shown(value) else ""
    return InputError(f"unknown time format{shown}", hint=_ACCEPTED)


def _may_be_shown(value: object) -> bool:
    """Whether a value looks more like a time than like what somebody said."""
    if not isinstance(value, str):
        return isinstance(value, int | float)
    digits, letters = sum(map(str.isdigit, value)), sum(map(str.isalpha, value))
    return len(value) <= 12 or (len(value) <= 40 and 4 * digits >= len(value) and letters <= 12)
