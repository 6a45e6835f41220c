"""Tells what changed from one version of a profile to the next, and why. Knows documents, not how they are made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from agent.documents import Claim, Corrected, Evidence, ProfileDocument, Rejected
from agent.kept import Stands
from agent.rewording import value_key
from agent.schema_rules import attribute_of

__all__ = ["Change", "ChangeKind", "Circumstances", "Why", "changes_between"]

ChangeKind = Literal["added", "removed", "changed", "superseded", "evidence"]
"""A value came, went, or gave way to another one (``changed``); or it held until something newer was said
(``superseded``). ``evidence``: the value is the same; what it rests on, since when or how surely is not."""

Why = Literal[
    "corrected",
    "new events",
    "event gone",
    "schema",
    "model",
    "prompts",
    "limner",
    "other corrections",
    "other events",
    "made anew",
]
"""The first that holds: a person said so of this value, or of the one before it; events that were loaded since say it;
an event that said it is gone or changed; another definition of the schema, another model, other prompts, another
limner; people corrected, confirmed or forbade other values; other events were loaded or removed; the profile was made
anew."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that changed; ``pointer`` is that of the attribute.

    ``before`` and ``after`` are None where there was or is no value. ``evidence`` shows the reason: what the new value
    rests on, of it the new events where these are the reason, or what the old one rested on. ``reason`` is why an old
    value was rejected.
    """

    pointer: str
    kind: ChangeKind
    before: Any
    after: Any
    why: Why
    reason: str | None
    evidence: tuple[Evidence, ...]


class Circumstances(NamedTuple):
    """What else changed: ids of ``loaded`` events, whether words still stand, and what the versions were made with.

    ``before`` and ``after`` have at least the keys that ``_why`` compares.
    """

    loaded: frozenset[str]
    stands: Stands
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def differ(self, *names: str) -> bool:
        """Whether one of these is another one now."""
        return any(self.before.get(name) != self.after.get(name) for name in names)


def changes_between(before: ProfileDocument, after: ProfileDocument, among: Circumstances) -> list[Change]:
    """The changes, in the order of the attributes in the profile."""
    old, new = _by_attribute(before), _by_attribute(after)
    return [
        change
        for pointer in dict.fromkeys([*new, *old])
        for change in _changes(pointer, old.get(pointer, []), new.get(pointer, []), after, among)
    ]


def _by_attribute(document: ProfileDocument) -> dict[str, list[Claim]]:
    """The claims that stand, by the pointer of their attribute: without the number of an entry."""
    found: dict[str, list[Claim]] = {}
    for claim in document.claims:
        if claim.status != "superseded":
            found.setdefault(attribute_of(document.profile, claim.pointer), []).append(claim)
    return found


def _changes(
    pointer: str, old: Sequence[Claim], new: Sequence[Claim], after: ProfileDocument, among: Circumstances
) -> Iterator[Change]:
    known, said = ({value_key(claim.value): claim for claim in claims} for claims in (old, new))
    for key in [key for key in said if key in known and not _is_same(known[key], said[key])]:
        yield _change("evidence", pointer, known[key], said[key], after, among)
    past = {
        value_key(claim.value): claim
        for claim in after.claims
        if claim.status == "superseded" and attribute_of(after.profile, claim.pointer) == pointer
    }
    gone = [claim for key, claim in known.items() if key not in said]
    come = [claim for key, claim in said.items() if key not in known]
    if len(gone) == len(come) == len(old) == len(new) == 1 and pointer == gone[0].pointer == come[0].pointer:
        kind: ChangeKind = "superseded" if value_key(gone[0].value) in past else "changed"
        yield _change(kind, pointer, gone[0], come[0], after, among)
        return
    for claim in gone:
        kind = "superseded" if value_key(claim.value) in past else "removed"
        yield _change(kind, pointer, claim, None, after, among)
    for claim in come:
        yield _change("added", pointer, None, claim, after, among)


def _is_same(one: Claim, other: Claim) -> bool:
    """Whether two claims of one value differ in nothing but where they stand in a list."""
    return _content(one) == _content(other)


def _content(claim: Claim) -> tuple[object, ...]:
    return repr(claim.value), claim.status, claim.origin, claim.confidence, claim.evidence, claim.corrected


def _change(
    kind: ChangeKind,
    pointer: str,
    old: Claim | None,
    new: Claim | None,
    after: ProfileDocument,
    among: Circumstances,
) -> Change:
    refused = [
        each
        for each in after.rejected
        if old is not None and each.pointer == pointer and value_key(each.value) == value_key(old.value)
    ]
    refusal = refused[0] if refused and kind != "evidence" else None
    why, evidence = _why(old, new, among)
    if _said_of(old) != _said_of(new) or _said_of(refusal) is not None:
        why, evidence = "corrected", () if new is None else new.evidence
    return Change(
        pointer,
        kind,
        before=None if old is None else old.value,
        after=None if new is None else new.value,
        why=why,
        reason=None if refusal is None else refusal.reason,
        evidence=evidence,
    )


def _said_of(value: Claim | Rejected | None) -> Corrected | None:
    """What a person said of a value; of one that is gone, too: only people take away what people said."""
    return None if value is None else value.corrected


def _why(old: Claim | None, new: Claim | None, among: Circumstances) -> tuple[Why, tuple[Evidence, ...]]:
    cited = () if new is None else new.evidence
    rested = () if old is None else old.evidence
    added = tuple(each for each in cited if each.event_id in among.loaded)
    gone = tuple(each for each in rested if not among.stands(each))
    if added:
        return "new events", added
    if gone:
        return "event gone", gone
    causes: dict[Why, bool] = {
        "schema": among.differ("schema"),
        "model": among.differ("llm", "embedder"),
        "prompts": among.differ("prompts"),
        "limner": among.differ("rules"),
        "other corrections": among.differ("corrections"),
        "other events": among.differ("history"),
    }
    return next((why for why, holds in causes.items() if holds), "made anew"), cited or rested
