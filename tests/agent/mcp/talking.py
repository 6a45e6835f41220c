"""A real Limner with the shipped fakes behind MCP, for tests with the SDK's own client; as a script: `limner mcp`.

As a script it prints on stdout whenever the model is asked, as careless libraries do.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from agent.cli import main
from agent.limner import Limner
from agent.mcp import Caller
from agent.service import DEFAULT_TENANT, Scope, Service
from retrieval import HashingEmbedder
from tests.agent.scripted import EVENTS, SCHEMA, answer, open_with

__all__ = ["SCHEMA_FILE", "Connect", "caller_over", "open_store", "text_of"]

SCHEMA_FILE = "small.json"
Connect = Callable[..., AbstractAsyncContextManager[Any]]
"""What connects a client of the SDK to a server in this process, with scopes."""


def open_store(folder: Path, script: Callable[..., str | float] = answer, *more: Mapping[str, Any]) -> Limner:
    """A store with the histories of tests/agent/scripted.py, and ``more`` events."""
    from agent.fakes import ScriptedChat

    folder.mkdir(parents=True, exist_ok=True)
    rows = folder / "rows.jsonl"
    rows.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in [*EVENTS, *more]), "utf-8")
    (folder / SCHEMA_FILE).write_text(json.dumps(SCHEMA), "utf-8")
    limner = Limner(folder / "store", llm=ScriptedChat(script=script), embedder=HashingEmbedder())
    limner.ingest(rows)
    return limner


def caller_over(limner: Limner, *scopes: Scope) -> Caller:
    """A client of a store that has one."""
    from agent.schema import load_schema

    return Caller(
        service=Service(limner, limner.store.path),
        tenant=DEFAULT_TENANT,
        scopes=frozenset(scopes or ("read",)),
        by="tester (MCP)",
        remedy="Start it with what allows {scope!r}",
        schemas={"small": load_schema(SCHEMA)},
    )


def text_of(result: Any) -> str:
    """All that a result says in words."""
    return "\n".join(each.text for each in result.content)


def _loud_and_slow(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    print("a library says hello")
    os.write(1, b"a native library says hello\n")
    folder = os.environ.get("LIMNER_TEST")
    if folder and "wait" in user:
        Path(folder, "started").touch()
        time.sleep(2)
        with Path(folder, "calls").open("a") as calls:
            calls.write("x")
    return answer(system, user, schema)


if __name__ == "__main__":
    sys.exit(main(["mcp", *sys.argv[1:]], open_limner=open_with(_loud_and_slow)))
