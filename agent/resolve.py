"""Turns accepted values into one profile: merges, orders, supersedes, and fits them into the schema.

Knows nothing of models or stores.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.documents import Claim, ClaimRef, Rejected, Status
from agent.facets import Facet
from agent.rewording import value_key
from agent.schema_rules import JsonSchema, escape_pointer
from agent.timeline import Spell, spells_of
from agent.verify import Accepted
from agent.wording import normalise

__all__ = ["Resolved", "resolve"]

_NEARLY_AS_SURE = 0.15
_MOST_EVIDENCE = 3


@dataclass(slots=True)
class Resolved:
    """The profile, its claims, what is unknown, and values that were withdrawn. ``missing`` are required pointers."""

    profile: dict[str, Any]
    claims: list[Claim] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def resolve(schema: JsonSchema, facets: Sequence[Facet], accepted: Iterable[Accepted]) -> Resolved:
    """Make the profile for an inlined schema.

    A list keeps all different values (the surest ones where they are too many, of wishes the latest), the latest said
    first, those of one event in the order of its words, until the user withdraws one. A single value is the newest
    among those that are nearly as sure as the surest; older ones become superseded claims. Of values that two sources
    say on the same day (or both undated) the surest stands in the profile, and all are disputed claims. What the schema
    requires and nobody said is ``missing``.
    """
    by_facet: dict[str, list[Accepted]] = {}
    for each in accepted:
        by_facet.setdefault(each.facet.pointer, []).append(each)
    result = Resolved(profile={})
    values: dict[tuple[str, ...], Any] = {}
    for facet in facets:
        found = by_facet.get(facet.pointer, [])
        merged = _merge([each for each in found if not each.former])
        endings = [each for each in found if each.former]
        kept = (_list if facet.kind == "list" else _single)(facet, merged, endings, result)
        if kept:
            values[facet.path] = kept if facet.kind == "list" else kept[0]
    profile = _fit(schema, (), values, result)
    if isinstance(profile, dict):
        result.profile, result.missing = profile, []
    held = {claim.pointer for claim in result.claims if claim.status != "superseded"}
    result.unknown = [
        f.pointer for f in facets if f.pointer not in held and not any(h.startswith(f"{f.pointer}/") for h in held)
    ]
    return result


def _merge(accepted: Sequence[Accepted]) -> list[Accepted]:
    """One entry a value: the same value again adds its evidence; the surest reading counts."""
    merged: dict[str, Accepted] = {}
    for each in sorted(accepted, key=lambda a: -a.confidence):
        key = value_key(each.value)
        near = next((k for k in merged if key == k or _is_reading_of(each, merged[k])), None)
        if near is None:
            merged[key] = each
            continue
        first = merged[near]
        evidence = tuple(dict.fromkeys((*first.evidence, *each.evidence)))
        merged[near] = replace(first, evidence=evidence, epoch=max(first.epoch, each.epoch))
    return list(merged.values())


def _is_reading_of(one: Accepted, other: Accepted) -> bool:
    """Whether two values are one with more or fewer words around it; two that people gave, or code, are two."""
    exact = one.origin == other.origin and one.origin in ("corrected", "computed")
    return not exact and _contains(one.value, other.value)


def _contains(one: Any, other: Any) -> bool:
    """Whether one value is the other with more words around it (whole words: "tea" is not in "steak"; not numbers)."""
    shorter, longer = sorted((normalise(str(one)), normalise(str(other))), key=len)
    bare = shorter.replace(" ", "")
    return len(bare) >= 2 and not bare.isdigit() and f" {shorter} " in f" {longer} "


def _same(ending: Accepted, merged: Iterable[Accepted]) -> Accepted | None:
    """The value that an ending is about: the same one, not a longer one ("tennis" does not end "table tennis")."""
    return next((each for each in merged if value_key(each.value) == value_key(ending.value)), None)


def _list(facet: Facet, merged: Sequence[Accepted], endings: Sequence[Accepted], result: Resolved) -> list[Any]:
    about = [(each, _same(each, merged)) for each in endings]
    spells = [spell for each in merged for spell in spells_of([each], [pair for pair in about if pair[1] is each])]
    unsaid = {value_key(ending.value): ending for ending, value in about if value is None}
    spells += [spell for ending in unsaid.values() for spell in spells_of([], [(ending, None)])]
    held = [replace(each.value, epoch=each.last) for each in spells if not each.over]
    if facet.lists_wishes:
        held.sort(key=_said)
    kept = sorted(held[: facet.most], key=_said)
    for extra in held[facet.most :]:
        result.rejected.append(
            Rejected(facet.pointer, extra.value, "more values than the list may hold", extra.evidence[:_MOST_EVIDENCE])
        )
    if len(kept) < facet.least:
        for each in kept:
            result.rejected.append(
                Rejected(facet.pointer, each.value, "fewer values than the list must hold", each.evidence)
            )
        return []
    by_value = {value_key(spell.value.value): spell for spell in spells if not spell.over}
    for index, each in enumerate(kept):
        result.claims.append(_claim(by_value[value_key(each.value)], f"{facet.pointer}/{index}"))
    result.claims.extend(_claim(each, facet.pointer, "superseded") for each in spells if each.over)
    return [each.value for each in kept]


def _said(each: Accepted) -> tuple[float, str, int, int]:
    if not each.evidence:  # only a person said it
        return -each.epoch, "", 0, 0
    first = each.evidence[0]
    return -each.epoch, first.event_id, first.start, first.quote.casefold().find(str(each.value).casefold())


def _single(facet: Facet, merged: Sequence[Accepted], endings: Sequence[Accepted], result: Resolved) -> list[Any]:
    near, weaker = _nearly_as_sure(merged)
    spells = spells_of(near, [(ending, _same(ending, near)) for ending in endings])
    held = sorted((each for each in spells if not each.over), key=lambda each: (-each.value.confidence, -each.last))
    names = [ClaimRef(facet.pointer, each.value.value) for each in held]
    for own, spell in zip(names, held, strict=True):
        rivals = tuple(name for name in names if name is not own)
        result.claims.append(_claim(spell, facet.pointer, "disputed" if rivals else "current", disputed_with=rivals))
    following = names[0] if names else None
    for spell in reversed([each for each in spells if each.over]):
        result.claims.append(_claim(spell, facet.pointer, "superseded", superseded_by=following))
        following = ClaimRef(facet.pointer, spell.value.value)
    result.rejected.extend(weaker)
    return [held[0].value.value] if held else []


def _nearly_as_sure(merged: Sequence[Accepted]) -> tuple[list[Accepted], list[Rejected]]:
    """The values that may take part, and those that may not: much less sure, or in one message with a surer one."""
    near: list[Accepted] = []
    weaker: list[Rejected] = []
    taken: set[str] = set()
    for each in merged:  # the surest first
        own = tuple(e for e in each.evidence if e.event_id not in taken)
        if (own or not each.evidence) and each.confidence >= merged[0].confidence - _NEARLY_AS_SURE:
            near.append(replace(each, evidence=own))
            taken |= {e.event_id for e in own}
        else:
            weaker.append(_less(each, merged[0]))
    return near, weaker


def _less(each: Accepted, current: Accepted) -> Rejected:
    reason = f"less supported than another value (P={each.confidence:.2f} against {current.confidence:.2f})"
    return Rejected(each.facet.pointer, each.value, reason, each.evidence[:_MOST_EVIDENCE])


def _claim(
    spell: Spell,
    pointer: str,
    status: Status = "current",
    superseded_by: ClaimRef | None = None,
    disputed_with: tuple[ClaimRef, ...] = (),
) -> Claim:
    return Claim(
        pointer=pointer,
        value=spell.value.value,
        status=status,
        origin=spell.value.origin,
        confidence=spell.value.confidence,
        valid_from=spell.since,
        valid_to=spell.until,
        evidence=spell.evidence(_MOST_EVIDENCE),
        signals=dict(spell.value.signals),
        superseded_by=superseded_by,
        disputed_with=disputed_with,
    )


_ABSENT = object()


def _fit(node: JsonSchema, path: tuple[str, ...], values: dict[tuple[str, ...], Any], result: Resolved) -> Any:
    """The value of an object node: what is known, null or left out where unknown; ``_ABSENT`` if it cannot be valid."""
    required = set(node.get("required", []))
    built: dict[str, Any] = {}
    for name, child in node.get("properties", {}).items():
        where = (*path, name)
        nested = child.get("type") == "object" and child.get("properties") and where not in values
        value = _fit(child, where, values, result) if nested else values.get(where, _ABSENT)
        if value is not _ABSENT and not (nested and value == {} and name not in required):
            built[name] = value
        elif child.get("nullable"):
            built[name] = None
        elif name in required and child.get("type") == "array" and not child.get("minItems"):
            built[name] = []
        elif name in required:
            return _give_up(node, where, result)
    return built


def _give_up(node: JsonSchema, where: tuple[str, ...], result: Resolved) -> Any:
    """A required value is missing: the whole object cannot be valid, and what is known of it is withdrawn."""
    pointer = "".join(f"/{escape_pointer(key)}" for key in where)
    parent = pointer.rpartition("/")[0]
    result.missing.append(pointer)
    if parent:
        gone = [claim for claim in result.claims if claim.pointer.startswith(f"{parent}/")]
        reason = f"its object needs {pointer}, which is unknown"
        result.rejected.extend(Rejected(claim.pointer, claim.value, reason, claim.evidence) for claim in gone)
        result.claims = [claim for claim in result.claims if claim not in gone]
    return _ABSENT
