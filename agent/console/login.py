"""Logging in with an API key, logging out, the language of the pages, and the purpose that they are for."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from agent.console.pages import HOME, PageRoute, go_to, remember, render, safe_next
from agent.console.visits import LANGUAGE_COOKIE, Given, Visitor, cookie_name, new_secret, sessions_of
from agent.errors import UsageError, shorten
from agent.service import Service

__all__ = ["choose_language", "choose_purpose", "log_in", "log_out", "login_page", "router"]

router = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)


@router.get("/login")
def login_page(request: Request, next: Annotated[str, Query()] = HOME) -> Response:
    """Asks for a key."""
    if request.app.state.settings.dev:
        return RedirectResponse(safe_next(next), 303)
    return _page(request, next, wrong=False)


@router.post("/login")
def log_in(request: Request, form: Given) -> Response:
    """Starts a session, if the key is good."""
    service: Service = request.app.state.service
    key = service.keys.check(form["key"].strip())
    if key is None:
        return _page(request, form["next"], wrong=True)
    sessions_of(request).end(request.cookies.get(cookie_name(request), ""))
    secret, _ = sessions_of(request).start(key.tenant, key.key_id)
    response = RedirectResponse(safe_next(form["next"]), 303)
    remember(request, response, secret)
    return response


@router.post("/logout")
def log_out(request: Request, form: Given) -> Response:
    """Ends the session."""
    sessions_of(request).end(request.cookies.get(cookie_name(request), ""))
    response = go_to("login")
    response.delete_cookie(cookie_name(request), path=HOME)
    return response


@router.post("/purpose")
def choose_purpose(visit: Visitor, form: Given) -> Response:
    """Remembers what the histories are used for, as long as the session lasts, and goes back."""
    purpose = form["purpose"]
    if purpose not in visit.purposes:
        raise UsageError(f"there is no purpose {shorten(purpose)} here", hint=f"There are: {', '.join(visit.purposes)}")
    visit.session.purpose = purpose
    return RedirectResponse(safe_next(form["next"]), 303)


@router.get("/language")
def choose_language(request: Request, to: Annotated[str, Query()], next: Annotated[str, Query()] = HOME) -> Response:
    """Remembers the language, and goes back."""
    response = RedirectResponse(safe_next(next), 303)
    if to in ("en", "zh"):
        secure = request.url.scheme == "https"
        response.set_cookie(
            LANGUAGE_COOKIE, to, max_age=365 * 86_400, path=HOME, httponly=True, samesite="strict", secure=secure
        )
    return response


def _page(request: Request, after: str, *, wrong: bool) -> Response:
    secret = request.cookies.get(cookie_name(request)) or new_secret()
    token = sessions_of(request).token(secret)
    status = 401 if wrong else 200
    page = render("login.html", None, request, status=status, token=token, after=safe_next(after), wrong=wrong)
    remember(request, page, secret)
    return page
