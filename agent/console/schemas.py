"""The schemas of profiles: which there are, what one says, and how one is registered, replaced or taken away."""

import json
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from fastapi.responses import Response

from agent.console.pages import HOME, PageRoute, go_to, render
from agent.console.troubles import Trouble, trouble_of
from agent.console.visits import Form, Given, Visit, Visitor
from agent.errors import UsageError
from agent.schema import ProfileSchema, built_in_schemas

__all__ = ["Row", "register", "remove", "router", "schemas"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)


class Row(NamedTuple):
    """A schema of the list: its name, how many attributes it has, and whether it comes with limner."""

    name: str
    attributes: int
    is_built_in: bool


class _NoDocument(UsageError):
    """What was sent is no JSON object; said in the words of the page."""


@router.get("/schemas")
def schemas(
    visit: Visitor, show: Annotated[str, Query(max_length=200)] = "", said: Annotated[str, Query()] = ""
) -> Response:
    """All schemas, one of them in full, and the form for a new one; one that may be changed stands in the form."""
    shown = visit.caller.service.schemas.get(visit.caller.tenant, show) if show else None
    is_theirs = shown is not None and not _is_built_in(shown) and visit.may("write")
    form = Form(name=shown.name, document=_written(shown)) if shown is not None and is_theirs else Form()
    return _page(visit, form, None, shown=shown, said=said if said in ("registered", "removed") else "")


@router.post("/schemas")
def register(visit: Visitor, form: Given) -> Response:
    """Keep a schema; the form comes back with what is wrong with it."""
    visit.check("write")
    name = form["name"].strip()
    try:
        visit.caller.service.schemas.register(visit.caller.tenant, name, _document(visit, form["document"]))
    except _NoDocument as error:
        return _page(visit, form, Trouble(str(error), None), shown=None, said="")
    except UsageError as error:
        return _page(visit, form, trouble_of(error, visit.texts), shown=None, said="")
    return go_to("schemas", show=name, said="registered")


@router.post("/schemas/remove")
def remove(visit: Visitor, form: Given) -> Response:
    """Take a schema away; profiles that were made with it are kept."""
    visit.check("write")
    visit.caller.service.schemas.remove(visit.caller.tenant, form["name"])
    return go_to("schemas", said="removed")


def _page(visit: Visit, form: Form, trouble: Trouble | None, *, shown: ProfileSchema | None, said: str) -> Response:
    known, tenant = visit.caller.service.schemas, visit.caller.tenant
    return render(
        "schemas.html",
        visit,
        visit.request,
        status=422 if trouble else 200,
        rows=[_row(known.get(tenant, name)) for name in known.names(tenant)],
        shown=shown,
        written=_written(shown) if shown else "",
        form=form,
        trouble=trouble,
        said=said,
    )


def _row(schema: ProfileSchema) -> Row:
    return Row(schema.name, len(schema.document.get("properties", {})), _is_built_in(schema))


def _is_built_in(schema: ProfileSchema) -> bool:
    return schema.name in built_in_schemas()


def _written(schema: ProfileSchema) -> str:
    return json.dumps(schema.document, ensure_ascii=False, indent=2)


def _document(visit: Visit, text: str) -> dict[str, Any]:
    """What was typed.

    Raises:
        UsageError: it is no JSON object.
    """
    try:
        document = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise _NoDocument(visit.texts("schemas.no json", line=error.lineno, column=error.colno)) from error
    except (ValueError, RecursionError) as error:
        raise _NoDocument(visit.texts("schemas.no object")) from error
    if not isinstance(document, dict):
        raise _NoDocument(visit.texts("schemas.no object"))
    return document


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
