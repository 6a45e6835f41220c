"""What of a profile fits on one sheet of A4: by estimated heights, so that a page of any history stays one page.

Knows portraits and the measures of the style sheet for print (``.sheet``), nothing of templates. Heights are in points.
"""

import unicodedata
from dataclasses import dataclass, replace
from itertools import count
from math import ceil
from typing import Final, NamedTuple

from agent.console.footnotes import Mark
from agent.console.portrait import Attribute, Part, Portrait, Value

__all__ = ["Row", "Sheet", "sheet_of", "shorten"]

_ROOM: Final = 755.0  # 297 mm less two margins of 12 mm are 774; the rest is for what the estimate gets wrong
_HEADS: Final = 110.0  # name, facts, the heading of the footnotes, what was left out
_LINE, _LEAD_LINE, _NOTE_LINE, _GAP = 14.2, 16.5, 12.4, 3.5
_LINE_EMS, _LEAD_EMS, _NOTE_EMS, _LABEL_EMS = 41.0, 44.0, 55.0, 8.0
_SIGNS: Final = 5.0  # ems of a percentage and a footnote after a value
_BROKEN: Final = 1.06  # what is lost where lines are broken between words
_LONGEST, _LONGEST_LEAD, _LONGEST_QUOTE, _LONGEST_LABEL = 170, 420, 160, 50
_MOST_UNKNOWN: Final = 12
_ORDER: Final = ("wants", "issues", "feels", "other")


class Row(NamedTuple):
    """An attribute with those of its values that fit."""

    label: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows and footnotes of one sheet.

    Attributes:
        lead: the summary.
        rows, notes: what fits, of each attribute and of the quotes.
        unknown, more_unknown: labels of attributes of which nothing is known, and how many more there are.
        left_out, quotes_left_out: how many values and quotes did not fit.
    """

    lead: tuple[Value, ...]
    rows: tuple[Row, ...]
    notes: tuple[Mark, ...]
    unknown: tuple[str, ...]
    more_unknown: int
    left_out: int
    quotes_left_out: int


def sheet_of(portrait: Portrait) -> Sheet:
    """The first value of each attribute with a quote, then second ones, and so on, as long as there is room."""
    unknown = [shorten(each.label, _LONGEST_LABEL) for each in portrait.unknown]
    named = tuple(unknown[:_MOST_UNKNOWN])
    filling = _Filling(_ROOM - _HEADS - _lines(" ".join(named), _LINE_EMS) * _LINE - _GAP)
    lead = [each for attribute in portrait.of("summary") for each in attribute.values]
    rows = [each for role in _ORDER for each in portrait.of(role) if each.values]
    for value in lead:
        filling.put(None, value, _LONGEST_LEAD)
    for place in range(max((len(each.values) for each in rows), default=0)):
        for attribute in rows:
            if place < len(attribute.values):
                filling.put(attribute, attribute.values[place], _LONGEST)
    for value in (each for own in list(filling.held.values()) for each in own):
        for mark in value.marks[1:]:
            filling.cite(mark)
    return Sheet(
        filling.told(None),
        tuple(Row(shorten(each.label, _LONGEST_LABEL), told) for each in rows if (told := filling.told(each))),
        tuple(_quoted(each) for each in sorted(filling.notes, key=lambda mark: mark.number)),
        named,
        len(unknown) - len(named),
        filling.left_out,
        len({mark for each in (*lead, *(v for a in rows for v in a.values)) for mark in each.marks} - filling.notes),
    )


class _Filling:
    """A sheet while it is filled."""

    def __init__(self, room: float) -> None:
        self.room = room
        self.held: dict[str | None, list[Value]] = {}
        self.notes: set[Mark] = set()
        self.left_out = 0

    def put(self, attribute: Attribute | None, value: Value, longest: int) -> None:
        """Put a value on the sheet, with its first quote, if there is room."""
        key = None if attribute is None else attribute.pointer
        short = replace(value, parts=_cut(value.parts, longest))
        said = " ".join(f"{each.text}   " for each in short.parts)
        if attribute is None:
            height = _lines(said, _LEAD_EMS) * _LEAD_LINE + _GAP
        else:
            height = _lines(said, _LINE_EMS, _SIGNS) * _LINE
        if attribute is not None and key not in self.held:
            height = max(height, _lines(shorten(attribute.label, _LONGEST_LABEL), _LABEL_EMS) * _LINE) + _GAP
        first = [each for each in value.marks[:1] if each not in self.notes]
        if height + sum(map(_note_height, first)) > self.room:
            self.left_out += 1
            return
        self.room -= height
        self.held.setdefault(key, []).append(short)
        for mark in first:
            self.cite(mark)

    def cite(self, mark: Mark) -> None:
        """Add a quote, if there is room."""
        height = _note_height(mark)
        if mark not in self.notes and height <= self.room:
            self.room -= height
            self.notes.add(mark)

    def told(self, attribute: Attribute | None) -> tuple[Value, ...]:
        """What is on the sheet of an attribute, with the marks whose quotes are on it."""
        own = self.held.get(None if attribute is None else attribute.pointer, [])
        return tuple(replace(each, marks=tuple(m for m in each.marks if m in self.notes)) for each in own)


def shorten(text: str, cells: int) -> str:
    """A text of at most so many cells; a Chinese character or an emoji takes two."""
    text = " ".join(text.split())
    if _cells(text) <= cells:
        return text
    taken = 0
    end = next(n for n in count() if (taken := taken + _cells(text[n])) > cells - 1)
    return text[:end].rstrip() + "…"


def _cut(parts: tuple[Part, ...], cells: int) -> tuple[Part, ...]:
    """The parts, the long ones shortened; those that do not fit at all are left out."""
    found = []
    for part in parts:
        if cells <= 0:
            break
        found.append(part._replace(text=shorten(part.text, cells)))
        cells -= _cells(found[-1].text) + 3
    return tuple(found)


def _quoted(mark: Mark) -> Mark:
    evidence = mark.evidence
    short = replace(
        evidence,
        quote=shorten(evidence.quote, _LONGEST_QUOTE),
        speaker=shorten(evidence.speaker or "", 30) or None,
        channel=shorten(evidence.channel or "", 30) or None,
    )
    return mark._replace(evidence=short)


def _note_height(mark: Mark) -> float:
    short = _quoted(mark).evidence
    source = " · ".join(each for each in (short.speaker, short.channel) if each)
    return _lines(f"{short.quote} {source}", _NOTE_EMS, 9.0) * _NOTE_LINE


def _lines(text: str, width: float, more: float = 0.0) -> int:
    """How many lines of so many ems a text takes, ``more`` being what stands behind it."""
    return max(1, ceil((sum(map(_em, text)) + more) * _BROKEN / width))


def _em(char: str) -> float:
    """How wide a character is in a wide font, such as DejaVu Sans; no font that is usual for text is wider."""
    if char in "WM@%mw—…":
        return 1.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0 if unicodedata.category(char) in ("Lo", "Po", "Ps", "Pe") else 1.3
    if char in " iljtfrI.,:;!|'()[]-":
        return 0.38
    return 0.72 if char.isupper() else 0.62


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
