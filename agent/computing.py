"""Computes what needs no model: language, counts, dates and sums of a user's events, and what was bought.

Each value cites an event that shows it. Knows nothing of stores or models.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from agent.counted import Place
from agent.documents import cite_hits
from agent.event_totals import products, total
from agent.evidence import prompt_language
from agent.facets import Facet
from agent.schema import validation_problems
from agent.schema_rules import standard
from agent.verify import Accepted
from retrieval import Event, Hit, Snippet

__all__ = ["compute"]

_Pair = tuple[Snippet, Event]
_OF_SNIPPETS = ("language", "event_count", "first_seen", "last_seen", "channels")


def compute(facet: Facet, history: Sequence[tuple[Snippet, Event]]) -> list[Accepted]:
    """The values of a facet with ``compute``; none when the history does not tell (no dates, no orders).

    Args:
        facet: what to compute.
        history: the user's snippets with their events, in time order.
    """
    if facet.compute in _OF_SNIPPETS:
        own = [pair for pair in history if pair[0].role == "user"] or list(history)
        value, shown = _value(str(facet.compute), own, list(history))
        found = [(value, [shown])] if value is not None and shown is not None else []
    else:
        found = _of_events(facet, history)
    return [
        Accepted(facet, value, "computed", 1.0, cite_hits([Hit(*pair, 1.0, 1) for pair in pairs]), _newest(pairs))
        for value, pairs in found
        if pairs and not validation_problems(standard(facet.item), value)
    ]


def _of_events(facet: Facet, history: Sequence[tuple[Snippet, Event]]) -> list[tuple[Any, list[_Pair]]]:
    events = list({event.event_id: event for _, event in history}.values())
    if facet.kind == "list":
        return [(name, _pairs_at([place], history)) for name, place in products(events)]
    found = total(facet.compute, events) if facet.compute is not None else None
    value = None if found is None else found.as_type(str(facet.item.get("type", "string")))
    return [] if found is None or value is None else [(value, _pairs_at(found.places, history))]


def _newest(pairs: Sequence[_Pair]) -> float:
    return max(event.epoch or 0.0 for _, event in pairs)


def _pairs_at(places: Sequence[Place], history: Sequence[tuple[Snippet, Event]]) -> list[_Pair]:
    """The snippets that hold these places."""
    return [
        (snippet, event)
        for place in places
        for snippet, event in history
        if event.event_id == place.event.event_id and snippet.start <= place.at < snippet.end
    ]


def _value(
    what: str, own: list[tuple[Snippet, Event]], history: list[tuple[Snippet, Event]]
) -> tuple[Any, tuple[Snippet, Event] | None]:
    dated = [pair for pair in history if pair[1].timestamp]
    if what == "language":
        language = prompt_language(snippet.text for snippet, _ in own)
        shown = next((p for p in reversed(own) if prompt_language([p[0].text]) == language), None)
        return language, shown
    if what == "event_count":
        return len({event.event_id for _, event in history}), history[-1] if history else None
    if what == "first_seen":
        return (str(dated[0][1].timestamp)[:10], dated[0]) if dated else (None, None)
    if what == "last_seen":
        return (str(dated[-1][1].timestamp)[:10], dated[-1]) if dated else (None, None)
    channels = Counter(event.channel for _, event in history if event.channel)
    used = [name for name, _ in channels.most_common()]
    shown = next((pair for pair in reversed(history) if used and pair[1].channel == used[0]), None)
    return (", ".join(used), shown) if used else (None, None)
