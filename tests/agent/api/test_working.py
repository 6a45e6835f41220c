"""Work of the model over HTTP: progress, cancelling, going away; reading and writing beside it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.api.serving import Served, ask_and_go, served
from tests.agent.scripted import answer

QUESTION = {"question": "Which city does she live in?"}


class Gate:
    """A scripted model that waits at each call until it is let on."""

    def __init__(self) -> None:
        self.asked, self.open = threading.Event(), threading.Event()
        self.calls = 0

    def __call__(self, *asked: Any) -> Any:
        self.calls += 1
        self.asked.set()
        assert self.open.wait(30)
        return answer(*asked)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open.set()


@pytest.fixture
def server(tmp_path: Path, gate: Gate) -> Iterator[Served]:
    with served(tmp_path, script=gate) as found:
        found.load()
        yield found
        gate.open.set()


def _until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.01)


def _events(text: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n") if block.startswith("event")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_an_answer_is_streamed(server: Served, gate: Gate) -> None:
    gate.open.set()
    told = server.ask("POST", "/v1/users/u1/ask", json=QUESTION, headers={"Accept": "text/event-stream"})
    assert told.headers["content-type"].startswith("text/event-stream")
    events = _events(told.text)
    assert {name for name, _ in events[:-1]} <= {"progress", "reading"} and events[0][0] == "progress"
    assert events[-1][0] == "done" and events[-1][1]["answer"] == "Munich"
    assert any(document["step"] for _, document in events[:-1])


def test_a_failure_is_streamed(server: Served, gate: Gate) -> None:
    gate.open.set()
    told = server.ask("POST", "/v1/users/u1/ask", json={"question": "go away"}, headers={"Accept": "text/event-stream"})
    name, document = _events(told.text)[-1]
    assert (name, document["type"], document["status"]) == ("problem", "/v1/problems/model-unavailable", 503)


def test_a_job_is_cancelled(server: Served, gate: Gate) -> None:
    job = server.ask("POST", "/v1/users/u1/profiles", json={}).json()
    assert gate.asked.wait(10)
    assert server.ask("GET", f"/v1/jobs/{job['job_id']}").json()["state"] == "running"
    second = server.ask("POST", "/v1/users/u1/profiles", json={}).json()
    assert server.ask("GET", f"/v1/jobs/{second['job_id']}").json()["ahead"] == 1
    assert server.ask("DELETE", f"/v1/jobs/{second['job_id']}").status_code == 204
    assert server.ask("GET", f"/v1/jobs/{second['job_id']}").json()["state"] == "cancelled"
    assert server.ask("DELETE", f"/v1/jobs/{job['job_id']}").status_code == 204
    gate.open.set()
    _until(lambda: server.ask("GET", f"/v1/jobs/{job['job_id']}").json()["state"] == "cancelled")
    assert gate.calls == 1
    assert server.ask("GET", "/v1/users/u1/profiles").json()["versions"] == []
    assert [each["state"] for each in server.ask("GET", "/v1/jobs", params={"state": "cancelled"}).json()["jobs"]] == [
        "cancelled",
        "cancelled",
    ]


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_client_that_goes_away_cancels_its_work(server: Served, gate: Gate, accept: str) -> None:
    ask_and_go(server, QUESTION, accept, lambda sent: gate.asked.wait(10))
    gate.open.set()
    (job,) = server.service.queue.jobs("default")
    assert job.wait(10)
    assert (job.state, gate.calls) == ("cancelled", 1)


def test_a_built_profile_does_not_need_its_client(server: Served, gate: Gate) -> None:
    job = server.ask("POST", "/v1/users/u1/profiles", json={}).json()
    assert gate.asked.wait(10)
    gate.open.set()
    _until(lambda: server.ask("GET", f"/v1/jobs/{job['job_id']}").json()["state"] == "done")
    assert server.ask("GET", f"/v1/jobs/{job['job_id']}").json()["result"]["profile"]["location"] == "Munich"


def test_an_erasure_stops_work_about_the_user_and_lets_none_in(server: Served, gate: Gate) -> None:
    job = server.ask("POST", "/v1/users/u1/profiles", json={}).json()["job_id"]
    waiting = server.ask("POST", "/v1/users/u1/profiles", json={}).json()["job_id"]
    other = server.ask("POST", "/v1/users/张三/profiles", json={}).json()["job_id"]
    assert gate.asked.wait(10)
    told: list[Any] = []
    erasing = threading.Thread(target=lambda: told.append(server.ask("POST", "/v1/users/u1/erasures", json={})))
    erasing.start()
    _until(lambda: server.service.queue._barred[("default", "u1")] > 0)
    refused = server.ask("POST", "/v1/users/u1/ask", json=QUESTION)
    assert (refused.status_code, refused.json()["type"]) == (503, "/v1/problems/store-busy")
    gate.open.set()
    erasing.join(20)
    assert told[0].status_code == 201
    assert server.ask("GET", f"/v1/jobs/{job}").status_code == 404
    assert server.ask("GET", f"/v1/jobs/{waiting}").status_code == 404
    _until(lambda: server.ask("GET", f"/v1/jobs/{other}").json()["state"] == "done")
    assert server.ask("GET", "/v1/users/u1").status_code == 404
    assert not server.service.queue._barred


def test_reading_goes_on_while_writers_wait(server: Served) -> None:
    with server.service._writers("default").taken():
        writers = [
            threading.Thread(
                target=lambda n=number: server.ask("POST", "/v1/users/u1/events", json={"text": f"number {n}"})
            )
            for number in range(50)
        ]
        for each in writers:
            each.start()
        started = time.monotonic()
        for _ in range(10):
            assert server.ask("GET", "/v1/users/u1/events").status_code == 200
        assert time.monotonic() - started < 10
    for each in writers:
        each.join(60)
    assert server.ask("GET", "/v1/users/u1").json()["events"] == 52


def test_too_large_bodies_without_a_length(server: Served, tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (b"x" * 100_000 for _ in range(30))

    told = server.ask("POST", "/v1/users/u1/ask", content=pieces(), headers={"Content-Type": "application/json"})
    assert (told.status_code, told.json()["type"]) == (413, "/v1/problems/too-large")
    with served(tmp_path / "other", max_upload=1000) as small:
        told = small.ask("POST", "/v1/events", content=pieces())
        assert (told.status_code, told.json()["type"]) == (413, "/v1/problems/too-large")


def test_explanations(server: Served, gate: Gate) -> None:
    gate.open.set()
    found = server.ask("POST", "/v1/users/u1/explanations", json={"pointer": "/location"})
    assert (found.status_code, found.json()["value"]) == (200, "Munich")
    found = server.ask("POST", "/v1/users/u1/explanations", json=QUESTION)
    assert (found.status_code, found.json()["kind"]) == (200, "answer")
    assert server.ask("POST", "/v1/users/u1/explanations", json={"pointer": "/none"}).status_code == 400
