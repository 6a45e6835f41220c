"""Reads the first lines of WhatsApp messages: date, time, and who says what; on Android and iOS, English and Chinese.

Knows single lines, not the order of day and month, nor whose chat it is.
"""

import re
from typing import Final, NamedTuple

__all__ = ["ChatLine", "UnknownHalf", "hour_of", "parse_line"]

_AM: Final = frozenset({"am", "a.m.", "上午", "凌晨", "早上", "清晨", "早晨"})
_PM: Final = frozenset({"pm", "p.m.", "下午", "晚上", "中午", "傍晚"})

_INVISIBLE: Final = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\ufeff"
_HEADER: Final = re.compile(
    rf"[{_INVISIBLE}]*(?P<bracket>\[)?"
    r"(?P<date>\d{1,4}(?P<sep>[/.-])\d{1,2}(?P=sep)\d{1,4})\.?,?\s"
    r"(?:(?P<before>[^\W\d_]{1,4})\s?)?"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?"
    r"(?:\s?(?P<after>[^\W\d_][\w.]{0,3}(?:\s[^\W\d_]\.)?))?"
    r"(?(bracket)\]\s|\s[-–]\s)(?P<rest>.*)",
    re.DOTALL,
)
_SPEAKER: Final = re.compile(rf"[{_INVISIBLE}~\s]*(?P<name>[^:\"“”]{{1,100}}?)\s?:(?:\s|$)(?P<text>.*)", re.DOTALL)


class UnknownHalf(ValueError):
    """A word beside the time that is neither AM nor PM in a known language."""


class ChatLine(NamedTuple):
    """The start of a message; ``speaker`` is None for a line of WhatsApp itself.

    ``date`` holds the numbers as they stand there, ``half`` the word for the half of the day.
    """

    date: tuple[int, int, int]
    year_first: bool
    dotted: bool
    hour: int
    minute: int
    second: int | None
    half: str | None
    speaker: str | None
    text: str


def parse_line(line: str) -> ChatLine | None:
    """The message that ``line`` starts, or None when it continues the one before."""
    match = _HEADER.match(line)
    if match is None:
        return None
    parts = match["date"].split(match["sep"])
    said = _SPEAKER.match(match["rest"])
    return ChatLine(
        date=(int(parts[0]), int(parts[1]), int(parts[2])),
        year_first=len(parts[0]) == 4,
        dotted=match["sep"] == ".",
        hour=int(match["hour"]),
        minute=int(match["minute"]),
        second=int(match["second"]) if match["second"] else None,
        half=match["before"] or match["after"],
        speaker=said["name"].strip(f" ~{_INVISIBLE}") if said else None,
        text=said["text"] if said else match["rest"],
    )


def hour_of(line: ChatLine) -> int:
    """The hour of the day, 0 to 23. Raises UnknownHalf for a word that is not known."""
    if line.half is None:
        return line.hour
    half = "".join(line.half.casefold().split())
    if half in _AM:
        return 0 if line.hour == 12 else line.hour
    if half in _PM:
        noon = half == "中午" and line.hour == 11
        return line.hour if line.hour >= 12 or noon else line.hour + 12
    raise UnknownHalf(line.half)
