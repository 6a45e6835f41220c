"""What a page shows of an answer that is being made: the parts that are verified, then the quotes that are being read.

Knows what jobs tell early and footnotes, not how answers are made.
"""

from collections.abc import Iterable
from typing import NamedTuple

from agent.console.footnotes import Mark, Notes
from agent.meanwhile import BeingRead, Part
from agent.plain import restored
from agent.service import Early

__all__ = ["Piece", "SoFar", "so_far"]


class Piece(NamedTuple):
    """A part, or what is being read, with its footnotes; ``key`` names it, as long as it says the same."""

    key: int
    told: Part | BeingRead
    marks: tuple[Mark, ...]


class SoFar(NamedTuple):
    """All that is told at a moment; ``serial`` is greater than that of what was told before, 0 when nothing was."""

    serial: int
    parts: tuple[Piece, ...]
    reading: Piece | None


def so_far(user_id: str, early: Iterable[Early]) -> SoFar:
    """What a job about a user told, as a page shows it."""
    notes, serial, parts, reading = Notes(user_id), 0, list[Piece](), None
    for serial, kind, document in early:
        if kind == "part":
            part = restored(Part, document)
            parts.append(Piece(serial, part, notes.cite(part.evidence)))
        else:
            read = restored(BeingRead, document)
            reading = Piece(serial, read, notes.cite(read.evidence)) if read.evidence else None
    return SoFar(serial, tuple(parts), reading)
