"""The main job in a process that has no network and notes every attempt to use one; run as a script by its test.

An audit hook sees what Python code does; what libraries do by themselves (Chroma is written in Rust) is seen by the
kernel, which counts connections and datagrams of a network namespace, also those that fail. Prints one JSON document.
"""

import json
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

_WATCHED = {
    "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.gethostbyaddr", "socket.getnameinfo", "ftplib.connect", "smtplib.connect",
}  # fmt: skip
_COUNTED = {"Tcp": ("ActiveOpens",), "Udp": ("OutDatagrams",), "Ip": ("OutRequests", "OutNoRoutes")}
attempts: list[str] = []


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Note an attempt, and refuse it; sockets between processes of this machine are no network."""
    if event in _WATCHED:
        if arguments and isinstance(arguments[0], socket.socket) and arguments[0].family == socket.AF_UNIX:
            return
        attempts.append(f"{event} {arguments[1:] if event.startswith('socket.c') else arguments}")
        raise OSError(f"no network: {event}")


def counters() -> dict[str, int]:
    """What the kernel counted in this network namespace."""
    lines = [line.split() for line in Path("/proc/net/snmp").read_text("ascii").splitlines()]
    found: dict[str, int] = {}
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        table = dict(zip(names[1:], values[1:], strict=True))
        for name in _COUNTED.get(names[0].rstrip(":"), ()):
            found[f"{names[0]}{name}"] = int(table[name])
    return found


def fakes(folder: Path) -> list[Any]:
    """All commands that people use, with limner's fakes."""
    from agent.cli import main
    from tests.agent import scripted

    def run(*words: str) -> int:
        return main([*words, "--store", str(folder / "store")], scripted.open_with(scripted.answer))

    file, schema = folder / "history.jsonl", folder / "schema.json"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in scripted.EVENTS), "utf-8")
    schema.write_text(json.dumps(scripted.SCHEMA), "utf-8")
    backup = str(folder / "backup")
    return [
        run("ingest", str(file)),
        run("users"),
        run("search", "张三", "我住在哪里"),
        run("ask", "u1", "Where do I live?"),
        run("profile", "u1", "--schema", str(schema)),
        run("profile", "张三", "--schema", str(schema)),
        run("correct", "u1", "/city", "--confirm", "--by", "Ann", "--schema", str(schema)),
        run("explain", "u1", "/city", "--schema", str(schema)),
        run("export", "u1"),
        run("retention", "set", "36500"),
        run("backup", backup),
        run("forget", "u1"),
        run("restore", backup, "--force"),
        run("reindex"),
    ]


def engines(folder: Path) -> list[Any]:
    """The libraries that fetch models from hubs, with models in folders."""
    from agent import Limner, LimnerError
    from tests.agent import scripted, tiny_causal
    from tests.retrieval.test_embedders import make_model

    llm, embedder = tiny_causal.make_model(folder / "llm", context=8192), make_model(folder / "tiny-e5")
    file = folder / "history.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in scripted.EVENTS), "utf-8")
    with Limner(folder / "store", llm=f"transformers:{llm}", embedder=str(embedder)) as limner:
        added = limner.ingest(file).added
        hits = len(limner.search("u1", "Where do I live?"))
        with suppress(LimnerError):  # the model talks nonsense
            limner.ask("u1", "Where do I live?")
    return [added, hits]


def embedded(folder: Path) -> list[Any]:
    """The commands with the embedded models: a profile of one attribute, and an answer."""
    from agent.cli import main

    examples = Path(__file__).parents[2] / "examples"
    lines = (examples / "histories.jsonl").read_text("utf-8").splitlines(keepends=True)
    file = folder / "paper.jsonl"
    file.write_text("".join(line for line in lines if json.loads(line)["user_id"] == "paper"), "utf-8")
    store = ["--store", str(folder / "store")]
    return [
        main(["ingest", str(file), *store]),
        main(["profile", "paper", "--schema", str(examples / "interests.json"), *store]),
        main(["ask", "paper", "他喜欢什么？", *store]),
    ]


def served(folder: Path) -> list[Any]:
    """`limner serve` in this network namespace, in which only the loopback is up; the hook is not in its processes."""
    import os
    import signal
    import subprocess
    import time

    import httpx

    from agent.service.hosting import running_at

    assert subprocess.run(["ip", "link", "set", "lo", "up"]).returncode == 0
    store = folder / "store"
    words = ["serve", "--dev", "--port", "0", "--no-warm", "--store", str(store)]
    server = subprocess.Popen([sys.executable, "-m", "tests.agent.scripted", *words], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 90
    while (found := running_at(store)) is None and time.monotonic() < end:
        time.sleep(0.1)
    assert found is not None
    told = []
    with httpx.Client(base_url=found.url, timeout=60, trust_env=False) as http:
        while time.monotonic() < end:
            with suppress(httpx.HTTPError):
                if http.get("/health").status_code == 200:
                    break
            time.sleep(0.1)
        for row in scripted_events():
            told.append(http.post(f"/v1/users/{row.pop('user_id')}/events", json=row).status_code)
        told.append(http.post("/v1/users/u1/ask", json={"question": "Where do I live?"}).json()["answer"])
        job = http.post("/v1/users/u1/profiles", json={}).headers["location"]
        http.get(f"{job}/events")
        told.append(http.get("/v1/users/u1/profiles/person").status_code)
        told.append(http.get("/console/customer", params={"user": "u1"}).status_code)
        told.append(http.post("/v1/users/u1/erasures", json={}).status_code)
    os.kill(server.pid, signal.SIGTERM)
    return [*told, server.wait(60)]


def scripted_events() -> list[dict[str, Any]]:
    """The events of the scripted model, each to be changed."""
    from tests.agent.scripted import EVENTS

    return [dict(each) for each in EVENTS]


def nothing_but_attempts(folder: Path) -> list[Any]:
    """What must be noticed."""
    with suppress(OSError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with suppress(OSError):
        socket.getaddrinfo("pypi.org", 443)
    return []


def past_the_hook(folder: Path) -> list[Any]:
    """What only the kernel notices."""
    import _socket
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    address = _socket.inet_aton("192.0.2.1")
    packed = (socket.AF_INET).to_bytes(2, sys.byteorder) + (80).to_bytes(2, "big") + address + bytes(8)
    return [libc.connect(number, packed, len(packed))]


if __name__ == "__main__":
    job: Callable[[Path], list[Any]] = globals()[sys.argv[1]]
    before = counters()
    if job is not served:  # whose client and server speak to each other
        sys.addaudithook(hook)
    results = job(Path(sys.argv[2]))
    used = {name: count - before[name] for name, count in counters().items()}
    print(json.dumps({"results": results, "attempts": attempts, "kernel": used}))
