"""MCP at /mcp of a real server: keys, scopes, tenants, foreign pages; with the SDK's client and with plain requests."""

import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from agent.api import ApiSettings, create_app
from agent.limner import Limner
from agent.service import Service
from tests.agent.mcp.talking import open_store, text_of

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}
PLAIN = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


class Up:
    """A server that is up."""

    def __init__(self, service: Service, port: int) -> None:
        self.service = service
        self.url = f"http://127.0.0.1:{port}/mcp"

    def key(self, *scopes: str, tenant: str = "default", label: str = "") -> str:
        return self.service.keys.make(tenant, scopes, label=label)[0]

    @asynccontextmanager
    async def client(self, key: str, mode: str = "auto") -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx.AsyncClient(headers=headers, timeout=30) as http,
            Client(streamable_http_client(self.url, http_client=http), mode=mode) as client,
        ):
            yield client

    def post(self, message: Any = INITIALIZE, **headers: str) -> httpx.Response:
        return httpx.post(self.url, json=message, headers={**PLAIN, **headers})


@contextmanager
def up(service: Service, settings: ApiSettings | None = None) -> Iterator[Up]:
    import uvicorn

    config = uvicorn.Config(create_app(service, settings), port=0, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield Up(service, server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Up]:
    limner = open_store(tmp_path)
    with up(Service(limner, limner.store.path)) as served:
        yield served


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_tools_and_resources_over_http(server: Up, mode: str) -> None:
    told: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async def talk() -> None:
        async with server.client(server.key("read"), mode) as client:
            assert len((await client.list_tools()).tools) == 5
            given = {"user_id": "u1", "question": "Where does she live?"}
            answer = await client.call_tool("ask_user", given, progress_callback=note)
            assert answer.structured_content is not None and answer.structured_content["answer"] == "Munich"
            event = await client.read_resource("limner://users/%E5%BC%A0%E4%B8%89/events/c")
            assert "我住在慕尼黑。" in event.contents[0].text  # type: ignore[union-attr]
            refused = await client.call_tool("add_event", {"user_id": "u1", "text": "x"})
            assert refused.is_error and "scope 'write'" in text_of(refused)

    anyio.run(talk)
    assert any(message and message.startswith("retrieve") for message in told)


def test_a_correction_names_the_key_and_erasing_needs_its_own_scope(server: Up) -> None:
    server.service.limner("default").profile("u1", "person")

    async def talk() -> None:
        async with server.client(server.key("write", label="Ada's agent")) as client:
            given = {"user_id": "u1", "pointer": "/location", "action": "correct", "value": "Ulm"}
            made = await client.call_tool("correct_claim", given)
            assert made.structured_content is not None and made.structured_content["by"].startswith("Ada's agent (API")
            assert (await client.call_tool("forget_user", {"user_id": "u1", "dry_run": True})).is_error
        async with server.client(server.key("erase")) as client:
            assert not (await client.call_tool("forget_user", {"user_id": "u1", "dry_run": False})).is_error

    anyio.run(talk)


def test_no_key_no_access_and_a_revoked_key_is_worth_nothing_in_its_own_session(server: Up) -> None:
    nobody = server.post()
    assert (nobody.status_code, nobody.json()["title"]) == (401, "Unauthorized")
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    assert server.post(Authorization="Bearer limner_nothing").status_code == 401
    assert httpx.get(server.url, headers=PLAIN).status_code == 401
    key, known = server.service.keys.make("default", ["read"])
    mine = {"Authorization": f"Bearer {key}"}
    opened = server.post(**mine)
    session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    assert "list_users" in server.post(listing, **mine, **session).text
    another = server.post(listing, Authorization=f"Bearer {server.key('read')}", **session)
    assert another.status_code == 404, "a session is its key's own"
    server.service.keys.revoke(known.key_id)
    assert server.post(listing, **mine, **session).status_code == 401


def test_pages_of_other_origins_and_large_requests_are_refused(server: Up) -> None:
    mine = {"Authorization": f"Bearer {server.key('read')}"}
    assert server.post(**mine, Origin="https://evil.example").status_code == 403
    assert server.post(**mine, Origin=server.url.removesuffix("/mcp")).status_code == 200
    assert server.post({**INITIALIZE, "more": "x" * 2_000_000}, **mine).status_code == 413
    assert server.post([1], **mine).status_code == 400


def test_without_keys_on_loopback_only_loopback_names_are_answered(tmp_path: Path) -> None:
    limner = open_store(tmp_path)
    settings = ApiSettings(dev=True, hosts=("127.0.0.1", "localhost"), origins=("http://app.local",))
    with up(Service(limner, limner.store.path), settings) as server:
        assert server.post().status_code == 200
        assert server.post(Host="evil.example").status_code == 400, "DNS rebinding"
        assert server.post(Origin="http://evil.example").status_code == 403
        assert server.post(Origin="http://app.local").status_code == 200


def test_a_tenant_sees_its_own_users_only(tmp_path: Path) -> None:
    open_store(tmp_path / "first").close()
    tenants = tmp_path / "tenants"
    tenants.mkdir()
    (tmp_path / "first" / "store").rename(tenants / "first")
    (tenants / "second").mkdir()
    base = open_store(tmp_path / "base")
    with up(Service(base, tenants, tenants=tenants)) as server:

        async def users(tenant: str) -> Any:
            async with server.client(server.key("read", "write", tenant=tenant)) as client:
                await client.call_tool("add_event", {"user_id": f"of {tenant}", "text": "Hello."})
                return json.loads(text_of(await client.call_tool("list_users", {})))["users"]

        first, second = anyio.run(users, "first"), anyio.run(users, "second")
    assert [each["user_id"] for each in first] == ["of first", "u1", "张三"]
    assert [each["user_id"] for each in second] == ["of second"]


def test_a_client_that_goes_away_stops_its_work(tmp_path: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def script(system: str, user: str, schema: Any) -> str | float:
        asked.set()
        go_on.wait(20)
        return 0.9

    limner: Limner = open_store(tmp_path, script)
    with up(Service(limner, limner.store.path)) as server:

        async def talk() -> None:
            async with server.client(server.key("read"), "auto") as client, anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "ask_user", {"user_id": "u1", "question": "Where?"})
                await anyio.to_thread.run_sync(asked.wait)
                group.cancel_scope.cancel()
            await anyio.sleep(0.3)
            go_on.set()
            (job,) = server.service.queue.jobs("default")
            await anyio.to_thread.run_sync(lambda: job.wait(10))
            assert job.state == "cancelled"

        anyio.run(talk)
