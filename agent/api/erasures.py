"""Forgetting users, and handing out what is known of them: keys need the scope ``erase``."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from agent.api.access import Caller, Erases
from agent.api.cursors import After, Limit, next_of, number_of
from agent.api.documents import Compacted, Export, Genuine, Preview
from agent.api.documents import Receipt as ReceiptDocument
from agent.api.documents import Receipts as ReceiptList
from agent.api.example_documents import DOCUMENTS
from agent.api.jsonvalues import JsonObject
from agent.api.openapi import returns
from agent.api.paths import Segment, path_of
from agent.api.problems import Problem
from agent.api.repeating import IdempotencyKey, once
from agent.api.responses import Json, JsonPieces
from agent.api.threads import reading, writing
from agent.errors import NoStore
from agent.exporting import export_parts
from agent.service.once import NOBODY
from retrieval.paging import Page

__all__ = [
    "Forgotten",
    "all_receipts",
    "check_receipt",
    "compact",
    "erase",
    "export",
    "get_receipt",
    "receipts_of_user",
    "router",
]

router = APIRouter(prefix="/v1", tags=["erasures"])


class Forgotten(BaseModel):
    """What is to be erased: all of the user, unless events, a time or a channel is given."""

    model_config = ConfigDict(extra="forbid")

    events: Annotated[list[str] | None, Field(max_length=10_000, description="Only those with these ids.")] = None
    since: Annotated[str | None, Field(max_length=64, description="Only those of this time and later.")] = None
    until: Annotated[str | None, Field(max_length=64, description="And earlier; of a date, the whole day.")] = None
    channel: Annotated[str | None, Field(max_length=20_000, description="Only those of this channel.")] = None
    defer: Annotated[bool, Field(description="Leave the bytes to the next compaction.")] = False
    dry_run: Annotated[bool, Field(description="Erase nothing, and tell how much would be erased.")] = False


@router.post(
    "/users/{user_id}/erasures",
    status_code=201,
    responses={
        **returns(ReceiptDocument, 201),
        **returns(
            ReceiptDocument, 202, description="It is out of reach; the bytes go when nobody reads them any more."
        ),
        **returns(Preview, 200),
    },
)
async def erase(
    request: Request,
    caller: Erases,
    user_id: Segment,
    what: Annotated[Forgotten, Body(examples=[{}, {"channel": "chat", "until": "2023-12-31", "dry_run": True}])],
    key: IdempotencyKey = None,
) -> Response:
    """Erase a user's history, or a part, with all that was made of it; the answer is the signed receipt.

    Work of the model about the user is stopped first. It does not come back when an old file is loaded again.
    """

    async def forget() -> Response:
        found = await writing(request, caller.service.forget, caller.tenant, user_id, **what.model_dump())
        if what.dry_run:
            return Json(found)
        headers = {"Location": path_of("v1", "erasures", str(found["number"]))}
        return Json(found, 202 if found["state"] == "due" else 201, headers)

    return await once(request, caller, key, NOBODY, forget)  # receipts name nobody


@router.get("/users/{user_id}/erasures", responses=returns(ReceiptList))
def receipts_of_user(caller: Erases, user_id: Segment, limit: Limit = 100, after: After = None) -> Response:
    """The receipts of a user's erasures, oldest first; none where there was none."""
    return _listed(_receipts(caller, limit, number_of(after), user_id=user_id))


@router.get("/erasures", responses=returns(ReceiptList))
def all_receipts(caller: Erases, limit: Limit = 100, after: After = None) -> Response:
    """The receipts of all erasures, oldest first."""
    return _listed(_receipts(caller, limit, number_of(after)))


@router.get("/erasures/{number}", responses=returns(ReceiptDocument))
def get_receipt(caller: Erases, number: Annotated[int, Path(ge=1, le=2**31)]) -> Response:
    """One receipt."""
    for receipt in _receipts(caller, 1, number - 1).items:
        if receipt["number"] == number:
            return Json(receipt)
    raise Problem(404, "not-found", "there is no receipt of this number")


@router.post("/receipt-checks", responses=returns(Genuine))
def check_receipt(
    caller: Erases,
    receipt: Annotated[JsonObject, Body(description="A receipt.", examples=[DOCUMENTS["Receipt"]["done"]])],
) -> Response:
    """Whether this store signed a receipt as it is."""
    try:
        return Json({"genuine": caller.limner.is_genuine(receipt)})
    except NoStore:
        return Json({"genuine": False})


@router.post("/compactions", responses=returns(Compacted))
async def compact(request: Request, caller: Erases, key: IdempotencyKey = None) -> Response:
    """Remove the bytes of what was erased and deferred."""

    async def complete() -> Response:
        return Json({"completed": await writing(request, caller.service.compact, caller.tenant)})

    return await once(request, caller, key, NOBODY, complete)


@router.get("/users/{user_id}/export", responses=returns(Export))
async def export(caller: Erases, user_id: Segment) -> Response:
    """Everything that the store holds about a user, made for whatever purpose: also profiles, corrections, receipts."""
    caller.check_purpose(None)
    return JsonPieces(await reading(export_parts, caller.limner.store, user_id))


def _listed(page: Page[dict[str, Any]]) -> Response:
    return Json({"receipts": page.items, "next": next_of(page)})


def _receipts(caller: Caller, limit: int, after: int, user_id: str | None = None) -> Page[dict[str, Any]]:
    try:
        return caller.limner.store.forgetting.receipt_page(limit, after, user_id=user_id)
    except NoStore:
        return Page([], None)
