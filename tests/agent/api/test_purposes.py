"""Keys that are good for some purposes only: over HTTP, over MCP, and in files of an earlier limner."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from agent.cli import main
from agent.errors import UsageError
from agent.service import Keys, Service
from agent.service.book import Book
from retrieval.policies import make_policy
from tests.agent.api.serving import SCHEMA, Served, served
from tests.agent.mcp.talking import open_store, text_of
from tests.agent.mcp.test_over_http import up

PURPOSES = ["support", "marketing", "research"]
FORMER = """
CREATE TABLE keys (id TEXT PRIMARY KEY, hash BLOB NOT NULL, tenant TEXT NOT NULL, scopes TEXT NOT NULL,
    label TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT);
CREATE TABLE schemas (tenant TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, registered_at TEXT NOT NULL,
    PRIMARY KEY (tenant, name));
INSERT INTO keys SELECT id, hash, tenant, scopes, label, created_at, expires_at, revoked_at FROM made.keys;
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        found.load()
        found.service.schemas.register("default", "small", SCHEMA)
        store = found.service.limner("default").store
        store.set_policy(make_policy(PURPOSES, None, [], require_consent=True))
        for each in ("support", "marketing"):
            store.consents.grant("u1", each, by="t")
        yield found


def bound(server: Served, *purposes: str, scopes: tuple[str, ...] = ("read",), named: str | None = None) -> Any:
    key, _ = server.service.keys.make("default", scopes, purposes=purposes)
    more = {} if named is None else {"Limner-Purpose": named}
    return {"Authorization": f"Bearer {key}", **more}


def build(server: Served, headers: Any) -> Any:
    told = server.client.post("/v1/users/u1/profiles", json={"schema": "small"}, headers=headers)
    assert told.status_code == 202, told.text
    job = server.service.queue.job("default", told.json()["job_id"])
    assert job is not None and job.wait(30)
    return job


