"""Cursors of pages: where the next one begins, as text that clients hand back as it is; and pages of short lists.

A cursor holds no more than what the last item of the page said itself, or its number in the record.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

from agent.api.problems import Problem
from retrieval.paging import MOST_NUMBER, Page

__all__ = ["After", "Limit", "cursor_of", "next_of", "not_a_cursor", "number_of", "page_of", "place_of"]

_Item = TypeVar("_Item")

Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]

After = Annotated[str | None, Query(max_length=30_000, description="The page's `next` of the page before.")]


def cursor_of(*place: Any) -> str:
    """The cursor of a place."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def place_of(cursor: str, *kinds: type | tuple[type, ...]) -> list[Any]:
    """The place that a cursor means, of values of these kinds.

    Raises:
        Problem: 422, it is no cursor of this list.
    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = json.loads(data)
    except (binascii.Error, ValueError, RecursionError):
        place = None
    fits = isinstance(place, list) and len(place) == len(kinds)
    if not fits or not all(type(value) in _several(kind) for value, kind in zip(place, kinds, strict=True)):
        raise not_a_cursor()
    return list(place)


def number_of(cursor: str | None) -> int:
    """The number that a cursor of a list means that is read from the record by numbers; 0: from the first on.

    Raises:
        Problem: 422, it is no cursor of this list.
    """
    (number,) = (0,) if cursor is None else place_of(cursor, int)
    if not 0 <= number < MOST_NUMBER:
        raise not_a_cursor()
    return int(number)


def next_of(page: Page[Any]) -> str | None:
    """The cursor of the page after one that was read by numbers (None after the last)."""
    return None if page.next is None else cursor_of(page.next)


def page_of(
    items: Sequence[_Item], name: Callable[[_Item], str], limit: int, after: str | None
) -> tuple[list[_Item], str | None]:
    """A page of a list that is read whole, and the cursor of the next one (None after the last).

    Args:
        items: the list, in the order of ``name``, such as times; what has the same name keeps its order.
        name: what an item is found again by.
        limit: so many at most.
        after: the cursor of the page before. What was taken away since is not missed.

    Raises:
        Problem: 422, ``after`` is no cursor of this list.
    """
    ranks: dict[str, int] = {}
    places = []
    for each in map(name, items):
        ranks[each] = ranks.get(each, -1) + 1
        places.append((each, ranks[each]))
    start = 0
    if after is not None:
        name_before, rank = place_of(after, str, int)
        behind = (name_before, rank)
        here = (n for n, place in enumerate(places) if place == behind)
        later = (n for n, place in enumerate(places) if place > behind)
        start = next((n + 1 for n in here), None) or next(later, len(places))
    end = start + limit
    return list(items[start:end]), cursor_of(*places[end - 1]) if end < len(items) else None


def not_a_cursor() -> Problem:
    """What is answered to a cursor that no page gave."""
    return Problem(422, "invalid-request", "after is no cursor of this list. Use the next of a page as it is")


def _several(kind: type | tuple[type, ...]) -> tuple[type, ...]:
    return kind if isinstance(kind, tuple) else (kind,)
