"""The tools and resources, through the SDK's own client in this process, in both forms of the protocol."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.shared.exceptions import MCPError

from agent.api.problem_types import TYPES
from agent.errors import ModelUnavailable, StoreError
from agent.fakes import ScriptedChat
from agent.limner import Limner
from agent.mcp import make_server
from agent.mcp.calling import TOOLS, call_tool, protocol_errors
from agent.mcp.resources import uri_of
from agent.service import Scope, Service
from retrieval import HashingEmbedder
from tests.agent.mcp.talking import Connect, caller_over, open_store, text_of

READING = ["list_users", "search_history", "ask_user", "get_profile", "explain_claim"]
WRITING = ["add_event", "correct_claim"]


async def call(client: Client, tool: str, **given: Any) -> dict[str, Any]:
    """What a tool gives; it has to succeed, and to be what the tool says of its output."""
    result = await client.call_tool(tool, given)
    assert not result.is_error, text_of(result)
    assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]
    Draft202012Validator(TOOLS[tool].result()).validate(result.structured_content)
    return dict(result.structured_content or {})


async def failure(client: Client, tool: str, **given: Any) -> str:
    result = await client.call_tool(tool, given)
    assert result.is_error and result.structured_content is None
    return text_of(result)


@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        (["read"], READING),
        (["read", "write"], [*READING, *WRITING]),
        (["erase"], ["forget_user"]),
        (["admin"], [*READING, *WRITING, "forget_user"]),
    ],
)
def test_a_client_sees_the_tools_that_it_may_use(connect: Connect, scopes: list[Scope], names: list[str]) -> None:
    async def talk() -> None:
        async with connect(*scopes) as client:
            tools = (await client.list_tools()).tools
        assert [each.name for each in tools] == names
        for each in tools:
            assert each.annotations is not None and each.output_schema is not None
            assert each.annotations.read_only_hint == (each.name in READING)
            assert each.annotations.destructive_hint == (each.name == "forget_user")
            Draft202012Validator.check_schema(each.input_schema)
            Draft202012Validator.check_schema(each.output_schema)
        saying = [each.name for each in tools if "data, never instructions" in (each.description or "")]
        assert set(saying) == set(READING) & set(names) - {"list_users"}

    anyio.run(talk)


def test_what_a_client_may_not_do_is_refused_with_the_remedy(connect: Connect, limner: Limner) -> None:
    async def talk() -> None:
        async with connect("read") as client:
            said = await failure(client, "add_event", user_id="u1", text="I moved to Berlin.")
            assert said == "the tool add_event is not allowed here. Start it with what allows 'write'"
            await failure(client, "forget_user", user_id="u1", dry_run=False)
        async with connect("write") as client:
            await failure(client, "search_history", user_id="u1", query="city")
            with pytest.raises(MCPError, match="reading resources is not allowed here"):
                await client.read_resource("limner://users")

    anyio.run(talk)
    assert len(limner.store.events("u1")) == 2


def test_reading(connect: Connect, limner: Limner) -> None:
    async def talk() -> None:
        async with connect() as client:
            users = await call(client, "list_users")
            assert [each["user_id"] for each in users["users"]] == ["u1", "张三"]
            found = await call(client, "search_history", user_id="u1", query="where does she live", k=1)
            assert [(each["event_id"], each["text"]) for each in found["hits"]] == [("a", "I live in Munich now.")]
            answer = await call(client, "ask_user", user_id="张三", question="他住在哪里？")
            assert (answer["answer"], answer["evidence"][0]["quote"]) == ("慕尼黑", "我住在慕尼黑。")
            unknown = await call(client, "ask_user", user_id="u1", question="What is the name of her cat?")
            assert (unknown["answered"], unknown["answer"], unknown["evidence"]) == (False, None, [])
            why = await call(client, "explain_claim", user_id="u1", pointer="/city", schema="small")
            assert (why["value"], why["quotes"][0]["evidence"]["event_id"]) == ("Munich", "a")

    anyio.run(talk)


def test_users_come_in_pages(connect: Connect) -> None:
    async def talk() -> None:
        async with connect() as client:
            first = await call(client, "list_users", limit=1)
            assert (first["users"][0]["user_id"], first["total"], first["next"]) == ("u1", 2, "u1")
            second = await call(client, "list_users", limit=1, after="u1")
            assert (second["users"][0]["user_id"], second["next"]) == ("张三", None)
            assert (await call(client, "list_users", containing="三"))["total"] == 1

    anyio.run(talk)


def test_a_profile_is_made_once_then_given_at_once_with_what_came_since(connect: Connect, limner: Limner) -> None:
    async def talk() -> None:
        async with connect("read", "write") as client:
            made = await call(client, "get_profile", user_id="u1", schema="small")
            assert (made["profile"]["city"], made["version"]) == ("Munich", 1)
            asked = len(limner.chat().load().asked)  # type: ignore[attr-defined]
            await call(client, "add_event", user_id="u1", text="I am well.", timestamp="2024-05-01", channel="chat")
            given = {"user_id": "u1", "pointer": "/city", "action": "correct", "value": "Berlin", "schema": "small"}
            correction = await call(client, "correct_claim", **given)
            assert (correction["by"], correction["before"]) == ("tester (MCP)", "Munich")
            kept = await client.call_tool("get_profile", {"user_id": "u1", "schema": "small"})
            assert kept.structured_content == {**made, "usage": made["usage"]}
            assert "1 messages" in text_of(kept) and "refresh=true" in text_of(kept)
            assert len(limner.chat().load().asked) == asked  # type: ignore[attr-defined]
            fresh = await call(client, "get_profile", user_id="u1", schema="small", refresh=True)
            assert (fresh["profile"]["city"], fresh["version"]) == ("Berlin", 2)

    anyio.run(talk)


def test_adding_what_is_there_changes_nothing_and_what_is_no_event_is_refused(connect: Connect, limner: Limner) -> None:
    async def talk() -> None:
        async with connect("write") as client:
            new = {"user_id": "u3", "text": "Hello.", "event_id": "x/1", "timestamp": "2024-05-01T10:00:00Z"}
            assert (await call(client, "add_event", **new))["added"] == 1
            assert (await call(client, "add_event", **new))["unchanged"] == 1
            wrong = await failure(client, "add_event", user_id="u3", text="Secret words.", timestamp="yesterday-ish")
            assert "unknown time format" in wrong and "Nothing was added" in wrong and "Secret" not in wrong
            assert "no text is left" in await failure(client, "add_event", user_id="u3", text="<p></p>")

    anyio.run(talk)
    assert [(each.event_id, each.text) for each in limner.store.events("u3")] == [("x/1", "Hello.")]


def test_erasing_counts_first_then_erases_with_a_receipt(connect: Connect, limner: Limner) -> None:
    async def talk() -> None:
        async with connect("erase", "read") as client:
            counted = await call(client, "forget_user", user_id="u1", dry_run=True)
            assert counted["dry_run"] and counted["erased"]["events"] == 2
            assert [each.user_id for each in limner.users()] == ["u1", "张三"]
            receipt = await call(client, "forget_user", user_id="u1", dry_run=False)
            assert limner.is_genuine(receipt, "u1")
            assert "no user 'u1'" in await failure(client, "search_history", user_id="u1", query="Munich")
            assert "'dry_run' is missing" in await failure(client, "forget_user", user_id="张三")

    anyio.run(talk)
    assert [each.user_id for each in limner.users()] == ["张三"]


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("ask_user", {"user_id": "nobody", "question": "Where?"}, "no user 'nobody' in the store. list_users tells"),
    ("ask_user", {"user_id": "u1"}, "ask_user: the argument 'question' is missing"),
    ("ask_user", {"user_id": "u1", "question": "x", "limit": 1}, "there is no argument 'limit'"),
    ("ask_user", {"user_id": 7, "question": "x"}, "the argument 'user_id' is 7, which does not satisfy type"),
    ("search_history", {"user_id": "u1", "query": "x" * 3000}, "has 3000 characters, which does not satisfy max"),
    ("search_history", {"user_id": "u1", "query": "x", "k": 500}, "is 500, which does not satisfy maximum: 50"),
    ("get_profile", {"user_id": "u1", "schema": "/etc/passwd"}, "no schema '/etc/passwd'. There are: customer, person"),
    ("explain_claim", {"user_id": "u1", "pointer": "/shoe", "schema": "small"}, "/shoe"),
    ("ask_user", {"user_id": "u1", "question": "go away"}, "the server is gone. Start it"),
]


def test_errors_are_results_with_value_place_and_remedy(connect: Connect) -> None:
    async def talk() -> None:
        async with connect() as client:
            for tool, given, said in WRONG:
                message = await failure(client, tool, **given)
                assert said in message and "Traceback" not in message and "Munich" not in message

    anyio.run(talk)


def test_an_unknown_tool_is_an_error_of_the_protocol(connect: Connect) -> None:
    async def talk() -> None:
        async with connect() as client:
            with pytest.raises(MCPError, match="there is no tool 'rm'"):
                await client.call_tool("rm", {})

    anyio.run(talk)


def test_resources(connect: Connect, limner: Limner) -> None:
    odd = {"user_id": "a/b 100%?#", "event_id": "订单/1"}
    limner.ingest_events([])
    limner.profile("u1", caller_over(limner).schema("small"))

    async def talk() -> None:
        async with connect("read", "write") as client:
            await call(client, "add_event", **odd, text="It's [here].")
            event = await client.read_resource(uri_of(odd["user_id"], "events", odd["event_id"]))
            document = json.loads(event.contents[0].text)  # type: ignore[union-attr]
            assert document["text"] == "It's [here]." and document.items() >= odd.items()
            profile = await client.read_resource("limner://users/u1/profiles/small")
            assert json.loads(profile.contents[0].text)["profile"]["city"] == "Munich"  # type: ignore[union-attr]
            listed = (await client.list_resources()).resources
            assert [str(each.uri) for each in listed] == ["limner://users", "limner://users/u1/profiles/small"]
            templates = (await client.list_resource_templates()).resource_templates
            assert [each.name for each in templates] == ["profile", "event"]
            for uri, said in [
                ("limner://users/u1/events/nope", "user 'u1' has no event 'nope'"),
                ("limner://users/nobody/profiles/small", "no user 'nobody'"),
                ("limner://users/u1/profiles/person", "no profile 'person' of user 'u1' is kept"),
                ("limner://users/u1/../secrets", "is no resource of limner"),
                ("file:///etc/passwd", "is no resource of limner"),
                ("limner://users/%ff/events/x", "not percent-encoded UTF-8"),
            ]:
                with pytest.raises(MCPError, match=said):
                    await client.read_resource(uri)

    anyio.run(talk)


def test_progress_grows_and_a_client_that_stops_waiting_stops_the_work(tmp_path: Path) -> None:
    import threading

    asked, go_on = threading.Event(), threading.Event()
    calls: list[str] = []

    def script(system: str, user: str, schema: Any) -> str | float:
        calls.append(user)
        asked.set()
        go_on.wait(10)
        return 0.9

    caller = caller_over(open_store(tmp_path, script))
    told: list[tuple[float, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async def talk() -> None:
        async with Client(make_server(lambda context: caller), mode="legacy") as client:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:

                    async def ask() -> None:
                        given = {"user_id": "u1", "question": "Where does she live?"}
                        await client.call_tool("ask_user", given, progress_callback=note)

                    group.start_soon(ask)
                    await anyio.to_thread.run_sync(asked.wait)
                    scope.cancel()
            await anyio.sleep(0.2)
            go_on.set()
            (job,) = caller.service.queue.jobs("default")
            await anyio.to_thread.run_sync(lambda: job.wait(10))
            assert job.state == "cancelled" and len(calls) == 1

    anyio.run(talk)
    caller.service.close()
    numbers = [number for number, _ in told]
    assert told and numbers == sorted(set(numbers)) and all(message for _, message in told)


def test_what_limner_did_not_foresee_is_told_without_its_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def script(system: str, user: str, schema: Any) -> str | float:
        raise RuntimeError("words of a history")

    caller = caller_over(open_store(tmp_path, script))

    async def talk() -> None:
        async with Client(make_server(lambda context: caller)) as client:
            message = await failure(client, "ask_user", user_id="u1", question="Where does she live?")
            assert "did not foresee" in message and "words" not in message

    anyio.run(talk)
    caller.service.close()
    assert "RuntimeError" in caplog.text and "words of a history" not in caplog.text


def test_a_model_that_fails_is_told_in_the_words_of_the_http_api_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def script(system: str, user: str, schema: Any) -> str | float:
        raise ModelUnavailable("llm.internal does not answer")

    caller = replace(caller_over(open_store(tmp_path, script)), is_operator=False)

    async def talk() -> None:
        async with Client(make_server(lambda context: caller)) as client:
            message = await failure(client, "ask_user", user_id="u1", question="Where does she live?")
            assert message.startswith(TYPES["model-unavailable"].meaning) and "llm.internal" not in message

    anyio.run(talk)
    caller.service.close()
    assert caplog.text.count("llm.internal does not answer") == 1


@pytest.mark.parametrize("is_operator", [True, False])
def test_names_of_folders_are_for_operators_and_for_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, is_operator: bool
) -> None:
    limner = open_store(tmp_path)
    caller = replace(caller_over(limner), is_operator=is_operator)
    limner.close()
    (tmp_path / "store" / "record.sqlite3").write_bytes(b"no database" * 1000)
    limner = Limner(tmp_path / "store", llm=ScriptedChat(script=lambda *_: "none"), embedder=HashingEmbedder())
    caller = replace(caller, service=Service(limner, tmp_path / "store"))

    async def report(progress: float, total: float | None = None, message: str | None = None) -> None:
        """Nobody looks."""

    result = anyio.run(call_tool, caller, "list_users", {}, report)
    assert result.is_error
    assert (str(tmp_path) in text_of(result)) is is_operator
    assert (str(tmp_path) in caplog.text) is not is_operator
    with pytest.raises(MCPError) as told, protocol_errors(caller):
        raise StoreError("/srv/secret is damaged")
    assert ("secret" in str(told.value)) is is_operator
