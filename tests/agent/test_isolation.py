"""Nobody reads what is another user's or another tenant's, whatever happens in which order; and all of their own stays.

``LIMNER_ISOLATION=300`` tries so many interleavings of each kind.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from agent.api import ApiSettings, create_app
from agent.api.paths import path_of
from agent.errors import NoStore
from agent.fakes import ScriptedChat
from agent.limner import Limner
from agent.service import Service, Tenants
from retrieval import UnknownUser
from retrieval.fakes import HashingEmbedder
from tests.agent.interleavings import SCHEMA, TENANTS, Door, Interleavings, Said, answer, words_in

EXAMPLES = int(os.environ.get("LIMNER_ISOLATION", "3"))
_DIMENSION = 32
_MANY = 100


class InProcess(Door):
    """Through Python, with one ``Limner`` a tenant."""

    def __init__(self, folder: Path) -> None:
        self._chat = ScriptedChat(script=answer)
        self._tenants = Tenants(
            Limner(folder / "none", llm=self._chat, embedder=HashingEmbedder(_DIMENSION)), folder / "tenants"
        )

    def add(self, tenant: str, said: Sequence[Said]) -> None:
        assert not self._of(tenant).ingest_events([each.event for each in said]).bad_count

    def users(self, tenant: str) -> list[str]:
        limner = self._of(tenant)
        pages = limner.store.browsing.users(_MANY).users
        assert sorted(each.user_id for each in pages) == sorted(each.user_id for each in limner.users())
        return [each.user_id for each in limner.users()]

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


def _known(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (UnknownUser, NoStore):
        return None


def _run(door: Callable[[Path], Door], steps: int) -> None:
    done: Counter[str] = Counter()
    machine = type(door.__name__, (Interleavings,), {"opened": staticmethod(door), "done": done})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=steps, deadline=None, database=None, derandomize=EXAMPLES < 50,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],  # to shrink what failed takes minutes
        ),
    )  # fmt: skip
    print(EXAMPLES, "interleavings:", dict(done))


def test_in_one_process() -> None:
    _run(InProcess, 25)


def test_over_http() -> None:
    _run(OverHttp, 25)
