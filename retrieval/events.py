"""The data types of a history: events and the snippets cut from them.

Knows nothing of files, databases or models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

__all__ = ["Cut", "Event", "Origin", "Role", "Snippet", "bare_id"]

Role = Literal["user", "agent", "system", "other"]
"""Who speaks: the user, a support agent or assistant, a machine (orders, logs), or a third person."""

Cut = Literal["encoding", "invisible", "entities", "html", "quoted", "signature", "footer"]
"""What a text lost, or had mended, before it became an event's."""


def bare_id(user_id: str) -> str:
    """A user id as it is kept, whichever door it came through: blanks at its ends are no part of it."""
    return user_id.strip()


class Origin(NamedTuple):
    """Where an event was loaded from, and how many characters its text lost by which cut (0: it was only mended).

    ``made_id``: the row had no id, so that the event's is a hash of its content.
    """

    file: str
    line: int
    cuts: Mapping[Cut, int]
    made_id: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One message, review, order or search of a user's history.

    ``(user_id, event_id)`` is unique. ``text`` was cleaned once and never changes again; ``raw`` is the original where
    it was cleaned or cut. ``timestamp`` is ISO 8601 in the precision that was given (``Z`` where the zone was known),
    and ``epoch`` the same moment in seconds since 1970 (a time without a zone is read as UTC). ``language`` is what the
    file says, else an ISO 639-1 code, else None. ``copy_of`` is the id of the first of the user's events that says
    nearly the same; only the record knows it. ``origin`` is known while a file is loaded, and not kept.
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
    language: str | None = None
    copy_of: str | None = None
    origin: Origin | None = field(default=None, compare=False, repr=False)


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
