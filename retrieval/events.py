"""The data types of a history: events and the snippets cut from them.

Knows nothing of files, databases or models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Event", "Role", "Snippet"]

Role = Literal["user", "agent", "system", "other"]
"""Who speaks: the user, a support agent or assistant, a machine (orders, logs), or a third person."""


@dataclass(frozen=True, slots=True)
class Event:
    """One message, review, order or search of a user's history.

    ``(user_id, event_id)`` is unique. ``text`` was cleaned once and never changes again; ``raw`` is the original where
    cleaning changed it. ``timestamp`` is ISO 8601 in the precision that was given (``Z`` where the zone was known), and
    ``epoch`` the same moment in seconds since 1970 (a time without a zone is read as UTC).
    """

    user_id: str
    event_id: str
    text: str
    timestamp: str | None = None
    epoch: float | None = None
    channel: str | None = None
    speaker: str | None = None
    role: Role = "user"
    raw: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A span of an event, the unit of retrieval and citation: ``text == event.text[start:end]``, in characters.

    ``speaker`` and ``role`` are the event's, or those of the line when the event is a transcript of several speakers.
    """

    snippet_id: str
    user_id: str
    event_id: str
    start: int
    end: int
    text: str
    speaker: str | None = None
    role: Role = "user"

    @classmethod
    def cut(
        cls, event: Event, ordinal: int, start: int, end: int, speaker: str | None, role: Role, *, wide: bool = False
    ) -> "Snippet":
        """The ``ordinal``-th snippet of ``event``, or its ``ordinal``-th window over several (``wide``)."""
        return cls(
            snippet_id=f"{event.event_id}{'@' if wide else '#'}{ordinal}",
            user_id=event.user_id,
            event_id=event.event_id,
            start=start,
            end=end,
            text=event.text[start:end],
            speaker=speaker,
            role=role,
        )
