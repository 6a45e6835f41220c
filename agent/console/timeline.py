"""The timeline of a customer: messages by day or month, and among them how values changed. In pages, newest first."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from agent.console.kept import MOST, choose_or_bar
from agent.console.pages import HOME, PageRoute, page_url, render
from agent.console.portrait import Portrait, portrait_of
from agent.console.texts import Texts
from agent.console.turns import Turn, turns_of
from agent.console.visits import Visitor
from retrieval import Event, Store
from retrieval.browsing import Outline, Period
from retrieval.paging import Place
from retrieval.timestamps import parse_timestamp

__all__ = ["ON_THE_CUSTOMER", "Line", "Span", "Timeline", "router", "timeline", "timeline_of"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)

ON_THE_CUSTOMER: Final = 6
"""So many days or months stand on the page of a customer."""

_ON_A_PAGE: Final = 24
_MESSAGES: Final = 2
_DAYS_APART: Final = 62
_DAY: Final = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-\d\d)?)?")
_UNDATED: Final = "-0.5~0"  # a place behind which only messages without a time stand


@dataclass(frozen=True, slots=True)
class Line:
    """A message, or a change of a value, at a time or day in ISO 8601 ("": not known)."""

    at: str
    event: Event | None = None
    turn: Turn | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A day, or month: how many messages were written in it, where they are, and its lines, the newest first.

    ``more``: how many of its messages have no line.
    """

    key: str
    events: int
    url: str
    lines: tuple[Line, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Some days or months of a history; ``newer`` and ``older``: where the page before and after begins, if any."""

    by: Literal["day", "month"]
    spans: tuple[Span, ...]
    newer: str | None
    older: str | None


@router.get("/timeline")
def timeline(
    visit: Visitor,
    user: Annotated[str, Query()],
    schema: Annotated[str, Query()] = "",
    version: Annotated[int | None, Query(ge=1, le=MOST)] = None,
    start: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """A page of the timeline, from a day or month back into the past."""
    store = visit.caller.limner.store
    outline = store.browsing.outline(user)
    chosen = choose_or_bar(visit.caller, user, schema, version)
    portrait = portrait_of(chosen, visit.texts)
    found = timeline_of(store, user, outline, portrait, visit.texts, most=_ON_A_PAGE, start=start)
    shown: dict[str, Any] = {"user": user, "chosen": chosen, "outline": outline, "portrait": portrait, "found": found}
    return render("timeline.html", visit, visit.request, **shown)


def timeline_of(
    store: Store,
    user_id: str,
    outline: Outline,
    portrait: Portrait | None,
    texts: Texts,
    *,
    most: int,
    start: str = "",
) -> Timeline:
    """At most so many days or months (where the history is longer than two months), from ``start`` on or the newest."""
    by: Literal["day", "month"] = "month" if _days(outline) > _DAYS_APART else "day"
    letters = 7 if by == "month" else 10
    turns: dict[str, list[Turn]] = {}
    for turn in [] if portrait is None else turns_of(portrait, texts):
        key = turn.at[:letters] if _DAY.fullmatch(turn.at[:letters]) else ""
        turns.setdefault(key, []).append(turn)
    periods = {each.key: each for each in store.browsing.periods(user_id, by, _MESSAGES)}
    keys = sorted({*periods, *turns}, reverse=True)
    first = next((n for n, key in enumerate(keys) if key <= start), 0) if start else 0
    shown = keys[first : first + most]
    found = store.browsing.at(user_id, [place for key in shown if key in periods for place in periods[key].places])
    spans = tuple(_span(user_id, periods.get(key, Period(key, 0, ())), turns.get(key, []), found) for key in shown)
    newer = keys[max(0, first - most)] if first else None
    return Timeline(by, spans, newer, keys[first + most] if first + most < len(keys) else None)


def _span(user_id: str, period: Period, turns: list[Turn], found: Mapping[Place, Event]) -> Span:
    key, events = period.key, [found[place] for place in period.places if place in found]
    lines = [Line(each.timestamp or "", event=each) for each in events]
    lines += [Line(each.at, turn=each) for each in turns]
    lines.sort(key=lambda line: (line.at[:10], line.turn is not None, line.at), reverse=True)
    if not key:
        url = page_url("messages", user=user_id, before=_UNDATED)
    else:
        url = page_url("messages", user=user_id, until=_last_day(key))
    return Span(key, period.events, url, tuple(lines), period.events - len(events))


def _last_day(key: str) -> str:
    """The last day of a month; a day itself."""
    year, month = int(key[:4]), int(key[5:7] or 12)
    return key if len(key) == 10 else f"{year:04}-{month:02}-{monthrange(year, month)[1]:02}"


def _days(outline: Outline) -> float:
    first, last = parse_timestamp(outline.first), parse_timestamp(outline.last)
    return 0.0 if first is None or last is None else (last.epoch - first.epoch) / 86400
