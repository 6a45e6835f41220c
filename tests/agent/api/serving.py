"""The HTTP application over a real store with the shipped fakes, in this process."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from agent.api import ApiSettings, create_app
from agent.cli import cli as commands
from agent.fakes import ScriptedChat
from agent.limner import Limner
from agent.service import ModelQueue, Service
from retrieval.fakes import HashingEmbedder
from tests.agent.scripted import EVENTS, SCHEMA, answer

LINES = [{**each} for each in EVENTS]
_MACHINE = re.compile(
    rf"\blimner ({'|'.join(sorted(commands.commands))})\b|(?<![\w-])--[a-z]|\bpip install\b|\bLIMNER_[A-Z]"
)


def asks_for_the_machine(problem: Mapping[str, Any]) -> bool:
    """Whether a problem document, or the page of a type, tells its reader to run limner or to install something, and
    does not say that it is for whoever runs the server."""
    told = [str(problem.get(name, "")) for name in ("detail", "hint", "meaning", "remedy")]
    return any(_MACHINE.search(text) and "hoever runs the server" not in text for text in told)


@contextmanager
def served(
    folder: Path,
    *,
    script: Callable[..., Any] = answer,
    tenants: bool = False,
    queue: ModelQueue | None = None,
    token_keys: Path | None = None,
    **settings: Any,
) -> Iterator["Served"]:
    """A server; keys by ``key``, requests by ``client``."""
    limner = Limner(folder / "store", llm=ScriptedChat(script=script), embedder=HashingEmbedder())
    home = folder / "tenants" if tenants else folder / "store"
    service = Service(limner, home, tenants=home if tenants else None, queue=queue, token_keys=token_keys)
    with TestClient(create_app(service, ApiSettings(**settings)), raise_server_exceptions=False) as client:
        yield Served(client, service)


class Served:
    """A server with a client that has a key for everything in the tenant ``default``."""

    def __init__(self, client: TestClient, service: Service) -> None:
        self.client = client
        self.service = service
        self.headers = self.key("admin")

    def key(self, *scopes: str, tenant: str = "default") -> dict[str, str]:
        """The headers of a new key."""
        return {"Authorization": f"Bearer {self.service.keys.make(tenant, scopes)[0]}"}

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """A request with the key, unless there are other headers of that name."""
        headers = {**self.headers, **more.pop("headers", {})}
        told = self.client.request(method, path, headers=headers, **more)
        if told.headers.get("content-type") == "application/problem+json":
            assert not asks_for_the_machine(told.json()), told.text
        return told

    def load(self, *rows: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Add events; those of ``scripted`` where there are none."""
        for row in rows or LINES:
            path = f"/v1/users/{row['user_id']}/events"
            self.ask("POST", path, json=dict(row), **more).raise_for_status()
        return {}


def ask_and_go(server: Served, question: Mapping[str, Any], accept: str, seen: Callable[[list[bytes]], object]) -> str:
    """Ask about u1 and go away when ``seen``, which is given what was sent, has returned; what was sent until then."""
    app = create_app(server.service, ApiSettings())
    body = json.dumps(question).encode()
    headers = {**server.headers, "accept": accept, "content-type": "application/json", "content-length": str(len(body))}
    path = "/v1/users/u1/ask"
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "asgi": {},
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()], "http_version": "1.1",
        "scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    sent: list[bytes] = []

    async def go_away() -> None:
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        left = asyncio.Event()

        async def receive() -> Any:
            if messages:
                return messages.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message.get("body", b""))

        running = asyncio.ensure_future(app(scope, receive, send))
        await asyncio.to_thread(seen, sent)
        left.set()
        await asyncio.wait_for(running, 10)

    asyncio.run(go_away())
    return b"".join(sent).decode()


__all__ = ["LINES", "SCHEMA", "Served", "ask_and_go", "served"]