def test_a_key_is_used_for_its_own_purposes_and_no_others(server: Served) -> None:
    mine = bound(server, "marketing", "research")
    asked = server.client.post("/v1/users/u1/ask", json={"question": "Where does she live?"}, headers=mine)
    assert (asked.status_code, asked.json()["purpose"]) == (200, "marketing"), "its first purpose is meant"
    told = server.client.get("/v1/me", headers=mine).json()
    assert told["purposes"] == ["marketing", "research"]
    refused = server.client.get("/v1/users", headers={**mine, "Limner-Purpose": "support"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/v1/problems/forbidden")
    detail = refused.json()["detail"]
    assert "not good for the purpose 'support'" in detail and "marketing, research" in detail and "--purpose" in detail
    missing = server.client.get("/v1/users/u1/profiles", headers={**mine, "Limner-Purpose": "research"})
    assert missing.json()["type"] == "/v1/problems/consent-missing", "a key is no consent"


def test_what_was_made_for_another_purpose_is_not_there(server: Served) -> None:
    support, marketing = bound(server, "support"), bound(server, "marketing")
    job = build(server, support)
    assert job.purpose == "support"
    for path in (f"/v1/jobs/{job.job_id}", f"/v1/jobs/{job.job_id}/events", "/v1/users/u1/profiles/small"):
        assert server.client.get(path, headers=marketing).status_code == 404, path
        assert server.client.get(path, headers=support).status_code == 200, path
    assert server.client.delete(f"/v1/jobs/{job.job_id}", headers=marketing).status_code == 404
    assert server.client.get("/v1/jobs", headers=marketing).json() == {"jobs": [], "next": None}
    assert len(server.client.get("/v1/jobs", headers=support).json()["jobs"]) == 1
    assert server.client.get(f"/v1/jobs/{job.job_id}", headers=server.key("read")).status_code == 200


def test_the_same_request_for_another_purpose_is_another_request(server: Served) -> None:
    both = {**bound(server, "support", "marketing"), "Idempotency-Key": "once"}
    path, body = "/v1/users/u1/profiles", {"schema": "small"}
    first = server.client.post(path, json=body, headers=both)
    other = server.client.post(path, json=body, headers={**both, "Limner-Purpose": "marketing"})
    assert (first.status_code, other.status_code) == (202, 422)
    assert other.json()["type"] == "/v1/problems/other-request"


def test_consents_are_recorded_for_its_purposes_and_withdrawn_for_all(server: Served) -> None:
    mine, path = bound(server, "support", scopes=("read", "write")), "/v1/users/u1/consents"
    assert server.client.post(path, json={"purpose": "research"}, headers=mine).status_code == 403
    assert server.client.post(path, json={"purpose": "support"}, headers=mine).status_code == 201
    assert server.client.post(path, json={"action": "withdraw"}, headers=mine).status_code == 201


def test_what_was_made_for_all_purposes_is_not_handed_out(server: Served) -> None:
    path = "/v1/users/u1/export"
    refused = server.client.get(path, headers=bound(server, "support", scopes=("erase",)))
    assert refused.status_code == 403 and "not good for all purposes" in refused.json()["detail"]
    assert server.client.get(path, headers=server.key("erase")).status_code == 200


def test_over_mcp(tmp_path: Path) -> None:
    limner = open_store(tmp_path)
    limner.store.set_policy(make_policy(PURPOSES, None, [], require_consent=True))
    limner.store.consents.grant("u1", "support", by="t")
    with up(Service(limner, limner.store.path)) as server:

        async def search(purpose: str, named: str | None = None) -> Any:
            key = server.service.keys.make("default", ["read"], purposes=[purpose])[0]
            headers = {"Authorization": f"Bearer {key}"} | ({} if named is None else {"Limner-Purpose": named})
            async with (
                httpx.AsyncClient(headers=headers, timeout=30) as http,
                Client(streamable_http_client(server.url, http_client=http)) as client,
            ):
                return await client.call_tool("search_history", {"user_id": "u1", "query": "city"})

        assert not anyio.run(search, "support").is_error
        refused = anyio.run(search, "marketing")
        assert refused.is_error and "'marketing' is not recorded" in text_of(refused)
        key = server.service.keys.make("default", ["read"], purposes=["marketing"])[0]
        told = server.post(**{"Authorization": f"Bearer {key}", "Limner-Purpose": "support"})
        assert told.status_code == 403 and "not good for the purpose" in told.json()["detail"]


def test_keys_of_an_earlier_limner_still_work_and_are_for_all_purposes(tmp_path: Path) -> None:
    keys = Keys(Book(tmp_path / "now.sqlite3"))
    secret, made = keys.make("default", ["read"], label="CRM")
    with sqlite3.connect(tmp_path / "then.sqlite3") as then:
        then.execute("ATTACH ? AS made", (str(tmp_path / "now.sqlite3"),))
        then.executescript(FORMER)
    then.close()
    old = Keys(Book(tmp_path / "then.sqlite3"))
    assert old.check(secret) == made and made.purposes == () and made.is_for("marketing") and made.is_for(None)
    bound_secret, _ = old.make("default", ["read"], purposes=["support"])
    again = Keys(Book(tmp_path / "then.sqlite3"))
    found = again.check(bound_secret)
    assert found is not None and found.purposes == ("support",)
    assert [each.label for each in again.all()] == ["CRM", ""]
    with closing(sqlite3.connect(tmp_path / "then.sqlite3")) as then:
        assert then.execute("PRAGMA user_version").fetchone() == (1,)


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    keys = Keys(Book(tmp_path / "b.sqlite3"))
    with pytest.raises(UsageError, match="cannot be for purposes"):
        keys.make("default", ["admin"], purposes=["support"])
    with pytest.raises(UsageError, match="cannot be the name of a purpose"):
        keys.make("default", ["read"], purposes=["Two words"])


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ["--store", str(tmp_path)]
    assert main(["keys", "add", "--purpose", "support", "--purpose", "research", *store, "--json"]) == 0
    assert '"purposes"' in capsys.readouterr().out
    assert main(["keys", "list", *store]) == 0
    assert "support" in capsys.readouterr().out
    assert main(["keys", "add", "--purpose", "support", "--scope", "admin", *store]) == 2
    assert "leave --purpose out" in capsys.readouterr().err.lower()
