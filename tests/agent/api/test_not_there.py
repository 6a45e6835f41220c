"""What another tenant has does not exist: the answer is that of what exists nowhere, and so is the work behind it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.agent.api.serving import SCHEMA, Served, served

TIMES = int(os.environ.get("LIMNER_TIMES", "60"))
_CHANGING = ("ratelimit", "date")
_ASKED: dict[str, Any] = {
    "POST /v1/users/{user_id}/ask": {"json": {"question": "Which city does she live in?"}},
    "POST /v1/users/{user_id}/explanations": {"json": {"pointer": "/city", "schema": "small"}},
    "POST /v1/users/{user_id}/profiles": {"json": {"schema": "small"}},
    "POST /v1/users/{user_id}/corrections": {
        "json": {"pointer": "/city", "action": "correct", "value": "Bonn", "schema": "small"}
    },
    "POST /v1/users/{user_id}/consents": {"json": {"purpose": "support", "action": "grant"}},
    "POST /v1/users/{user_id}/events": {"json": {"text": "I live in Munich now.", "id": "a"}},
    "POST /v1/users/{user_id}/erasures": {"json": {}},
    "PUT /v1/schemas/{name}": {"json": SCHEMA},
    "GET /v1/users/{user_id}/search": {"params": {"q": "city"}},
}
_MAKING = ("PUT /v1/schemas/{name}", "POST /v1/users/{user_id}/events", "POST /v1/users/{user_id}/consents")
"""What makes something: for both alike, so that they come last."""

_EMPTY = ("GET /v1/users/{user_id}/erasures", "GET /v1/users/{user_id}/consents")
"""Lists that may be of users who are not there, since they outlive them."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """The tenant ``default`` has u1 and a registered schema, a profile, a correction, a job and a receipt."""
    with served(tmp_path, tenants=True, rate="1000000/second") as found:
        found.load()
        found.ask("PUT", "/v1/schemas/mine", json=SCHEMA).raise_for_status()
        for headers in (found.headers, found.key("admin", tenant="other")):
            found.ask("PUT", "/v1/schemas/small", json=SCHEMA, headers=headers).raise_for_status()
        found.ask("POST", "/v1/users/u1/erasures", json={"events": ["b"]}).raise_for_status()
        job = found.ask("POST", "/v1/users/u1/profiles", json={"schema": "small"}).json()["job_id"]
        found.ask("GET", f"/v1/jobs/{job}/events").raise_for_status()
        found.ask("POST", **_to("corrections")).raise_for_status()
        yield found


def _to(part: str) -> dict[str, Any]:
    return {"path": f"/v1/users/u1/{part}", **_ASKED[f"POST /v1/users/{{user_id}}/{part}"]}


def _operations(server: Served) -> list[str]:
    """All that is about a user, an event, a claim, a job, a schema or a receipt."""
    paths = server.client.get("/v1/openapi.json").json()["paths"]
    found = [f"{method.upper()} {path}" for path, item in paths.items() if "{" in path for method in item]
    return sorted((each for each in found if "problems" not in each), key=lambda each: each in _MAKING)


def _pairs(server: Served) -> tuple[dict[str, str], dict[str, str]]:
    """Names of what the tenant ``default`` has, and of what nobody has, of the same length."""
    job = server.ask("GET", "/v1/jobs").json()["jobs"][0]["job_id"]
    event_id = server.ask("GET", "/v1/users/u1/events").json()["events"][0]["event_id"]
    theirs = {"user_id": "u1", "event_id": event_id, "job_id": job, "name": "mine"}
    nowhere = {"user_id": "u9", "event_id": "z", "job_id": job[::-1], "name": "none"}
    same = {"schema": "small", "number": "1"}  # both tenants have the schema; receipts and versions are counted from 1
    return {**theirs, **same}, {**nowhere, **same}


def test_what_another_tenant_has_is_answered_as_what_is_nowhere(server: Served) -> None:
    other = server.key("admin", tenant="other")
    server.ask("POST", "/v1/users/u2/events", json={"text": "I live in Hamburg."}, headers=other).raise_for_status()
    theirs, nowhere = _pairs(server)
    for operation in _operations(server):
        method, path = operation.split(" ")
        if method == "GET" and operation not in _EMPTY:
            assert server.ask(method, path.format(**theirs), **_ASKED.get(operation, {})).status_code == 200, operation
        seen = [_answer(server, operation, names, other) for names in (theirs, nowhere)]
        assert seen[0] == seen[1], operation
        status, _, body, statements = seen[0]
        assert status == 404 or operation in _MAKING or operation in _EMPTY, operation
        assert "Munich" not in body or operation in _MAKING
        assert statements or not path.startswith("/v1/users"), operation


def test_another_users_event_is_answered_as_one_that_is_nowhere(server: Served) -> None:
    theirs, nowhere = _pairs(server)
    seen = [
        _answer(server, "GET /v1/users/{user_id}/events/{event_id}", {**names, "user_id": "张三"}, server.headers)
        for names in (theirs, nowhere)
    ]
    assert seen[0] == seen[1] and seen[0][0] == 404


def test_what_another_tenant_was_answered_is_not_repeated(server: Served) -> None:
    """Requests of two tenants may be alike to the last letter."""
    other = server.key("admin", tenant="other")
    request = {"method": "POST", "path": "/v1/users/u1/events", "json": {"text": "I live in Munich now.", "id": "q"}}
    for headers in (server.headers, other):
        told = server.ask(**request, headers={**headers, "Idempotency-Key": "one"})
        assert (told.status_code, "idempotency-replayed" in told.headers) == (201, False)
        told = server.ask(**request, headers={**headers, "Idempotency-Key": "one"})
        assert (told.status_code, "idempotency-replayed" in told.headers) == (201, True)


def test_it_takes_as_long(server: Served) -> None:
    """The median of many, in turn; what differs is the machine's noise. ``LIMNER_TIMES=2000`` asks so often."""
    other = server.key("admin", tenant="other")
    server.ask("POST", "/v1/users/u2/events", json={"text": "I live in Hamburg."}, headers=other).raise_for_status()
    pairs = _pairs(server)
    for path in ("/v1/users/{user_id}", "/v1/users/{user_id}/events/{event_id}", "/v1/users/{user_id}/profiles/small"):
        took: tuple[list[float], list[float]] = ([], [])
        for turn in range(2 * TIMES):
            started = time.perf_counter()
            told = server.ask("GET", path.format(**pairs[turn % 2]), headers=other)
            took[turn % 2].append(time.perf_counter() - started)
            assert told.status_code == 404
        theirs, nowhere = (median(each) for each in took)
        print(f"{path}: {1000 * theirs:.2f} ms, where it is nowhere {1000 * nowhere:.2f} ms")
        assert 0.5 < theirs / nowhere < 2


def _answer(
    server: Served, operation: str, names: dict[str, str], headers: dict[str, str]
) -> tuple[int, dict[str, str], str, list[str]]:
    """Status, headers and body of an answer, without the names that were asked for, and the SQL behind it."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, sql: str, *more: Any) -> None:
        statements.append(sql)

    method, path = operation.split(" ")
    event.listen(Engine, "before_cursor_execute", note)
    try:
        told = server.ask(method, path.format(**names), headers=headers, **_ASKED.get(operation, {}))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    kept = {name: value for name, value in told.headers.items() if name not in _CHANGING}
    body = told.text
    for value in names.values():
        kept = {name: said.replace(value, "…") for name, said in kept.items()} if len(value) > 1 else kept
        body = body.replace(value, "…") if len(value) > 1 else body.replace(f"'{value}'", "…")
    return told.status_code, kept, body, statements
