"""Tells who has the key what the pseudonyms in a user's events stand for. Changes nothing."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from retrieval.events import Event
from retrieval.personal.keys import TokenKey
from retrieval.personal.redacting import NOTES

__all__ = ["Revealed", "reveal"]


class Revealed(NamedTuple):
    """A pseudonym in a field of an event, ``field[start:end] == token``, and the words that stood there.

    ``field`` is ``text``, ``speaker``, or a JSON Pointer like ``/metadata/phone``.
    """

    event_id: str
    field: str
    start: int
    end: int
    kind: str
    token: str
    words: str


def reveal(events: Iterable[Event], key: TokenKey) -> list[Revealed]:
    """All pseudonyms in the events, in order; those that were loaded under another policy have none.

    Raises:
        StoreError: one cannot be opened.
    """
    return [each for event in events for each in _of_event(event, key)]


def _of_event(event: Event, key: TokenKey) -> Iterable[Revealed]:
    for note in event.metadata.get(NOTES) or ():
        if "sealed" not in note:
            continue
        token = _field(event, note["field"])[note["start"] : note["end"]]
        words = key.open(note["sealed"], event.user_id, event.event_id, token)
        yield Revealed(event.event_id, note["field"], note["start"], note["end"], note["kind"], token, words)


def _field(event: Event, field: str) -> str:
    if not field.startswith("/"):
        return str(getattr(event, field))
    value: Any = event.metadata
    for step in field.split("/")[2:]:
        name = step.replace("~1", "/").replace("~0", "~")
        value = value[name] if isinstance(value, Mapping) else value[int(name)]
    return str(value)
