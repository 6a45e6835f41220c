"""How a mood changed over time, as a line of points for a chart and a table. Knows claims and places, not colours."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from agent.console.footnotes import Mark, Notes
from agent.console.kept import Chosen, document_at
from agent.console.portrait import role_of
from agent.console.texts import Texts
from agent.documents import Claim, Evidence
from retrieval import Store
from retrieval.browsing import Outline

__all__ = ["Chart", "Level", "Point", "chart_of"]

_VERSIONS_READ: Final = 20
_POINTS: Final = 60
_WIDTH, _HEIGHT, _LEFT, _TOP, _RADIUS = 320, 130, 76, 14, 5
_GOOD: Final = ("positive", "neutral", "mixed", "negative", "积极", "中性", "消极")


class Level(NamedTuple):
    """A word of the scale, and how high it stands."""

    word: str
    label: str
    y: float


class Point(NamedTuple):
    """What was felt from a day on, or in a period until the day ``until``; ``marks``: the quotes that it was read from,
    ``version``: the newest profile that read it."""

    day: str
    until: str | None
    word: str
    label: str
    confidence: float
    marks: tuple[Mark, ...]
    version: int
    x: float
    y: float


class _Reading(NamedTuple):
    day: str
    until: str | None
    word: str
    confidence: float
    evidence: tuple[Evidence, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The points in time order with the scale; ``path`` joins them by steps (one alone makes none) or, ``by_period``,
    spans the period of each that is wider than its dot.

    ``first`` and ``last``: the days at the ends, those of the history or of points beyond them.
    """

    pointer: str
    first: str
    last: str
    points: tuple[Point, ...]
    levels: tuple[Level, ...]
    path: str
    by_period: bool
    width: int = _WIDTH
    height: int = _HEIGHT
    radius: int = _RADIUS

    @property
    def latest(self) -> Point | None:
        """The mood of the latest period; None where periods were not read."""
        return self.points[-1] if self.by_period else None


def chart_of(store: Store, user_id: str, chosen: Chosen, outline: Outline, texts: Texts, notes: Notes) -> Chart | None:
    """The mood over time: of periods, where they were read, else from the claims of this version and those before it;
    None where a profile has no mood.

    Of a day the newest version counts that says something of it. What a person overruled is no reading. ``notes``: the
    footnotes of the page.
    """
    assert chosen.document is not None
    pointer = next((f"/{name}" for name in chosen.document.profile if role_of(f"/{name}") == "feels"), None)
    if pointer is None:
        return None
    by_period = list(_of_periods(chosen))
    told = by_period or sorted(_of_claims(store, user_id, chosen, pointer))[-_POINTS:]
    levels = _levels(_scale(chosen, pointer, [each.word for each in told]), texts)
    ends = [each[:10] for each in (outline.first, outline.last) if each]
    days = sorted([*(each.day for each in told), *(each.until for each in told if each.until), *ends])
    first, last = (days[0], days[-1]) if days else ("", "")
    place = _Place(_epoch(first), _epoch(last))
    points = tuple(_placed(told, {each.word: each for each in levels}, place, notes))
    path = _spans(points, place) if by_period else _steps(points)
    return Chart(pointer, first, last, points, levels, path, bool(by_period))


def _of_periods(chosen: Chosen) -> Iterator[_Reading]:
    assert chosen.document is not None and chosen.version is not None
    for each in chosen.document.moods:
        yield _Reading(each.since, each.until, each.value, each.probability, each.evidence, chosen.version)


def _of_claims(store: Store, user_id: str, chosen: Chosen, pointer: str) -> Iterable[_Reading]:
    """What claims say, one reading a day."""
    assert chosen.document is not None
    overruled = [each.value for each in chosen.document.rejected if each.pointer == pointer and each.corrected]
    found: dict[str, _Reading] = {}
    for claim, version in _claims(store, user_id, chosen, pointer):
        day = _day_of(claim)
        if day is not None and isinstance(claim.value, str) and claim.value not in overruled:
            found.setdefault(day, _Reading(day, None, claim.value, claim.confidence, claim.evidence, version))
    return found.values()


def _claims(store: Store, user_id: str, chosen: Chosen, pointer: str) -> Iterator[tuple[Claim, int]]:
    """What the versions say of it, the newest first: a later one knows better what an earlier one said of a day."""
    assert chosen.document is not None and chosen.version is not None
    numbers = [each.number for each in chosen.versions if each.number < chosen.version]
    earlier = ((document_at(store, user_id, chosen.schema_name, n), n) for n in numbers[: -_VERSIONS_READ - 1 : -1])
    for document, number in ((chosen.document, chosen.version), *earlier):
        own = [each for each in document.claims if each.pointer == pointer and each.status != "disputed"]
        yield from ((each, number) for each in sorted(own, key=lambda claim: claim.status != "current"))


def _day_of(claim: Claim) -> str | None:
    times = [each.timestamp for each in claim.evidence if each.timestamp]
    day = claim.valid_from or max(times, default=None)
    return day[:10] if day and len(day) >= 10 else None


def _scale(chosen: Chosen, pointer: str, told: list[str]) -> list[str]:
    """The words from best to worst: ours in our order, else as the schema has them."""
    node = {} if chosen.schema is None else chosen.schema.inlined["properties"].get(pointer[1:], {})
    given = [each for each in node.get("enum", ()) if isinstance(each, str)]
    words = list(dict.fromkeys([*given, *told]))
    return sorted(words, key=lambda word: _GOOD.index(word) if word in _GOOD else len(_GOOD))


def _levels(words: list[str], texts: Texts) -> tuple[Level, ...]:
    step = (_HEIGHT - 2 * _TOP - 18) / max(1, len(words) - 1)
    return tuple(Level(word, texts.known("value", word), round(_TOP + n * step, 1)) for n, word in enumerate(words))


class _Place(NamedTuple):
    """Where a day stands between the first and the last one, in seconds since 1970."""

    start: float
    end: float

    def x(self, *days: str) -> float:
        """Of several days, the middle."""
        moment = sum(map(_epoch, days)) / len(days)
        share = (moment - self.start) / (self.end - self.start) if self.end > self.start else 0.5
        return round(_LEFT + share * (_WIDTH - _LEFT - 12), 1)


def _placed(told: Iterable[_Reading], levels: dict[str, Level], place: _Place, notes: Notes) -> Iterator[Point]:
    for day, until, word, confidence, evidence, version in told:
        x = place.x(day, until or day)
        yield Point(day, until, word, levels[word].label, confidence, notes.cite(evidence), version, x, levels[word].y)


def _steps(points: tuple[Point, ...]) -> str:
    if len(points) < 2:
        return ""
    return f"M{points[0].x} {points[0].y}" + "".join(f"H{each.x}V{each.y}" for each in points[1:])


def _spans(points: tuple[Point, ...], place: _Place) -> str:
    ends = ((each.y, place.x(each.day), place.x(each.until or each.day)) for each in points)
    return "".join(f"M{start} {y}H{end}" for y, start, end in ends if end - start > 2 * _RADIUS)


def _epoch(day: str) -> float:
    try:
        return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
