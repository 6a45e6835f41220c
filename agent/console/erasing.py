"""Erasing a customer: what would go, the confirmation, and the receipt."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from agent.console.pages import HOME, Missing, PageRoute, go_to, render
from agent.console.visits import Form, Given, Visit, Visitor

__all__ = ["confirmation", "erase", "receipt", "receipt_file", "router"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)

_Number = Annotated[int, Query(ge=1, le=2**31)]


@router.get("/erase")
def confirmation(visit: Visitor, user: Annotated[str, Query()]) -> Response:
    """How much would be erased, and the form that does it."""
    visit.check("erase")
    return _form(visit, user, asked=False)


@router.post("/erase")
def erase(visit: Visitor, form: Given) -> Response:
    """Erase all of a customer, once that was confirmed."""
    visit.check("erase")
    if not _is_sure(form):
        return _form(visit, form["user"], asked=True)
    done = visit.caller.service.forget(visit.caller.tenant, form["user"])
    return go_to("receipt", number=done["number"])


@router.get("/receipt")
def receipt(visit: Visitor, number: _Number) -> Response:
    """The receipt of an erasure; it does not name whom it was."""
    visit.check("erase")
    found = _find(visit, number)
    genuine = visit.caller.limner.is_genuine(found)
    return render("receipt.html", visit, visit.request, receipt=found, genuine=genuine)


@router.get("/receipt.json")
def receipt_file(visit: Visitor, number: _Number) -> Response:
    """The receipt as it is, to be kept."""
    visit.check("erase")
    headers = {"Content-Disposition": 'attachment; filename="receipt.json"'}
    text = json.dumps(_find(visit, number), ensure_ascii=False, indent=2)
    return Response(text, media_type="application/json", headers=headers)


def _form(visit: Visit, user: str, *, asked: bool) -> Response:
    would = visit.caller.service.forget(visit.caller.tenant, user, dry_run=True)
    status = 422 if asked else 200
    return render("erase.html", visit, visit.request, status=status, user=user, counts=would["erased"], asked=asked)


def _find(visit: Visit, number: int) -> dict[str, Any]:
    for receipt in visit.caller.limner.store.forgetting.receipt_page(1, number - 1).items:
        if receipt["number"] == number:
            return receipt
    raise Missing


def _is_sure(form: Form) -> bool:
    return form["sure"] == "yes"
