"""What people say of values: confirmed, corrected, forbidden: ``/v1/users/{user_id}/corrections``."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from agent.api.access import Reads, Writes
from agent.api.cursors import After, Limit, next_of, number_of
from agent.api.documents import CorrectionLines
from agent.api.jsonvalues import OF, JsonValue, Name
from agent.api.openapi import returns
from agent.api.paths import Segment
from agent.api.repeating import IdempotencyKey, once
from agent.api.responses import Json
from agent.api.threads import reading, writing
from agent.corrections import Action, Correction, correction_page, training_line
from agent.errors import NoStore
from retrieval.paging import Page

__all__ = ["Verdict", "all_corrections", "correct", "list_corrections", "router"]

router = APIRouter(prefix="/v1", tags=["claims"])


_SAID: Final = {"pointer": "/location", "action": "correct", "value": "Munich", "by": "Jo"}


class Verdict(BaseModel):
    """What a person says of the value at a pointer of the latest version of a profile."""

    model_config = ConfigDict(extra="forbid")

    pointer: Annotated[
        str, Field(max_length=2000, description="A JSON Pointer; /interests/0 is an entry, /interests/- one more.")
    ]
    action: Annotated[Action, Field(description="The value is right, another one is, or it never comes back.")]
    value: Annotated[JsonValue, Field(description="The right value, with `correct`; null: there is none.")] = None
    of: Annotated[JsonValue, Field(description=f"{OF} One of the past can only be forbidden.")] = None
    by: Annotated[Name | None, Field(description="Who says so; else the key's label, or its id.")] = None
    note: Annotated[str | None, Field(max_length=2000, description="Why.")] = None
    schema_name: Annotated[Name, Field(alias="schema")] = "person"


@router.post("/users/{user_id}/corrections", status_code=201, responses=returns(Correction, 201))
async def correct(
    request: Request,
    caller: Writes,
    user_id: Segment,
    said: Annotated[Verdict, Body(examples=[_SAID])],
    key: IdempotencyKey = None,
) -> Response:
    """Confirm, correct or forbid a value. It counts from the next profile on."""

    await reading(caller.limner.permit, user_id)  # what was answered before is not repeated without

    async def keep() -> Response:
        schema = await reading(caller.service.schemas.get, caller.tenant, said.schema_name)
        by = said.by or caller.key.label or caller.key.key_id
        more = {"of": said.of, "by": by, "note": said.note, "schema": schema}
        made = await writing(request, caller.limner.correct, user_id, said.pointer, said.action, said.value, **more)
        return Json(made.as_json(), 201)

    return await once(request, caller, key, user_id, keep)


@router.get("/users/{user_id}/corrections", responses=returns(CorrectionLines))
def list_corrections(caller: Reads, user_id: Segment, limit: Limit = 100, after: After = None) -> Response:
    """What people said of a user's profiles, in order."""
    caller.limner.store.check_user(user_id)
    return _listed(correction_page(caller.limner.store, limit, number_of(after), user_id=user_id))


@router.get("/corrections", responses=returns(CorrectionLines))
def all_corrections(caller: Reads, limit: Limit = 100, after: After = None) -> Response:
    """What people said of all profiles, in order: as training data."""
    start = number_of(after)
    try:
        return _listed(correction_page(caller.limner.store, limit, start))
    except NoStore:
        return _listed(Page([], None))


def _listed(page: Page[Correction]) -> Response:
    return Json({"corrections": [training_line(each) for each in page.items], "next": next_of(page)})
