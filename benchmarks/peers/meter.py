"""The one endpoint that every system talks to: counts requests and tokens, sets temperature 0, serves embeddings.

Knows the OpenAI protocol, not systems. Chat requests go on to the model server; /v1/embeddings is answered here by
limner's embedder: passages while a system ingests, queries afterwards (the protocol cannot tell them apart).
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

from benchmarks.peers.tool_calls import with_tool_calls, without_tools

__all__ = ["Call", "Meter", "Phase", "as_rows", "totals"]

Phase = Literal["ingest", "profile", "answer"]
Embed = Callable[[list[str], bool], Iterable[Iterable[float]]]
"""``embed(texts, queries)``."""

MOST_TOKENS = 1024  # of a reply whose client names no limit


@dataclass(frozen=True, slots=True)
class Call:
    """A request; ``prompt_tokens`` includes ``cached_tokens``, ``new_tokens`` are None where the server is silent.

    ``cut_off``: a reply that should have been JSON ended at its limit (a yes or no that ends there is meant to).
    """

    phase: Phase
    kind: Literal["chat", "embeddings"]
    status: int
    seconds: float
    prompt_tokens: int = 0
    cached_tokens: int = 0
    new_tokens: int | None = None
    completion_tokens: int = 0
    cut_off: bool = False
    texts: int = 0
    changed: tuple[str, ...] = ()


@dataclass
class Meter:
    """Accounts of the cell that is worked on; ``phase`` and ``upstream`` are set by whoever runs it."""

    embed: Embed
    upstream: str = ""
    phase: Phase = "ingest"
    seed: int = 0
    calls: list[Call] = field(default_factory=list)
    ends: float = float("inf")
    """When, by ``time.monotonic``, the time of this step is spent: from then on every request is refused."""
    _waiting: "dict[str, Future[tuple[int, bytes]]]" = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Listen on loopback; yields the base URL."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            server.server_close()

    def begin(self, phase: Phase, seconds: float) -> None:
        """What follows belongs to this phase, and may take so long."""
        self.phase, self.ends = phase, time.monotonic() + seconds

    def counted(self, texts: Sequence[str], queries: bool) -> Iterable[Iterable[float]]:
        """Embed, and count it."""
        started = time.monotonic()
        vectors = self.embed(list(texts), queries)
        self.calls.append(Call(self.phase, "embeddings", 200, time.monotonic() - started, texts=len(texts)))
        return vectors

    def chat(self, body: dict[str, Any]) -> tuple[int, bytes]:
        """Pass a chat request on, and count it.

        A client that lost patience and asks the same once more (mem0's does after ten minutes) gets the reply that is
        under way: a slow machine is no reason to count it twice.
        """
        key = json.dumps(body, sort_keys=True)
        with self._lock:
            waiting = self._waiting.get(key)
            mine = self._waiting.setdefault(key, Future())
        if waiting is not None:
            return waiting.result()
        try:
            mine.set_result(self._asked(body))
        finally:
            mine.cancel()  # of no effect once it has a result
            with self._lock:
                del self._waiting[key]
        return mine.result()

    def _asked(self, body: dict[str, Any]) -> tuple[int, bytes]:
        changed = _settle(body, self.seed)
        left, started = self.ends - time.monotonic(), time.monotonic()
        if body.get("stream"):
            return 400, _error("the benchmark's endpoint does not stream")
        if left <= 0:
            return 400, _error("the time of this step is spent")
        phase, tools = self.phase, without_tools(body)
        try:
            status, reply = _post(self.upstream, body, min(left, 3600.0))
            reply = with_tool_calls(reply) if tools and status == 200 else reply
        except (OSError, HTTPException) as error:
            status, reply = 400, _error(f"no reply within the time of this step ({type(error).__name__})")
        is_json = "response_format" in body
        self.calls.append(_call(phase, status, reply, time.monotonic() - started, changed, is_json))
        return status, reply


def totals(calls: Sequence[Call], phase: Phase | None = None) -> dict[str, Any]:
    """Sums over the calls of a phase, or of all."""
    some = [each for each in calls if phase in (None, each.phase)]
    chats = [each for each in some if each.kind == "chat"]
    told = all(each.new_tokens is not None for each in chats if each.status == 200)
    return {
        "calls": len(chats),
        "refused": sum(each.status != 200 for each in chats),
        "prompt_tokens": sum(each.prompt_tokens for each in chats),
        "new_tokens": sum(each.new_tokens or 0 for each in chats) if told else None,
        "completion_tokens": sum(each.completion_tokens for each in chats),
        "cut_off": sum(each.cut_off for each in chats),
        "embedded_texts": sum(each.texts for each in some),
        "model_seconds": round(sum(each.seconds for each in chats), 1),
        "changed": sorted({name for each in chats for name in each.changed}),
    }


def as_rows(calls: Sequence[Call]) -> list[dict[str, Any]]:
    """The calls as JSON types."""
    return [asdict(each) for each in calls]


def _settle(body: dict[str, Any], seed: int) -> tuple[str, ...]:
    """Make the request comparable; the names of what the client had asked for otherwise."""
    changed = [name for name, value in (("temperature", 0),) if body.get(name, value) != value]
    if "max_completion_tokens" in body:
        body["max_tokens"] = body.pop("max_completion_tokens")
    if not body.get("max_tokens"):
        changed.append("max_tokens")
        body["max_tokens"] = MOST_TOKENS
    body.update(temperature=0, seed=seed, cache_prompt=True)
    return tuple(changed)


def _post(base: str, body: dict[str, Any], timeout: float) -> tuple[int, bytes]:
    address = urlsplit(base)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=timeout)
    try:
        sent = json.dumps(body).encode()
        connection.request("POST", f"{address.path}/chat/completions", sent, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _call(phase: Phase, status: int, reply: bytes, seconds: float, changed: tuple[str, ...], is_json: bool) -> Call:
    try:
        told = json.loads(reply)
        usage, timings = told.get("usage") or {}, told.get("timings") or {}
        finish = told["choices"][0].get("finish_reason") if status == 200 else None
    except (ValueError, KeyError, IndexError, AttributeError):
        return Call(phase, "chat", 502 if status == 200 else status, seconds, changed=changed)
    prompt = usage.get("prompt_tokens", 0)
    cached = timings.get("cache_n", (usage.get("prompt_tokens_details") or {}).get("cached_tokens"))
    return Call(
        phase,
        "chat",
        status,
        seconds,
        prompt_tokens=prompt,
        cached_tokens=cached or 0,
        new_tokens=timings.get("prompt_n", None if cached is None else prompt - cached),
        completion_tokens=usage.get("completion_tokens", 0),
        cut_off=is_json and finish == "length",
        changed=changed,
    )


def _error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", "code": 400}}).encode()


def _handler(meter: Meter) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/embeddings"):
                self._send(200, _embeddings(meter, body))
            elif self.path.endswith("/chat/completions"):
                self._send(*meter.chat(body))
            else:
                self._send(404, _error(f"there is no {self.path!r} here"))

        def _send(self, status: int, reply: bytes) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # the client was stopped
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: stderr is for progress."""

    return Handler


def _embeddings(meter: Meter, body: dict[str, Any]) -> bytes:
    texts = [body["input"]] if isinstance(body["input"], str) else list(body["input"])
    vectors = meter.counted(texts, meter.phase != "ingest")
    data = [
        {"object": "embedding", "index": at, "embedding": [float(x) for x in row]} for at, row in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 0, "total_tokens": 0}
    return json.dumps({"object": "list", "data": data, "model": body.get("model"), "usage": usage}).encode()
