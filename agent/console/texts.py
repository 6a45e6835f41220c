"""What pages say, in English or Chinese: words, plurals, dates, how long ago, how sure. Knows nothing of pages."""

import re
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from agent.console.words_en import ENGLISH
from agent.console.words_zh import CHINESE

__all__ = ["Language", "Texts", "chosen_language"]

Language = Literal["en", "zh"]

_WORDS: Final = {"en": ENGLISH, "zh": CHINESE}
_MOMENT: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d))?)?)?")
_MONTHS: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_RANGE: Final = re.compile(r"\s*([A-Za-z*-]+)\s*(?:;\s*q\s*=\s*([0-9.]+))?\s*")


class Texts:
    """The words of one language; called with a key they are a text, filled in.

    Args:
        language: which.
        now: from when "three months ago" is seen.
    """

    def __init__(self, language: Language, now: datetime) -> None:
        self.language: Language = language
        self.tag = "zh-Hans" if language == "zh" else "en"
        self._words = _WORDS[language]
        self._today = now.date()

    def __call__(self, key: str, /, **values: Any) -> str:
        """The text of a key. ``n`` chooses the plural: ``KEY.one`` where there is one and n is 1.

        Raises:
            KeyError: there is no such text, or a value is missing.
        """
        words = self._words
        chosen = f"{key}.one" if values.get("n") == 1 and f"{key}.one" in words else key
        return words[chosen].format(**{name: self._put(value) for name, value in values.items()})

    def known(self, kind: str, word: str) -> str:
        """A word of a closed set in this language, such as an origin; the word itself, where it is none of ours."""
        return self._words.get(f"{kind}.{word}", word)

    def number(self, value: float) -> str:
        """A number with its thousands apart."""
        return f"{value:,}"

    def percent(self, chance: float) -> str:
        """A probability; with a decimal where it is small."""
        if 0 < chance < 0.001:
            return "<0.1%"
        return f"{chance:.1%}" if 0 < chance < 0.1 else f"{chance:.0%}"

    def sure(self, confidence: float) -> str:
        """How sure something is, in words."""
        level = next(name for name, least in _LEVELS if confidence >= least)
        return self._words[f"sure.{level}"]

    def date(self, moment: str | None) -> str:
        """The day, month or year of a time in ISO 8601."""
        found = _MOMENT.match(moment or "")
        if found is None:
            return self._words["undated"]
        year, month, day = (None if part is None else int(part) for part in found.groups()[:3])
        if self.language == "zh":
            return f"{year}年" + (f"{month}月" if month else "") + (f"{day}日" if day else "")
        return " ".join(str(part) for part in (day, month and _MONTHS[month - 1], year) if part)

    def moment(self, moment: str | None) -> str:
        """The same with the time of day, where it is known."""
        found = _MOMENT.match(moment or "")
        if found is None or found[4] is None:
            return self.date(moment)
        zone = " UTC" if (moment or "").endswith("Z") else ""
        return f"{self.date(moment)} {found[4]}:{found[5]}{zone}"

    def clock(self, moment: str | None) -> str:
        """The time of day; "" where it is not known."""
        found = _MOMENT.match(moment or "")
        return "" if found is None or found[4] is None else f"{found[4]}:{found[5]}"

    def ago(self, moment: str | None) -> str:
        """How long ago a time is; "" where it is not known."""
        day = _day(moment)
        if day is None:
            return ""
        days = (self._today - day).days
        if days < 0:
            return self._words["ago.future"]
        if days < 2:
            return self._words[("ago.today", "ago.yesterday")[days]]
        months = (self._today.year - day.year) * 12 + self._today.month - day.month - (self._today.day < day.day)
        if days < 14:
            return self("ago.days", n=days)
        if months < 2:
            return self("ago.weeks", n=days // 7)
        return self("ago.months", n=months) if months < 24 else self("ago.years", n=months // 12)

    def listed(self, items: "list[str]") -> str:
        """Several names after each other."""
        return self._words["comma"].join(items)

    def _put(self, value: Any) -> Any:
        return self.number(value) if isinstance(value, int) and not isinstance(value, bool) else value


_LEVELS: Final = (("high", 0.9), ("good", 0.75), ("fair", 0.5), ("low", -1.0))


def _day(moment: str | None) -> date | None:
    found = _MOMENT.match(moment or "")
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    try:
        return datetime(year, month, day, tzinfo=UTC).date()
    except ValueError:
        return None


def chosen_language(cookie: str, accepted: str) -> Language:
    """The language that was chosen, else the first of ours that a browser asks for, else English."""
    if cookie in ("en", "zh"):
        return "zh" if cookie == "zh" else "en"
    best: tuple[float, Language] = (0.0, "en")
    for part in accepted.split(",")[:20]:
        found = _RANGE.fullmatch(part)
        name = "" if found is None else found[1].lower().partition("-")[0]
        if found is not None and name in ("en", "zh"):
            try:
                weight = float(found[2] or 1)
            except ValueError:
                continue
            if weight > best[0]:
                best = (weight, "zh" if name == "zh" else "en")
    return best[1]
