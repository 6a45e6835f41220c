"""What is told of an answer before it is done, over HTTP: order, guards, who goes away, what is kept."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.responses import StreamingResponse

from agent.api.working import events_of
from retrieval.policies import Policy, make_policy
from tests.agent.api.serving import Served, ask_and_go, served
from tests.agent.scripted import answer

CITY, STREET, FAITH = "Which city does she live in?", "Where does she live now?", "What is her religion?"
STREAM = {"Accept": "text/event-stream"}


class Pause:
    """A scripted model that waits when it is asked to read, or to judge, for the first time."""

    def __init__(self, at: str = "read") -> None:
        self.at, self.reached, self.open = at, threading.Event(), threading.Event()
        self.calls = 0

    def __call__(self, system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
        self.calls += 1
        if self._is(system, user):
            self.reached.set()
            assert self.open.wait(30)
        return answer(system, user, schema)

    def _is(self, system: str, user: str) -> bool:
        judging = not user.endswith(("Answer:", "答案："))
        return judging if self.at == "judge" else not judging and "weigh" not in system and "\n" in _messages(user)


def _messages(user: str) -> str:
    """The lines that are read; of one that is weighed, the question stands before."""
    return "" if user.startswith(("Question:", "问题：")) else user


@pytest.fixture
def pause() -> Iterator[Pause]:
    made = Pause()
    yield made
    made.open.set()


@pytest.fixture
def server(tmp_path: Path, pause: Pause) -> Iterator[Served]:
    with served(tmp_path, script=pause) as found:
        found.load()
        yield found
        pause.open.set()


def _events(text: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n") if block.startswith("event")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def _ask(server: Served, question: str, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    body = {"question": question, **more}
    return _events(server.ask("POST", "/v1/users/u1/ask", json=body, headers=STREAM).text)


def _until(holds: Callable[[], Any]) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.01)


def _started(server: Served, pause: Pause, question: str) -> Any:
    """A job that has come to where the model waits."""
    job = server.service.ask("default", "u1", question)
    assert pause.reached.wait(20)
    return job


def test_events_come_in_order_and_done_as_ever(server: Served, pause: Pause) -> None:
    pause.open.set()
    events = _ask(server, f"{CITY} {STREET}")
    names = [name for name, _ in events if name != "progress"]
    assert names[-1] == "done" and names.count("part") == 2 and events[0][0] == "progress"
    parts = [document for name, document in events if name == "part"]
    assert [each["number"] for each in parts] == [1, 2] and {each["total"] for each in parts} == {2}
    assert parts[0]["answer"] == "Munich" and parts[0]["question"] == CITY
    plain = server.ask("POST", "/v1/users/u1/ask", json={"question": f"{CITY} {STREET}"}).json()
    done = events[-1][1]
    assert {**done, "usage": None} == {**plain, "usage": None}
    assert [each for part in parts for each in part["evidence"] if each not in done["evidence"]] == []


def test_quotes_are_told_while_they_are_read(server: Served, pause: Pause) -> None:
    job = _started(server, pause, CITY)
    _until(lambda: job.early)
    (early,) = job.early_after(0)
    assert early.kind == "reading" and set(early.document) == {"question", "number", "total", "evidence"}
    hits = server.ask("GET", "/v1/users/u1/search", params={"q": CITY, "k": 50}).json()["hits"]
    found = {(each["event_id"], each["start"], each["end"], each["text"]) for each in hits}
    assert {(e["event_id"], e["start"], e["end"], e["quote"]) for e in early.document["evidence"]} <= found

    async def follow() -> list[bytes]:
        stream = events_of(server.service, job, owned=False, for_operator=False)
        assert isinstance(stream, StreamingResponse)
        events: Any = aiter(stream.body_iterator)
        told = [await anext(events), await anext(events)]
        pause.open.set()
        return [*told, *[each async for each in events]]

    names = [name for name, _ in _events(b"".join(asyncio.run(follow())).decode())]
    assert names[:2] == ["progress", "reading"] and names[-1] == "done"


def test_what_is_being_read_is_not_kept_and_parts_are_as_long_as_the_answer(server: Served, pause: Pause) -> None:
    job = _started(server, pause, f"{CITY} {STREET}")
    pause.open.set()
    assert job.wait(20)
    assert [each.kind for each in job.early] == ["part", "part"]
    late = [name for name, _ in _events(server.ask("GET", f"/v1/jobs/{job.job_id}/events").text)]
    assert late == ["part", "part", "done"]
    assert "early" not in server.ask("GET", f"/v1/jobs/{job.job_id}").text


def test_nothing_is_kept_of_what_was_cancelled_or_failed(server: Served, pause: Pause) -> None:
    job = _started(server, pause, CITY)
    assert job.early
    assert server.ask("DELETE", f"/v1/jobs/{job.job_id}").status_code == 204
    pause.open.set()
    assert job.wait(20)
    assert (job.state, job.early) == ("cancelled", ())
    failed = server.service.ask("default", "u1", f"{CITY} go away")
    assert failed.wait(20)
    assert (failed.state, failed.early) == ("failed", ())


def test_a_withheld_question_streams_nothing(server: Served, pause: Pause) -> None:
    pause.open.set()
    server.service.limner("default").store.set_policy(Policy(sensitive=()))
    events = _ask(server, FAITH)
    assert {name for name, _ in events[:-1]} <= {"progress"} and events[-1][1]["withheld"]
    both = [document for name, document in _ask(server, f"{FAITH} {CITY}") if name in ("reading", "part")]
    assert both and {each["number"] for each in both} == {2}


def test_with_a_lowest_confidence_parts_come_with_the_document(server: Served, pause: Pause) -> None:
    pause.open.set()
    names = [name for name, _ in _ask(server, f"{CITY} {STREET}", min_confidence=0.1)]
    assert "part" not in names and names[-1] == "done"


def test_a_consent_that_is_withdrawn_meanwhile(server: Served, pause: Pause) -> None:
    store = server.service.limner("default").store
    store.set_policy(make_policy(["support"], None, [], require_consent=True))
    store.consents.grant("u1", "support", by="t")
    job = _started(server, pause, CITY)
    assert job.early_after(0)
    store.consents.withdraw("u1", "support", by="t")  # by another program: nobody stopped the job
    name, document = _events(server.ask("GET", f"/v1/jobs/{job.job_id}/events").text)[-1]
    assert (name, document["type"]) == ("problem", "/v1/problems/consent-missing")
    pause.open.set()
    assert job.wait(20)
    assert (job.state, job.early) == ("failed", ())


def test_keys_of_another_tenant_or_purpose_see_nothing_of_it(tmp_path: Path) -> None:
    with served(tmp_path, tenants=True) as server:
        server.load()
        other = server.key("admin", tenant="other")
        server.ask("POST", "/v1/users/x/events", json={"text": "Hello."}, headers=other)
        job = server.service.ask("default", "u1", f"{CITY} {STREET}")
        assert job.wait(20)
        path = f"/v1/jobs/{job.job_id}/events"
        assert "Munich" in server.ask("GET", path).text
        assert server.ask("GET", path, headers=other).status_code == 404
        server.service.limner("default").store.set_policy(
            make_policy(["support", "b"], None, [], require_consent=False)
        )
        meant = server.service.ask("default", "u1", CITY, purpose="support")
        bound = {"Authorization": f"Bearer {server.service.keys.make('default', ['read'], purposes=['b'])[0]}"}
        assert server.ask("GET", f"/v1/jobs/{meant.job_id}/events", headers=bound).status_code == 404


def test_a_client_that_goes_away_ends_what_it_was_being_told(server: Served, pause: Pause) -> None:
    question = {"question": f"{CITY} {STREET}"}
    sent = ask_and_go(
        server, question, STREAM["Accept"], lambda sent: _until(lambda: b"event: reading" in b"".join(sent))
    )
    assert [name for name, _ in _events(sent)][-1] == "reading"
    calls = pause.calls
    pause.open.set()
    (job,) = server.service.queue.jobs("default")
    assert job.wait(20)
    assert (job.state, job.early, pause.calls) == ("cancelled", (), calls)


def test_the_openapi_document_tells_the_events(server: Served) -> None:
    document = server.ask("GET", "/v1/openapi.json").json()
    schemas = document["components"]["schemas"]
    stream = document["paths"]["/v1/users/{user_id}/ask"]["post"]["responses"]["200"]["content"]["text/event-stream"]
    assert list(stream["x-events"]) == ["progress", "reading", "part", "done", "problem"]
    for path in document["paths"].values():
        for operation in path.values():
            content = operation["responses"].get("200", {}).get("content", {}).get("text/event-stream", {})
            for each in content.get("x-events", {}).values():
                assert each == {"type": "object"} or each["$ref"].rpartition("/")[2] in schemas
    assert schemas["Part"]["properties"]["evidence"]["items"]["$ref"] == "#/components/schemas/Evidence"
