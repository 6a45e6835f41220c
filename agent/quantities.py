"""Reads quantities out of short answers, to compare them: heights, ages, durations, dates, head counts, degrees.

Chinese numerals are read by cn2an. Knows Chinese and English words for units, not what was asked.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple

from retrieval.numerals import NUMERAL_EN, NUMERALS_EN

__all__ = ["Quantity", "quantity_of"]


class Quantity(NamedTuple):
    """``kind`` says what can be compared; ``size`` is in cm, years, days, kg, a number of things, or a rank."""

    kind: str
    size: float


_DEGREES: Final = (
    ("小学", "primary school"), ("初中", "middle school"), ("高中", "中专", "high school"),
    ("大专", "专科", "associate"), ("本科", "学士", "大学", "bachelor", "college", "undergraduate"),
    ("硕士", "研究生", "master", "mba"), ("博士后", "postdoc"), ("博士", "phd", "doctor"),
)  # fmt: skip
_UNITS: Final[Mapping[str, tuple[str, float]]] = {
    **dict.fromkeys(("cm", "厘米", "公分", "centimet"), ("length", 1.0)),
    **dict.fromkeys(("m", "米", "met"), ("length", 100.0)),
    **dict.fromkeys(("km", "公里", "千米", "kilomet"), ("length", 100_000.0)),
    **dict.fromkeys(("kg", "公斤", "千克", "kilo"), ("weight", 1.0)),
    **dict.fromkeys(("斤",), ("weight", 0.5)),
    **dict.fromkeys(("lb", "pound"), ("weight", 0.4536)),
    **dict.fromkeys(("岁", "years old", "year old"), ("age", 1.0)),
    **dict.fromkeys(("分钟", "minute", "min"), ("duration", 1 / 1440)),
    **dict.fromkeys(("小时", "钟头", "hour"), ("duration", 1 / 24)),
    **dict.fromkeys(("天", "日", "day"), ("duration", 1.0)),
    **dict.fromkeys(("周", "星期", "礼拜", "week"), ("duration", 7.0)),
    **dict.fromkeys(("个月", "月", "month"), ("duration", 30.4)),
    **dict.fromkeys(("年", "year"), ("duration", 365.25)),
    **dict.fromkeys(("人", "名", "位", "people", "person", "participant", "attendee", "guest"), ("people", 1.0)),
    **dict.fromkeys(("元", "块", "rmb", "yuan", "¥", "usd", "dollar", "$", "eur", "€"), ("money", 1.0)),
}
_UNIT: Final = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_WORDS_EN: Final = {"a": 1, "an": 1, **NUMERALS_EN}
_NUMBER: Final = (
    rf"(?P<number>\d+(?:[.,]\d+)*[百千万亿]*|[零〇一二两三四五六七八九十百千万亿]+|\b(?:an?|{NUMERAL_EN})\b)"
)
_MEASURED: Final = re.compile(rf"{_NUMBER}\s*[个多]?\s*(?P<unit>{_UNIT})?", re.IGNORECASE)
_FEET: Final = re.compile(r"(\d+)\s*(?:'|ft|feet|foot)\s*(\d+)?")
_DATE: Final = re.compile(
    r"(?P<y>(?:19|20)\d\d)[-/.年] ?(?P<m>1[0-2]|0?[1-9])[-/.月] ?(?P<d>3[01]|[12]\d|0?[1-9])(?!\d)"
    r"|(?P<month>1[0-2]|0?[1-9])月(?P<day>3[01]|[12]\d|0?[1-9])"
)
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DATE_EN: Final = re.compile(
    rf"(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?)?(?P<m>{'|'.join(_MONTHS)})"
    r"(?: (?P<d2>\d{1,2})\b(?:st|nd|rd|th)?)?(?:,? (?P<y>(?:19|20)\d\d))?"
)


def quantity_of(text: str) -> Quantity | None:
    """The first quantity in a short answer; None when it holds none that can be compared."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if date := _date(plain):
        return date
    if feet := _FEET.search(plain):
        return Quantity("length", int(feet[1]) * 30.48 + int(feet[2] or 0) * 2.54)
    for match in _MEASURED.finditer(plain):
        size = _number(match["number"])
        kind, scale = _UNITS[match["unit"]] if match["unit"] else ("number", 1.0)
        if size is not None:
            return Quantity(kind, size * scale)
    ranks = [rank for rank, names in enumerate(_DEGREES) if any(name in plain for name in names)]
    return Quantity("degree", max(ranks)) if ranks else None


def _date(text: str) -> Quantity | None:
    if match := _DATE.search(text):
        year, month, day = match["y"], match["m"] or match["month"], match["d"] or match["day"]
    elif match := _DATE_EN.search(text):
        year, month, day = match["y"], str(_MONTHS.index(match["m"]) + 1), match["d1"] or match["d2"] or "1"
    else:
        return None
    return Quantity("date" if year else "day of the year", int(year or 0) * 400 + int(month) * 31 + int(day))


def _number(text: str) -> float | None:
    if text in _WORDS_EN:
        return float(_WORDS_EN[text])
    if text[-1].isdigit():
        try:
            return float(text.replace(",", ""))
        except ValueError:  # 1.2.3
            return None
    from cn2an import cn2an

    try:
        return float(cn2an(text, "smart"))
    except ValueError:
        return None
