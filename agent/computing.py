"""Computes what needs no model: language, counts, dates and sums of a user's events, and what was bought.

Each value cites an event that shows it. Knows nothing of stores or models.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from agent.counted import Place, hits_at
from agent.documents import cite_hits
from agent.event_totals import products, total
from agent.evidence import prompt_language
from agent.facets import Facet
from agent.schema import validation_problems
from agent.schema_rules import standard
from agent.verify import Accepted
from retrieval import Event, Hit, Snippet

__all__ = ["compute"]

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
        found = [(value, [Hit(*shown, 1.0, 1)])] if value is not None and shown is not None else []
    else:
        found = _of_events(facet, history)
    return [
        Accepted(facet, value, "computed", 1.0, cite_hits(hits), max(hit.event.epoch or 0.0 for hit in hits))
        for value, hits in found
        if hits and not validation_problems(standard(facet.item), value)
    ]


def _of_events(facet: Facet, history: Sequence[tuple[Snippet, Event]]) -> list[tuple[Any, list[Hit]]]:
    events = list({event.event_id: event for _, event in history}.values())
    told: list[tuple[Any, Sequence[Place]]] = []
    if facet.kind == "list":
        told = [(name, [place]) for name, place in products(events)]
    elif facet.compute is not None and (found := total(facet.compute, events)) is not None:
        told = [(found.as_type(str(facet.item.get("type", "string"))), found.places)]
    hits = hits_at((place for _, places in told for place in places), (snippet for snippet, _ in history))
    return [
        (value, [hits[place.key] for place in places if place.key in hits])
        for value, places in told
        if value is not None
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
