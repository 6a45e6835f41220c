"""Whose words, and from when, a question leans to: "I …", "… Anna …", "last year", "上周", "now", "before the move".

What fits is preferred, never demanded: people mistake dates, and a fact about last year may have been told yesterday.
Pure text code for Chinese and English; knows nothing of ranking.
"""

import re
from calendar import monthrange
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple

from retrieval.reldates import relative_dates

__all__ = [
    "MONTHS",
    "Anchor",
    "NamedPeriod",
    "Period",
    "anchor_in",
    "asks_for_agent",
    "asks_for_now",
    "named_periods",
    "names_of",
    "period_of",
    "periods_in",
    "speakers_in",
    "speaks_of_user",
]

_FIRST_PERSON = re.compile(
    r"\b(?:i|my|me|mine|myself|we|our|us|the (?:user|customer)(?:'s)?)\b|我|咱|俺|用户|客户", re.IGNORECASE
)
_THEM_ZH = "(?:他|她|客户|用户|顾客|对方)"
_AGENT = re.compile(
    r"\b(?:agents?|assistant|chatbot|bot|representative|customer (?:service|support)|support (?:team|staff))\b"
    r"|\b(?:did|have|had|were|was) you\b|\byour (?:advice|answers?|explanations?|recommendations?|suggestions?|tips)\b"
    r"|\byou (?:\w+ )?(?:said|told|gave|given|suggested|recommended|advised|explained|offered|promised|shared)\b"
    r"|\b(?:did|have|had|what|that) we\b.*\b(?:promise|recommend|offer|suggest|advise|told|tell|explain)\w*"
    rf"\b.*\b(?:him|her|them|the (?:customer|user|client))\b|我们(?=.*{_THEM_ZH})"
    rf"(?:[^他她客用顾对]{{0,4}}|.{{0,4}}?[给向对跟为]了?{_THEM_ZH}们?.{{0,4}}?)(?:告诉|建议|推荐|回答|回复|解释|答应|承诺|介绍|提供)"
    r"|客服|坐席|店家|商家|卖家|助手|机器人"
    r"|(?<![和跟给向同与对请])你们?(?:之前|以前|上次|当时|曾经?|都|已经?|那天)*(?:[给向对跟为]了?我们?)?了?"
    r"(?:说|告诉|建议|推荐|回答|解释|答应|承诺|分享|介绍|提供|什么建议|哪些建议)",
    re.IGNORECASE,
)
_NOW = re.compile(
    r"\b(?:now|nowadays|currently|current|at the moment|at present|these days|today|recent|recently|lately|latest"
    r"|newest|still)\b|现在|目前|如今|当前|眼下|最近|近来|近期|最新|还在",
    re.IGNORECASE,
)
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH = "|".join(f"{each[:3]}(?:{each[3:]})?" for each in MONTHS)
_DATED = re.compile(
    r"(?<!\d)(?P<y1>(?:19|20)\d\d)(?:[-/.年](?P<m1>1[0-2]|0?[1-9])(?:[-/.月](?P<d1>3[01]|[12]\d|0?[1-9])(?!\d))?)?(?!\d)[年月日号]?"
    rf"|\b(?P<name2>{_MONTH})\.?(?: (?P<d2>3[01]|[12]?\d)(?:st|nd|rd|th)?)?,? (?P<y2>(?:19|20)\d\d)\b"
    rf"|\b(?P<d3>3[01]|[12]?\d)(?:st|nd|rd|th)? (?:of )?(?P<name3>{_MONTH})\.?,? (?P<y3>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"(?<![\d年/.-])(?P<m1>1[0-2]|0?[1-9])月(?P<d1>3[01]|[12]\d|0?[1-9])(?:日|号|(?!\d))"
    rf"|\b(?P<name2>{_MONTH})\.? (?:the )?(?P<d2>3[01]|[12]?\d)(?:st|nd|rd|th)?\b(?!,? (?:19|20)\d\d)"
    rf"|\b(?P<d3>3[01]|[12]?\d)(?:st|nd|rd|th)? (?:of )?(?P<name3>{_MONTH})\b\.?(?!,? (?:19|20)\d\d)",
    re.IGNORECASE,
)
_ANCHOR = re.compile(
    r"\b(?P<side>before|after|since)\s+(?P<clause>(?:(?:i|we|my|our|the|he|she|they|his|her)\b)[^,.?!;]{3,60})"
    r"|(?P<clause_zh>[^，,。？！；]{2,30}?)(?:之|以)?(?P<side_zh>前|后)(?=[，,]|我|她|他)",
    re.IGNORECASE,
)


class Period(NamedTuple):
    """From ``start`` up to, not including, ``end``: seconds since 1970, UTC."""

    start: float
    end: float

    def holds(self, epoch: float | None) -> bool:
        """Whether a time lies in it; None, a time that is not known, does not."""
        return epoch is not None and self.start <= epoch < self.end


