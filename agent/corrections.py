"""What people say of the values of a profile: confirmed, corrected, forbidden. Checked against the schema and kept.

Knows schemas and stores, not what becomes of a correction when a profile is made (see ``rulings``).
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from agent.documents import Claim, Evidence, ProfileDocument
from agent.errors import InputError, UsageError, shorten
from agent.evidence import history_language
from agent.facets import Facet, plan_facets
from agent.places import claim_of
from agent.plain import plain_of, restored
from agent.schema import ProfileSchema, validation_problems
from agent.schema_rules import JsonSchema, resolve_pointer, standard
from retrieval import Store
from retrieval.keeping import Correction as KeptCorrection
from retrieval.keeping import HistoryMark
from retrieval.paging import Page
from retrieval.timestamps import utc_text

__all__ = [
    "Action",
    "Correction",
    "correction_page",
    "corrections_of",
    "make_correction",
    "read_value",
    "training_line",
]

Action = Literal["confirm", "correct", "forbid"]

_END = "-"  # as in JSON Patch (RFC 6902): after the last one of a list


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person said of the value at ``pointer``.

    Attributes:
        attribute: the pointer of the attribute; ``pointer`` may be that of one entry of its list.
        action: the value is right, another one is, or it is wrong.
        value: the right value, or the forbidden one. A corrected None, or an empty list: there is nothing.
        before: what was judged: what stood at ``pointer`` in the profile's ``version``, or a rival or past value of
            that; None: nothing.
        description: what the attribute is.
        evidence: what the value before rested on; the model drafted it, unless ``drafted`` is False.
    """

    user_id: str
    schema: str
    pointer: str
    attribute: str
    action: Action
    value: Any
    before: Any
    drafted: bool
    by: str
    at: str
    note: str | None
    description: str
    evidence: tuple[Evidence, ...]
    version: int | None

    @property
    def is_of_entry(self) -> bool:
        """Whether it is about one entry of a list."""
        return self.pointer != self.attribute

    def as_json(self) -> dict[str, Any]:
        """The correction as JSON types."""
        return plain_of(self)

    def keep(self, store: Store, mark: HistoryMark | None = None) -> None:
        """Keep it beside the user's history, unless something was forgotten since that was as ``mark`` says."""
        store.keeping.correct(KeptCorrection(self.user_id, self.schema, self.as_json()), mark)


def corrections_of(store: Store, user_id: str | None = None, schema: str | None = None) -> list[Correction]:
    """Corrections in the order in which they were made: all, or one user's, or those under the schema of a name."""
    return [restored(Correction, each.document) for each in store.keeping.corrections(user_id, schema)]


def correction_page(store: Store, limit: int, after: int = 0, *, user_id: str | None = None) -> Page[Correction]:
    """At most ``limit`` of the same, of all users or of one, from behind a place on."""
    page = store.keeping.correction_page(limit, after, user_id=user_id)
    return Page([restored(Correction, each.document) for each in page.items], page.next)


def make_correction(
    store: Store,
    user_id: str,
    schema: ProfileSchema,
    latest: ProfileDocument | None,
    pointer: str,
    action: Action,
    *,
    value: Any = None,
    of: Any = None,
    by: str,
    note: str | None = None,
) -> Correction:
    """A correction of what stands at ``pointer`` in the latest version of the profile; it is not kept yet.

    ``of`` means another value than the one in the profile: a disputed rival, which can be confirmed, corrected and
    forbidden, or one of the past, which can only be forbidden (it was never right): what is corrected or confirmed
    holds now.

    Raises:
        UsageError: the schema has no such attribute, or ``by`` is empty.
        InputError: nothing stands there that could be confirmed or forbidden, ``of`` is no value of it or one of the
            past, or the schema does not allow ``value``.
    """
    if not by.strip():
        raise UsageError("a correction needs the name of who makes it", hint="Give --by NAME")
    facet = _facet_at(plan_facets(schema, history_language(store.history(user_id))), schema, pointer)
    meant = None if of is None else _meant(latest, facet, pointer, of, action)
    if meant is not None and facet.kind == "list" and pointer == facet.pointer:
        pointer = f"{pointer}/{_END}"  # of one entry, which has no place any more
    before = _standing(latest, pointer) if meant is None else meant.value
    version = None if latest is None else latest.version
    entry = pointer.removeprefix(facet.pointer).removeprefix("/")
    if before in (None, [], "") and (action != "correct" or entry not in ("", _END)):
        there = f"in version {version} of" if latest is not None else "without"
        raise InputError(
            f"nothing stands at {pointer!r} {there} a profile {schema.name!r}", hint=_remedy(action, facet)
        )
    if action == "correct" and (problem := _problem(value, facet, schema, whole=not entry)):
        raise InputError(
            f"{shorten(value)} for {pointer!r} is not what the schema {schema.name!r} allows: it {problem}",
            hint="Give a value that it allows, or --forbid where the value is wrong",
        )
    claims = [c for c in (latest.claims if latest else ()) if c.status == "current" and _is_at(c.pointer, pointer)]
    claims = claims if meant is None else [meant]
    return Correction(
        user_id=user_id,
        schema=schema.name,
        pointer=pointer,
        attribute=facet.pointer,
        action=action,
        value=value if action == "correct" else before,
        before=before,
        drafted=all(claim.origin != "corrected" for claim in claims),
        by=by.strip(),
        at=utc_text(),
        note=note,
        description=facet.description or facet.label,
        evidence=tuple(dict.fromkeys(each for claim in claims for each in claim.evidence)),
        version=version,
    )


