"""What counting hands over: an answer, how many events it rests on, and where the first few of them are quoted.

Knows nothing of what was asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from retrieval import Event, Hit, Snippet

__all__ = ["MOST_CITED", "Counted", "Place", "counted", "hits_at"]

MOST_CITED = 4


class Place(NamedTuple):
    """What is quoted: the snippet of the event that holds the character ``at``."""

    event: Event
    at: int = 0

    @property
    def key(self) -> tuple[str, int]:
        """The id of its event, and where in its text."""
        return self.event.event_id, self.at


@dataclass(frozen=True, slots=True)
class Counted:
    """An answer made by code: ``events`` is how many it rests on, ``places`` the first few of them.

    ``confidence`` is below 1 only for a sum over orders of which some state no amount: the share of those that do.
    """

    answer: str
    events: int
    places: Sequence[Place]
    confidence: float = 1.0

    def cited(self, snippets: Sequence[Snippet]) -> list[Hit]:
        """The quoted snippets, of all those of the user."""
        found = hits_at(self.places, snippets)
        return [found[key] for key in dict.fromkeys(place.key for place in self.places) if key in found]


def hits_at(places: Iterable[Place], snippets: Iterable[Snippet]) -> dict[tuple[str, int], Hit]:
    """The snippets that hold places, by the keys of these; all snippets are gone through once."""
    wanted: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        wanted[place.event.event_id].append(place)
    return {
        place.key: Hit(each, place.event, 1.0, 1)
        for each in snippets
        for place in wanted.get(each.event_id, ())
        if each.start <= place.at < each.end
    }


def counted(text: str, events: Sequence[Event], count: int) -> Counted:
    """An answer from ``count`` events, with the first few of them quoted from their beginnings."""
    return Counted(text, count, [Place(event) for event in events[:MOST_CITED]])
