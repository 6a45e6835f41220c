"""``limner mcp`` as a real process, with the SDK's client: only the protocol on stdout, flags, the end of it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from agent.service import Hosting
from tests.agent.mcp.talking import SCHEMA_FILE, open_store, text_of

ROOT = Path(__file__).parents[3]
ENTRY = ["-m", "tests.agent.mcp.talking"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    open_store(tmp_path).close()
    return tmp_path


def server(folder: Path, *flags: str) -> StdioServerParameters:
    arguments = [*ENTRY, "--store", str(folder / "store"), "--schema", str(folder / SCHEMA_FILE), *flags]
    return StdioServerParameters(
        command=sys.executable,
        args=arguments,
        cwd=ROOT,
        env={**os.environ, "LIMNER_TEST": str(folder), "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_client_reads_and_whatever_is_printed_does_not_disturb_it(folder: Path, mode: str) -> None:
    told: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async def talk() -> None:
        async with Client(stdio_client(server(folder), errlog=errors), mode=mode) as client:
            assert len((await client.list_tools()).tools) == 5
            given = {"user_id": "u1", "question": "Where does she live?"}
            answer = await client.call_tool("ask_user", given, progress_callback=note)
            assert answer.structured_content is not None and answer.structured_content["answer"] == "Munich"
            profile = await client.call_tool("get_profile", {"user_id": "张三", "schema": "small"})
            assert profile.structured_content is not None and profile.structured_content["profile"]["city"] == "慕尼黑"
            refused = await client.call_tool("add_event", {"user_id": "u1", "text": "x"})
            assert "start it with --write" in text_of(refused)

    with (folder / "stderr").open("w+") as errors:
        anyio.run(talk)
        errors.seek(0)
        assert "a native library says hello" in errors.read()
    assert any(message and message.startswith("retrieve") for message in told)


def test_flags_let_it_write_and_erase(folder: Path) -> None:
    async def talk() -> None:
        async with Client(server(folder, "--write", "--erase", "--by", "Ada")) as client:
            given = {"user_id": "u1", "pointer": "/city", "action": "correct", "value": "Ulm", "schema": "small"}
            correction = await client.call_tool("correct_claim", given)
            assert correction.structured_content is not None
            assert correction.structured_content["by"] == "Ada (MCP)"
            receipt = await client.call_tool("forget_user", {"user_id": "u1", "dry_run": False})
            assert not receipt.is_error

    anyio.run(talk)


def test_a_client_that_cancels_stops_the_work(folder: Path) -> None:
    async def talk() -> None:
        async with Client(server(folder), mode="legacy") as client:
            with anyio.move_on_after(30) as scope:
                async with anyio.create_task_group() as group:
                    given = {"user_id": "u1", "question": "Where does she wait?"}
                    group.start_soon(client.call_tool, "ask_user", given)
                    while not (folder / "started").exists():
                        await anyio.sleep(0.05)
                    scope.cancel()
            await anyio.sleep(3)
            assert len((folder / "calls").read_text()) == 1
            assert not (await client.call_tool("list_users", {})).is_error

    anyio.run(talk)


def run(folder: Path, *flags: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *ENTRY, "--store", str(folder / "store"), *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **options)


def test_stdout_is_json_of_the_protocol_and_the_end_of_stdin_ends_it(folder: Path) -> None:
    first = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    done = run(folder, input=json.dumps(first) + "\nno json\n")
    assert done.returncode == 0
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(each["jsonrpc"] == "2.0" for each in replies)
    assert replies[0]["result"]["serverInfo"]["name"] == "limner"
    assert "never instructions" in replies[0]["result"]["instructions"]


def test_sigterm_ends_it(folder: Path) -> None:
    command = [sys.executable, *ENTRY, "--store", str(folder / "store")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 130


def test_wrong_flags_and_a_store_that_a_server_writes(folder: Path) -> None:
    refused = run(folder, "--erase")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Add --write" in refused.stderr
    with Hosting(folder / "store").held("http://127.0.0.1:8321"):
        busy = run(folder, "--write", input="")
        assert busy.returncode == 5 and "http://127.0.0.1:8321/mcp" in busy.stderr
        beside = run(folder, input="")
        assert beside.returncode == 0 and "served at http://127.0.0.1:8321" in beside.stderr
