"""Users and what search finds in their histories: ``/v1/users``."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from agent.api.access import Reads
from agent.api.paths import Segment
from agent.listings import search_document

__all__ = ["list_users", "router", "search"]

router = APIRouter(prefix="/v1/users", tags=["users"])


@router.get("")
def list_users(caller: Reads) -> dict[str, Any]:
    """Who is in the store."""
    return {"users": [each._asdict() for each in caller.limner.users()]}


@router.get("/{user_id}/search")
def search(
    caller: Reads,
    user_id: Segment,
    q: Annotated[str, Query(min_length=1, max_length=2000, examples=["where does she live"])],
    k: Annotated[int, Query(ge=1, le=100)] = 10,
    explain: bool = False,
) -> dict[str, Any]:
    """Ranked evidence from a user's history."""
    return search_document(user_id, q, caller.limner.search(user_id, q, k), explain=explain)
