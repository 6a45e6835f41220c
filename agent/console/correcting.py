"""Confirm, correct, forbid: what a person says of a value. It counts from the next profile on."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import APIRouter
from fastapi.responses import Response

from agent.console.kept import choose
from agent.console.pages import HOME, PageRoute, go_to, render
from agent.console.portrait import Value, described, label_of, portray
from agent.console.texts import Texts
from agent.console.troubles import trouble_of
from agent.console.visits import Form, Given, Visit, Visitor
from agent.errors import ConsentMissing, InputError, LimnerError, UsageError
from agent.facets import Facet, plan_facets
from agent.schema import ProfileSchema
from agent.schema_rules import escape_pointer

if TYPE_CHECKING:
    from agent.corrections import Action

__all__ = ["Field", "correct", "correction", "router"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)


class Field(NamedTuple):
    """A field of the form: its name, its label ("" for the value itself), what stands in it, and what may be chosen."""

    name: str
    label: str
    given: str
    choices: list[str]


_ACTIONS: "dict[str, Action]" = {"confirm": "confirm", "correct": "correct", "forbid": "forbid"}
_MOST_NAME, _MOST_NOTE = 100, 1000


@router.get("/correct")
def correction(
    visit: Visitor, user: str, schema: str, pointer: str, action: str, of: str = "", again: str = ""
) -> Response:
    """The form for a correction; ``again``: a past value that is to hold again is put into it."""
    visit.check("write")
    return _form(visit, Form(user=user, schema=schema, pointer=pointer, action=action, of=of, again=again), None)


@router.post("/correct")
def correct(visit: Visitor, form: Given) -> Response:
    """Keep what a person says; the form comes back where something is missing or not allowed."""
    visit.check("write")
    action = _action(form["action"])
    by = form["by"].strip()[:_MOST_NAME] or visit.name
    if not by or (action == "correct" and not any(name.startswith("value") for name in form)):
        return _form(visit, form, None)
    visit.session.name = by
    user, pointer, note = form["user"], form["pointer"], form["note"].strip()[:_MOST_NOTE] or None
    schema = visit.caller.service.schemas.get(visit.caller.tenant, form["schema"])
    try:
        value = _value(form, schema, pointer) if action == "correct" else None
        visit.caller.limner.correct(user, pointer, action, value, of=form.of, by=by, note=note, schema=schema)
    except ConsentMissing:
        raise
    except (InputError, UsageError) as error:
        return _form(visit, form, error)
    return go_to("customer", user=user, schema=schema.name, said=action)


def _form(visit: Visit, form: Form, error: LimnerError | None) -> Response:
    from agent.places import check_pointer

    user, pointer = form["user"], form["pointer"]
    service, tenant = visit.caller.service, visit.caller.tenant
    schema = service.schemas.get(tenant, form["schema"])
    check_pointer(schema, pointer)
    facets = plan_facets(schema, visit.texts.language)
    facet = next(each for each in facets if f"{pointer}/".startswith(f"{each.pointer}/"))
    chosen = choose(visit.caller, user, schema.name, None)
    portrait = None if chosen.document is None else portray(chosen.document, schema, visit.texts)
    standing = None if portrait is None else portrait.find(pointer, form.of)
    again = Form(of=form["again"]).of
    typed = _standing_value(standing) if again is None else again
    return render(
        "correct.html",
        visit,
        visit.request,
        status=422 if error else 200,
        user=user,
        schema=schema.name,
        pointer=pointer,
        of=form["of"],
        action=_action(form["action"]),
        label=label_of(facet.pointer, visit.texts),
        description=described(facet, visit.texts),
        standing=standing,
        fields=_fields(facet, form, typed, visit.texts),
        by=form["by"] or visit.name,
        note=form["note"],
        trouble=None if error is None else trouble_of(error, visit.texts),
    )


def _value(form: Form, schema: ProfileSchema, pointer: str) -> Any:
    """What was typed: of an object its fields, of anything else its text; None where that is empty."""
    from agent.corrections import read_value
    from agent.places import check_pointer

    properties = check_pointer(schema, pointer).item.get("properties")
    if properties is None:
        text = form["value"].strip()
        return read_value(text, schema, pointer) if text else None
    typed = {name: form[f"value.{name}"].strip() for name in properties}
    return {name: _read(text, properties[name]) for name, text in typed.items() if text} or None


def _read(text: str, node: Mapping[str, Any]) -> Any:
    if node.get("type", "string") != "string":
        with suppress(ValueError, RecursionError):
            return json.loads(text)
    return text


def _fields(facet: Facet, form: Form, standing: Any, texts: Texts) -> list[Field]:
    """What can be typed: a field for each part of an object, else one."""
    properties: Mapping[str, Mapping[str, Any]] | None = facet.item.get("properties")
    if properties is None:
        current = "" if standing is None or isinstance(standing, dict | list) else _typed(standing)
        return [Field("value", "", form["value"] or current, _choices(facet.item))]
    parts = standing if isinstance(standing, dict) else {}
    return [
        Field(
            f"value.{name}",
            label_of(f"/{escape_pointer(name)}", texts),
            form[f"value.{name}"] or _typed(parts.get(name, "")),
            _choices(node),
        )
        for name, node in properties.items()
    ]


def _choices(node: Mapping[str, Any]) -> list[str]:
    """What may be chosen, where that is a closed list of words."""
    allowed = node.get("enum", [True, False] if node.get("type") == "boolean" else [])
    return [_typed(each) for each in allowed if each is not None]


def _typed(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _standing_value(standing: Value | None) -> Any:
    return None if standing is None or standing.claim is None else standing.claim.value


def _action(given: str) -> "Action":
    if given not in _ACTIONS:
        raise UsageError("a correction confirms, corrects or forbids", hint="Use the buttons of the customer's page")
    return _ACTIONS[given]
