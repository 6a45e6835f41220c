"""An embedder in a process of its own: the same vectors, nobody waits for passages, and what comes when it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.e5 import convert
from retrieval.embedder_apart import ApartEmbedder
from retrieval.embedder_process import EmbedderProcess
from retrieval.embedders import load_embedder
from retrieval.errors import ModelUnavailable
from retrieval.events import Event
from retrieval.fakes import HashingEmbedder
from retrieval.store import Store
from retrieval.worker_process import ProcessEnded, WorkerProcess
from tests.retrieval.tiny_models import HIDDEN, e5_bytes

HASHING = "tests.retrieval.hashing_worker"
DIES = f"""
import os, sys
from retrieval.embedders import load_embedder
from retrieval.worker_process import WorkerProcess

process = WorkerProcess({HASHING!r})
load_embedder(sys.argv[1], process=process)
print(process.pid, "torch" in sys.modules, flush=True)
os.kill(os.getpid(), 9)
"""
TEXTS = ["hello " * n for n in range(1, 150)] + ["你好世界", "", "hello \ud83d"]


@pytest.fixture
def process() -> Iterator[WorkerProcess]:
    process = WorkerProcess(HASHING)
    yield process
    process.close()


@pytest.fixture
def spec(tmp_path: Path) -> str:
    (tmp_path / "dimension").write_text("32", "utf-8")
    return str(tmp_path / "dimension")


def end(process: WorkerProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)


def embed_until(over: threading.Event, apart: ApartEmbedder) -> None:
    while not over.is_set():
        apart.embed_passages(["hello " * 60] * 640)


def test_a_model_embeds_the_same_and_passages_step_back_behind_all_else(tmp_path: Path) -> None:
    (tmp_path / "tiny-e5.bin").write_bytes(e5_bytes())
    convert(tmp_path / "tiny-e5.bin", tmp_path / "tiny-e5")
    process, here = EmbedderProcess(), load_embedder(str(tmp_path / "tiny-e5"))
    over = threading.Event()
    try:
        apart = load_embedder(str(tmp_path / "tiny-e5"), process=process)
        assert isinstance(apart, ApartEmbedder)
        assert (apart.name, apart.dimension) == (here.name, HIDDEN)
        passages, queries = apart.embed_passages(TEXTS), apart.embed_queries(["hello", "你好"])
        assert np.allclose(passages, here.embed_passages(TEXTS), atol=1e-6)
        assert np.allclose(queries, here.embed_queries(["hello", "你好"]), atol=1e-6)
        assert not np.allclose(queries[0], apart.embed_passages(["hello"])[0], atol=1e-3)
        embedding = threading.Thread(target=embed_until, args=(over, apart))
        embedding.start()
        assert np.allclose(apart.embed_queries(["hello", "你好"]), queries, atol=1e-6), "they need not wait"
        if sys.platform.startswith("linux"):
            threads = [int(each.name) for each in Path(f"/proc/{process.pid}/task").iterdir()]
            mine, nice = os.getpriority(os.PRIO_PROCESS, 0), {os.getpriority(os.PRIO_PROCESS, each) for each in threads}
            assert nice == {mine, max(mine, 10)}
        over.set()
        embedding.join()
    finally:
        over.set()
        process.close()


def test_vectors_have_the_places_of_their_texts(spec: str, process: WorkerProcess) -> None:
    apart, here = ApartEmbedder(spec, process), HashingEmbedder(32)
    passages = apart.embed_passages(TEXTS)
    assert (apart.name, passages.shape, str(passages.dtype)) == (here.name, (len(TEXTS), 32), "float32")
    assert np.array_equal(passages, here.embed_passages(TEXTS))
    assert apart.embed_passages([]).shape == apart.embed_queries([]).shape == (0, 32)


def test_a_process_that_ended_is_started_again(spec: str, process: WorkerProcess) -> None:
    apart = ApartEmbedder(spec, process)
    wanted, over = apart.embed_passages(TEXTS), threading.Event()
    end(process)
    assert np.array_equal(apart.embed_passages(TEXTS), wanted)
    embedding = threading.Thread(target=embed_until, args=(over, apart))
    embedding.start()
    time.sleep(0.05)
    end(process)  # in the middle of it
    assert np.array_equal(apart.embed_queries(TEXTS), wanted)
    over.set()
    embedding.join()
    process.close()
    assert process.pid is None
    assert np.array_equal(apart.embed_queries(TEXTS), wanted)


def test_a_process_that_ends_each_time_is_told(spec: str) -> None:
    class Ending(WorkerProcess):
        def ask(self, handle: str, what: str, *arguments: Any) -> Any:
            if what in ends_at:
                raise ProcessEnded
            return super().ask(handle, what, *arguments)

    process, ends_at = Ending(HASHING), {"queries"}
    try:
        apart = ApartEmbedder(spec, process)
        with pytest.raises(ModelUnavailable, match=r"dimension' in memory ended, and so did the next one\. Look at"):
            apart.embed_queries(["a text that nobody sees"])
        ends_at.add("open")
        with pytest.raises(ModelUnavailable, match="in memory ended") as told:
            apart.embed_queries(["a text that nobody sees"])
        assert "nobody" not in str(told.value)
    finally:
        process.close()


def test_what_cannot_be_loaded_is_told_here(tmp_path: Path, process: WorkerProcess) -> None:
    with pytest.raises(ModelUnavailable, match="there is no file") as told:
        load_embedder(str(tmp_path / "nothing"), process=process)
    assert told.value.hint == "Write one"


def test_another_model_in_its_place_is_refused(spec: str, process: WorkerProcess) -> None:
    apart = ApartEmbedder(spec, process)
    Path(spec).write_text("16", "utf-8")
    assert apart.embed_queries(["hello"]).shape == (1, 32), "it has it in memory"
    end(process)
    with pytest.raises(ModelUnavailable, match=r"was 'fake:hashing-32', and is 'fake:hashing-16' now\. Put"):
        apart.embed_queries(["hello"])


def test_a_loading_goes_on_when_the_process_ends(spec: str, process: WorkerProcess, tmp_path: Path) -> None:
    ended = []

    def told(report: Any) -> None:
        end(process)
        ended.append(process.pid)

    with Store(tmp_path / "store", ApartEmbedder(spec, process)) as store:
        events = [Event(f"u{n % 3}", f"e{n}", f"hello world {n}") for n in range(1200)]
        assert store.ingest_events(events, progress=told).added == 1200
        health = store.health()
        assert (health.vectors, health.owed) == (health.wanted, 0)
        assert store.search("u1", "hello") and len(ended) > 1


def test_it_ends_when_its_starter_is_killed_which_needs_no_model(spec: str) -> None:
    done = subprocess.run([sys.executable, "-c", DIES, spec], stdout=subprocess.PIPE, text=True, timeout=90)
    pid, has_torch = done.stdout.split()
    until = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert (done.returncode, has_torch) == (-signal.SIGKILL, "False")
    assert not Path(f"/proc/{pid}").exists() or not sys.platform.startswith("linux")
