"""Fifty clients read while a profile is made and a file is loaded: nothing goes wrong, and nobody waits for long.

How quick reading is, benchmarks/serving.py measures; a test on a busy machine can only say that it is not stuck.
"""

import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from agent.fakes import ScriptedChat
from agent.limner import Limner
from agent.service import Service
from retrieval.fakes import HashingEmbedder
from tests.agent.console.desk import served
from tests.agent.scripted import EVENTS, answer

CLIENTS = 50
LOADED = 400
PATHS = (
    "/v1/users",
    "/v1/users/u1",
    "/v1/users/u1/events",
    "/v1/users/u1/search?q=city",
    "/v1/users/u1/profiles",
    "/v1/users/u1/profiles/person",
    "/v1/jobs",
)


def test_fifty_clients_read_while_a_profile_is_made_and_a_file_is_loaded(tmp_path: Path) -> None:
    def slow(*asked: Any) -> Any:
        time.sleep(0.05)
        return answer(*asked)

    service = Service(Limner(tmp_path / "store", llm=ScriptedChat(script=slow), embedder=HashingEmbedder()), tmp_path)
    with served(service) as address:
        limits = httpx.Limits(max_connections=2 * CLIENTS)
        with httpx.Client(base_url=address, timeout=30.0, limits=limits) as http:
            lines = "".join(json.dumps(each) + "\n" for each in EVENTS)
            upload(http, lines)
            first = http.post("/v1/users/u1/profiles", json={}).json()
            http.get(f"/v1/jobs/{first['job_id']}/events").raise_for_status()
            stop, seen, took = threading.Event(), Counter[str](), list[float]()
            readers = [threading.Thread(target=read, args=(http, n, stop, seen, took)) for n in range(CLIENTS)]
            for each in readers:
                each.start()
            job = http.post("/v1/users/u1/profiles", json={"fresh": True}).json()
            rows = ({"user_id": f"new{n % 20}", "id": f"e{n}", "text": f"Shoes number {n}."} for n in range(LOADED))
            added = upload(http, "".join(json.dumps(each) + "\n" for each in rows))["added"]
            with http.stream("GET", f"/v1/jobs/{job['job_id']}/events") as told:
                ended = [line for line in told.iter_lines() if line.startswith("event: ")][-1]
            stop.set()
            for each in readers:
                each.join(30)
    took.sort()
    p95 = took[len(took) * 95 // 100]
    print(f"{len(took)} reads, p95 {1000 * p95:.0f} ms, {dict(seen)}")
    assert (added, ended) == (LOADED, "event: done")
    assert set(seen) <= {"200", "busy"} and seen["200"] > CLIENTS
    assert p95 < 5


def upload(http: httpx.Client, lines: str) -> Any:
    told = http.post("/v1/events", content=lines, headers={"Content-Type": "application/x-ndjson"})
    return told.raise_for_status().json()


def read(http: httpx.Client, number: int, stop: threading.Event, seen: Counter[str], took: list[float]) -> None:
    """Read one path after another, with a pause as people make; "busy" is an answer that says when to try again."""
    turn = number
    while not stop.is_set():
        began = time.monotonic()
        told = http.get(PATHS[turn % len(PATHS)])
        took.append(time.monotonic() - began)
        is_busy = told.status_code in (429, 503) and int(told.headers.get("retry-after", 0)) > 0
        seen["busy" if is_busy else str(told.status_code)] += 1
        turn += 1
        stop.wait(0.3)
