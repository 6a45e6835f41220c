"""How ingestion, search, memory and disk grow with the number of users: made-up histories, random vectors.

    python benchmarks/scale.py FOLDER --snippets 10000 100000 1000000

Every user has fifty messages, half of the users write Chinese, and the messages of a hundred users come mixed, as an
export by date has them. The embedder is a fake of 384 dimensions that costs nothing, so that what is measured is
limner's own work; add the time of embedding a query (see docs/retrieval.md). Queries are asked by a second process,
which opens the store anew. The stores stay in FOLDER; one that is there is not made again.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval import Event, Store, ingest, mirror

PER_USER = 50
MIXED = 100  # users whose messages come mixed
DIMENSION = 384
EN = """
my the a we it order parcel sister doctor coffee garden train ticket laptop battery weekend moved bought cancelled
asked prefers lives works near Munich Hamburg Leeds vegan allergic guitar running photo school teacher project
yesterday tomorrow again never really always because before after with without cheap broken new blue
"""
ZH = """
我 的 上司 妹妹 住在 搬到 成都 上海 昨天 下周 买了 退货 订单 快递 咖啡 跑步
医生 喜欢 不吃 辣 学校 项目 会议 耳机 坏了 生日 电话 周末 火车票
"""
QUERIES = (
    "Where did they move after the project?",
    "订单 退货 是什么时候？",
    "Is the laptop battery broken?",
    "他妹妹住在哪里？",
)


class RandomEmbedder:
    """Random unit vectors around fifty topics; nothing is learnt of the text but its hash."""

    name = "random:384"
    dimension = DIMENSION

    def __init__(self) -> None:
        self._topics = np.random.default_rng(1).standard_normal((50, DIMENSION), dtype=np.float32)

    def embed_passages(self, texts: list[str]) -> NDArray[np.float32]:
        random_state = np.random.default_rng(zlib.crc32(texts[0].encode()) if texts else 0)
        vectors = self._topics[random_state.integers(50, size=len(texts))]
        vectors = vectors + random_state.standard_normal(vectors.shape, dtype=np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def embed_queries(self, texts: list[str]) -> NDArray[np.float32]:
        return self.embed_passages(texts)


def events(users: int) -> Iterator[Event]:
    choice, english, chinese = random.Random(7), EN.split(), ZH.split()
    for first in range(0, users, MIXED):
        for number in range(PER_USER):
            for user in range(first, min(first + MIXED, users)):
                words, joint = (chinese, "") if user % 2 else (english, " ")
                text = joint.join(choice.choices(words, k=choice.randint(6, 24))) + f" {choice.randrange(100_000)}"
                day = f"2024-{1 + number % 12:02d}-{1 + user % 28:02d}"
                yield Event(f"user{user}", f"m{number}", text, day, float(number * 86_400), "chat", "user", "user")


def fill(folder: Path, users: int, page: int) -> dict[str, float]:
    """Make the store, in larger pages than the product does; returns what it took."""
    start, total, source = time.perf_counter(), 0, events(users)
    ingest._BATCH = mirror._EMBEDDED_AT_ONCE = page
    with Store(folder, RandomEmbedder()) as store:
        while part := list(islice(source, 100_000)):
            total += store.ingest_events(part).snippets
            print(f"  {total:,}: {total / (time.perf_counter() - start):.0f} a second", file=sys.stderr)
    seconds = time.perf_counter() - start
    return {"snippets": total, "seconds": round(seconds), "per_second": round(total / seconds), "peak_mb": peak_mb()}


def ask(folder: Path, users: int, asked: int) -> dict[str, object]:
    """Ask about users at random, and then about the same ones again; milliseconds."""
    choice = random.Random(11)
    with Store(folder, RandomEmbedder()) as store:
        start = time.perf_counter()
        store.search("user0", QUERIES[0])
        first = 1000 * (time.perf_counter() - start)
        opening = [timed(store, f"user{user}") for user in choice.sample(range(users), min(users, 60))]
        chosen = choice.sample(range(users), min(users, asked))
        cold = [timed(store, f"user{user}") for user in chosen]
        warm = [timed(store, f"user{user}") for user in chosen]
    shown = {"opening": opening, "new_user": cold, "same_user": warm}
    return (
        {"first": round(first)} | {name: percentiles(times) for name, times in shown.items()} | {"peak_mb": peak_mb()}
    )


def timed(store: Store, user: str) -> float:
    query = QUERIES[zlib.crc32(user.encode()) % len(QUERIES)]
    start = time.perf_counter()
    hits = store.search(user, query, 10)
    seconds = time.perf_counter() - start
    assert all(hit.event.user_id == user for hit in hits)
    return 1000 * seconds


def percentiles(times: list[float]) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(times, share)), 1) for share in (50, 95, 99)} | {
        "max": round(max(times), 1)
    }


def peak_mb() -> int:
    """Of this program alone: ``ru_maxrss`` would begin with that of the process which started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def disk_mb(folder: Path) -> dict[str, int]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    parts = {
        "record": [path for path in files if path.name.startswith("record.sqlite3")],
        "chroma_sqlite": [path for path in files if path.name.startswith("chroma.sqlite3")],
        "chroma_vectors": [path for path in files if path.suffix in {".bin", ".pickle"}],
    }
    return {name: sum(path.stat().st_size for path in each) // 1_000_000 for name, each in parts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--snippets", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--page", type=int, default=20_000, help="events written at once; the product: 1024")
    parser.add_argument("--asked", type=int, default=400, help="how many users to ask about")
    parser.add_argument("--only-ask", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for snippets in options.snippets:
        users, store = snippets // PER_USER, options.folder / str(snippets)
        if options.only_ask:
            print(json.dumps(ask(store, users, options.asked)))
            return
        made = {} if store.exists() else fill(store, users, options.page)
        command = [sys.executable, __file__, str(options.folder), "--snippets", str(snippets), "--only-ask"]
        answer = subprocess.run([*command, "--asked", str(options.asked)], check=True, capture_output=True, text=True)
        result = {
            "asked_of": snippets,
            "made": made,
            "queries_ms": json.loads(answer.stdout),
            "disk_mb": disk_mb(store),
        }
        print(json.dumps(result | {"load": os.getloadavg()[0]}), flush=True)


if __name__ == "__main__":
    main()
