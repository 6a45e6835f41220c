"""Servers of language models on loopback, with a script for a model: vLLM, llama-server and Ollama, and how they fail.

The protocols are built from what the projects document: vLLM's OpenAI-compatible server (``response_format``,
``structured_outputs``, ``chat_template_kwargs``, ``max_model_len`` in ``/v1/models``, ``reasoning`` by ``content``),
llama-server (``/props``, ``timings``, ``exceed_context_size_error``) and Ollama (``/api/chat`` with ``format``,
``think``, ``options.num_ctx`` and its silent cut, ``/api/show``). Tokens are words and marks.
"""

import json
import math
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

from jsonschema import Draft202012Validator
from langchain_core.messages import HumanMessage

from agent.fakes import ScriptedChat

Script = Callable[[str, str, Mapping[str, Any] | None], str | float]
Fault = Literal["hang", "reset", "html", "empty"] | tuple[int, Mapping[str, str]]
"""What becomes of one request; a status comes with headers."""

THOUGHT = "The user asks. Let me see: yes or no?\nI think [1] says so."


@dataclass
class Server:
    """What a fake does; ``faults`` are used up one a request for a reply."""

    script: Script
    model: str = "fake-model"
    enforces: Sequence[str] = ("json_schema", "json_object")
    refuses: Sequence[str] = ()
    lists: bool = True
    logprobs: bool = True
    thinking: Literal["no", "tags", "unopened", "unclosed", "field", "channels"] = "no"
    can_be_quiet: bool = True
    around: str = "{}"
    context: int = 32768
    key: str | None = None
    cut_after: int | None = None
    faults: list[Fault] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    read: list[list[str]] = field(default_factory=list)


def tokens_of(text: str) -> list[str]:
    return re.findall(r"\s?\w+|\s?[^\w\s]|\s", text)


