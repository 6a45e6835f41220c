"""A real server in a process of its own: the page of the documentation is done, and the server ends in order."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from agent.cli import main
from agent.client import LimnerClient, ProblemError
from agent.client.documents import BeingRead, Part
from tests.agent.api.make_client_documents import PLACE, documents_of

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "http-api.md").read_text("utf-8")
BLOCKS = re.findall(r"<!-- run: (\w+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL)
ADDRESS = "http://127.0.0.1:8321"


class Process:
    """`limner serve` with the scripted model."""

    def __init__(self, store: Path, *words: str, **environment: str) -> None:
        command = [sys.executable, "-m", "tests.agent.scripted", "serve", "--port", "0", "--store", str(store), *words]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **environment}
        )
        self.said: list[str] = []
        self.url = ""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if " serving at " in line:
                self.url = line.split(" serving at ")[1].split()[0]
                break
        if not self.url:
            self.process.wait()
            self.process.stderr.close()
            raise AssertionError(self.said)
        self._listening = threading.Thread(target=lambda: self.said.extend(self.process.stderr or ()), daemon=True)
        self._listening.start()

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process.wait()
            self._listening.join(10)
            assert self.process.stderr is not None
            self.process.stderr.close()


@pytest.mark.parametrize("origin", ["crm.example", "https://crm.example/", "*"])
def test_what_is_no_origin_is_refused(tmp_path: Path, origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--store", str(tmp_path / "store"), "--port", "0", "--origin", origin]) == 2
    said = capsys.readouterr().err
    assert f"--origin {origin!r} is no origin. For example: https://app.example.com" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "limner.example.com"])
def test_without_keys_only_this_machine_is_served(
    tmp_path: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    assert main(["serve", "--store", str(store), "--port", "0", "--dev", "--host", host]) == 2
    said = capsys.readouterr().err
    assert "--dev asks for no keys" in said and host in said and "Leave --dev out" in said
    assert not store.exists()


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    server = Process(tmp_path_factory.mktemp("dev") / "store", "--dev")
    yield server
    assert server.stop() == 0
    assert not [line for line in server.said if "Traceback" in line]


def test_the_documentation_is_done_by_curl(dev: Process) -> None:
    blocks = [text for kind, text in BLOCKS if kind == "curl"]
    assert len(blocks) == 3
    told = [
        subprocess.run(
            ["bash", "-ec", text.replace(ADDRESS, dev.url)], capture_output=True, text=True, check=True
        ).stdout
        for text in blocks
    ]
    assert '"added":2' in told[0] and '"answer":"Munich"' in told[0]
    assert "event: progress" in told[1] and "event: done" in told[1]
    assert "HTTP/1.1 202" in told[2] and '"kind":"profile"' in told[2]


def test_the_documentation_is_done_by_python(dev: Process) -> None:
    (text,) = [text for kind, text in BLOCKS if kind == "python"]
    told = subprocess.run(
        [sys.executable, "-c", text.replace(ADDRESS, dev.url)], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    assert "['u42']" in told and "Munich ['I moved to Munich last month.']" in told
    assert "/location Munich" in told and "unknown-user 404" in told and "'events': 3" in told


def test_the_client_needs_nothing_of_limner() -> None:
    for file in (ROOT / "agent" / "client").glob("*.py"):
        assert not re.search(r"(from|import) (agent|retrieval|prompts)\b", file.read_text("utf-8")), file


def test_the_types_of_the_client_are_those_of_the_openapi_document(dev: Process) -> None:
    told = httpx.get(f"{dev.url}/v1/openapi.json").json()
    assert documents_of(told) == PLACE.read_text("utf-8"), "python -m tests.agent.api.make_client_documents"


def test_a_type_checker_knows_what_documents_have(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from agent.client import LimnerClient\n"
        "def read(limner: LimnerClient) -> None:\n"
        "    quote: str = limner.profile('u')['claims'][0]['evidence'][0]['quote']\n"
        "    answer: str | None = limner.ask('u', quote)['answer']\n"
        "    limner.make_profile('u', on_progress=lambda job: print(job['state'], answer))\n"
        "    limner.job('1')['stat']\n"
        "    confidence: str = limner.profile('u')['claims'][0]['confidence']\n"
    )
    said = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(program)],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "MYPYPATH": str(ROOT)},
    ).stdout  # fmt: skip
    assert [int(line.split(":")[1]) for line in said.splitlines() if ": error:" in line] == [6, 7], said


def test_a_client_reads_pages_and_events(dev: Process, tmp_path: Path) -> None:
    lines = tmp_path / "many.jsonl"
    lines.write_text(
        "".join(
            json.dumps({"user_id": "../x y", "id": f"e{n}", "text": f"Shoes number {n}"}) + "\n" for n in range(250)
        )
    )
    counts: list[dict[str, int]] = []
    with LimnerClient(dev.url) as limner:
        assert limner.upload(lines, counts.append)["added"] == 250
        assert counts[-1]["read"] == 250
        assert limner.upload(lines)["unchanged"] == 250
        assert [each["event_id"] for each in limner.events("../x y")] == [f"e{n}" for n in range(250)]
        assert limner.event("../x y", "e3")["text"] == "Shoes number 3"
        assert limner.search("../x y", "number 7", 1)[0]["event_id"] == "e7"
        assert limner.user("../x y")["events"] == 250
        first = limner.add_event("../x y", {"text": "One more."}, idempotency_key="k")
        assert limner.add_event("../x y", {"text": "One more."}, idempotency_key="k") == first
        limner.register("tiny", {"type": "object", "properties": {"city": {"type": ["string", "null"]}}})
        assert "tiny" in [each["name"] for each in limner.schemas()]
        document = limner.make_profile("../x y", "tiny")
        assert limner.profile("../x y", "tiny") == limner.profile("../x y", "tiny", version=1)
        assert document["profile"] == {"city": None}
        assert limner.changes("../x y", 1, "tiny")["changes"] == []
        assert limner.versions("../x y")[0]["version"] == 1
        assert {each["state"] for each in limner.jobs(user="../x y")} == {"done"}
        assert limner.corrections("../x y") == []
        assert limner.export("../x y")["user_id"] == "../x y"
        receipt = limner.forget("../x y", events=["e1"])
        assert limner.receipts("../x y") == [receipt]
        with pytest.raises(ProblemError, match="no event") as told:
            limner.event("../x y", "e1")
        assert (told.value.name, told.value.status) == ("not-found", 404)
        with pytest.raises(ProblemError) as told:
            limner.ask("../x y", "go away", lambda document: None)
        assert told.value.name == "model-unavailable"


def test_a_client_does_what_operators_do(tmp_path: Path) -> None:
    server = Process(tmp_path / "store", "--dev", "--no-warm")
    tiny = {"type": "object", "properties": {"city": {"type": ["string", "null"]}}}
    try:
        with LimnerClient(server.url) as limner:
            assert (limner.me()["tenant"], limner.me()["scopes"]) == ("default", ["admin"])
            assert limner.policy()["require_consent"] is False
            assert limner.set_policy(purposes=["support"], require_consent=True) == limner.policy()
            assert limner.policy()["purposes"] == ["support"]
            first = limner.grant("u1", "support", source="form", idempotency_key="k")
            assert limner.grant("u1", "support", source="form", idempotency_key="k") == first
            assert limner.withdraw("u1", idempotency_key="w") == limner.withdraw("u1", idempotency_key="w")
            assert len(limner.consents("u1")["consents"]) == 2
            limner.register("tiny", tiny)
            assert limner.schema("tiny")["document"] == tiny
            assert limner.check_schema(tiny)["valid"] is True
            assert limner.check_schema("tiny", {"city": 5})["errors"][0]["pointer"] == "/city"
            limner.remove_schema("tiny")
            with pytest.raises(ProblemError) as told:
                limner.schema("tiny")
            assert told.value.name == "not-found"
            added = [limner.add_event("u1", {"text": text})["event_id"] for text in ("One.", "Two.")]
            receipt = limner.forget("u1", events=added[:1], defer=True)
            (done,) = limner.compact(idempotency_key="c")
            assert (receipt["state"], done["state"]) == ("deferred", "done")
            assert limner.compact(idempotency_key="c") == [done] and limner.compact() == []
            assert limner.check_receipt(done) and not limner.check_receipt({**done, "number": 9})
    finally:
        assert server.stop() == 0


def test_a_client_is_told_of_an_answer_before_it_is_done(dev: Process) -> None:
    reading: list[BeingRead] = []
    parts: list[Part] = []
    question = "Which city does she live in? Where does she live now?"
    with LimnerClient(dev.url) as limner:
        limner.add_event("parts", {"text": "I live in Munich now."})
        document = limner.ask("parts", question, on_reading=reading.append, on_part=parts.append)
        assert [each["answer"] for each in parts] == ["Munich", "Munich"] and document["answer"] == "Munich; Munich"
        assert {each["evidence"][0]["quote"] for each in reading} <= {"I live in Munich now."}
        assert {**limner.ask("parts", question), "usage": None} == {**document, "usage": None}
        with pytest.raises(ProblemError, match="gone"):
            limner.ask("parts", "go away", on_part=parts.append)


def test_commands_say_that_the_store_is_served(dev: Process) -> None:
    store = next(word for word in dev.process.args if "store" in str(word) and "/" in str(word))  # type: ignore[union-attr]
    told = subprocess.run(
        [sys.executable, "-m", "tests.agent.scripted", "users", "--store", str(store), "--json"],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert told.returncode == 0
    assert f"served at {dev.url} by process {dev.process.pid}" in told.stderr
    second = subprocess.run(
        [sys.executable, "-m", "tests.agent.scripted", "serve", "--port", "0", "--store", str(store)],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert second.returncode == 5 and "already served" in second.stderr


def test_the_first_page_does_not_wait_for_a_model(tmp_path: Path) -> None:
    began = time.monotonic()
    server = Process(tmp_path / "store", "--dev")
    try:
        assert httpx.get(server.url, follow_redirects=True).status_code == 200
        assert time.monotonic() - began < 15, "3 to 4 seconds on a quiet machine"
    finally:
        assert server.stop() == 0


def test_ctrl_c_ends_it_with_0(tmp_path: Path) -> None:
    server = Process(tmp_path / "store", "--dev", "--no-warm")
    assert httpx.get(f"{server.url}/ready").json()["model_loaded"] is True, "a scripted one always is"
    assert server.stop(signal.SIGINT) == 0, server.said


def test_sigterm_ends_it_with_0_while_the_model_works(tmp_path: Path) -> None:
    server = Process(tmp_path / "store", "--dev", LIMNER_TEST=str(tmp_path))
    try:
        with LimnerClient(server.url) as limner:
            limner.add_event("u1", {"text": "I live in Munich now."})
        asking = threading.Thread(target=_ask, args=(server.url,))
        asking.start()
        ends = time.monotonic() + 20
        while not (tmp_path / "started").exists() and time.monotonic() < ends:
            time.sleep(0.05)
        assert (tmp_path / "started").exists()
    finally:
        code = server.stop()
    asking.join()
    assert code == 0, server.said


def _ask(url: str) -> None:
    with suppress(httpx.HTTPError):
        httpx.post(f"{url}/v1/users/u1/ask", json={"question": "Which city does she wait in?"}, timeout=90)


def test_keys_and_schemas_of_a_newer_limner_are_refused_at_the_start(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "service.sqlite3")) as db:
        db.execute("PRAGMA user_version = 2")
    with pytest.raises(AssertionError, match=r"has version 2, this limner reads 1\. Update limner"):
        Process(tmp_path, "--dev")


def test_with_keys(tmp_path: Path) -> None:
    store = tmp_path / "store"
    made = subprocess.run(
        [sys.executable, "-m", "tests.agent.scripted", "keys", "add", "--scope", "admin", "--json"],
        capture_output=True, text=True, cwd=ROOT, check=True, env={**os.environ, "LIMNER_STORE": str(store)},
    )  # fmt: skip
    server = Process(store, "--rate", "5/minute")
    try:
        with LimnerClient(server.url) as limner, pytest.raises(ProblemError, match="no key"):
            list(limner.users())
        with LimnerClient(server.url, json.loads(made.stdout)["key"]) as limner:
            assert list(limner.users()) == []
            limner.add_event("u1", {"text": "I live in Munich now."})
            with pytest.raises(ProblemError) as told:
                for _ in range(5):
                    list(limner.users())
            assert told.value.name == "rate-limited" and told.value.retry_after
    finally:
        assert server.stop() == 0
