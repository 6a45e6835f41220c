"""Who looks at a page: the session behind a request, what its key allows, and whether a form may be sent.

Knows requests, sessions and keys, nothing of pages.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import Depends, Request

from agent.api.access import DEV_KEY, Caller
from agent.api.problems import Problem
from agent.api.sites import is_foreign
from agent.console.sessions import Session, Sessions
from agent.console.texts import Texts, chosen_language
from agent.errors import NoStore
from agent.service import ApiKey, Scope, Service

__all__ = [
    "LANGUAGE_COOKIE",
    "Form",
    "Given",
    "LoginNeeded",
    "Visit",
    "Visitor",
    "cookie_name",
    "form_of",
    "new_secret",
    "sessions_of",
    "texts_of",
    "visit_of",
]

_MOST_BYTES: Final = 500_000  # of a schema, whose marks of JSON are three bytes each in a form
LANGUAGE_COOKIE: Final = "limner_language"
"""The cookie with the language that was chosen."""


class LoginNeeded(Exception):
    """There is no session; the login page comes first."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request with a session whose key is good.

    Attributes:
        caller: the service and the key.
        session: what is known of the browser.
        secret: what names the session.
        texts: the words of its language.
        purposes: which purposes may be chosen; the caller's is one of them, where there are any.
    """

    request: Request
    caller: Caller
    session: Session
    secret: str
    texts: Texts
    purposes: tuple[str, ...] = ()

    @property
    def purpose(self) -> str | None:
        """What the histories are used for; None where the store has no purposes."""
        return self.caller.purpose

    @property
    def token(self) -> str:
        """What every form has to hold."""
        return sessions_of(self.request).token(self.secret)

    def may(self, scope: Scope) -> bool:
        """Whether the key is good for ``scope``."""
        return self.caller.key.may(scope)

    def check(self, scope: Scope) -> None:
        """Refuse what the key is not good for.

        Raises:
            Problem: 403.
        """
        if not self.may(scope):
            raise Problem(403, "forbidden", f"the key is not good for this. It needs the scope {scope!r}")

    @property
    def name(self) -> str:
        """Who corrects: the name that was given, or the key's label; "" where neither is known."""
        label = "" if self.caller.key.key_id == DEV_KEY.key_id else self.caller.key.label
        return self.session.name or label


class Form(dict[str, str]):
    """The fields of a form that was sent; a field that was left out is an empty text."""

    def __missing__(self, name: str) -> str:
        return ""

    @property
    def of(self) -> Any:
        """The value of the claim that is meant, where it is not the one in the profile; else None.

        Raises:
            Problem: 400, it is no JSON.
        """
        try:
            return json.loads(self["of"]) if self["of"] else None
        except (ValueError, RecursionError) as error:
            raise Problem(400, "invalid-request", "the form names a value that is none. Load the page again") from error


def sessions_of(request: Request) -> Sessions:
    """The sessions of the server."""
    sessions: Sessions = request.app.state.console
    return sessions


def cookie_name(request: Request) -> str:
    """The cookie of the session; servers on different ports of one host have different ones."""
    return f"limner_session_{request.url.port or 0}"


def visit_of(request: Request) -> Visit:
    """Who looks; in the mode for development, anybody.

    Raises:
        LoginNeeded: there is no session, or its key is not good any more.
        Problem: 403, the key is good for nothing that is shown.
    """
    service: Service = request.app.state.service
    sessions = sessions_of(request)
    secret = request.cookies.get(cookie_name(request), "")
    session = sessions.get(secret)
    if session is None and request.app.state.settings.dev:
        secret, session = sessions.start(DEV_KEY.tenant, DEV_KEY.key_id)
        request.state.new_session = secret
    key = None if session is None else _key_of(service, session, dev=request.app.state.settings.dev)
    if session is None or key is None:
        raise LoginNeeded
    request.state.is_operator = key.may("admin")
    purposes = _purposes_for(service, key)
    chosen = session.purpose if session.purpose in purposes else next(iter(purposes), None)
    visit = Visit(request, Caller(service, key, chosen), session, secret, texts_of(request), purposes)
    visit.check("read")
    return visit


def _purposes_for(service: Service, key: ApiKey) -> tuple[str, ...]:
    """The purposes of the tenant's policy that the key is good for; the first is meant where none was chosen."""
    try:
        known = service.limner(key.tenant).store.policy().purposes
    except NoStore:
        known = ()
    return tuple(each for each in known if key.is_for(each)) or key.purposes


def texts_of(request: Request) -> Texts:
    """The words for a request."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return Texts(chosen_language(chosen, request.headers.get("accept-language", "")), datetime.now(UTC))


async def form_of(request: Request) -> Form:
    """The fields of a form that one of our own pages sent.

    Raises:
        Problem: 403, another page sent it, or the page is of an earlier session; 413, it is too large.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise Problem(413, "too-large", f"the form has more than {_MOST_BYTES} bytes. Send less")
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise Problem(400, "invalid-request", "the form cannot be read. Send it from the console") from error
    form = Form({name: values[-1].replace("\r\n", "\n") for name, values in fields.items()})  # as forms send "\n"
    secret = request.cookies.get(cookie_name(request), "")
    if is_foreign(request.headers) or not secret or not sessions_of(request).is_token(secret, form["token"]):
        raise Problem(
            403,
            "forbidden",
            "the form is not of this session, or is for another purpose. Load the page again and repeat it",
        )
    return form


def _key_of(service: Service, session: Session, *, dev: bool) -> ApiKey | None:
    if session.key_id == DEV_KEY.key_id:
        return DEV_KEY if dev else None
    for key in service.keys.all(session.tenant):
        if key.key_id == session.key_id:
            return key if key.is_good() else None
    return None


def new_secret() -> str:
    """What names a browser that has not logged in yet."""
    return secrets.token_urlsafe(32)


Visitor = Annotated[Visit, Depends(visit_of)]
Given = Annotated[Form, Depends(form_of)]