def sensible(script: Script) -> Script:
    """A model that also knows that water is wet, and greets when it is told to."""

    def answer(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        if user.startswith("Is water wet"):
            return 0.97
        if user.startswith("Reply with the word hello"):
            return "hello"
        return script(system, user, schema)

    return answer


@dataclass
class Said:
    text: str
    tokens: list[dict[str, Any]]
    thought: str
    prompt: int
    cached: int
    finish: str


def _say(
    server: Server, system: str, user: str, schema: Mapping[str, Any] | None, body: Mapping[str, Any], quiet: bool
) -> Said:
    """What the model writes: thoughts, prose and reply, until a stop word or ``max_tokens``."""
    prompt = tokens_of(f"{system}\n{user}")
    shared = max((_common(prompt, before) for before in server.read), default=0)
    server.read.append(prompt)
    told = re.search(r"\n\nJSON Schema: (.*)\Z", user, re.DOTALL)
    asked = json.loads(told[1]) if told else None
    said = server.script(system, user[: told.start()] if told else user, schema or asked)
    chance = said if isinstance(said, float) else None
    text = said if isinstance(said, str) else ("yes" if said >= 0.5 else "no")
    if schema is not None:
        text = _forced(text, schema)
    elif chance is None and text.startswith(("[", "{")):
        text = server.around.replace("{}", text)
    thought, parts = _with_thought(server, text, quiet)
    stops, most = body.get("stop") or [], body.get("max_tokens") or 10_000
    written = tokens_of(parts)
    cut = len(written) > most
    written = written[:most]
    for stop in stops:
        if any(stop in each for each in written):
            written = written[: next(n for n, each in enumerate(written) if stop in each)]
    whole = "".join(written)
    shown = whole[len(thought) :] if server.thinking == "field" and thought else whole
    if server.cut_after is not None:
        shown, cut = "".join(tokens_of(shown)[: server.cut_after]), False
    told_tokens = [_token(each, chance if each.strip() in ("yes", "no") else None) for each in written]
    return Said(
        shown.strip() if server.thinking == "field" else shown,
        told_tokens,
        whole[: len(thought)] if server.thinking == "field" else "",
        len(prompt),
        shared // 16 * 16,
        "length" if cut else "stop",
    )


def _with_thought(server: Server, text: str, quiet: bool) -> tuple[str, str]:
    if server.thinking == "no" or (quiet and server.can_be_quiet):
        return "", text
    if server.thinking == "field":
        return THOUGHT, THOUGHT + text
    forms = {
        "tags": f"<think>\n{THOUGHT}\n</think>\n\n{text}",
        "unopened": f"{THOUGHT}\n</think>\n\n{text}",
        "unclosed": f"<think>\n{THOUGHT}",
        "channels": f"<|channel|>analysis<|message|>{THOUGHT}<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{text}",
    }
    return "", forms[server.thinking]


def _token(piece: str, yes: float | None) -> dict[str, Any]:
    if yes is None:
        top = [(piece, 0.9), ("none", 0.05)]
    else:
        top = sorted([("yes", yes), ("no", 1 - yes)], key=lambda each: -each[1])
    dumped = [{"token": t, "logprob": math.log(max(p, 1e-9)), "bytes": list(t.encode())} for t, p in top]
    return {**dumped[0], "top_logprobs": dumped}


def _forced(text: str, schema: Mapping[str, Any]) -> str:
    try:
        if Draft202012Validator(schema).is_valid(json.loads(text)):
            return text
    except ValueError:
        pass
    wanted = {"type": "json_schema", "json_schema": {"schema": schema}}
    return ScriptedChat(script=lambda *_: {}).invoke([HumanMessage("")], response_format=wanted).text


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def fake(self) -> "FakeServer":
        assert isinstance(self.server, FakeServer)
        return self.server

    def do_GET(self) -> None:
        page = self.fake.page(self.path)
        self.reply(200, page) if page is not None else self.reply(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        does = self.fake.does
        if self.path not in self.fake.chat_paths:
            page = self.fake.posted(self.path, body)
            self.reply(200, page) if page is not None else self.reply(404, {"detail": "Not Found"})
            return
        does.asked.append({"path": self.path, "body": body, "headers": dict(self.headers)})
        if does.faults and self.fail(does.faults.pop(0)):
            return
        if does.key is not None and self.headers.get("Authorization") != f"Bearer {does.key}":
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            self.reply(401, self.fake.error(401, f"Incorrect API key provided: {given}"))
            return
        self.reply(*self.fake.chat(self.path, body))

    def fail(self, fault: Fault) -> bool:
        if fault == "hang":
            self.fake.hanging.set()
            self.fake.released.wait(30)
        elif fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.rfile.close()  # else it keeps the socket open
            self.connection.close()
        elif fault == "html":
            self.reply(200, "<html><body>Welcome to nginx!</body></html>", kind="text/html")
        elif fault == "empty":
            self.reply(200, {"id": "x", "object": "chat.completion", "choices": None})
        else:
            status, headers = fault
            self.reply(status, self.fake.error(status, f"status {status}"), headers=headers)
        return True

    def reply(
        self, status: int, document: Any, *, kind: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> None:
        data = (document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def handle(self) -> None:
        with suppress(ConnectionError, ValueError):  # the client is gone, or the connection was reset on purpose
            super().handle()


class FakeServer(ThreadingHTTPServer):
    """One of the servers; use it as a context manager."""

    daemon_threads = True
    chat_paths: tuple[str, ...] = ("/v1/chat/completions",)

    def __init__(self, does: Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.does = does
        self.hanging, self.released = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    def page(self, path: str) -> Any:
        """What a GET gives."""
        if path == "/v1/models":
            return {"object": "list", "data": [{"id": self.does.model, "object": "model", "owned_by": "me"}]}
        return None

    def posted(self, path: str, body: Mapping[str, Any]) -> Any:
        """What a POST beside chats gives."""
        return None

    def error(self, status: int, message: str) -> Any:
        """The body of an error."""
        return {"error": {"message": message, "type": "error", "param": None, "code": status}}

    def schema_in(self, body: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
        """The schema that is enforced, and why the request is refused."""
        format = body.get("response_format") or {}
        given = {
            "json_schema": (format.get("json_schema") or {}).get("schema"),
            "structured_outputs": (body.get("structured_outputs") or {}).get("json"),
            "guided_json": body.get("guided_json"),
            "json_object": {"type": "object"} if format.get("type") == "json_object" else None,
        }
        for way, schema in given.items():
            if schema is None:
                continue
            if way in self.does.refuses:
                return None, f"{way} is not supported"
            if not self.does.lists and schema.get("type") != "object":
                return None, "Invalid schema for response_format: schema must be a JSON Schema of 'type: \"object\"'"
            if way in self.does.enforces:
                return schema, ""
        return None, ""

    def chat(self, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        """A status and a reply."""
        does = self.does
        if body["model"] != does.model:
            return 404, self.error(404, f"The model `{body['model']}` does not exist.")
        if body.get("logprobs") and "logprobs" in does.refuses:
            return 400, self.error(400, "logprobs are not supported")
        schema, refusal = self.schema_in(body)
        if refusal:
            return 400, self.error(400, refusal)
        system, user = _texts(body["messages"])
        length = len(tokens_of(f"{system}\n{user}"))
        if length + (body.get("max_tokens") or 0) > does.context:
            return 400, self.too_long(length)
        quiet = (body.get("chat_template_kwargs") or {}).get("enable_thinking") is False
        return 200, self.completion(_say(does, system, user, schema, body, quiet), body)

    def too_long(self, length: int) -> Any:
        """The error about a prompt that does not fit (vLLM's words)."""
        return self.error(
            400,
            f"This model's maximum context length is {self.does.context} tokens. However, you requested {length} "
            "tokens in the messages. Please reduce the length of the messages.",
        )

    def completion(self, said: Said, body: Mapping[str, Any]) -> dict[str, Any]:
        """OpenAI's form."""
        told = self.does.logprobs and body.get("logprobs")
        message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
        if said.thought:
            message[self.thought_field] = said.thought
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": self.does.model,
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "logprobs": {"content": said.tokens} if told else None,
                    "finish_reason": said.finish,
                    **self.choice_extras,
                }
            ],
            "usage": {
                "prompt_tokens": said.prompt,
                "completion_tokens": len(said.tokens),
                "total_tokens": said.prompt + len(said.tokens),
                "prompt_tokens_details": {"cached_tokens": said.cached},
            },
            **self.extras(said),
        }

    thought_field = "reasoning_content"
    choice_extras: Mapping[str, Any] = {}

    def extras(self, said: Said) -> dict[str, Any]:
        """What a server tells beyond OpenAI's form."""
        return {}


class VLLM(FakeServer):
    """vLLM 0.12 and later: ``structured_outputs`` in place of ``guided_json``, ``reasoning``, ``max_model_len``."""

    thought_field = "reasoning"
    choice_extras: Mapping[str, Any] = {"stop_reason": None, "token_ids": None}

    def page(self, path: str) -> Any:
        found = super().page(path)
        if found is not None:
            found["data"][0] |= {"owned_by": "vllm", "root": self.does.model, "max_model_len": self.does.context}
        return found

    def extras(self, said: Said) -> dict[str, Any]:
        return {"prompt_logprobs": None, "kv_transfer_params": None, "service_tier": None}


class LlamaServer(FakeServer):
    """llama-server: ``/props``, ``timings``, and its own error for long prompts."""

    def page(self, path: str) -> Any:
        if path == "/props":
            settings = {"id": 0, "n_ctx": self.does.context, "params": {"n_predict": -1}}
            return {"default_generation_settings": settings, "total_slots": 1, "model_path": "/models/x.gguf"}
        found = super().page(path)
        if found is not None:
            found["data"][0] |= {"owned_by": "llamacpp", "meta": {"n_ctx_train": 131072, "n_vocab": 151936}}
        return found

    def too_long(self, length: int) -> Any:
        said = f"request ({length} tokens) exceeds the available context size ({self.does.context} tokens)"
        error = {"code": 400, "message": f"{said}, try increasing it", "type": "exceed_context_size_error"}
        return {"error": {**error, "n_prompt_tokens": length, "n_ctx": self.does.context}}

    def extras(self, said: Said) -> dict[str, Any]:
        return {"timings": {"cache_n": said.cached, "prompt_n": said.prompt - said.cached, "predicted_n": 1}}


class Ollama(FakeServer):
    """Ollama: its own protocol and OpenAI's, which takes no context length. What does not fit is cut, silently.

    ``context`` is what the model was made for; 4096 are used where nothing else is asked for.
    """

    chat_paths = ("/v1/chat/completions", "/api/chat")
    thought_field = "reasoning"
    loaded = 4096

    def page(self, path: str) -> Any:
        if path == "/api/ps":
            name = self.does.model
            return {"models": [{"name": name, "model": name, "context_length": self.loaded, "size": 1}]}
        return super().page(path)

    def posted(self, path: str, body: Mapping[str, Any]) -> Any:
        if path != "/api/show":
            return None
        capabilities = ["completion", *(["thinking"] if self.does.thinking != "no" else [])]
        info = {"general.architecture": "qwen2", "qwen2.context_length": self.does.context}
        return {"details": {"family": "qwen2"}, "model_info": info, "capabilities": capabilities, "parameters": ""}

    def error(self, status: int, message: str) -> Any:
        return {"error": message}

    def chat(self, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        native = path == "/api/chat"
        options = body.get("options") or {} if native else {}
        self.loaded = min(options.get("num_ctx") or 4096, self.does.context)
        if body["model"] != self.does.model:
            return 404, self.error(404, f"model '{body['model']}' not found")
        if native:
            format = body.get("format")
            wanted = {"type": "json_object"} if format == "json" else None
            if isinstance(format, dict):
                wanted = {"type": "json_schema", "json_schema": {"schema": format}}
            asked = {
                **body,
                "response_format": wanted,
                "max_tokens": options.get("num_predict"),
                "stop": options.get("stop"),
            }
        else:
            asked = dict(body)
        schema, refusal = self.schema_in(asked)
        if refusal:
            return 400, self.error(400, refusal)
        system, user = _texts(body["messages"])
        kept = tokens_of(system)[-(self.loaded // 2) :]
        if len(tokens_of(f"{system}\n{user}")) > self.loaded:
            system, user = "".join(kept[-100:]), "".join(tokens_of(user)[-(self.loaded // 2) :])
        said = _say(self.does, system, user, schema, asked, native and body.get("think") is False)
        if not native:
            return 200, self.completion(said, body)
        message = {"role": "assistant", "content": said.text, **({"thinking": said.thought} if said.thought else {})}
        told = {"logprobs": said.tokens} if self.does.logprobs and body.get("logprobs") else {}
        return 200, {
            "model": self.does.model,
            "created_at": "2026-11-25T12:00:00.000000Z",
            "message": message,
            "done": True,
            "done_reason": said.finish,
            "total_duration": 1,
            "load_duration": 1,
            "prompt_eval_count": said.prompt,
            "prompt_eval_duration": 1,
            "eval_count": len(said.tokens),
            "eval_duration": 1,
            **told,
        }


def _texts(messages: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    system = "\n".join(each["content"] for each in messages if each["role"] == "system")
    return system, "\n".join(each["content"] for each in messages if each["role"] != "system")
