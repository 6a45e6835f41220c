from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from mcp import Client

from agent.limner import Limner
from agent.mcp import make_server
from agent.service import Scope
from tests.agent.mcp.talking import Connect, caller_over, open_store


@pytest.fixture
def limner(tmp_path: Path) -> Limner:
    return open_store(tmp_path)


@pytest.fixture(params=["legacy", "auto"])
def connect(request: pytest.FixtureRequest, limner: Limner) -> Connect:
    """A client of a server in this process, in both forms of the protocol."""

    @asynccontextmanager
    async def connected(*scopes: Scope, purpose: str | None = None) -> AsyncIterator[Client]:
        caller = replace(caller_over(limner, *scopes), purpose=purpose)
        async with Client(make_server(lambda context: caller), mode=request.param) as client:
            yield client
        caller.service.close()

    return connected
