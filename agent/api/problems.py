"""Errors as problem documents (RFC 9457): the same names, messages and remedies as on the command line.

Knows which HTTP status an error of limner is, not where it comes from.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from agent.errors import (
    BackendUnavailable,
    InputError,
    LimnerError,
    ModelReplyError,
    ModelUnavailable,
    ProfileInvalid,
    SchemaError,
    StoreBusy,
    StoreError,
    UsageError,
)
from agent.service import Cancelled, QueueFull, UnknownTenant
from retrieval import UnknownUser

__all__ = ["MEDIA_TYPE", "STATUS", "Problem", "add_problem_handlers", "problem_of"]

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[Mapping[type[LimnerError], int]] = {
    UnknownUser: 404,
    UnknownTenant: 404,
    ProfileInvalid: 422,
    SchemaError: 422,
    InputError: 422,
    UsageError: 400,
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

_SPLIT: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


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

    def response(self) -> JSONResponse:
        """The problem document."""
        document = {
            "type": f"/v1/problems/{self.name}",
            "title": self.name.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        return JSONResponse(document, self.status, self.headers, media_type=MEDIA_TYPE)


def problem_of(error: LimnerError) -> Problem:
    """The problem that an error of limner is."""
    kind = next(each for each in type(error).__mro__ if each in STATUS)
    status = STATUS[kind]
    headers: dict[str, str] = {}
    more: dict[str, Any] = {}
    if isinstance(error, QueueFull):
        status = 429 if error.own else status
        headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, StoreBusy):
        headers["Retry-After"] = "5"
    if isinstance(error, ProfileInvalid):
        more["problems"] = error.problems
    if isinstance(error, SchemaError):
        more |= {"pointer": error.pointer, "keyword": error.keyword}
    name = _SPLIT.sub("-", kind.__name__).lower()
    return Problem(status, name, str(error), headers=headers, **({"hint": error.hint} if error.hint else {}), **more)


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of the application become a problem document."""

    @app.exception_handler(Problem)
    async def of_api(request: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(LimnerError)
    async def of_limner(request: Request, error: LimnerError) -> JSONResponse:
        return problem_of(error).response()

    @app.exception_handler(RequestValidationError)
    async def of_request(request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = [{"at": list(each["loc"]), "message": each["msg"]} for each in error.errors()]
        detail = "; ".join(f"{'.'.join(map(str, each['at']))}: {each['message']}" for each in wrong)
        return Problem(422, "invalid-request", detail, errors=wrong).response()

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> JSONResponse:
        name = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http-error")
        headers = {str(key): str(value) for key, value in (error.headers or {}).items()}
        return Problem(error.status_code, name, str(error.detail), headers=headers).response()
