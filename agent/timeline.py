"""Orders what was said of one attribute in time: spells of one value after another, ended, back again, or in dispute.

Knows values and the times of their evidence, not schemas, profiles or models.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agent.documents import Evidence
from agent.periods import said_since, said_until
from agent.verify import Accepted
from retrieval.timestamps import parse_timestamp

__all__ = ["Reading", "Spell", "spells_of"]

_CHANGE = re.compile(
    r"\b(?:now|nowadays|moved|changed|switched|actually|correction|i meant?|sorry|no longer|new|recently|just)\b"
    r"|现在|如今|目前|搬|改成|换成|换了|更正|说错|其实|刚刚|新的?",
    re.IGNORECASE,
)
"""Says that what follows replaces what was said before on the same day."""


class Reading(NamedTuple):
    """One piece of evidence for one value; ``when`` is its epoch, 0 where it is undated."""

    when: float
    value: Accepted
    evidence: Evidence


@dataclass(slots=True)
class Spell:
    """A time in which one value held, from ``since`` to ``until`` (ISO dates; None: not known, or still).

    ``over``: it is known to have ended. ``disputed``: another source says another value on the day of its newest
    evidence, and nothing tells which of the two replaced the other. ``ending``: what says that it is over.
    """

    value: Accepted
    readings: list[Reading]
    since: str | None = None
    until: str | None = None
    over: bool = False
    disputed: bool = False
    ending: tuple[Evidence, ...] = ()

    @property
    def last(self) -> float:
        """When it was last said; when it was said to be over, where it was never said to be so."""
        unsaid = _when(self.ending[0]) if self.ending else self.value.epoch
        return max((each.when for each in self.readings), default=unsaid)

    def evidence(self, most: int) -> tuple[Evidence, ...]:
        """What says the value, the surest first, and what says that it is over."""
        said = {id(each.evidence) for each in self.readings}
        own = [each for each in self.value.evidence if id(each) in said]
        return (*own[: most - len(self.ending)], *self.ending)


def _in_time_order(values: Iterable[Accepted]) -> list[Reading]:
    """Every piece of evidence of the values, the oldest first."""
    readings = [Reading(_when(evidence), value, evidence) for value in values for evidence in value.evidence]
    return sorted(readings, key=lambda each: (each.when, each.evidence.event_id, each.evidence.start))


def spells_of(values: Sequence[Accepted], endings: Sequence[tuple[Accepted, Accepted | None]] = ()) -> list[Spell]:
    """The spells of a single-valued attribute, in time order; all but the last, or the disputed last ones, are over.

    Args:
        values: what was said, one entry a value, with all its evidence; one event says one value only.
        endings: what was said to be over, each with that one of ``values`` that it is about, if there is one.
    """
    readings = _in_time_order(values)
    rivals = _rivals(readings)
    spells = _runs([each for each in readings if each not in rivals])
    disputed = _disputed(rivals, spells)
    for spell in spells:
        spell.over = bool(disputed) or spell is not spells[-1]
    spells += disputed
    given = [Spell(each, []) for each in values if not each.evidence]  # a person's word ends all that was said
    for spell in spells if given else ():
        spell.over, spell.disputed = True, False
    spells += given
    for spell in spells:
        spell.since = _since(spell.readings)
    for said, value in endings:
        _end(spells, said, value)
    spells.sort(key=lambda each: (each.last, bool(each.readings)))
    for spell, following in itertools.pairwise(spells):
        if spell.over and spell.until is None:
            days = [following.since or _last_day(following), _last_day(spell)]
            spell.until = max((day for day in days if day), default=None)
    return spells


def _runs(readings: Iterable[Reading]) -> list[Spell]:
    groups = itertools.groupby(readings, key=lambda each: id(each.value))
    return [Spell(run[0].value, run) for _, group in groups if (run := list(group))]


def _rivals(readings: Sequence[Reading]) -> list[Reading]:
    """The readings of the last day (or of no day), when they contradict each other; none when the newest settles it."""
    newest = readings[-1:]
    day = [each for each in readings for last in newest if _day(each.evidence) == _day(last.evidence)]
    others = [each for each in day for last in newest if each.value is not last.value]
    settled = [
        r for r in day for last in newest if r.value is last.value and r.when > 0 and _CHANGE.search(r.evidence.quote)
    ]
    return [] if all(any(r.when > each.when for r in settled) for each in others) else day


def _disputed(rivals: Sequence[Reading], spells: list[Spell]) -> list[Spell]:
    """One spell a value that is in dispute; what was said of it just before belongs to it."""
    found: dict[int, Spell] = {}
    for each in rivals:
        found.setdefault(id(each.value), Spell(each.value, [], disputed=True)).readings.append(each)
    if spells and (same := found.get(id(spells[-1].value))):
        same.readings = [*spells.pop().readings, *same.readings]
    return list(found.values())


def _end(spells: list[Spell], said: Accepted, value: Accepted | None) -> None:
    """Note that a value is over: on its last spell before that was said, or as a spell of its own."""
    evidence = said.evidence[0]
    when = _when(evidence)
    own = [each for each in spells if each.value is value and each.readings and each.readings[0].when <= when]
    if own and own[-1].last > when:
        return  # it was said again later
    if not own:
        spells.append(Spell(said, [], until=_ending_of(evidence), over=True, ending=(evidence,)))
        return
    spell = own[-1]
    spell.until = spell.until or (None if spell.over else _ending_of(evidence))
    spell.over, spell.disputed, spell.ending = True, False, (evidence,)


def _ending_of(evidence: Evidence) -> str | None:
    """Until when a value held that this evidence says is over: the day that it names, else the day of the message."""
    return said_until(evidence.quote, evidence.timestamp) or _day(evidence)


def _since(readings: Iterable[Reading]) -> str | None:
    days = [said_since(r.evidence.quote, r.evidence.timestamp) or _day(r.evidence) for r in readings]
    return min((day for day in days if day), default=None)


def _last_day(spell: Spell) -> str | None:
    found = [_day(each.evidence) for each in spell.readings] or [_day(each) for each in spell.ending]
    return max((day for day in found if day), default=None)


def _day(evidence: Evidence) -> str | None:
    return evidence.timestamp[:10] if evidence.timestamp else None


def _when(evidence: Evidence) -> float:
    found = parse_timestamp(evidence.timestamp)
    return found.epoch if found else 0.0
