"""How quick reading is while the model is busy and a file is loaded: many clients against one `limner serve`.

    python -m benchmarks.serving                       # a scripted model that burns both cores as a real one does
    python -m benchmarks.serving --llm embedded        # the embedded model (limner[embedded])

Three phases with the same readers: an idle server; one that makes profiles; one that makes profiles and, for all of the
phase, loads one file after another. Every answer counts; an error other than 429 ends in exit code 1, and so do a p95
above the bar in any phase and loading that failed or ended before its phase.
"""

import argparse
import asyncio
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

BAR_SECONDS = 0.1
LOADING = "model busy, files loaded"
WORDS = """
order shoes parcel late refund blue jacket size Hamburg Munich coffee train ticket support phone broken screen
delivery voucher newsletter garden bicycle vegan recipe dog school holiday invoice address moved family
"""
QUERIES = ("where does she live", "late delivery", "which shoes", "refund for the jacket", "family and holiday")
SCHEMA = {"type": "object", "properties": {name: {"type": ["string", "null"]} for name in ("city", "job", "diet")}}


def messages(users: int, each: int, seed: int, prefix: str) -> Iterator[dict[str, Any]]:
    """Messages of made-up users."""
    chosen, words = random.Random(seed), WORDS.split()
    for user in range(users):
        for number in range(each):
            text = f"{' '.join(chosen.choices(words, k=14)).capitalize()}. My number is {chosen.randrange(10**6)}."
            moment = f"2024-{1 + number % 12:02}-{1 + number % 28:02}T10:{number % 60:02}:00Z"
            yield {
                "user_id": f"{prefix}{user:04}",
                "id": f"m{number}",
                "timestamp": moment,
                "channel": "chat",
                "text": text,
            }


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llm", default="scripted", help="scripted, embedded, or what limner calls a model")
    parser.add_argument("--embedder", default="embedded", help="hashing, embedded, or what limner calls an embedder")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--think", type=float, default=1.0, help="seconds that a client waits between two requests")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each phase")
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--events", type=int, default=50, help="of each user")
    parser.add_argument(
        "--loaded", type=int, default=5000, help="messages of each file that is loaded in the last phase"
    )
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen, rest = parser.parse_known_args()
    if chosen.serve:
        return serve(rest)
    with tempfile.TemporaryDirectory(prefix="limner-serving-") as folder:
        result = asyncio.run(measure(chosen, Path(folder)))
    if chosen.out:
        chosen.out.write_text(json.dumps(result, indent=1), "utf-8")
    slow = [phase for phase, told in result["phases"].items() if told["all"]["p95_ms"] > 1000 * BAR_SECONDS]
    errors = {status: count for told in result["phases"].values() for status, count in told["errors"].items()}
    loaded = result["phases"][LOADING]["load"]
    print(f"errors: {errors or 'none'}; p95 above {BAR_SECONDS * 1000:.0f} ms: {', '.join(slow) or 'never'}")
    how = f"failed ({loaded['failed']})" if loaded["failed"] else "for the whole phase"
    print(f"loading: {how}; {loaded['added']} messages, {loaded['files']} files")
    return int(bool(slow or set(errors) - {"429"} or loaded["failed"]))


