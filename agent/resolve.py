"""Turns accepted values into one profile: merges, orders, supersedes, and fits them into the schema.

Knows nothing of models or stores.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.documents import Claim, Evidence, Rejected
from agent.facets import Facet
from agent.rewording import value_key
from agent.schema_rules import JsonSchema, escape_pointer
from agent.verify import Accepted
from agent.wording import normalise

__all__ = ["Resolved", "resolve"]

_NEARLY_AS_SURE = 0.25
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

    A list keeps all different values (the surest ones where they are too many), the latest said first, those of one
    event in the order of its words. A single value is the newest among those that are nearly as
    sure as the surest; older ones become superseded claims. What the schema requires and nobody said is ``missing``.
    """
    by_facet: dict[str, list[Accepted]] = {}
    for each in accepted:
        by_facet.setdefault(each.facet.pointer, []).append(each)
    result = Resolved(profile={})
    values: dict[tuple[str, ...], Any] = {}
    for facet in facets:
        merged = _merge(by_facet.get(facet.pointer, []))
        kept = _list(facet, merged, result) if facet.kind == "list" else _single(merged, result)
        if kept:
            values[facet.path] = kept if facet.kind == "list" else kept[0]
    profile = _fit(schema, (), values, result)
    if isinstance(profile, dict):
        result.profile, result.missing = profile, []
    held = {claim.pointer for claim in result.claims if claim.status == "current"}
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
        evidence = tuple(dict.fromkeys((*first.evidence, *each.evidence)))[:_MOST_EVIDENCE]
        merged[near] = replace(first, evidence=evidence, epoch=max(first.epoch, each.epoch))
    return list(merged.values())


def _is_reading_of(one: Accepted, other: Accepted) -> bool:
    """Whether two values are one with more or fewer words around it; two that people gave are two."""
    return not one.origin == other.origin == "corrected" and _contains(one.value, other.value)


def _contains(one: Any, other: Any) -> bool:
    """Whether one value is the other with more words around it (whole words: "tea" is not in "steak"; not numbers)."""
    shorter, longer = sorted((normalise(str(one)), normalise(str(other))), key=len)
    bare = shorter.replace(" ", "")
    return len(bare) >= 2 and not bare.isdigit() and f" {shorter} " in f" {longer} "


def _list(facet: Facet, merged: Sequence[Accepted], result: Resolved) -> list[Any]:
    kept = sorted(merged[: facet.most], key=_said)
    for extra in merged[facet.most :]:
        result.rejected.append(
            Rejected(facet.pointer, extra.value, "more values than the list may hold", extra.evidence)
        )
    if len(kept) < facet.least:
        for each in kept:
            result.rejected.append(
                Rejected(facet.pointer, each.value, "fewer values than the list must hold", each.evidence)
            )
        return []
    for index, each in enumerate(kept):
        result.claims.append(_claim(each, f"{facet.pointer}/{index}", None))
    return [each.value for each in kept]


def _said(each: Accepted) -> tuple[float, str, int, int]:
    if not each.evidence:  # only a person said it
        return -each.epoch, "", 0, 0
    first = each.evidence[0]
    return -each.epoch, first.event_id, first.start, first.quote.casefold().find(str(each.value).casefold())


def _single(merged: Sequence[Accepted], result: Resolved) -> list[Any]:
    if not merged:
        return []
    surest = merged[0].confidence
    near = [each for each in merged if each.confidence >= surest - _NEARLY_AS_SURE]
    current = max(near, key=lambda a: (a.epoch, a.confidence))
    result.claims.append(_claim(current, current.facet.pointer, None))
    until = _first_date(current.evidence)
    for each in near:
        if each is not current and each.epoch < current.epoch:
            result.claims.append(_claim(each, each.facet.pointer, until, superseded=True))
        elif each is not current:
            result.rejected.append(_less(each, current))
    result.rejected.extend(_less(each, current) for each in merged if each not in near)
    return [current.value]


def _less(each: Accepted, current: Accepted) -> Rejected:
    reason = f"less supported than another value (P={each.confidence:.2f} against {current.confidence:.2f})"
    return Rejected(each.facet.pointer, each.value, reason, each.evidence)


def _first_date(evidence: Iterable[Evidence]) -> str | None:
    dates = sorted(e.timestamp[:10] for e in evidence if e.timestamp)
    return dates[0] if dates else None


def _claim(each: Accepted, pointer: str, until: str | None, superseded: bool = False) -> Claim:
    return Claim(
        pointer=pointer,
        value=each.value,
        status="superseded" if superseded else "current",
        origin=each.origin,
        confidence=each.confidence,
        valid_from=_first_date(each.evidence),
        valid_to=until,
        evidence=each.evidence,
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
