"""What counting hands over: an answer, how many events it rests on, and where the first few of them are quoted.

Knows nothing of what was asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from retrieval import Event, Hit, Snippet

__all__ = ["MOST_CITED", "Counted", "Place", "counted"]

MOST_CITED = 4


class Place(NamedTuple):
    """What is quoted: the snippet of the event that holds the character ``at``."""

    event: Event
    at: int = 0


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
        wanted = {(place.event.event_id, place.at): place.event for place in self.places}
        found = {
            key: Hit(each, event, 1.0, 1)
            for each in snippets
            for key, event in wanted.items()
            if key[0] == each.event_id and each.start <= key[1] < each.end
        }
        return [found[key] for key in wanted if key in found]


def counted(text: str, events: Sequence[Event], count: int) -> Counted:
    """An answer from ``count`` events, with the first few of them quoted from their beginnings."""
    return Counted(text, count, [Place(event) for event in events[:MOST_CITED]])
