"""Lists that grow come in pages, each item once, whatever is taken away meanwhile; the client reads all of them."""

from pathlib import Path
from typing import Any

import pytest

from agent.api.cursors import page_of
from agent.api.problems import Problem
from agent.client import LimnerClient
from tests.agent.api.serving import Served, served

U1 = "/v1/users/u1"


def walked(server: Served, path: str, items: str, limit: int) -> list[Any]:
    """All items of a list, read by pages of so many."""
    found, after = list[Any](), None
    while True:
        page = server.ask("GET", path, params={"limit": limit, **({"after": after} if after else {})})
        assert page.status_code == 200, page.text
        assert len(page.json()[items]) <= limit
        found += page.json()[items]
        after = page.json()["next"]
        if after is None:
            return found


@pytest.fixture
def server(tmp_path: Path) -> Any:
    with served(tmp_path) as found:
        found.load()
        for n in range(3):
            found.ask("PUT", f"/v1/schemas/s{n}", json={"type": "object", "properties": {"a": {"type": "string"}}})
        found.load(*({"user_id": f"gone{n}", "text": "I live in Munich."} for n in range(5)))
        for n in range(5):
            said = {"pointer": "/interests/-", "action": "correct", "value": f"thing {n}"}
            found.ask("POST", f"{U1}/corrections", json=said).raise_for_status()
            made = found.ask("POST", f"{U1}/profiles", json={"schema": "person", "fresh": True}).json()
            assert found.service.queue.job("default", made["job_id"]).wait(20)  # type: ignore[union-attr]
            found.ask("POST", f"/v1/users/gone{n}/erasures", json={}).raise_for_status()
            found.ask("POST", f"{U1}/consents", json={"purpose": "support", "source": f"{n}"}).raise_for_status()
        yield found


@pytest.mark.parametrize(
    ("path", "items", "least"),
    [
        (f"{U1}/profiles", "versions", 2),
        (f"{U1}/profiles/person/versions", "versions", 2),
        ("/v1/jobs", "jobs", 5),
        (f"{U1}/corrections", "corrections", 5),
        ("/v1/corrections", "corrections", 5),
        ("/v1/erasures", "receipts", 5),
        ("/v1/users/gone0/erasures", "receipts", 1),
        (f"{U1}/consents", "consents", 5),
        ("/v1/schemas", "schemas", 5),
    ],
)
def test_pages_hold_each_item_once_and_in_order(server: Served, path: str, items: str, least: int) -> None:
    whole = server.ask("GET", path).json()
    assert whole["next"] is None and len(whole[items]) >= least
    for limit in (1, 2, 500):
        assert walked(server, path, items, limit) == whole[items]
    for wrong in ("nonsense", "WyJ4Iiwi", "Wy0xXQ", "W3RydWVd", "WzFlOV0", "WzQyOTQ5NjcyOTZd"):
        refused = server.ask("GET", path, params={"after": wrong})
        assert refused.status_code == 422 and refused.json()["type"].endswith("invalid-request")
    assert server.ask("GET", path, params={"limit": 501}).status_code == 422


def test_the_client_reads_all_pages(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    key = server.headers["Authorization"].removeprefix("Bearer ")
    client = LimnerClient("http://testserver", key, http=server.client)
    get = server.client.request

    def short(method: str, url: str, **more: Any) -> Any:
        params = {"limit": 2, **(more.pop("params", None) or {})} if method == "GET" else more.pop("params", None)
        return get(method, url, params=params, **more)

    monkeypatch.setattr(server.client, "request", short)
    assert [each["number"] for each in client.receipts()] == [1, 2, 3, 4, 5]
    assert len(client.jobs()) == len(client.jobs(state="done")) == 5
    assert [each["value"] for each in client.corrections("u1")] == [f"thing {n}" for n in range(5)]
    assert [each["version"] for each in client.versions("u1")] == list(range(1, len(client.versions("u1")) + 1))
    assert [each["name"] for each in client.schemas()] == ["customer", "person", "s0", "s1", "s2"]
    assert [each["source"] for each in client.consents("u1")["consents"]] == list("01234")


def test_what_is_taken_away_between_pages_is_not_missed() -> None:
    def name(each: tuple[str, int]) -> str:
        return each[0]

    items = [("a", 0), ("b", 1), ("b", 2), ("c", 3), ("d", 4)]
    page, after = page_of(items, name, 2, None)
    assert page == items[:2] and after is not None
    assert page_of(items, name, 2, after)[0] == items[2:4]
    assert page_of(items[3:], name, 2, after)[0] == items[3:], "the last item of the page is gone"
    assert page_of([*items, ("a", 5)], name, 9, after)[0] == [*items[2:], ("a", 5)], "the clock was put back"
    assert page_of(items[:2], name, 2, after) == ([], None)
    with pytest.raises(Problem):
        page_of(items, name, 2, "x")
