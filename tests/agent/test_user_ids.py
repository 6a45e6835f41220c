"""Blanks at the ends of a user id are no part of it, whichever door it came through (``retrieval.events.bare_id``)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from agent.limner import Limner
from agent.mcp import make_server
from agent.service import DEFAULT_TENANT
from retrieval import Event, UnknownUser
from retrieval.consents import Consents
from tests.agent.api.serving import Served, served
from tests.agent.mcp.talking import caller_over

SAID = {"id": "e1", "text": "I live in Munich."}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as server:
        yield server


def by_file(server: Served, user: str, path: Path) -> None:
    path.with_suffix(".csv").write_text(f"user_id,id,text\n{user},{SAID['id']},{SAID['text']}\n", "utf-8")
    of(server).ingest(path.with_suffix(".csv"))


def by_file_of_a_user(server: Served, user: str, path: Path) -> None:
    path.with_suffix(".csv").write_text(f"id,text\n{SAID['id']},{SAID['text']}\n", "utf-8")
    of(server).ingest(path.with_suffix(".csv"), user_id=user)


def by_program(server: Served, user: str, path: Path) -> None:
    of(server).ingest_events([Event(user, SAID["id"], SAID["text"])])


def by_lines(server: Served, user: str, path: Path) -> None:
    sent = {"json": {"user_id": user, **SAID}, "headers": {"Content-Type": "application/x-ndjson"}}
    server.ask("POST", "/v1/events", **sent).raise_for_status()


def by_lines_of_a_user(server: Served, user: str, path: Path) -> None:
    sent = {"json": SAID, "headers": {"Content-Type": "application/x-ndjson"}, "params": {"user": user}}
    server.ask("POST", "/v1/events", **sent).raise_for_status()


def by_address(server: Served, user: str, path: Path) -> None:
    from agent.api.paths import path_of

    made = server.ask("POST", path_of("v1", "users", user, "events"), json={"user_id": f" {user}", **SAID})
    assert made.json()["user_id"] == user.strip()
    assert made.headers.get("location", "/v1/users/ann/events/e1") == "/v1/users/ann/events/e1"


def by_tool(server: Served, user: str, path: Path) -> None:
    caller = caller_over(of(server), "read", "write")

    async def talk() -> None:
        async with Client(make_server(lambda context: caller)) as client:
            given = {"user_id": user, "event_id": SAID["id"], "text": SAID["text"]}
            assert not (await client.call_tool("add_event", given)).is_error

    anyio.run(talk)


def of(server: Served) -> Limner:
    return server.service.limner(DEFAULT_TENANT)


DOORS = (by_file, by_file_of_a_user, by_program, by_lines, by_lines_of_a_user, by_address, by_tool)


@pytest.mark.parametrize("given", ["ann", " ann", "ann  ", "\u3000ann\u00a0"])
@pytest.mark.parametrize("load", DOORS)
def test_whoever_loads_it_it_is_the_same_user(server: Served, tmp_path: Path, load: Any, given: str) -> None:
    by_program(server, "ann", tmp_path)
    load(server, given, tmp_path / "rows")
    assert [(each.user_id, each.events) for each in of(server).users()] == [("ann", 1)]


@pytest.mark.parametrize("load", DOORS)
def test_blanks_inside_are_part_of_it(server: Served, tmp_path: Path, load: Any) -> None:
    if load is by_address:
        pytest.skip("looks at the address of ann")
    load(server, "ann\u3000lee x", tmp_path / "rows")
    assert [each.user_id for each in of(server).users()] == ["ann\u3000lee x"]


def test_who_asks_for_one_with_blanks_is_told(server: Served, tmp_path: Path) -> None:
    by_program(server, "ann", tmp_path)
    asks: list[Callable[[str], Any]] = [of(server).store.events, of(server).forget, of(server).export]
    for ask in asks:
        with pytest.raises(UnknownUser, match=r"no user 'ann ' in the store.*no blanks at their ends: is it 'ann'\?"):
            ask("ann ")
    assert server.ask("GET", "/v1/users/ann%20").status_code == 404


def test_consents_are_of_the_user_without_blanks(server: Served, tmp_path: Path) -> None:
    by_program(server, "ann", tmp_path)
    store = of(server).store
    consents: Consents = store.consents
    consents.grant(" ann", "support", by="Jo")
    assert [each.action for each in consents.of("ann")] == ["grant"]
    entry, _ = consents.withdraw("ann ", "support", by="Jo")
    assert entry.user_id == "ann" and [each.action for each in consents.of("ann")] == ["grant", "withdraw"]
    assert [each.action for each in consents.of("ann ")] == ["withdraw"], "of an older store that has it"
