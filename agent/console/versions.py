"""What changed from one version of a profile to another, and why."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

from fastapi import APIRouter, Query
from fastapi.responses import Response

from agent.console.footnotes import Mark, Notes
from agent.console.kept import MOST, Chosen, choose, document_at
from agent.console.pages import HOME, Missing, PageRoute, render
from agent.console.portrait import label_of, reason_in
from agent.console.texts import Texts
from agent.console.visits import Visit, Visitor
from agent.plain import restored
from agent.schema_rules import escape_pointer

if TYPE_CHECKING:
    from agent.changes import Change
    from agent.versions import Changes

__all__ = ["Row", "difference", "router"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)

_Number = Annotated[int | None, Query(ge=1, le=MOST)]


class Row(NamedTuple):
    """A change: the attribute, what it was and is ("" for nothing), why, and what shows it."""

    label: str
    kind: str
    before: str
    after: str
    why: str | None
    reason: str | None
    marks: tuple[Mark, ...]


@router.get("/versions")
def difference(
    visit: Visitor,
    user: Annotated[str, Query()],
    schema: Annotated[str, Query()],
    version: _Number = None,
    since: _Number = None,
) -> Response:
    """The versions of a profile, and what differs between two of them: this one and the one it was made after."""
    visit.caller.limner.store.browsing.outline(user)
    chosen = choose(visit.caller, user, schema, version)
    if chosen.document is None or chosen.version is None:
        raise Missing
    recorded = _recorded(visit, user, chosen)
    base = since if since is not None else recorded.since
    changes: Sequence[Change] = recorded.changes
    if base != recorded.since and base is not None:
        changes = _compared(visit, user, chosen, base)
    notes = Notes(user)
    rows = list(_rows(changes, visit.texts, notes, told_why=base == recorded.since))
    return render("versions.html", visit, visit.request, user=user, chosen=chosen, base=base, rows=rows, notes=notes)


def _recorded(visit: Visit, user: str, chosen: Chosen) -> "Changes":
    from agent.versions import Changes

    assert chosen.version is not None
    private = visit.caller.limner.store.keeping.version(user, chosen.schema_name, chosen.version).private
    plain = {"version": chosen.version, "since": private.get("since"), "changes": private.get("changes", [])}
    found: Changes = restored(Changes, plain)
    return found


def _compared(visit: Visit, user: str, chosen: Chosen, base: int) -> "Sequence[Change]":
    """The differences from any other version; why, only who made the profile could tell."""
    from agent.changes import Circumstances, changes_between

    assert chosen.document is not None
    before = document_at(visit.caller.limner.store, user, chosen.schema_name, base)
    return changes_between(before, chosen.document, Circumstances(frozenset(), lambda evidence: True, {}, {}))


def _rows(changes: "Sequence[Change]", texts: Texts, notes: Notes, *, told_why: bool) -> Iterator[Row]:
    for each in changes:
        yield Row(
            label_of(each.pointer, texts),
            texts.known("change", each.kind),
            _worded(each.before, texts),
            _worded(each.after, texts),
            texts.known("why", each.why) if told_why else None,
            None if each.reason is None else reason_in(texts, each.reason),
            notes.cite(each.evidence),
        )


def _worded(value: object, texts: Texts) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        named = (
            (label_of(f"/{escape_pointer(name)}", texts), child) for name, child in value.items() if child is not None
        )
        return "; ".join(f"{name}: {_worded(child, texts)}" for name, child in named)
    if isinstance(value, list):
        return texts.listed([_worded(child, texts) for child in value])
    return texts.known("value", value) if isinstance(value, str) else str(value)
