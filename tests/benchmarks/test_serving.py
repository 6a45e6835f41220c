"""The benchmark of a server notices when the loading that it measures has ended."""

import asyncio
from typing import Any

import httpx
import pytest

from benchmarks.serving import keep_loading


def loaded(statuses: list[int], *, lost: int = 0) -> tuple[dict[str, Any], list[str]]:
    """What loading files of 100 messages comes to that are answered so, and what was sent; it stops after the last."""
    sent: list[str] = []

    async def run() -> dict[str, Any]:
        stop = asyncio.Event()

        def answer(request: httpx.Request) -> httpx.Response:
            sent.append(request.read().decode())
            if len(sent) == len(statuses):
                stop.set()
            return httpx.Response(statuses[len(sent) - 1], json={"added": sent[-1].count("\n") - lost})

        async with httpx.AsyncClient(base_url="http://test", transport=httpx.MockTransport(answer)) as http:
            return await keep_loading(http, stop, 100)

    return asyncio.run(run()), sent


def test_files_with_new_ids_are_loaded_until_it_stops() -> None:
    told, sent = loaded([200, 200, 200])
    assert (told["files"], told["added"], told["failed"]) == (3, 300, "")
    users = [{line.partition('"user_id": "')[2].partition('"')[0] for line in each.splitlines()} for each in sent]
    assert [len(each) for each in users] == [50, 50, 50] and not (users[0] & users[1] or users[1] & users[2])


@pytest.mark.parametrize(("statuses", "lost", "why"), [([200, 503, 200], 0, "503"), ([200, 200], 1, "99 of 100")])
def test_loading_that_fails_is_told(statuses: list[int], lost: int, why: str) -> None:
    told, sent = loaded(statuses, lost=lost)
    assert why in told["failed"] and len(sent) < len(statuses)