class NamedPeriod(NamedTuple):
    """``text[start:end]`` names the period."""

    start: int
    end: int
    period: Period


class Anchor(NamedTuple):
    """A time told by something that happened: before or after what ``clause`` says."""

    side: Literal["before", "after"]
    clause: str


def speakers_in(question: str, speakers: Collection[str]) -> frozenset[str] | None:
    """Which of the speakers a question names, by whole name or a part of it; None when it names none.

    The user is meant, as ``frozenset()``, when none is named and the question speaks of "me" or of "the user".
    """
    folded = question.casefold()
    named = frozenset(each for each in speakers if any(_stands_in(name, folded) for name in names_of(each)))
    return named or (frozenset() if speaks_of_user(question) else None)


def speaks_of_user(question: str) -> bool:
    """Whether a question speaks of "me" or of "the user"."""
    return _FIRST_PERSON.search(question) is not None


def names_of(speaker: str) -> Iterator[str]:
    """What a speaker may be called, folded: the whole name, and its parts of three letters or more."""
    name = speaker.casefold().strip()
    yield name
    yield from (part for part in name.split() if len(part) > 2)


def _stands_in(name: str, text: str) -> bool:
    if not name.isascii():
        return len(name) > 1 and name in text
    return bool(name) and re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text) is not None


def asks_for_agent(question: str) -> bool:
    """Whether a question is about what an agent or assistant said: "What did you suggest?", "客服怎么说？"."""
    return _AGENT.search(question) is not None


def asks_for_now(question: str) -> bool:
    """Whether a question is about how things are now."""
    return _NOW.search(question) is not None


def periods_in(question: str, now: datetime) -> list[Period]:
    """The times that a question names: "in May 2023", "2024年3月", and, seen from ``now``, "last year", "上周"."""
    today = {"today", "今天", "今日"}
    named = named_periods(question, now)
    return [each.period for each in named if question[each.start : each.end].casefold() not in today]


def named_periods(question: str, now: datetime, newest: datetime | None = None) -> list[NamedPeriod]:
    """The same, with the place of each, "today" too: first the dated ones, then those seen from ``now``.

    Of a day without a year ("on May 4th", "5月4号") the last one up to ``newest`` (None: ``now``) is meant.
    """
    dated = [NamedPeriod(*match.span(), period) for match in _DATED.finditer(question) if (period := _dated(match))]
    days = [
        NamedPeriod(*match.span(), period)
        for match in _DAY.finditer(question)
        if (period := _last(match, newest or now))
    ]
    relative = relative_dates(question, now.isoformat())
    return [*dated, *days, *(NamedPeriod(each.start, each.end, period_of(each.resolved)) for each in relative)]


def period_of(resolved: str) -> Period:
    """The period of a day, week, month or year as :class:`retrieval.RelativeDate` gives them."""
    first, _, last = resolved.partition("/")
    parts = [int(part) for part in first.split("-")]
    start = date(*[*parts, 1, 1][:3])
    if last:
        return _between(start, date.fromisoformat(last))
    if len(parts) == 3:
        return _between(start, start)
    if len(parts) == 2:
        return _between(start, start.replace(day=monthrange(start.year, start.month)[1]))
    return _between(start, date(start.year, 12, 31))


def _between(first: date, last: date) -> Period:
    start, end = (datetime.combine(each, time(), UTC) for each in (first, last))
    return Period(start.timestamp(), (end + timedelta(days=1)).timestamp())


def _dated(match: re.Match[str]) -> Period | None:
    return _period(match["y1"] or match["y2"] or match["y3"], match)


def _last(match: re.Match[str], now: datetime) -> Period | None:
    """The last such day up to ``now``; none where "may 5" may be "perhaps five"."""
    if match.group().startswith("may") and match.group()[-1].isdigit():
        return None
    this = _period(str(now.year), match)
    return this if this is not None and this.start <= now.timestamp() else _period(str(now.year - 1), match)


def _period(year: str, match: re.Match[str]) -> Period | None:
    name = match["name2"] or match["name3"]
    month = match["m1"] or (name and str([each[:3] for each in MONTHS].index(name[:3].casefold()) + 1))
    day = match["d1"] or match["d2"] or match["d3"]
    try:
        return period_of("-".join(part.zfill(2) for part in (year, month, day) if part))
    except ValueError:  # the 31st of June
        return None


def anchor_in(question: str) -> Anchor | None:
    """The event before or after which something is asked: "before I moved", "搬家之前"."""
    if not (match := _ANCHOR.search(question)):
        return None
    side, clause = match["side"] or match["side_zh"], match["clause"] or match["clause_zh"]
    return Anchor("before" if side.casefold() in {"before", "前"} else "after", clause.strip())
