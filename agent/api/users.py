"""Users and what search finds in their histories: ``/v1/users``."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from agent.api.access import Reads
from agent.api.cursors import After, Limit, cursor_of, place_of
from agent.api.documents import SearchDocument, User, Users
from agent.api.jsonvalues import Text
from agent.api.openapi import returns
from agent.api.paths import Segment
from agent.api.responses import Json
from agent.errors import NoStore
from agent.listings import search_document, users_document

__all__ = ["get_user", "list_users", "router", "search"]

router = APIRouter(prefix="/v1/users")


@router.get("", tags=["users"], responses=returns(Users))
def list_users(
    caller: Reads,
    q: Annotated[str, Query(max_length=200, description="Only ids that contain this, in whatever case.")] = "",
    limit: Limit = 100,
    after: After = None,
) -> Response:
    """Who is in the store, sorted by id."""
    behind = None if after is None else place_of(after, str)[0]
    try:
        found, more = caller.limner.store.find_users(limit, behind, q)
    except NoStore:
        found, more = [], False
    return Json({**users_document(found), "next": cursor_of(found[-1].user_id) if more else None})


@router.get("/{user_id}", tags=["users"], responses=returns(User))
def get_user(caller: Reads, user_id: Segment) -> Response:
    """How much the store holds of a user."""
    return Json(caller.limner.store.user(user_id)._asdict())


@router.get("/{user_id}/search", tags=["search"], responses=returns(SearchDocument))
def search(
    caller: Reads,
    user_id: Segment,
    q: Annotated[Text, Query(description="A question or keywords.", examples=["where does she live"])],
    k: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 10,
    explain: Annotated[bool, Query(description="Tell which ranker found each, where.")] = False,
) -> Response:
    """Ranked evidence from a user's history. Loads the embedder when it is first needed, never the language model."""
    return Json(search_document(user_id, q, caller.limner.search(user_id, q, k), explain=explain))
