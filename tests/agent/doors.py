"""Ways into the stores of tenants, with the shipped fakes: Python (plain and encrypted), HTTP, MCP, the console."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, unquote, urlsplit

from fastapi.testclient import TestClient

from agent.api import ApiSettings, create_app
from agent.api.paths import path_of
from agent.errors import NoStore
from agent.fakes import ScriptedChat
from agent.limner import Limner
from agent.mcp.resources import uri_of
from agent.service import Service, Tenants
from retrieval.encryption import StoreKey
from retrieval.errors import NotFound
from retrieval.fakes import HashingEmbedder
from tests.agent.interleavings import SCHEMA, TENANTS, Door, Said, answer, word_of, words_in

__all__ = ["Encrypted", "InProcess", "OverConsole", "OverHttp", "OverMcp"]

_DIMENSION: Final = 32
_MANY: Final = 100
_MESSAGE: Final = re.compile(r'<li class="message.*?href="([^"]+)".*?<div class="words"[^>]*>(.*?)</div>', re.DOTALL)


class InProcess(Door):
    """Through Python, with one ``Limner`` a tenant."""

    key: ClassVar[StoreKey | None] = None

    def __init__(self, folder: Path) -> None:
        self._chat = ScriptedChat(script=answer)
        embedder = HashingEmbedder(_DIMENSION)
        limner = Limner(folder / "none", llm=self._chat, embedder=embedder, key=self.key)
        self._tenants = Tenants(limner, folder / "tenants")

    def add(self, tenant: str, said: Sequence[Said]) -> None:
        assert not self._of(tenant).ingest_events([each.event for each in said]).bad_count

    def users(self, tenant: str) -> list[str]:
        return [each.user_id for each in self._of(tenant).users()]

    def users_too(self, tenant: str) -> list[str]:
        return [each.user_id for each in self._of(tenant).store.browsing.users(_MANY).users]

    def texts(self, tenant: str, user: str) -> dict[str, str] | None:
        return _known(lambda: {each.event_id: each.text for each in self._of(tenant).store.events(user)})

    def found(self, tenant: str, user: str, query: str) -> dict[str, str] | None:
        hits = _known(lambda: self._of(tenant).search(user, query, _MANY))
        return None if hits is None else {each.event.event_id: each.event.text for each in hits}

    def told(self, tenant: str, user: str) -> Mapping[str, Any] | None:
        limner = self._of(tenant)
        store = limner.store
        return _known(
            lambda: {
                "export": limner.export(user),
                "corrections": [each.as_json() for each in limner.corrections(user)],
                "versions": [limner.version(user, each.number, SCHEMA).as_json() for each in limner.versions(user)],
                "browsed": [store.browsing.outline(user), store.browsing.page(user, _MANY)],
                "around": store.browsing.around(user, store.events(user)[0].event_id, _MANY),
                "page": store.event_page(user, _MANY),
                "history": store.history(user),
                "documents": store.browsing.latest_documents([user]),
            }
        )

    def made(self, tenant: str, user: str, question: str | None) -> Any:
        limner = self._of(tenant)
        if question is None:
            return _known(lambda: limner.profile(user, SCHEMA).as_json())
        return _known(lambda: limner.ask(user, question).as_json())

    def correct(self, tenant: str, user: str, value: str) -> None:
        self._of(tenant).correct(user, "/code", "correct", value, by="me", schema=SCHEMA)

    def forget(self, tenant: str, user: str, scope: Mapping[str, Any]) -> Any:
        return self._of(tenant).forget(user, **scope)

    def tidy(self, tenant: str, kind: str) -> None:
        limner = self._of(tenant)
        {"compact": limner.compact, "reindex": limner.reindex, "reopen": limner.store.close}[kind]()

    def asked(self) -> str:
        shown = "\n".join(part for each in self._chat.asked for part in each)
        self._chat.asked.clear()
        return shown

    def close(self) -> None:
        self._tenants.close()

    def _of(self, tenant: str) -> Limner:
        return self._tenants.limner(tenant)


class Encrypted(InProcess):
    """The same with encrypted stores, which have another index."""

    key = StoreKey("1a" * 32)


class OverHttp(Door):
    """Through the HTTP API, with a key of each tenant."""

    def __init__(self, folder: Path) -> None:
        self._chat = ScriptedChat(script=answer)
        limner = Limner(folder / "none", llm=self._chat, embedder=HashingEmbedder(_DIMENSION))
        self._service = Service(limner, folder / "tenants", tenants=folder / "tenants")
        self._client = TestClient(create_app(self._service, ApiSettings(rate="1000000/second")))
        self._client.__enter__()
        self._keys = {tenant: self._service.keys.make(tenant, ["admin"])[0] for tenant in TENANTS}
        for tenant in TENANTS:
            assert self._request(tenant, "PUT", "/v1/schemas/small", json=SCHEMA).is_success

    def add(self, tenant: str, said: Sequence[Said]) -> None:
        for each in said:
            row = {"id": each.event_id, "text": each.text, "timestamp": each.time, "channel": "chat"}
            assert self._ask(tenant, "POST", each.user, "events", json=row) is not None

    def users(self, tenant: str) -> list[str]:
        return [each["user_id"] for each in self._request(tenant, "GET", "/v1/users").json()["users"]]

    def texts(self, tenant: str, user: str) -> dict[str, str] | None:
        found = self._ask(tenant, "GET", user, "events", params={"limit": _MANY})
        return None if found is None else {each["event_id"]: each["text"] for each in found["events"]}

    def found(self, tenant: str, user: str, query: str) -> dict[str, str] | None:
        found = self._ask(tenant, "GET", user, "search", params={"q": query, "k": _MANY})
        return None if found is None else {each["event_id"]: each["text"] for each in found["hits"]}

    def told(self, tenant: str, user: str) -> Mapping[str, Any] | None:
        parts = ("export", "corrections", "profiles", "profiles/small/versions", "consents", "erasures")
        told = {part: self._ask(tenant, "GET", user, part) for part in parts}
        told["user"] = self._ask(tenant, "GET", user)
        for note in (told["profiles"] or {"versions": []})["versions"]:
            where = f"profiles/small/versions/{note['version']}"
            told[where] = self._ask(tenant, "GET", user, where)
        return None if told["user"] is None else told

    def made(self, tenant: str, user: str, question: str | None) -> Any:
        if question is not None:
            return self._ask(tenant, "POST", user, "ask", json={"question": question})
        headers = {"Idempotency-Key": path_of(user)}  # as another tenant calls its own
        job = self._ask(tenant, "POST", user, "profiles", json={"schema": "small"}, headers=headers)
        if job is None:
            return None
        (other,) = {*TENANTS} - {tenant}
        for path in (f"/v1/jobs/{job['job_id']}", f"/v1/jobs/{job['job_id']}/events"):
            assert self._request(tenant, "GET", f"/v1/jobs/{job['job_id']}/events").status_code == 200
            assert self._request(other, "GET", path).status_code == 404
        return self._request(tenant, "GET", f"/v1/jobs/{job['job_id']}").json()["result"]

    def correct(self, tenant: str, user: str, value: str) -> None:
        said = {"pointer": "/code", "action": "correct", "value": value, "by": "me", "schema": "small"}
        assert self._ask(tenant, "POST", user, "corrections", json=said) is not None

    def forget(self, tenant: str, user: str, scope: Mapping[str, Any]) -> Any:
        return self._ask(tenant, "POST", user, "erasures", json=dict(scope))

    def tidy(self, tenant: str, kind: str) -> None:
        limner = self._service.limner(tenant)
        if kind == "compact":
            assert self._request(tenant, "POST", "/v1/compactions").is_success
        else:
            {"reindex": limner.reindex, "reopen": limner.store.close}[kind]()

    def asked(self) -> str:
        shown = "\n".join(part for each in self._chat.asked for part in each)
        self._chat.asked.clear()
        return shown

    def close(self) -> None:
        self._client.__exit__(None, None, None)

    def _ask(self, tenant: str, method: str, user: str, part: str = "", **more: Any) -> Any:
        """What is answered about a user; None: there is none."""
        path = path_of("v1", "users", user, *filter(None, part.split("/")))
        told = self._request(tenant, method, path, **more)
        assert told.is_success or told.status_code == 404, (path, told.text)
        return told.json() if told.is_success else None

    def _request(self, tenant: str, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._keys[tenant]}", **more.pop("headers", {})}
        told = self._client.request(method, path, headers=headers, **more)
        assert told.status_code != 404 or not words_in(told.text), path
        return told


class OverMcp(OverHttp):
    """Reading, profiles, answers, corrections and whole erasures by MCP at ``/mcp``; the rest through the HTTP API."""

    most = 50

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._numbers = count(1)
        self._highest = 0
        self._sessions: dict[str, str] = {}
        hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        for tenant in TENANTS:
            opened = self._post(tenant, "initialize", hello)
            self._sessions[tenant] = opened.headers["mcp-session-id"]

    def add(self, tenant: str, said: Sequence[Said]) -> None:
        self._highest = max(self._highest, *(each.number for each in said))
        for each in said:
            row = {"event_id": each.event_id, "text": each.text, "timestamp": each.time, "channel": "chat"}
            assert self._tool(tenant, "add_event", user_id=each.user, **row) is not None

    def users(self, tenant: str) -> list[str]:
        return [each["user_id"] for each in self._tool(tenant, "list_users")["users"]]

    def users_too(self, tenant: str) -> list[str]:
        about = {"ref": {"type": "ref/prompt", "name": "who_is"}, "argument": {"name": "user_id", "value": ""}}
        completed: list[str] = self._ask_mcp(tenant, "completion/complete", about)["completion"]["values"]
        return completed

    def texts(self, tenant: str, user: str) -> dict[str, str] | None:
        ids = [f"e{number:03d}" for number in range(1, self._highest + 1)]
        read = {each: self._resource(tenant, uri_of(user, "events", each)) for each in ids}
        return {each: event["text"] for each, event in read.items() if event is not None} or None

    def found(self, tenant: str, user: str, query: str) -> dict[str, str] | None:
        found = self._tool(tenant, "search_history", user_id=user, query=query, k=self.most)
        return None if found is None else {each["event_id"]: each["text"] for each in found["hits"]}

    def told(self, tenant: str, user: str) -> Mapping[str, Any] | None:
        told = super().told(tenant, user)
        if told is None:
            return None
        more = {"prompt": self._ask_mcp(tenant, "prompts/get", {"name": "who_is", "arguments": {"user_id": user}})}
        if (told["profiles"] or {"versions": []})["versions"]:
            more["profile"] = self._resource(tenant, uri_of(user, "profiles", "small"))
            more["kept"] = self._tool(tenant, "get_profile", user_id=user, schema="small")
            more["why"] = self._tool(tenant, "explain_claim", user_id=user, schema="small", pointer="/code")
        return {**told, **more}

    def made(self, tenant: str, user: str, question: str | None) -> Any:
        if question is not None:
            return self._tool(tenant, "ask_user", user_id=user, question=question)
        return self._tool(tenant, "get_profile", user_id=user, schema="small", refresh=True)

    def correct(self, tenant: str, user: str, value: str) -> None:
        said = {"pointer": "/code", "action": "correct", "value": value, "schema": "small"}
        assert self._tool(tenant, "correct_claim", user_id=user, **said) is not None

    def forget(self, tenant: str, user: str, scope: Mapping[str, Any]) -> Any:
        if {*scope} - {"defer"}:
            return super().forget(tenant, user, scope)
        return self._tool(tenant, "forget_user", user_id=user, dry_run=False)

    def _tool(self, tenant: str, name: str, **given: Any) -> Any:
        """What a tool gives; None: there is no such user."""
        told = self._ask_mcp(tenant, "tools/call", {"name": name, "arguments": given})
        if told.get("isError"):
            said = told["content"][0]["text"]
            assert re.match("no (user|event|profile)|there is no|nothing was ingested", said), said
            assert not words_in(said)
            return None
        assert words_in(told["structuredContent"]) == words_in(told["content"])
        return told["structuredContent"]

    def _resource(self, tenant: str, uri: str) -> Any:
        told = self._ask_mcp(tenant, "resources/read", {"uri": uri})
        return None if told is None else json.loads(told["contents"][0]["text"])

    def _ask_mcp(self, tenant: str, method: str, params: Mapping[str, Any]) -> Any:
        """The result of a request; None: an error, which tells nothing."""
        told = self._post(tenant, method, params)
        (message,) = (json.loads(line[5:]) for line in told.text.splitlines() if line.startswith("data:"))
        if "error" in message:
            assert not words_in(message)
            return None
        return message["result"]

    def _post(self, tenant: str, method: str, params: Mapping[str, Any]) -> Any:
        message = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params}
        headers = {"Accept": "application/json, text/event-stream"}
        if tenant in self._sessions:
            headers["Mcp-Session-Id"] = self._sessions[tenant]
        told = self._request(tenant, "POST", "/mcp", json=message, headers=headers)
        assert told.status_code == 200, told.text
        return told


class OverConsole(OverHttp):
    """Reading in the pages of the console, with a session of each tenant; the rest through the HTTP API."""

    most = 20

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._browsers = {tenant: TestClient(self._client.app) for tenant in TENANTS}
        for tenant, browser in self._browsers.items():
            token = browser.get("/console/login").text.partition('name="token" value="')[2].partition('"')[0]
            form = {"token": token, "key": self._keys[tenant], "next": "/console"}
            assert browser.post("/console/login", data=form, follow_redirects=False).status_code == 303

    def users(self, tenant: str) -> list[str]:
        page = self._page(tenant, "")
        there = re.findall(r'class="cover" href="([^"]+)"', page or "")
        listed = [parse_qs(urlsplit(unescape(each)).query)["user"][0] for each in there]
        own = {word_of(tenant, user, 0)[:-3] for user in listed}
        assert {each[:-3] for each in words_in(page)} <= own, "the list shows what another tenant's user said"
        return listed

    def texts(self, tenant: str, user: str) -> dict[str, str] | None:
        page = self._page(tenant, "/messages", user=user)
        assert page is None or 'rel="next"' not in page
        return _messages(page)

    def found(self, tenant: str, user: str, query: str) -> dict[str, str] | None:
        return _messages(self._page(tenant, "/messages", user=user, q=query))

    def told(self, tenant: str, user: str) -> Mapping[str, Any] | None:
        pages = ("/customer", "/sheet", "/timeline", "/messages", "/erase", "/export.json", "/profile.json")
        told: dict[str, Any] = {page: self._page(tenant, page, user=user) for page in pages}
        if told["/customer"] is None or told["/export.json"] is None:
            return None
        for event in json.loads(told["/export.json"])["events"]:
            about = {"user": user, "event": event["event_id"], "around": 0}
            told[event["event_id"]] = self._page(tenant, "/message", **about)
        for number in (1, 2):
            told[f"version {number}"] = self._page(tenant, "/versions", user=user, schema="small", version=number)
        (other,) = {*TENANTS} - {tenant}
        for job in self._request(tenant, "GET", "/v1/jobs").json()["jobs"]:
            if job["user_id"] == user:
                told[job["job_id"]] = self._page(tenant, "/job", id=job["job_id"])
                assert self._page(other, "/job", id=job["job_id"]) is None
        return {**told, "export": told["/export.json"], "corrections": told["/export.json"]}

    def _page(self, tenant: str, path: str, **query: Any) -> str | None:
        """A page; None: there is nothing of the kind."""
        told = self._browsers[tenant].get(f"/console{path}", params=query)
        assert told.status_code in (200, 400, 404, 422), (path, told.text)
        assert told.status_code == 200 or words_in(unquote(told.text)) <= words_in(query), path
        return str(told.text) if told.status_code == 200 else None


def _messages(page: str | None) -> dict[str, str] | None:
    """The messages on a page: id -> text."""
    if page is None:
        return None
    return {
        parse_qs(urlsplit(unescape(url)).query)["event"][0]: unescape(re.sub("<[^>]+>", "", text))
        for url, text in _MESSAGE.findall(page)
    }


def _known(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (NotFound, NoStore):
        return None
