"""Makes pages of templates, with the headers that keep anything in them from being executed; errors become pages, too.

Knows templates and headers, not what is shown.
"""

import json
from collections.abc import Callable, Coroutine, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute

from agent.api.problems import Problem, note, problem_of
from agent.console.sessions import LASTS_SECONDS
from agent.console.texts import Texts
from agent.console.troubles import Trouble, trouble_of
from agent.console.visits import LoginNeeded, Visit, cookie_name, texts_of
from agent.errors import ConsentMissing, LimnerError
from agent.footnotes import excerpt

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["HEADERS", "HOME", "Missing", "PageRoute", "barred", "go_to", "page_url", "remember", "render", "safe_next"]

HOME: Final = "/console"

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, forms would say that they come from "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer of the console has."""


class Missing(Exception):
    """There is no such page."""


class PageRoute(APIRoute):
    """A route whose answers have our headers and whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with what stands around it."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                response = await handle(request)
            except LoginNeeded:
                response = _to_login(request)
            except Problem as problem:
                response = _error_page(request, problem)
            except ConsentMissing as error:
                said, remedy = barred(error, texts_of(request))
                response = _error_page(request, Problem(403, "consent-missing", said, hint=remedy))
            except LimnerError as error:
                note(error)
                for_operator = getattr(request.state, "is_operator", False)
                found = problem_of(error, for_operator=for_operator, door="console")
                response = _error_page(request, found, for_operator=for_operator)
            except Missing:
                response = _error_page(request, Problem(404, "not-found", "there is no such page"))
            except RequestValidationError:
                response = _error_page(request, Problem(400, "invalid-request", "the address is not complete"))
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            if started := getattr(request.state, "new_session", None):
                remember(request, response, started)
            return response

        return guarded


def render(template: str, visit: Visit | None, request: Request, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """A page; a variable that the template needs and that is not given is an error."""
    texts = visit.texts if visit else texts_of(request)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    common = {
        "t": texts,
        "visit": visit,
        "asset": request.app.state.console_assets.path,
        "url": page_url,
        "barred": barred,
        "json": _json,
        "excerpt": excerpt,
        "here": here if request.method == "GET" else HOME,
        "other_language": "en" if texts.language == "zh" else "zh",
    }
    content = _environment().get_template(template).render({**common, **shown})
    return HTMLResponse(content, status)


def barred(error: ConsentMissing, texts: Texts) -> tuple[str, str]:
    """What is missing, so that nothing may be told of a customer, and what to do."""
    purpose = error.purpose or texts("purpose.none")
    day = texts.date(error.day) if error.day else ""
    said = texts(f"barred.{error.why or 'changed'}", purpose=purpose, day=day)
    return said, texts("barred.help", purpose=error.purpose or "P")


def page_url(page: str, **query: Any) -> str:
    """The address of a page; what is None is left out."""
    given = {name: str(value) for name, value in query.items() if value is not None}
    path = f"{HOME}/{page}" if page else HOME
    return f"{path}?{urlencode(given, errors='surrogatepass')}" if given else path


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def go_to(page: str, **query: Any) -> RedirectResponse:
    """Send the browser to a page, by GET."""
    return RedirectResponse(page_url(page, **query), 303)


def safe_next(given: str) -> str:
    """Where to go on: a page of the console, whatever was given."""
    is_ours = given == HOME or given.startswith((f"{HOME}/", f"{HOME}?"))
    return given if is_ours and given.isprintable() and "\\" not in given else HOME


def remember(request: Request, response: Response, secret: str) -> None:
    """Give the browser the name of its session."""
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=LASTS_SECONDS,
        path=HOME,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _to_login(request: Request) -> Response:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return go_to("login", next=here if request.method == "GET" and here != HOME else None)


def _error_page(request: Request, problem: Problem, *, for_operator: bool = False) -> Response:
    known = {401, 403, 404, 429, 503}
    title = f"error.{problem.status}" if problem.status in known else "error.other"
    if problem.name == "consent-missing":
        trouble = Trouble(problem.detail, problem.more.get("hint"))
    else:
        trouble = trouble_of(problem, texts_of(request), for_operator=for_operator)
    response = render("error.html", None, request, status=problem.status, title=title, trouble=trouble)
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = files("agent.console") / "templates"

    def load(name: str) -> str | None:
        template = folder / name
        return template.read_text(encoding="utf-8") if template.is_file() else None

    return Environment(
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
