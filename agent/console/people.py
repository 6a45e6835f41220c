"""The list of customers, a page at a time, and the search in it."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Query
from fastapi.responses import Response

from agent.console.pages import HOME, PageRoute, render
from agent.console.portrait import name_in, role_of
from agent.console.texts import Texts
from agent.console.visits import Visitor
from agent.errors import UsageError
from retrieval import Store
from retrieval.browsing import UserPage, UserRow

__all__ = ["Person", "people", "router"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)

_PER_PAGE: Final = 25
_MOST_NAMED: Final = 200
_VALUES_SHOWN: Final = 8


class Person(NamedTuple):
    """A line of the list; what no profile tells is None. ``mood``: the word of the profile, and ours for it.

    ``line``: the summary, else the first values of the profile; None where there is no profile.
    """

    row: UserRow
    name: str | None
    mood: tuple[str, str] | None
    issues: int
    line: str | None


@router.get("")
def people(
    visit: Visitor,
    q: Annotated[str, Query(max_length=4000)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """Who there is, those who wrote last first; or those with these words in their id or name."""
    store, words = visit.caller.limner.store, q.strip()
    try:
        found, by_name = _find(store, words, page)
        documents = store.browsing.latest_documents([each.user_id for each in found.users])
    except UsageError:  # nothing was ingested yet
        found, by_name, documents = UserPage((), 0), True, {}
    return render(
        "people.html",
        visit,
        visit.request,
        q=words,
        found=found,
        by_name=by_name,
        persons=[_person(row, documents.get(row.user_id), visit.texts) for row in found.users],
        page=page,
        pages=max(1, -(-found.total // _PER_PAGE)),
        first=(page - 1) * _PER_PAGE + 1,
    )


def _find(store: Store, words: str, page: int) -> tuple[UserPage, bool]:
    """The users, and whether names were searched, too."""
    offset = (page - 1) * _PER_PAGE
    if not words:
        return store.browsing.users(_PER_PAGE, offset), True
    named = store.browsing.documents_with(words, _MOST_NAMED)
    among = [
        user
        for user, document in (named or {}).items()
        if words.casefold() in (name_in(document["profile"]) or "").casefold()
    ]
    return store.browsing.users(_PER_PAGE, offset, matching=words, among=among), named is not None


def _person(row: UserRow, document: dict[str, Any] | None, texts: Texts) -> Person:
    if document is None:
        return Person(row, None, None, 0, None)
    profile: dict[str, Any] = document["profile"]
    told = {role_of(f"/{name}"): value for name, value in reversed(profile.items()) if value}
    mood, issues, summary = told.get("feels"), told.get("issues"), told.get("summary")
    return Person(
        row,
        name_in(profile),
        (mood, texts.known("value", mood)) if isinstance(mood, str) else None,
        sum(_is_open(each) for each in issues) if isinstance(issues, list) else 0,
        summary if isinstance(summary, str) else texts.listed(list(islice(_words(profile), _VALUES_SHOWN))),
    )


def _words(value: Any) -> Iterator[str]:
    """The values in a profile, each in words."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _words(each)
    elif isinstance(value, str) and value.strip():
        yield value


def _is_open(issue: Any) -> bool:
    return not (isinstance(issue, dict) and issue.get("status") not in (None, "open"))
