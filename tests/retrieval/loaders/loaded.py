"""Short forms of what the loaders give, for the tests beside."""

from pathlib import Path
from typing import Any

from retrieval.events import Event
from retrieval.loading import BadLine, load_events

FIXTURES = Path(__file__).parent / "fixtures"


def events(path: Path, **options: Any) -> list[Event]:
    """The events of a file, whatever else is in it."""
    return [each for each in load_events(path, **options) if isinstance(each, Event)]


def bad(path: Path, **options: Any) -> list[tuple[int, str]]:
    """The bad lines of a file."""
    return [(each.line, each.reason) for each in load_events(path, **options) if isinstance(each, BadLine)]


def said(path: Path, **options: Any) -> list[tuple[str, str, str, str]]:
    """User, role, speaker and text of each event."""
    return [(e.user_id, e.role, e.speaker or "", e.text) for e in events(path, **options)]
