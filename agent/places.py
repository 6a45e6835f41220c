"""Finds what stands at a JSON Pointer of a profile, and which other claims belong to it.

Knows documents and schemas, nothing of models.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from agent.documents import Claim, ProfileDocument
from agent.errors import UsageError, shorten
from agent.evidence import key_of
from agent.facets import Facet, plan_facets
from agent.measuring import Before
from agent.schema import ProfileSchema
from agent.wording import leaves, said_share
from retrieval import Hit

__all__ = ["basis_of", "check_pointer", "claim_at", "claim_of", "drafted_before"]

_SAID_IN_SUMMARY = 0.5
_STATUSES: Final = ("current", "disputed", "superseded")


def check_pointer(schema: ProfileSchema, pointer: str) -> Facet:
    """The facet that a pointer belongs to.

    Raises:
        UsageError: the schema has no attribute there; the message names those that it has.
    """
    facets = plan_facets(schema, "en")
    for facet in facets:
        if pointer == facet.pointer or pointer.startswith(f"{facet.pointer}/"):
            return facet
    raise UsageError(
        f"{shorten(pointer)} is no attribute of the schema {schema.name!r}",
        hint=f"Give one of {', '.join(facet.pointer for facet in facets)}",
    )


def claim_at(document: ProfileDocument, facet: Facet, pointer: str) -> Claim | None:
    """The claim that stands at a pointer, holds it or is the only one below it; None where nothing is known.

    Raises:
        UsageError: several values stand below it, or a list has no such item.
    """
    held = [claim for claim in document.claims if claim.status != "superseded"]
    above = [c for c in held if pointer == c.pointer or pointer.startswith(f"{c.pointer}/")]
    if above:
        return max(above, key=lambda claim: claim.confidence)
    below = list(dict.fromkeys(c.pointer for c in held if c.pointer.startswith(f"{facet.pointer}/")))
    if len(below) == 1 and pointer == facet.pointer:
        return next(claim for claim in held if claim.pointer == below[0])
    if below:
        raise UsageError(f"{shorten(pointer)} is not one value of the profile", hint=f"Give one of {', '.join(below)}")
    if pointer != facet.pointer:
        raise UsageError(f"{shorten(pointer)} is not in the profile", hint=_pointers(document))
    return None


def claim_of(document: ProfileDocument, facet: Facet, pointer: str, value: Any) -> Claim | None:
    """The claim with this value at a pointer, in the profile, disputed or past; None where there is none.

    Past entries of a list have the pointer of the list.
    """
    places = {pointer, facet.pointer} if facet.kind == "list" else {pointer}
    found = [each for each in document.claims if each.pointer in places and each.value == value]
    return min(found, key=lambda each: _STATUSES.index(each.status), default=None)


def _pointers(document: ProfileDocument) -> str:
    there = dict.fromkeys([*(claim.pointer for claim in document.claims), *document.unknown])
    return f"There are {', '.join(there)}"


def basis_of(summary: Claim, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims that a summary was written from: they share its evidence, and it says their values."""
    evidence, text = set(summary.evidence), str(summary.value)
    return tuple(
        claim
        for claim in claims
        if claim is not summary and claim.status == "current" and evidence & set(claim.evidence)
        and max((said_share(leaf, text) for leaf in leaves(claim.value)), default=0.0) >= _SAID_IN_SUMMARY
    )  # fmt: skip


def drafted_before(claim: Claim, claims: Iterable[Claim], shown: Sequence[Hit], facet: Facet) -> tuple[Before, ...]:
    """Other values of the attribute that come before this one in the order in which the model reads snippets."""
    order = {key_of(hit): place for place, hit in enumerate(shown)}

    def place(each: Claim) -> tuple[int, int]:
        first = min(each.evidence, key=lambda e: order.get(e.key, len(order)))
        at = order.get(first.key, len(order))
        return at, first.start + max(0, first.quote.casefold().find(str(each.value).casefold()))

    rest = [c for c in claims if c is not claim and c.evidence and _is_of(c.pointer, facet)]
    return tuple(
        Before(each.value, frozenset(e.key for e in each.evidence))
        for each in sorted(rest, key=place)
        if place(each) < place(claim)
    )


def _is_of(pointer: str, facet: Facet) -> bool:
    return pointer == facet.pointer or pointer.startswith(f"{facet.pointer}/")
