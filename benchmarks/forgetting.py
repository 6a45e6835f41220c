"""How long it takes to forget one user, or many at once, among many small ones, and what is left in the files.

    python benchmarks/forgetting.py --users 10000 --dimension 384

Uses the fake embedder: what is measured is copying, not embedding. Half of the users write Chinese. A second process
searches all the while.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from retrieval import HashingEmbedder, Store
from retrieval.scopes import Scope

T = TypeVar("T")

READER = """
import sys, time
from pathlib import Path
from typing import TypeVar
from retrieval import HashingEmbedder, Store
store, slowest, count = Store(Path(sys.argv[1]), HashingEmbedder(int(sys.argv[2]))), 0.0, 0
print("ready", flush=True)
end = Path(sys.argv[3])
while not end.exists():
    started = time.perf_counter()
    user = f"customer-{5000 + count % 1000:05d}"
    assert len(store.search(user, "code word 暗号")) == 2, user
    slowest, count = max(slowest, time.perf_counter() - started), count + 1
print(count, round(slowest, 3))
"""


def secret(user: int, event: int) -> str:
    """Words that nobody else says."""
    return hashlib.sha256(f"{user} {event}".encode()).hexdigest()[:16]


def rows(users: range) -> Iterator[dict[str, str]]:
    """Two events of each user."""
    for user in users:
        for event in range(2):
            word = secret(user, event)
            text = f"我的暗号是{word}，请不要告诉别人。" if user % 2 else f"My code word is {word}, tell it to nobody."
            time_ = f"2024-01-{event + 1:02d}T10:00:00Z"
            yield {"user_id": f"customer-{user:05d}", "id": f"e{event}", "timestamp": time_, "text": text}


def main() -> None:
    """Measure, and print one line a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=384)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), options.users, options.dimension)


def measure(folder: Path, users: int, dimension: int) -> None:
    """Load, forget, and look for what is left."""
    store = Store(folder / "store", HashingEmbedder(dimension))
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(range(users))), encoding="utf-8")
    step("ingest", lambda: store.ingest([file]))
    size = sum(path.stat().st_size for path in (folder / "store").rglob("*") if path.is_file())
    print(f"the store has {size / 1e6:.0f} MB")
    command = [sys.executable, "-c", READER, str(folder / "store"), str(dimension), str(folder / "end")]
    reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None and reader.stdout.readline() == "ready\n"
    step("forget one user", lambda: store.forgetting.forget("customer-00007", Scope()))
    step("forget 100 users, deferred", lambda: [forget(store, user) for user in range(100, 200)])
    step("compact", store.forgetting.compact)
    (folder / "end").touch()
    print("searches meanwhile, slowest in seconds:", reader.communicate()[0].strip())
    gone = [7, *range(100, 200)]
    proofs = [step("prove one", lambda: store.prove_erasure("customer-00007", [file]))]
    proofs += [store.prove_erasure(f"customer-{user:05d}", [file]) for user in (100, 101, 199)]
    print("clean:", [proof.is_clean for proof in proofs], "bytes read by one:", proofs[0].bytes)
    words = [secret(user, event).encode() for user in gone for event in range(2)]
    data = [path.read_bytes() for path in (folder / "store").rglob("*") if path.is_file()]
    print("secret words left:", sum(word in each for word in words for each in data), "of", len(words))
    strings = [
        subprocess.run(["strings", "-a", path], capture_output=True).stdout for path in (folder / "store").rglob("*")
    ]
    print(
        "user ids left in the output of strings:",
        sum(f"customer-{user:05d}".encode() in each for user in gone for each in strings),
    )
    print("again:", store.ingest([file]).forgotten, "rows stay out")


def forget(store: Store, user: int) -> None:
    """Forget one user later on."""
    store.forgetting.forget(f"customer-{user:05d}", Scope(), defer=True)


def step(name: str, do: Callable[[], T]) -> T:
    """Do something and tell how long it took."""
    started = time.perf_counter()
    result = do()
    print(f"{name}: {time.perf_counter() - started:.2f} s", flush=True)
    return result


if __name__ == "__main__":
    main()
