"""Files to take away: a profile as JSON, and for who may erase, everything that the store holds about a user."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from agent.api.responses import JsonPieces
from agent.console.kept import MOST, choose
from agent.console.pages import HOME, Missing, PageRoute
from agent.console.visits import Visitor
from agent.exporting import export_parts

__all__ = ["everything", "profile", "router"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)


@router.get("/profile.json")
def profile(
    visit: Visitor,
    user: Annotated[str, Query()],
    schema: Annotated[str, Query()] = "",
    version: Annotated[int | None, Query(ge=1, le=MOST)] = None,
) -> Response:
    """A version of a profile, as it was made."""
    visit.caller.limner.store.browsing.outline(user)
    chosen = choose(visit.caller, user, schema, version)
    if chosen.document is None:
        raise Missing
    return _file(chosen.document.as_json(), "profile.json")


@router.get("/export.json")
def everything(visit: Visitor, user: Annotated[str, Query()]) -> Response:
    """All about a user."""
    visit.check("erase")
    visit.caller.check_purpose(None)
    return JsonPieces(export_parts(visit.caller.limner.store, user), _named("export.json"))


def _file(document: dict[str, Any], name: str) -> Response:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    body = text.encode("utf-8", "backslashreplace")
    return Response(body, media_type="application/json", headers=_named(name))


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