async def measure(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Start a server, fill it, read from it in three phases."""
    process, url = start(chosen, folder)
    try:
        async with httpx.AsyncClient(base_url=url, timeout=120.0, limits=httpx.Limits(max_connections=200)) as http:
            await fill(http, chosen)
            phases = {}
            phases["idle"] = await phase(http, chosen)
            stop = asyncio.Event()
            builder = asyncio.create_task(keep_building(http, stop))
            await asyncio.sleep(1.0)
            phases["model busy"] = await phase(http, chosen)
            loader = asyncio.create_task(keep_loading(http, stop, chosen.loaded))
            await asyncio.sleep(0.5)
            phases[LOADING] = await phase(http, chosen)
            stop.set()
            phases[LOADING]["load"] = await loader
            phases[LOADING]["profiles_built"] = await builder
    finally:
        process.terminate()
        code = process.wait(60)
    settings = {name: value for name, value in vars(chosen).items() if name not in ("serve", "out")}
    return {"settings": settings, "cpus": os.cpu_count(), "exit_code": code, "phases": phases}


async def fill(http: httpx.AsyncClient, chosen: argparse.Namespace) -> None:
    """Histories, a schema and a profile for each reader."""
    started = time.monotonic()
    await load(http, messages(chosen.users, chosen.events, 1, "u"))
    (await http.put("/v1/schemas/small", json=SCHEMA)).raise_for_status()
    for number in range(3):
        await build(http, f"u{number:04}")
    (await http.get("/v1/users/u0000/search", params={"q": "shoes"})).raise_for_status()
    print(f"filled in {time.monotonic() - started:.0f} s", file=sys.stderr)


async def load(http: httpx.AsyncClient, rows: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Upload messages; how many were added, in how many seconds."""
    body = await asyncio.to_thread(lambda: "".join(f"{json.dumps(row)}\n" for row in rows))  # others read meanwhile
    started = time.monotonic()
    told = await http.post("/v1/events", content=body, timeout=None)
    told.raise_for_status()
    return {"added": told.json()["added"], "seconds": round(time.monotonic() - started, 1)}


async def keep_loading(http: httpx.AsyncClient, stop: asyncio.Event, size: int) -> dict[str, Any]:
    """Load files of ``size`` messages of 50 new users until told to stop; what was added, and why it ended before."""
    told: dict[str, Any] = {"files": 0, "added": 0, "seconds": 0.0, "failed": ""}
    each = max(1, size // 50)
    while not stop.is_set():
        try:
            loaded = await load(http, messages(50, each, 2 + told["files"], f"new{told['files']}-"))
        except httpx.HTTPError as error:
            return {**told, "failed": f"{type(error).__name__}: {error}"}
        told["files"] += 1
        told["added"] += loaded["added"]
        told["seconds"] = round(told["seconds"] + loaded["seconds"], 1)
        if loaded["added"] != 50 * each:
            return {**told, "failed": f"{loaded['added']} of {50 * each} messages of a file were added"}
    return told


async def build(http: httpx.AsyncClient, user: str) -> None:
    """Let a profile be made, and wait for it."""
    job = await http.post(f"/v1/users/{user}/profiles", json={"schema": "small", "fresh": True})
    job.raise_for_status()
    async with http.stream("GET", f"{job.headers['location']}/events", timeout=None) as told:
        assert "event: done" in [line async for line in told.aiter_lines()]


async def keep_building(http: httpx.AsyncClient, stop: asyncio.Event) -> int:
    """Make one profile after another; how many."""
    made = 0
    while not stop.is_set():
        await build(http, f"u{made % 3:04}")
        made += 1
    return made


async def phase(http: httpx.AsyncClient, chosen: argparse.Namespace) -> dict[str, Any]:
    """Let all clients read for a while."""
    took: dict[str, list[float]] = defaultdict(list)
    errors: Counter[str] = Counter()
    ends = time.monotonic() + chosen.seconds
    await asyncio.gather(*(reader(http, each, chosen, ends, took, errors) for each in range(chosen.clients)))
    told = {kind: summary(values) for kind, values in sorted(took.items())}
    told["all"] = summary([value for values in took.values() for value in values])
    for kind, numbers in told.items():
        print(f"{kind:>8}", *(f"{name} {value}" for name, value in numbers.items()), file=sys.stderr)
    print(file=sys.stderr)
    return {**told, "errors": dict(errors)}


async def reader(
    http: httpx.AsyncClient,
    number: int,
    chosen: argparse.Namespace,
    ends: float,
    took: Mapping[str, list[float]],
    errors: Counter[str],
) -> None:
    """One client: a request, a while, the next request."""
    own = random.Random(number)
    await asyncio.sleep(own.random() * chosen.think)
    while time.monotonic() < ends:
        user = f"u{own.randrange(chosen.users):04}"
        kind, path, query = own.choice(
            [
                ("list", "/v1/users", {"limit": "50"}),
                ("search", f"/v1/users/{user}/search", {"q": own.choice(QUERIES)}),
                ("profile", f"/v1/users/u{own.randrange(3):04}/profiles/small", {}),
                ("events", f"/v1/users/{user}/events", {"limit": "50", "order": "newest"}),
            ]
        )
        started = time.perf_counter()
        try:
            status = (await http.get(path, params=query)).status_code
        except httpx.HTTPError as error:
            status = 0
            print(f"{kind}: {type(error).__name__}", file=sys.stderr)
        took[kind].append(time.perf_counter() - started)
        if status != 200:
            errors[str(status)] += 1
        await asyncio.sleep(own.expovariate(1 / chosen.think) if chosen.think else 0)


def summary(values: list[float]) -> dict[str, float]:
    """The percentiles, in milliseconds."""
    at = statistics.quantiles(values, n=100) if len(values) > 1 else [0.0] * 99
    return {
        "requests": len(values),
        **{f"p{percent}_ms": round(1000 * at[percent - 1], 1) for percent in (50, 95, 99)},
        "max_ms": round(1000 * max(values, default=0.0), 1),
    }


def start(chosen: argparse.Namespace, folder: Path) -> tuple["subprocess.Popen[str]", str]:
    """A server in a process of its own, and its address."""
    words = [sys.executable, "-m", "benchmarks.serving", "--serve", "--llm", chosen.llm, "--embedder", chosen.embedder]
    words += ["serve", "--dev", "--port", "0", "--store", str(folder / "store"), "--rate", "1000000/minute"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if " serving at " in line:
            threading.Thread(target=lambda: list(process.stderr or ()), daemon=True).start()
            return process, line.split(" serving at ")[1].split()[0]
        print(line, end="", file=sys.stderr)
    raise SystemExit("the server did not start")


def serve(words: list[str]) -> int:
    """The command `limner`, with a scripted model or embedder where these are asked for."""
    from agent.cli import main as limner
    from agent.fakes import ScriptedChat
    from agent.limner import Limner
    from retrieval.fakes import HashingEmbedder

    position = sys.argv.index("--llm"), sys.argv.index("--embedder")
    llm, embedder = (sys.argv[each + 1] for each in position)

    def opened(store: Path, **settings: Any) -> Limner:
        settings |= {"llm": ScriptedChat(script=burn) if llm == "scripted" else llm}
        settings |= {"embedder": HashingEmbedder() if embedder == "hashing" else embedder}
        return Limner(store, **settings)

    return limner(words, opened)


def burn(system: str, user: str, schema: Mapping[str, Any] | None) -> str:
    """Keep all cores busy for a while outside of Python, as llama.cpp does, and know nothing."""
    threads = [
        threading.Thread(target=hashlib.pbkdf2_hmac, args=("sha256", b"x", b"y", 400_000))
        for _ in range(os.cpu_count() or 1)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return "[]" if schema else "none"


if __name__ == "__main__":
    sys.exit(main())
