"""``--batch --jobs N`` against a server of language models that takes its time."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from agent.limner import Limner
from retrieval.fakes import HashingEmbedder
from tests.agent import scripted
from tests.agent.fake_servers import VLLM, Server, sensible
from tests.conftest import WriteRows

USERS = [f"u{at}" for at in range(6)]


class Slow:
    """A model that takes 20 ms for a reply; ``most`` is how many it gave at a time."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        return scripted.answer(system, user, schema)


Run = Callable[..., tuple[list[dict[str, Any]], float]]


@pytest.fixture
def run(tmp_path: Path, write_rows: WriteRows, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Profiles of six users, each wanted twice, from a fresh store; the results, and the seconds that it took."""
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "cache"))
    rows = [{"user_id": user, "id": "a", "text": f"I live in Munich. I am {user}."} for user in USERS]
    history = write_rows(*rows)
    requests = write_rows(*({"user_id": user} for user in [*USERS, *USERS]), name="in.jsonl")
    schema = write_rows(scripted.SCHEMA, name="small.json")

    def open_limner(store: Path, **settings: Any) -> Limner:
        return Limner(store, **{**settings, "embedder": HashingEmbedder()})

    def run(server: VLLM, jobs: int) -> tuple[list[dict[str, Any]], float]:
        store, out = tmp_path / f"store{jobs}", tmp_path / f"out{jobs}.jsonl"
        assert main(["ingest", str(history), "--store", str(store)], open_limner) == 0
        words = ["profile", "--batch", requests, "--out", out, "--schema", schema, "--store", store, "--jobs", jobs]
        words += ["--llm", "vllm:fake-model", "--llm-base-url", server.url]
        started = time.monotonic()
        assert main([str(each) for each in words], open_limner) == 0
        seconds = time.monotonic() - started
        results = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        for each in results:
            del each["usage"], each["generated_at"]
        return results, seconds

    return run


def test_the_same_results_in_less_time(run: Run) -> None:
    model = Slow()
    with VLLM(Server(sensible(model))) as server:
        one_by_one, slowly = run(server, 1)
        assert model.most == 1
        together, quickly = run(server, 4)
    assert together == one_by_one
    assert [each["user_id"] for each in together] == [*USERS, *USERS]
    assert all(each["profile"]["city"] == "Munich" for each in together)
    assert 2 <= model.most <= 4
    assert quickly < slowly


def test_a_model_in_this_process_is_asked_one_by_one(
    tmp_path: Path, write_rows: WriteRows, capsys: pytest.CaptureFixture[str]
) -> None:
    store, requests = tmp_path / "store", write_rows({"user_id": "u1", "question": "Where do I live?"}, name="in.jsonl")
    open_limner = scripted.open_with(scripted.answer)
    assert main(["ingest", str(write_rows(*scripted.EVENTS)), "--store", str(store)], open_limner) == 0
    words = ["ask", "--batch", requests, "--out", tmp_path / "out.jsonl", "--store", store, "--jobs", "8"]
    assert main([str(each) for each in words], open_limner) == 0
    assert "one in this process answers one request at a time" in capsys.readouterr().err
    assert json.loads((tmp_path / "out.jsonl").read_text("utf-8"))["answer"] == "Munich"
