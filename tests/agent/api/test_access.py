"""Who may do what: keys, scopes, tenants. Another tenant's things are not there, whatever is asked."""

from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers

from agent.api.sites import is_foreign
from tests.agent.api.serving import Served, served

ERASE = {"method": "POST", "path": "/v1/users/u1/erasures", "json": {}}


@pytest.fixture
def server(tmp_path: Path) -> Any:
    with served(tmp_path) as found:
        found.load()
        yield found


def _operations(server: Served) -> list[tuple[str, str]]:
    document = server.client.get("/v1/openapi.json").json()
    return [
        (method.upper(), path.replace("{number}", "1").replace("{", "x").replace("}", ""))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if operation.get("security")
    ]


def test_nothing_is_done_without_a_key(server: Served) -> None:
    operations = _operations(server)
    assert len(operations) > 30
    for method, path in operations:
        for headers in ({}, {"Authorization": "Bearer limner_x"}, {"Authorization": "Basic dTpw"}):
            told = server.client.request(method, path, headers=headers)
            assert told.status_code == 401, (method, path)
            assert told.headers["www-authenticate"].startswith("Bearer")


def test_only_operations_for_operators_and_readers_of_documents_are_open(server: Served) -> None:
    document = server.client.get("/v1/openapi.json").json()
    is_open = [
        path for path, item in document["paths"].items() if any(not each.get("security") for each in item.values())
    ]
    assert sorted(is_open) == ["/health", "/ready", "/v1/problems/{name}"]


def test_scopes(server: Served) -> None:
    body: dict[str, dict[str, Any]] = {
        "read": {"method": "GET", "path": "/v1/users"},
        "write": {"method": "POST", "path": "/v1/users/u1/events", "json": {"text": "I moved."}},
        "erase": {"method": "GET", "path": "/v1/users/u1/export"},
        "admin": {"method": "GET", "path": "/metrics"},
    }
    for scope, request in body.items():
        for own in body:
            told = server.ask(**request, headers=server.key(own))
            assert (told.status_code != 403) == (own in (scope, "admin")), (scope, own)


def test_what_was_forgotten_is_not_loaded_again_by_who_may_only_write(server: Served) -> None:
    event = {"text": "I live in Munich now.", "id": "a", "timestamp": "2024-03-01", "channel": "email"}
    assert server.ask(**ERASE).status_code == 201
    add = {"method": "POST", "path": "/v1/users/u1/events", "json": event}
    assert server.ask(**add).json()["forgotten"] == 1
    assert server.ask(**add, params={"force": True}, headers=server.key("write")).status_code == 403
    assert server.ask(**add, params={"force": True}).json()["added"] == 1


def test_a_revoked_key_is_worth_nothing(server: Served) -> None:
    headers = server.key("read")
    assert server.ask("GET", "/v1/me", headers=headers).json()["scopes"] == ["read"]
    server.service.keys.revoke(headers["Authorization"].split("_")[1])
    assert server.ask("GET", "/v1/me", headers=headers).status_code == 401


def test_another_tenants_things_are_not_there(tmp_path: Path) -> None:
    with served(tmp_path, tenants=True) as server:
        server.load()
        job = server.ask("POST", "/v1/users/u1/profiles", json={}).json()["job_id"]
        server.ask("GET", f"/v1/jobs/{job}/events")
        server.ask("PUT", "/v1/schemas/mine", json={"type": "object", "properties": {"x": {"type": "string"}}})
        other = server.key("admin", tenant="other")
        server.ask("POST", "/v1/users/u2/events", json={"text": "I live in Hamburg."}, headers=other)
        for path in (
            "/v1/users/u1",
            "/v1/users/u1/events/a",
            "/v1/users/u1/search?q=city",
            "/v1/users/u1/profiles/person",
            "/v1/users/u1/export",
            "/v1/schemas/mine",
            f"/v1/jobs/{job}",
            f"/v1/jobs/{job}/events",
        ):
            assert server.ask("GET", path).status_code == 200, path
            assert server.ask("GET", path, headers=other).status_code == 404, path
        assert server.ask("POST", "/v1/users/u1/ask", json={"question": "who?"}, headers=other).status_code == 404
        assert server.ask(**ERASE, headers=other).status_code == 404
        assert server.ask("DELETE", f"/v1/jobs/{job}", headers=other).status_code == 404
        assert [each["user_id"] for each in server.ask("GET", "/v1/users", headers=other).json()["users"]] == ["u2"]
        assert server.ask("GET", "/v1/jobs", headers=other).json() == {"jobs": [], "next": None}


def test_pages_of_other_origins(tmp_path: Path) -> None:
    asked = {"Origin": "https://crm.example", "Access-Control-Request-Method": "GET"}
    with served(tmp_path) as server:
        told = server.client.options("/v1/users", headers=asked)
        assert "access-control-allow-origin" not in told.headers
    with served(tmp_path, origins=("https://crm.example",)) as server:
        told = server.client.options("/v1/users", headers=asked)
        assert told.headers["access-control-allow-origin"] == "https://crm.example"
        told = server.client.options("/v1/users", headers={**asked, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in told.headers


def test_metrics_name_nobody(server: Served) -> None:
    server.ask("POST", "/v1/users/u1/ask", json={"question": "Which city does she live in?"})
    server.ask("GET", "/v1/users/张三")
    server.client.get("/etc/passwd")
    told = server.ask("GET", "/metrics").text
    assert 'limner_http_requests_total{method="GET",route="/v1/users/{user_id}",status="200"} 1.0' in told
    assert 'limner_http_requests_total{method="GET",route="none",status="404"} 1.0' in told
    assert 'limner_jobs_total{kind="ask",state="done"} 1.0' in told
    assert "limner_model_loaded 1.0" in told
    assert "u1" not in told and "张三" not in told and "passwd" not in told and "Munich" not in told


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://limner.local"}, True),
        ({"origin": "http://limner.local"}, False),
        ({"origin": "http://LIMNER.local"}, False),
        ({"origin": "http://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": "https://crm.example", "sec-fetch-site": "cross-site"}, False),
    ],
)
def test_which_pages_are_of_another_site(headers: dict[str, str], foreign: bool) -> None:
    given = Headers({"host": "limner.local", **headers})
    assert is_foreign(given, ("https://crm.example",)) is foreign
