"""Histories: ``/v1/events`` takes uploads of any size, ``/v1/users/{user_id}/events`` single events, and reads them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import Response

from agent.api.access import Reads, Writes
from agent.api.cursors import After, Limit, cursor_of, not_a_cursor, place_of
from agent.api.documents import EventDocument, Events, StoredEvent
from agent.api.jsonvalues import JsonObject
from agent.api.openapi import returns
from agent.api.paths import Segment, path_of
from agent.api.repeating import IdempotencyKey, once
from agent.api.responses import Json
from agent.api.threads import writing
from agent.errors import InputError
from agent.listings import ingest_document
from retrieval import Event, Role
from retrieval.events import bare_id
from retrieval.paging import EventFilter, Place
from retrieval.rows import RowReader

__all__ = ["Force", "add_event", "get_event", "list_events", "router"]

router = APIRouter(prefix="/v1/users/{user_id}/events", tags=["events"])

Force = Annotated[bool, Query(description="Load also what was forgotten; needs a key with the scope `erase` as well.")]

_EVENT = {"text": "I moved to Munich last month.", "timestamp": "2024-04-01T09:12:00Z", "channel": "email", "id": "e7"}


@router.post(
    "",
    status_code=201,
    responses={**returns(StoredEvent, 201), **returns(StoredEvent, 200, description="It was there already.")},
)
async def add_event(
    request: Request,
    caller: Writes,
    user_id: Segment,
    row: Annotated[
        JsonObject, Body(examples=[_EVENT], description="The columns are those that `limner ingest` finds.")
    ],
    key: IdempotencyKey = None,
    force: Force = False,
) -> Response:
    """Add one event to a history. Without an id its content is its id, so that adding it twice changes nothing."""
    if force:
        caller.check("erase")
    event = _event_of(row, user_id)

    async def add() -> Response:
        report = await writing(request, caller.service.load, caller.tenant, [event], force=force)
        document = {"user_id": event.user_id, "event_id": event.event_id, **ingest_document(report)}
        where = path_of("v1", "users", event.user_id, "events", event.event_id)
        return Json(document, 201, {"Location": where}) if report.added else Json(document)

    return await once(request, caller, key, event.user_id, add)


@router.get("", responses=returns(Events))
def list_events(
    caller: Reads,
    user_id: Segment,
    since: Annotated[str | None, Query(max_length=64, description="Of this time and later.")] = None,
    until: Annotated[str | None, Query(max_length=64, description="And earlier; of a date, the whole day.")] = None,
    channel: Annotated[str | None, Query(max_length=1000)] = None,
    speaker: Annotated[str | None, Query(max_length=1000)] = None,
    role: Role | None = None,
    order: Annotated[Literal["oldest", "newest"], Query(description="Which come first.")] = "oldest",
    limit: Limit = 100,
    after: After = None,
) -> Response:
    """A user's events in time order; those without a time count as the oldest."""
    wanted = EventFilter(since, until, channel, speaker, role)
    behind = None if after is None else Place(*place_of(after, (float, int), int))
    if behind is not None and not behind.is_possible:
        raise not_a_cursor()
    page = caller.limner.store.event_page(user_id, limit, behind, wanted, newest_first=order == "newest")
    following = None if page.next is None else cursor_of(*page.next)
    return Json({"user_id": user_id, "events": [_document(each) for each in page.events], "next": following})


@router.get("/{event_id}", responses=returns(EventDocument))
def get_event(caller: Reads, user_id: Segment, event_id: Segment) -> Response:
    """One event, whose text quotes are cut from."""
    return Json(_document(caller.limner.store.event(user_id, event_id)))


def _event_of(row: Mapping[str, Any], user_id: str) -> Event:
    event = RowReader(user_id=user_id).event(row, "request", 1)
    if event.user_id != bare_id(user_id):
        raise InputError("the event names another user than the path", hint="Leave the user out of the event")
    return event


def _document(event: Event) -> dict[str, Any]:
    plain = {each.name: getattr(event, each.name) for each in fields(event) if each.name != "origin"}
    return {**plain, "metadata": dict(event.metadata)}
