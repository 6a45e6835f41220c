"""Computes what needs no model: language, counts and dates of a user's events.

Each value cites an event that shows it. Knows nothing of stores or models.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from agent.documents import cite_hits
from agent.evidence import prompt_language
from agent.facets import Facet
from agent.verify import Accepted
from retrieval import Event, Hit, Snippet

__all__ = ["compute"]


def compute(facet: Facet, history: Sequence[tuple[Snippet, Event]]) -> Accepted | None:
    """The value of a facet with ``compute``; None when the history does not tell (no dates, no channels).

    Args:
        facet: what to compute.
        history: the user's snippets with their events, in time order.
    """
    own = [pair for pair in history if pair[0].role == "user"] or list(history)
    value, shown = _value(str(facet.compute), own, list(history))
    if value is None or shown is None:
        return None
    hit = Hit(shown[0], shown[1], 1.0, 1)
    return Accepted(facet, value, "computed", 1.0, cite_hits([hit]), shown[1].epoch or 0.0)


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
