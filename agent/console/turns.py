"""How the values of a profile changed, as lines with a day: became, replaced, ended, disputed, or said by a person.

Knows portraits, nothing of messages, pages of a timeline or templates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from agent.console.footnotes import Mark
from agent.console.portrait import Attribute, Part, Portrait, Value, parts_of
from agent.console.texts import Texts
from agent.documents import Claim, Corrected

__all__ = ["Said", "Turn", "TurnKind", "turns_of"]

TurnKind = Literal["became", "replaced", "ended", "disputed", "confirm", "correct", "forbid"]
"""What happened to a value; the last three are what a person said of it."""


class Said(NamedTuple):
    """A value with the quotes that show it."""

    parts: tuple[Part, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """A change of an attribute; ``at``: the day or time in ISO 8601, "" where nothing tells it.

    ``before`` gave way to ``after``. ``by``: who said so; ``waits``: it counts from the next profile on.
    """

    kind: TurnKind
    at: str
    attribute: Attribute
    before: tuple[Said, ...]
    after: tuple[Said, ...]
    by: str = ""
    waits: bool = False


def turns_of(portrait: Portrait, texts: Texts) -> list[Turn]:
    """All that the profile tells of how values changed. Values of one attribute and day are on one line.

    A summary has no day, and a single value that code counted over the whole history has not changed on any.
    """
    found: dict[tuple[str, str, str, str, bool], Turn] = {}
    for turn in (each for attribute in portrait.attributes for each in _of(attribute, portrait, texts)):
        key = (turn.kind, turn.at, turn.attribute.pointer, turn.by, turn.waits)
        had = found.get(key)
        if had is not None:
            before, after = _each_once(had.before + turn.before), _each_once(had.after + turn.after)
            turn = Turn(turn.kind, turn.at, turn.attribute, before, after, turn.by, turn.waits)
        found[key] = turn
    return list(found.values())


def _of(attribute: Attribute, portrait: Portrait, texts: Texts) -> Iterator[Turn]:
    if attribute.role == "summary":
        return
    told = [(each, each.claim) for each in (*attribute.values, *attribute.rivals, *attribute.earlier) if each.claim]
    for value, claim in told:
        if claim.corrected is not None:
            yield _by_person(claim.corrected, attribute, after=(_said(value),))
        if claim.status == "disputed":
            yield Turn("disputed", _start(claim), attribute, (), (_said(value),))
        elif _has_a_day(claim, attribute) and not any(_replaces(value, earlier) for _, earlier in told):
            yield Turn("became", _start(claim), attribute, (), (_said(value),))
        if claim.status == "superseded":
            yield _end(value, claim, attribute, [each for each, _ in told], texts)
    for refused in portrait.refused:
        said = refused.corrected
        if refused.attribute.pointer == attribute.pointer and said is not None and said.action != "confirm":
            yield _by_person(said, attribute, before=(Said(refused.parts, refused.marks),))
    for pending in attribute.pending:
        before = () if pending.before is None else (Said(parts_of(pending.before, texts), ()),)
        after = () if pending.value is None else (Said(parts_of(pending.value, texts), ()),)
        if pending.action != "correct":
            before, after = (after, ()) if pending.action == "forbid" else ((), after)
        yield Turn(pending.action, pending.at, attribute, before, after, pending.by, waits=True)


def _end(value: Value, claim: Claim, attribute: Attribute, others: list[Value], texts: Texts) -> Turn:
    by = claim.superseded_by
    newer = None if by is None else next((each for each in others if _is_named(each, claim)), None)
    end = claim.valid_to or (_start(newer.claim) if newer is not None and newer.claim is not None else "")
    if by is None:
        return Turn("ended", end, attribute, (_said(value),), ())
    after = Said(parts_of(by.value, texts), ()) if newer is None else _said(newer)
    return Turn("replaced", end, attribute, (_said(value),), (after,))


def _by_person(
    said: Corrected, attribute: Attribute, *, before: tuple[Said, ...] = (), after: tuple[Said, ...] = ()
) -> Turn:
    kind: TurnKind = "confirm" if said.action == "confirm" else "forbid" if said.action == "forbid" else "correct"
    return Turn(kind, said.at, attribute, before, after, said.by)


def _replaces(value: Value, earlier: Claim) -> bool:
    """Whether the line of the earlier value tells since when this one holds."""
    assert value.claim is not None
    return _is_named(value, earlier) and earlier.valid_to in (None, value.claim.valid_from)


def _is_named(value: Value, earlier: Claim) -> bool:
    by = earlier.superseded_by
    return by is not None and value.claim is not None and value.pointer == by.pointer and value.claim.value == by.value


def _has_a_day(claim: Claim, attribute: Attribute) -> bool:
    if claim.origin == "computed":
        return attribute.is_list
    return claim.corrected is None or bool(claim.evidence)


def _start(claim: Claim) -> str:
    times = [each.timestamp for each in claim.evidence if each.timestamp]
    return claim.valid_from or min(times, default="")


def _said(value: Value) -> Said:
    return Said(value.parts, value.marks)


def _each_once(said: tuple[Said, ...]) -> tuple[Said, ...]:
    return tuple(dict.fromkeys(said))
