"""Decides from all dates of a chat whether the day or the month stands first, and refuses to guess.

Knows the numbers of a date, not the words of a message.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

from retrieval.errors import InputError
from retrieval.loaders.chat_lines import ChatLine
from retrieval.loaders.reading import Reading

__all__ = ["Order", "Orders", "moment_of"]

Order = tuple[int, int, int]
"""Where year, month and day stand in a date."""

_DMY: Final = (2, 1, 0)
_MDY: Final = (2, 0, 1)
_YMD: Final = (0, 1, 2)


def moment_of(line: ChatLine, order: Order, hour: int) -> datetime | None:
    """The time of ``line`` when its date is read in ``order``, or None when there is no such date or time."""
    year, month, day = (line.date[at] for at in order)
    try:
        return datetime(year + 2000 if year < 100 else year, month, day, hour, line.minute, line.second or 0)
    except ValueError:
        return None


class Orders:
    """Which orders of day, month and year the dates of a chat allow, and in which of them its time never runs back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: tuple[int, str] | None = None
        self._possible: dict[Order, bool] = {}
        self._last: dict[Order, tuple[int, ...]] = {}
        self._differ = False

    def note(self, number: int, line: ChatLine, hour: int) -> None:
        """Take one date in. Raises InputError when no order is left."""
        shown = "/".join(str(part) for part in line.date)
        if self._first is None:
            self._first = number, shown
            self._possible = dict.fromkeys([_YMD] if line.year_first else [_DMY] if line.dotted else [_DMY, _MDY], True)
        for order in list(self._possible):
            moment = moment_of(line, order, hour)
            if moment is None:
                del self._possible[order]
                continue
            key = moment.year, moment.month, moment.day
            self._possible[order] = self._possible[order] and key >= self._last.get(order, key)
            self._last[order] = key
        self._differ = self._differ or line.date[0] != line.date[1]
        if not self._possible:
            raise InputError(
                f"{str(self._path)!r}, line {number}: the date {shown!r} does not exist, or its order of day and month "
                "is not that of the lines before",
                hint="Export the chat again in one piece",
            )

    def decide(self, reading: Reading) -> Order:
        """The order of the whole chat. Raises InputError when there may be two, and nobody said which."""
        forced = {"whatsapp-dmy": _DMY, "whatsapp-mdy": _MDY}.get(reading.format or "")
        possible = list(self._possible)
        if forced and _YMD not in possible:
            possible = [order for order in possible if order == forced]
        ascending = [order for order in possible if self._possible[order]]
        best = ascending if len(ascending) == 1 else possible
        if len(best) == 1 or (best and not self._differ):
            return best[0]
        if self._first is None:
            return _DMY
        number, shown = self._first
        what = "may be day/month or month/day" if best else f"is not {reading.format}"
        raise InputError(
            f"{str(self._path)!r}, line {number}: the date {shown!r} {what}, like all others of this chat",
            hint="Say which it is with --format whatsapp-dmy or --format whatsapp-mdy",
        )
