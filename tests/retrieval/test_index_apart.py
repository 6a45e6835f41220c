import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.encryption import find_store_key
from retrieval.errors import StoreBusy, StoreError
from retrieval.events import Event
from retrieval.fakes import HashingEmbedder
from retrieval.index import IndexDamaged, Labels
from retrieval.index_apart import ApartFolder
from retrieval.index_process import IndexProcess
from retrieval.locks import StoreLock
from retrieval.scopes import Scope
from retrieval.servers import index_server
from retrieval.store import Store
from retrieval.worker_process import ProcessEnded
from tests.retrieval.conftest import agrees

LABELS = Labels("u", "user", "chat", 1.0)
DIES = """
import os, sys
from pathlib import Path
from retrieval.index_apart import ApartFolder
from retrieval.index_process import IndexProcess

process = IndexProcess()
ApartFolder(Path(sys.argv[1]), Path(sys.argv[2]), 5, process).open()
print(process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def process() -> Iterator[IndexProcess]:
    process = IndexProcess()
    yield process
    process.close()


@pytest.fixture
def place(tmp_path: Path, process: IndexProcess) -> ApartFolder:
    return ApartFolder(tmp_path / "chroma", tmp_path / "index.lock", 0.2, process)


def unit(*rows: list[float]) -> np.ndarray:
    return np.asarray(rows, dtype=np.float32)


def test_an_index_in_another_process(place: ApartFolder) -> None:
    index = place.open()
    index.put(["a", "b"], unit([1, 0], [0, 1]), [LABELS] * 2)
    index.let_go()
    index.remove(["b", "nothing"])
    index.probe()
    found = index.vectors(["a"])
    assert index.having(["a", "b"]) == {"a"}
    assert (index.count(), index.ids(), index.vectors(["b"])) == (1, {"a"}, None)
    assert found is not None and found.tolist() == [[1, 0]] and found.dtype == np.float32
    index.close()
    index.close()


def test_it_is_read_while_the_other_process_opens_it_anew_for_what_is_written(
    tmp_path: Path, process: IndexProcess
) -> None:
    index = ApartFolder(tmp_path / "chroma", tmp_path / "index.lock", 20, process).open()
    there = [f"{n:07x}-a" for n in range(4)]
    vectors = unit(*([float(n), 1.0] for n in range(104)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.put(there, vectors[:4], [LABELS] * 4)
    pid, done = process.pid, False

    def read(_: int) -> int:
        times = 0
        while not done or not times:
            found = index.vectors(there)
            assert found is not None and np.allclose(found, vectors[:4], atol=1e-6)
            assert index.having(there) == set(there) and index.count() >= 4
            times += 1
        return times

    with ThreadPoolExecutor(6) as pool:
        reading = [pool.submit(read, at) for at in range(6)]
        try:
            for start in range(4, 104, 10):  # 100 collections: after 32, all are let go
                ids = [f"{at:07x}-b" for at in range(start, start + 10)]
                index.put(ids, vectors[start : start + 10], [LABELS] * 10)
        finally:
            done = True
        assert all(each.result() for each in reading)
    written = index.vectors([f"{at:07x}-b" for at in range(4, 104)])
    assert written is not None and np.allclose(written, vectors[4:], atol=1e-6)
    assert (index.count(), process.pid) == (104, pid)


def test_a_process_that_ended_is_started_again(place: ApartFolder, process: IndexProcess) -> None:
    index = place.open()
    index.put(["a"], unit([1, 0]), [LABELS])
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    assert index.ids() == {"a"}
    process.close()
    assert index.ids() == {"a"}


def test_a_process_that_ends_each_time_is_told(tmp_path: Path) -> None:
    class Ending(IndexProcess):
        def ask(self, handle: str, what: str, *arguments: Any) -> Any:
            raise ProcessEnded

    with pytest.raises(StoreError, match=r"chroma' open ended, and so did the next one\. Look at"):
        ApartFolder(tmp_path / "chroma", tmp_path / "lock", 0.2, Ending()).open()


def test_what_the_index_raises_is_raised_here(place: ApartFolder, tmp_path: Path) -> None:
    (tmp_path / "chroma").mkdir()
    (tmp_path / "chroma" / "chroma.sqlite3").write_text("garbage" * 1000)
    with pytest.raises(IndexDamaged, match="chroma'"):
        place.open()
    place.wipe()
    index = place.open()
    with StoreLock(tmp_path / "index.lock", 0).held(), pytest.raises(StoreBusy, match=r"index\.lock"):
        index.put(["a"], unit([1, 0]), [LABELS])
    assert index.count() == 0


def test_it_ends_by_no_signal_but_when_its_starter_is_killed(tmp_path: Path) -> None:
    words = [sys.executable, "-c", DIES, str(tmp_path / "chroma"), str(tmp_path / "index.lock")]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=60)
    pid, end = int(done.stdout), time.monotonic() + 20
    assert done.returncode == -signal.SIGKILL
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists() or not sys.platform.startswith("linux")


def test_the_server_ending_it_does_not_end_what_it_writes(place: ApartFolder, process: IndexProcess) -> None:
    index = place.open()
    assert process.pid is not None
    pid = process.pid
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    index.put(["a"], unit([1, 0]), [LABELS])
    assert (index.count(), process.pid) == (1, pid)


@pytest.mark.skipif(bool(index_server(None) or find_store_key(None)), reason="the index is in no folder")
def test_stores_that_share_a_process(tmp_path: Path, process: IndexProcess) -> None:
    stores = [Store(tmp_path / name, HashingEmbedder(), wait=0.3, index_process=process) for name in ("one", "two")]
    for store, word in zip(stores, ("tea", "coffee"), strict=True):
        store.ingest_events([Event(f"u{n % 3}", f"e{n}", f"I drink {word} number {n}.") for n in range(90)])
    pid = process.pid
    assert [store.search("u0", "drink")[0].snippet.text.split()[2] for store in stores] == ["tea", "coffee"]
    stores[0].forgetting.forget("u0", Scope())
    assert [each.user_id for each in stores[0].users()] == ["u1", "u2"]
    assert stores[0].search("u1", "tea") and process.pid == pid
    stores[0].reindex()
    stores[0].backup(tmp_path / "backup")
    for store in stores:
        assert agrees(store)
        store.close()
    with Store(tmp_path / "one", HashingEmbedder(), wait=0.3) as again:  # this process opens it
        assert again.search("u1", "tea")
