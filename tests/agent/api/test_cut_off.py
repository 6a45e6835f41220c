"""Uploads that are cut off, by their client or by SIGTERM: whole batches from the start or nothing, and no traceback.

``benchmarks/kills --served`` does so at random moments, with SIGKILL too.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from retrieval import HashingEmbedder, Store
from tests.agent.api.test_serving import Process
from tests.retrieval.conftest import agrees

ROWS = 10 * 512
BATCH = 512
SAID = [{"user_id": f"u{n % 7}", "id": f"e{n}", "text": f"Message number {n}."} for n in range(ROWS)]
BODY = "".join(json.dumps(each) + "\n" for each in SAID).encode()
CUT = pytest.mark.parametrize("by", ["client", "SIGTERM"])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    # SIGTERM gives what is being done ten seconds
    served = Process(tmp_path / "store", "--dev", "--no-warm", LIMNER_TEST_SECONDS="2.5")
    yield served
    served.stop()


def begin(server: Process, sent: bytes) -> socket.socket:
    """A connection over which so much of an upload was sent."""
    address = urlsplit(server.url)
    head = f"POST /v1/events HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/x-ndjson\r\n"
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=60)
    connection.sendall(f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + sent)
    return connection


def cut(server: Process, connection: socket.socket, by: str) -> None:
    """Cut the upload off; afterwards the server has ended, in order and without a traceback."""
    if by == "client":
        connection.close()
        wait_until(lambda: httpx.get(f"{server.url}/health", timeout=60).status_code == 200)
        time.sleep(0.5)
    assert server.stop() == 0, server.said
    connection.close()
    assert not [line for line in server.said if "Traceback" in line or "Error" in line], server.said


def wait_until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)


def there(folder: Path) -> list[str]:
    """The ids of all events of the store, in the order of the upload; record and index agree."""
    with Store(folder, HashingEmbedder()) as store:
        assert agrees(store)
        ids = [each.event_id for user in store.users() for each in store.events(user.user_id)]
    return sorted(ids, key=lambda each: int(each[1:]))


@CUT
def test_in_the_middle_of_what_is_sent_nothing_is_loaded(server: Process, tmp_path: Path, by: str) -> None:
    httpx.post(f"{server.url}/v1/users/u1/events", json={"id": "e0", "text": "Before."}, timeout=60).raise_for_status()
    connection = begin(server, BODY[: len(BODY) // 2])
    time.sleep(0.3)
    cut(server, connection, by)
    assert there(tmp_path / "store") == ["e0"]
    left = [each.name for each in (tmp_path / "store").iterdir() if each.name.startswith("tmp")]
    assert not left, "the part that was sent is left on the disk"


@CUT
def test_in_the_middle_of_the_loading_whole_batches_are_there_and_the_same_upload_continues(
    server: Process, tmp_path: Path, by: str
) -> None:
    connection = begin(server, BODY)
    wait_until(lambda: bool(httpx.get(f"{server.url}/v1/users", timeout=60).json()["users"]))
    cut(server, connection, by)
    loaded = there(tmp_path / "store")
    assert BATCH <= len(loaded) < ROWS and len(loaded) % BATCH == 0
    assert loaded == [f"e{n}" for n in range(len(loaded))]
    again = Process(tmp_path / "store", "--dev", "--no-warm")
    try:
        headers = {"Content-Type": "application/x-ndjson"}
        report = httpx.post(f"{again.url}/v1/events", content=BODY, headers=headers, timeout=400).json()
    finally:
        assert again.stop() == 0
    assert (report["unchanged"], report["added"]) == (len(loaded), ROWS - len(loaded))
    assert len(there(tmp_path / "store")) == ROWS
