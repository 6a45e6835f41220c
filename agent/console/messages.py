"""The history itself: a page of messages, one message in its conversation with a quote marked, and search."""

from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Query
from fastapi.responses import Response

from agent.console.pages import HOME, PageRoute, page_url, render
from agent.console.visits import Visitor
from retrieval import Event, Hit
from retrieval.paging import Place

__all__ = ["Line", "message", "messages", "router"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)

_PER_PAGE: Final = 50
_AROUND: Final = 6
_MOST_AROUND: Final = 60
_FOUND: Final = 20
_LANGUAGES: Final = (
    "ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nl pl pt ro ru sk sl sr sv ta th tr uk "
    "ur vi zh"
)


class Line(NamedTuple):
    """A message; ``text`` is in three parts: before the marked words, these, and after them."""

    event: Event
    text: tuple[str, str, str]
    url: str

    @property
    def lang(self) -> str | None:
        """The language of the text, where it is known to browsers."""
        return self.event.language if self.event.language in _LANGUAGES.split() else None


@router.get("/messages")
def messages(
    visit: Visitor,
    user: Annotated[str, Query()],
    channel: Annotated[str | None, Query()] = None,
    before: Annotated[str, Query()] = "",
    after: Annotated[str, Query()] = "",
    until: Annotated[str, Query()] = "",
    q: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """A page of a history, newest first; or what a search finds in it."""
    browsing = visit.caller.limner.store.browsing
    outline = browsing.outline(user)
    chosen = channel or None
    page = browsing.page(
        user, _PER_PAGE, before=_place(before), after=_place(after), until=_end_of(until), channel=chosen
    )
    hits = visit.caller.limner.search(user, q.strip(), _FOUND) if q.strip() else None
    lines = [_line(user, each) for each in page.events]
    return render(
        "messages.html",
        visit,
        visit.request,
        user=user,
        outline=outline,
        channel=channel or "",
        until=until if _end_of(until) is not None else "",
        q=q.strip(),
        hits=None if hits is None else [_hit(user, each) for each in hits],
        days=[(day, list(of)) for day, of in groupby(lines, lambda line: (line.event.timestamp or "")[:10])],
        newer=_at(page.first) if page.newer else None,
        older=_at(page.last) if page.older else None,
    )


@router.get("/message")
def message(
    visit: Visitor,
    user: Annotated[str, Query()],
    event: Annotated[str, Query()],
    start: Annotated[int, Query(ge=0)] = 0,
    end: Annotated[int, Query(ge=0)] = 0,
    around: Annotated[int, Query(ge=0, le=_MOST_AROUND)] = _AROUND,
) -> Response:
    """A message among those around it; the characters from ``start`` to ``end`` are marked."""
    found = visit.caller.limner.store.browsing.around(user, event, around)
    more = min(_MOST_AROUND, around * 3)
    wider = page_url("message", user=user, event=event, start=start, end=end, around=more)
    return render(
        "message.html",
        visit,
        visit.request,
        user=user,
        before=[_line(user, each) for each in found.before],
        line=_line(user, found.event, start, end),
        after=[_line(user, each) for each in found.after],
        wider=wider if more > around and (found.more_before or found.more_after) else None,
        history=page_url("messages", user=user, before=_at(found.place._replace(number=found.place.number + 1))),
        metadata=sorted((str(name), str(value)) for name, value in found.event.metadata.items()),
        raw=found.event.raw,
    )


def _line(user: str, event: Event, start: int = 0, end: int = 0) -> Line:
    start, end = min(start, len(event.text)), min(max(start, end), len(event.text))
    text = (event.text, "", "") if start == end else (event.text[:start], event.text[start:end], event.text[end:])
    return Line(event, text, page_url("message", user=user, event=event.event_id))


def _hit(user: str, hit: Hit) -> Line:
    line = _line(user, hit.event, hit.snippet.start, hit.snippet.end)
    span = {"start": hit.snippet.start, "end": hit.snippet.end}
    return line._replace(url=page_url("message", user=user, event=hit.event.event_id, **span))


def _at(place: Place | None) -> str | None:
    return None if place is None else f"{place.moment!r}~{place.number}"


def _place(text: str) -> Place | None:
    moment, _, number = text.partition("~")
    try:
        place = Place(float(moment), int(number))
    except ValueError:
        return None
    return place if place.is_possible else None


def _end_of(day: str) -> float | None:
    """The last moment of a day."""
    try:
        return (datetime.fromisoformat(day[:10]).replace(tzinfo=UTC) + timedelta(days=1)).timestamp() - 1e-6
    except ValueError:
        return None
