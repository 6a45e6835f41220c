"""Errors as problem documents (RFC 9457): the names and messages of the command line, remedies in the API's words.

Knows which HTTP status an error of limner is, not where it comes from.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from agent.api.problem_types import TYPES
from agent.api.responses import Json
from agent.errors import (
    BackendUnavailable,
    ConsentMissing,
    InputError,
    LimnerError,
    ModelReplyError,
    ModelUnavailable,
    NoStore,
    NotFound,
    ProfileInvalid,
    SchemaError,
    StoreBusy,
    StoreError,
    TokenKeyUnusable,
    UsageError,
)
from agent.service import Cancelled, InProgress, OtherRequest, QueueFull, UnknownTenant
from agent.service.defects import is_for_log, log_once, meaning_of, place_of
from agent.service.remedies import NOTHING_LOADED, Door, remedy_of, told
from retrieval import UnknownUser

__all__ = ["MEDIA_TYPE", "STATUS", "Problem", "add_problem_handlers", "defect", "note", "problem_of"]

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[Mapping[type[LimnerError], int]] = {
    UnknownUser: 404,
    UnknownTenant: 404,
    NotFound: 404,
    NoStore: 404,
    ProfileInvalid: 422,
    SchemaError: 422,
    InputError: 422,
    ConsentMissing: 403,
    TokenKeyUnusable: 500,
    UsageError: 400,
    OtherRequest: 422,
    InProgress: 409,
    QueueFull: 503,
    Cancelled: 409,
    ModelReplyError: 502,
    ModelUnavailable: 503,
    BackendUnavailable: 503,
    StoreBusy: 503,
    StoreError: 500,
    LimnerError: 500,
}
"""The status of each error; an error that is not named here has that of its nearest ancestor."""

_LOG = logging.getLogger(__name__)
_SPLIT: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OF_LOG: Final = (LimnerError, TokenKeyUnusable)
"""Their messages are for nobody who sends requests: a key of the server is not the tenant's, whatever its own is good
for."""

_OF_HTTP: Final = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media-type"}


class Problem(Exception):
    """An error of the HTTP API itself: no key, too large, no such job."""

    def __init__(
        self, status: int, name: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def document(self) -> dict[str, Any]:
        """The problem document."""
        return {
            "type": f"/v1/problems/{self.name}",
            "title": self.name.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }

    def response(self) -> Json:
        """The problem document, as it is sent."""
        return Json(self.document(), self.status, self.headers, media_type=MEDIA_TYPE)


def problem_of(error: LimnerError, *, for_operator: bool = True, door: Door = "api") -> Problem:
    """The problem that an error of limner is; ``for_operator``: with the names of folders and servers.

    Its detail ends with the remedy, which is its hint, too.
    """
    kind = next(each for each in type(error).__mro__ if each in STATUS)
    status = STATUS[kind]
    name = _SPLIT.sub("-", kind.__name__).lower()
    headers: dict[str, str] = {}
    detail, hint = told(error, door)
    more: dict[str, Any] = {"hint": hint} if hint else {}
    detail = f"{detail}. {hint}" if hint else detail
    if isinstance(error, QueueFull):
        status = 429 if error.own else status
        headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, StoreBusy):
        headers["Retry-After"] = "5"
    if isinstance(error, ProfileInvalid):
        more["problems"] = error.problems
    if isinstance(error, SchemaError):
        more |= {"pointer": error.pointer, "keyword": error.keyword}
    if isinstance(error, NoStore):
        hint = remedy_of(NOTHING_LOADED, door)
        detail, more = f"nothing has been loaded yet. {hint}", {"hint": hint}
    elif kind in _OF_LOG or (meaning_of(error) is not None and not for_operator):
        detail, more = TYPES[name].meaning, {}
    return Problem(status, name, detail, headers=headers, **more)


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of the application become a problem document."""

    @app.exception_handler(Problem)
    async def of_api(request: Request, error: Problem) -> Json:
        return error.response()

    @app.exception_handler(LimnerError)
    async def of_limner(request: Request, error: LimnerError) -> Json:
        note(error)
        return problem_of(error, for_operator=getattr(request.state, "is_operator", False)).response()

    @app.exception_handler(RequestValidationError)
    async def of_request(request: Request, error: RequestValidationError) -> Json:
        wrong = [{"at": [str(part) for part in each["loc"]], "message": each["msg"]} for each in error.errors()]
        detail = "; ".join(f"{'.'.join(each['at'])}: {each['message']}" for each in wrong)
        return Problem(422, "invalid-request", detail, errors=wrong).response()

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Json:
        name = _OF_HTTP.get(error.status_code, "bad-request" if error.status_code < 500 else "internal-error")
        headers = {str(key): str(value) for key, value in (error.headers or {}).items()}
        return Problem(error.status_code, name, str(error.detail), headers=headers).response()


def note(error: LimnerError) -> None:
    """Write to the log what the operator has to do something about, and a client is not told; once."""
    if is_for_log(error) or problem_of(error).status == 500:
        log_once(_LOG, error)


def defect(error: BaseException) -> Problem:
    """The problem that an unforeseen error is; what is known of it goes to the log, without its message."""
    _LOG.error("a request ended with an unforeseen error: %s", place_of(error))
    return Problem(500, "internal-error", TYPES["internal-error"].meaning)
