"""What must hold of whatever is made of any input: events that are sound, and errors that say where and quote nothing.

Knows events and messages, not formats.
"""

import json
import math
from collections.abc import Collection, Iterable
from typing import Final, get_args

from retrieval.cleaning import clean_text
from retrieval.columns import FIELDS
from retrieval.errors import LimnerError
from retrieval.events import Event, Role
from retrieval.loading import BadLine
from retrieval.splitting import UNITS, split_event, split_text, windows_of
from retrieval.timestamps import parse_timestamp

__all__ = ["Leaks", "check_error", "check_event", "check_reason", "check_spans"]

_LONGEST: Final = 2500
_ROLES: Final = get_args(Role)


class Leaks:
    """Knows the words of histories, and finds them in messages: so many characters in a row.

    Args:
        texts: what was said; no message may quote it.
        allowed: what messages may show: ids, names of columns, files.
        window: so many characters in a row are a quotation.
    """

    def __init__(self, texts: Iterable[str] = (), allowed: Collection[str] = (), window: int = 14) -> None:
        self._window = window
        may = {part for each in allowed for part in _windows(each, window)}
        self._words = {part for each in texts for part in _windows(each, window)} - may

    def check(self, message: str) -> None:
        """Raises AssertionError where the message quotes what somebody said."""
        found = self._words.intersection(_windows(message, self._window))
        assert not found, f"a message quotes the history: {message!r}"


def check_error(error: LimnerError, leaks: Leaks) -> None:
    """An error says something, in bounds, and quotes nothing that was said."""
    check_reason(str(error), leaks)


def check_reason(reason: str, leaks: Leaks) -> None:
    """The same for the reason of a bad line."""
    assert reason.strip(), "a message is empty"
    assert len(reason) <= _LONGEST, f"a message of {len(reason)} characters"
    reason.encode("utf-8")
    leaks.check(reason)


def check_event(event: Event | BadLine, leaks: Leaks) -> None:
    """An event is what its type promises, its snippets are cut from its text; a bad line has a reason."""
    if isinstance(event, BadLine):
        assert event.line >= 0
        check_reason(event.reason, leaks)
        return
    assert event.user_id.strip() and event.event_id and event.role in _ROLES
    assert event.text and clean_text(event.text) == event.text, "the text is not clean"
    for each in (event.user_id, event.event_id, event.text, event.raw, event.speaker, event.channel, event.language):
        assert each is None or _is_sound(each), f"{type(each).__name__} that no database holds"
    json.dumps(dict(event.metadata), allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert (event.timestamp is None) == (event.epoch is None)
    if event.timestamp is not None and event.epoch is not None:
        assert math.isfinite(event.epoch)
        again = parse_timestamp(event.timestamp)
        assert again is not None and again == (event.timestamp, event.epoch), "the time does not read back as itself"
    snippets = split_event(event)
    assert snippets, "an event without a snippet"
    for snippet in (*snippets, *windows_of(event, snippets)):
        assert snippet.text and snippet.text == event.text[snippet.start : snippet.end]


def check_spans(text: str) -> None:
    """Snippets are in order, apart, without white space around them, and together hold all other characters."""
    last, kept = 0, 0
    for start, end in split_text(text):
        assert last <= start < end <= len(text), "spans overlap or are empty"
        part = text[start:end]
        assert part == part.strip() and len(part) <= 2 * UNITS, "a span is too long or not stripped"
        kept += sum(not char.isspace() for char in part)
        last = end
    assert kept == sum(not char.isspace() for char in text), "characters are lost"


def _is_sound(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _windows(text: str, length: int) -> set[str]:
    plain = " ".join(text.split())
    return {plain[at : at + length] for at in range(len(plain) - length + 1)} - {*FIELDS}
