"""What corrections mean for the values that a model drafts: which stand whatever it says, and which never come back.

Knows corrections and verdicts; nothing of stores or models.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from agent.corrections import Correction
from agent.documents import Claim, Corrected, Evidence, Rejected
from agent.facets import Facet
from agent.kept import Stands
from agent.rewording import same_wording, value_key
from agent.schema import validation_problems
from agent.schema_rules import standard
from agent.verify import Accepted

__all__ = ["Rulings"]

_MOST_EVIDENCE = 3


@dataclass(slots=True)
class _Ruling:
    """What counts for one attribute: values that stand, values that are wrong, and who said that there is no other."""

    facet: Facet
    right: dict[str, tuple[Any, Correction]] = field(default_factory=dict)
    wrong: dict[str, tuple[Any, Correction]] = field(default_factory=dict)
    closed: Correction | None = None

    def hear(self, correction: Correction) -> None:
        """Take in the next correction; what was said later counts."""
        many = self.facet.kind == "list"
        whole = many and not correction.is_of_entry
        values = list(correction.value or []) if whole else [correction.value]
        if correction.action == "forbid":
            for value in values:
                self._wrong(value, correction)
            return
        if correction.action == "correct":
            self._replace(correction, whole=whole, many=many)
        elif not many:
            self.right.clear()
        for value in (each for each in values if each is not None):
            self.wrong.pop(value_key(value), None)
            self.right[value_key(value)] = value, correction

    def _replace(self, correction: Correction, *, whole: bool, many: bool) -> None:
        if whole or not many:
            self.right.clear()
            self.closed = correction if whole or correction.value is None else None
        before = [] if whole or correction.before is None else [correction.before]
        for value in before:
            if correction.value is None or value_key(value) != value_key(correction.value):
                self._wrong(value, correction)

    def _wrong(self, value: Any, correction: Correction) -> None:
        self.right.pop(value_key(value), None)
        self.wrong[value_key(value)] = value, correction

    def against(self, value: Any) -> Correction | None:
        """The correction that speaks against a value in any wording."""
        exact = self.facet.kind == "choice"
        return next((c for each, c in self.wrong.values() if same_wording(value, each, exact=exact)), None)


class Rulings:
    """The corrections of one user's profile, applied to what was verified.

    Args:
        corrections: in the order in which they were made.
        facets: the attributes of the schema; what is said of others counts for nothing.
        stands: whether the history still holds the words that a corrected value rested on.
    """

    def __init__(self, corrections: Sequence[Correction], facets: Iterable[Facet], stands: Stands) -> None:
        self._stands = stands
        self._rulings: dict[str, _Ruling] = {}
        by_pointer = {facet.pointer: facet for facet in facets}
        for correction in corrections:
            if correction.attribute in by_pointer:
                facet = by_pointer[correction.attribute]
                self._rulings.setdefault(facet.pointer, _Ruling(facet)).hear(correction)

    def settles(self, facet: Facet) -> bool:
        """Whether nothing needs to be found out about a single value."""
        ruling = self._rulings.get(facet.pointer)
        return ruling is not None and facet.kind != "list" and bool(ruling.right or ruling.closed)

    def apply(self, accepted: Sequence[Accepted]) -> tuple[list[Accepted], list[Rejected]]:
        """What stands, people's values first, and what is overruled, each forbidden value named once."""
        settled: list[Accepted] = []
        overruled: list[Rejected] = []
        for ruling in self._rulings.values():
            own = [each for each in accepted if each.facet.pointer == ruling.facet.pointer]
            kept, refused = self._ruled(ruling, own)
            settled += kept
            overruled += refused
        others = [each for each in accepted if each.facet.pointer not in self._rulings]
        return [*settled, *others], overruled

    def without(self, rejected: Iterable[Rejected]) -> list[Rejected]:
        """What was rejected, without what people said is right."""
        return [
            each
            for each in rejected
            if each.pointer not in self._rulings or value_key(each.value) not in self._rulings[each.pointer].right
        ]

    def refusal(self, text: Accepted) -> Rejected | None:
        """Why a text that was written afterwards cannot stand; None when it can."""
        ruling = self._rulings.get(text.facet.pointer)
        against = None if ruling is None else ruling.against(text.value)
        return None if against is None else _refused(text.facet, text.value, against, text.evidence)

    def attribute(self, claims: Iterable[Claim]) -> list[Claim]:
        """The claims, those that people confirmed or corrected with who, when and since when."""
        return [self._attributed(claim) if claim.origin == "corrected" else claim for claim in claims]

    def _ruled(self, ruling: _Ruling, accepted: Sequence[Accepted]) -> tuple[list[Accepted], list[Rejected]]:
        facet = ruling.facet
        standing = {key: _Pin(value, by, []) for key, (value, by) in ruling.right.items()}
        free: list[Accepted] = []
        overruled: list[Rejected] = []
        for each in accepted:
            pin = standing.get(value_key(each.value))
            against = None if pin is not None else ruling.against(each.value)
            if pin is None and against is None:
                pin = next((p for p in standing.values() if same_wording(each.value, p.value)), None)
            if against is not None:
                overruled.append(_refused(facet, each.value, against, each.evidence))
            elif pin is not None:
                pin.said.append(each)
            else:
                free.append(each)
        pins = [self._pinned(facet, pin) for pin in standing.values()]
        overruled += [each for each in pins if isinstance(each, Rejected)]
        settled = [each for each in pins if isinstance(each, Accepted)]
        last = next((by for _, by in ruling.right.values()), None) if facet.kind != "list" else None
        for each in free:
            over = ruling.closed or (last if settled and not _is_older(each, settled[0]) else None)
            if over is not None:
                overruled.append(_refused(facet, each.value, over, each.evidence))
            else:
                settled.append(each)
        named = {value_key(each.value) for each in overruled}
        return settled, overruled + [
            _refused(facet, value, by) for key, (value, by) in ruling.wrong.items() if key not in named
        ]

    def _pinned(self, facet: Facet, pin: "_Pin") -> Accepted | Rejected:
        if validation_problems(standard(facet.item), pin.value):
            refused = _refused(facet, pin.value, pin.by)
            return replace(refused, reason=f"{refused.reason}, but the schema does not allow it any more")
        said = [evidence for each in pin.said for evidence in each.evidence]
        if pin.by.action == "confirm":
            said += [each for each in pin.by.evidence if self._stands(each)]
        evidence: tuple[Evidence, ...] = tuple(dict.fromkeys(said))[:_MOST_EVIDENCE]
        epoch = max((each.epoch for each in pin.said), default=_epoch(pin.by.at))
        return Accepted(facet, pin.value, "corrected", 1.0, evidence, epoch)

    def _attributed(self, claim: Claim) -> Claim:
        ruling = self._rulings.get(claim.pointer) or self._rulings[claim.pointer.rpartition("/")[0]]
        _, by = ruling.right[value_key(claim.value)]
        return replace(
            claim,
            confidence=1.0,
            valid_from=claim.valid_from or by.at[:10],
            corrected=_attribution(by),
        )


@dataclass(slots=True)
class _Pin:
    """A value that a person said is right, and the verdicts that say the same."""

    value: Any
    by: Correction
    said: list[Accepted]


def _is_older(each: Accepted, pinned: Accepted) -> bool:
    """Whether a value may have held before the one that a person said is right; of texts there is only one."""
    return each.facet.kind != "text" and each.origin != "computed" and each.epoch < pinned.epoch


def _refused(facet: Facet, value: Any, by: Correction, evidence: tuple[Evidence, ...] = ()) -> Rejected:
    done: Mapping[str, str] = {"confirm": "another value was confirmed", "correct": "corrected", "forbid": "forbidden"}
    reason = f"{done[by.action]} by {by.by} on {by.at[:10]}"
    return Rejected(facet.pointer, value, reason, evidence, _attribution(by))


def _attribution(correction: Correction) -> Corrected:
    return Corrected(correction.by, correction.at, correction.action, correction.note)


def _epoch(at: str) -> float:
    return datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