def read_value(text: str, schema: ProfileSchema, pointer: str, *, of_claim: bool = False) -> Any:
    """The value that a person typed for ``pointer``: JSON where the schema allows that, else the text itself.

    ``of_claim``: it is the value of one claim, also where ``pointer`` is that of a list.

    Raises:
        UsageError: the schema has no such attribute.
    """
    facet = _facet_at(plan_facets(schema, "en"), schema, pointer)
    whole = pointer == facet.pointer and not (of_claim and facet.kind == "list")
    return next((each for each in _readings(text) if not _problem(each, facet, schema, whole=whole)), text)


def _readings(text: str) -> Iterator[Any]:
    def refuse(name: str) -> None:
        raise ValueError(name)

    with suppress(ValueError, RecursionError):
        yield json.loads(text, parse_constant=refuse)
    yield text


def _facet_at(facets: Sequence[Facet], schema: ProfileSchema, pointer: str) -> Facet:
    """The attribute at a pointer, or the one whose list has an entry there."""
    for facet in facets:
        inside = pointer.removeprefix(f"{facet.pointer}/")
        if pointer == facet.pointer:
            return facet
        if inside != pointer and facet.kind == "list" and (inside == _END or inside.isdecimal()):
            return facet
        if inside != pointer:
            entry = f"{facet.pointer}/{inside.partition('/')[0]}" if facet.kind == "list" else facet.pointer
            raise UsageError(f"{pointer!r} is inside of a value", hint=f"Correct all of {entry!r}")
    below = [facet.pointer for facet in facets if facet.pointer.startswith(f"{pointer}/")] or [
        f.pointer for f in facets
    ]
    names = ", ".join(below[:10]) + (", …" if len(below) > 10 else "")
    raise UsageError(f"the schema {schema.name!r} has no attribute {shorten(pointer)}", hint=f"Use one of {names}")


def _standing(latest: ProfileDocument | None, pointer: str) -> Any:
    try:
        return None if latest is None else resolve_pointer(latest.profile, pointer)
    except KeyError:
        return None


def _meant(latest: ProfileDocument | None, facet: Facet, pointer: str, of: Any, action: Action) -> Claim:
    """The claim with a value that is judged although the profile may hold another one.

    Raises:
        InputError: there is none, or it is of the past and is not to be forbidden.
    """
    claim = None if latest is None else claim_of(latest, facet, pointer, of)
    if claim is None:
        raise InputError(
            f"{shorten(of)} is no value of {pointer!r} in the latest profile",
            hint="Give the value of one of its claims",
        )
    if claim.status == "superseded" and action != "forbid":
        raise InputError(
            f"{shorten(of)} is a past value of {pointer!r}, and what is confirmed or corrected holds now",
            hint="If it holds again, give it as the right value; if it was never right, forbid it",
        )
    return claim


def _is_at(claim: str, pointer: str) -> bool:
    return claim == pointer or claim.startswith(f"{pointer}/")


def _remedy(action: Action, facet: Facet) -> str:
    if action == "correct":
        return f"Use {facet.pointer}/{_END} for one more entry"
    return "Make the profile first, or give the right value with --value"


def _problem(value: Any, facet: Facet, schema: ProfileSchema, *, whole: bool) -> str | None:
    """Why a value cannot stand for an attribute, or for one entry of its list; null can for what may be left out."""
    parent = schema.inlined
    for key in facet.path[:-1]:
        parent = parent["properties"][key]
    node: JsonSchema = parent["properties"][facet.path[-1]]
    if value is None and whole and (node.get("nullable") or facet.path[-1] not in parent.get("required", [])):
        return None
    problems = validation_problems(standard(node if whole else facet.item), value)
    return next(iter(problems.values()), None)


def training_line(correction: Correction) -> dict[str, Any]:
    """A correction as training data: what was asked, the words read, what the model made of them, what is right.

    ``model_value`` is null where the model drafted nothing, ``value`` where only the wrong value is known.
    """
    return {
        "user_id": correction.user_id,
        "schema": correction.schema,
        "pointer": correction.pointer,
        "description": correction.description,
        "quotes": [each.quote for each in correction.evidence],
        "model_value": correction.before if correction.drafted else None,
        "value": None if correction.action == "forbid" else correction.value,
        "action": correction.action,
        "by": correction.by,
        "at": correction.at,
        "note": correction.note,
    }
