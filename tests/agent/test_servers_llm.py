"""Language models on servers, against fakes of the servers that people run, and of how they fail."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.abilities import Abilities
from agent.chat import Chat
from agent.errors import ModelReplyError, ModelUnavailable, UsageError
from agent.models import load_chat_model, model_name
from agent.served import ServedChat
from retrieval import HashingEmbedder
from tests.agent.fake_servers import VLLM, FakeServer, Fault, LlamaServer, Ollama, Server, sensible
from tests.agent.one_by_one import one_by_one
from tests.conftest import WriteRows

ROOT = Path(__file__).parents[2]
LIST = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"evidence": {"enum": [1, 2]}, "value": {"type": "string"}},
        "required": ["evidence", "value"],
        "additionalProperties": False,
    },
}
OSLO = [{"evidence": 1, "value": "Oslo"}]


def oslo(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    """A model that knows one city, and doubts everything."""
    return json.dumps(OSLO) if schema is not None else "Oslo" if "city" in user else 0.2


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "cache"))
    for name in ("OPENAI_API_KEY", "OLLAMA_HOST", "OLLAMA_API_KEY", "LIMNER_LLM_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)


def served(server: FakeServer, provider: str = "openai", *, model: str = "fake-model") -> ServedChat:
    url = server.root if provider == "ollama" else server.url
    chat = load_chat_model(f"{provider}:{model}", base_url=url)
    assert isinstance(chat, ServedChat)
    chat.backoff = 0.01
    return chat


def known(server: FakeServer, provider: str = "openai") -> ServedChat:
    """One whose abilities are found out already, so that the next request is the one that the test is about."""
    chat = served(server, provider)
    chat.abilities()
    server.does.asked.clear()
    return chat


KINDS = [(VLLM, "vllm"), (LlamaServer, "llama-server"), (Ollama, "openai"), (Ollama, "ollama")]
THOUGHTS = [("no", True), ("tags", True), *((each, False) for each in ("tags", "unopened", "field", "channels"))]


@pytest.mark.parametrize(("kind", "provider"), KINDS, ids=[f"{k.__name__}-{p}" for k, p in KINDS])
@pytest.mark.parametrize(("thinking", "quiet"), THOUGHTS)
def test_the_same_contract_everywhere(kind: type[FakeServer], provider: str, thinking: Any, quiet: bool) -> None:
    """JSON under a schema, words, and probabilities: whatever the server is, and however the model thinks."""
    with kind(Server(sensible(oslo), thinking=thinking, can_be_quiet=quiet)) as server:
        chat = Chat(served(server, provider))
        draft = chat.draft("[1] I live in Oslo.", "Where?", LIST, max_tokens=40)
        assert draft.value == OSLO
        assert b"".join(token.piece for token in draft.tokens).decode().strip() == json.dumps(OSLO)
        assert draft.probability == pytest.approx(0.9)
        said = chat.say("", "Which city?", max_tokens=1)
        assert (said.text, said.first[0][0].strip()) == ("Oslo", "Oslo")
        assert chat.probability_of_yes("", "Is it so?") == pytest.approx(0.2)


@pytest.mark.parametrize(
    "around",
    [
        "Sure! Here is the JSON:\n```json\n{}\n```\nAnything else?",
        "The user said so in [1].\n\n{}\n\nI hope that helps.",
        "<think>\n[1] says Oslo, so [1].\n</think>\n```\n{}\n```",
    ],
    ids=["fence", "prose", "thought"],
)
@pytest.mark.parametrize("enforces", [(), ("json_object",)], ids=["nothing", "json-mode"])
def test_a_server_that_ignores_schemas_is_found_out_and_its_json_is_taken_from_the_prose(
    around: str, enforces: tuple[str, ...]
) -> None:
    with VLLM(Server(sensible(oslo), enforces=enforces, around=around)) as server:
        model = served(server)
        draft = Chat(model).draft("[1] I live in Oslo.", "Where?", LIST)
    assert "json_schema" in model.abilities().ignored
    assert draft.value == OSLO and draft.probability == pytest.approx(0.9)
    assert b"".join(token.piece for token in draft.tokens).decode().strip() == json.dumps(OSLO)


def test_a_reply_with_two_values_is_asked_for_again() -> None:
    replies = iter([f"[] or {json.dumps(OSLO)}", json.dumps(OSLO)])
    with VLLM(Server(sensible(lambda *_: next(replies)), enforces=())) as server:
        assert Chat(known(server)).draft("", "Where?", LIST).value == OSLO
        assert "(the reply was not JSON" in server.does.asked[1]["body"]["messages"][-1]["content"]


def test_the_schema_is_told_where_nothing_enforces_it() -> None:
    with VLLM(Server(sensible(oslo), enforces=())) as server:
        Chat(known(server)).draft("", "Where?", LIST)
        assert server.does.asked[0]["body"]["messages"][-1]["content"].endswith(f"JSON Schema: {json.dumps(LIST)}")
        assert "response_format" not in server.does.asked[0]["body"]


def test_a_list_is_wrapped_where_only_objects_are_taken() -> None:
    with VLLM(Server(sensible(lambda *_: "{}"), lists=False)) as server:
        model = served(server)
        wanted = {"type": "array", "items": {"enum": [4]}, "minItems": 1}
        assert Chat(model).draft("", "Four?", {**wanted, "items": {"const": 4}}).value == [4]
        assert model.abilities().wrapped


@pytest.mark.parametrize("finish", ["length", "stop"])
def test_a_reply_that_was_cut_off_is_noticed_whatever_the_server_says(finish: str) -> None:
    with VLLM(Server(sensible(oslo))) as server:
        model = known(server)
        server.does.cut_after = 8 if finish == "stop" else None
        with pytest.raises(ModelReplyError, match="cut off"):
            Chat(model).draft("", "Where?", LIST, max_tokens=3 if finish == "length" else 50)
        limits = [each["body"]["max_tokens"] for each in server.does.asked]
        assert limits[1] == 2 * limits[0]


def test_thoughts_have_room_of_their_own_and_no_stop_word_ends_them() -> None:
    with VLLM(Server(sensible(oslo), thinking="tags", can_be_quiet=False)) as server:
        Chat(known(server)).say("", "Which city?", max_tokens=1)
        body = server.does.asked[0]["body"]
        assert body["max_tokens"] == 1 + 2048 and "stop" not in body


def test_thoughts_without_end_are_no_answer() -> None:
    with VLLM(Server(sensible(oslo), thinking="unclosed", can_be_quiet=False)) as server:
        chat = Chat(served(server))
        with pytest.raises(ModelReplyError, match="thoughts only"):
            chat.draft("", "Where?", LIST)
        with pytest.raises(ModelReplyError, match="thought aloud"):
            chat.say("", "Which city?", max_tokens=1)
        with pytest.raises(ModelReplyError, match="thought aloud"):
            chat.probability_of_yes("", "Is it so?")


@pytest.mark.parametrize("server_kind", [VLLM, Ollama])
def test_without_probabilities_the_words_count(server_kind: type[FakeServer]) -> None:
    with server_kind(Server(sensible(oslo), logprobs=False)) as server:
        chat = Chat(served(server, "ollama" if server_kind is Ollama else "openai"))
        draft = chat.draft("", "Where?", LIST)
        assert (draft.value, draft.probability, draft.tokens) == (OSLO, None, ())
        assert chat.probability_of_yes("", "Is it so?") == 0.0


def test_a_server_that_refuses_probabilities_still_answers() -> None:
    with VLLM(Server(sensible(oslo), refuses=("logprobs",))) as server:
        assert Chat(served(server)).draft("", "Where?", LIST).value == OSLO


BUSY: list[list[Fault]] = [
    [(500, {})],
    [(502, {}), (503, {})],
    [(429, {"Retry-After": "0.2"})],
    ["reset"],
    [(503, {}), "reset", (429, {})],
]


@pytest.mark.parametrize("faults", BUSY, ids=str)
@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_what_may_pass_is_tried_again(faults: list[Fault], provider: str) -> None:
    with Ollama(Server(sensible(oslo))) as server:
        model = known(server, provider)
        server.does.faults[:] = faults
        started = time.monotonic()
        assert Chat(model).draft("", "Where?", LIST).value == OSLO
        if provider == "openai" and "Retry-After" in str(faults):  # Ollama's client does not hand it on
            assert time.monotonic() - started >= 0.2
        assert len(server.does.asked) == len(faults) + 1


def test_it_is_not_tried_for_ever() -> None:
    with VLLM(Server(sensible(oslo))) as server:
        model = known(server)
        server.does.faults[:] = [(503, {})] * 10
        with pytest.raises(ModelUnavailable, match=r"'fake-model' at http://127.0.0.1:\d+/v1 failed \(503\)"):
            Chat(model).draft("", "Where?", LIST)
        assert len(server.does.asked) == model.attempts


FAILURES: list[tuple[Fault, str]] = [
    ((401, {}), r"refused the key \(401\).*OPENAI_API_KEY"),
    ((403, {}), r"refused the key \(403\)"),
    ((404, {}), r"was not found \(404\).*/v1"),
    ("html", "no reply|without a reply"),
    ("empty", "no reply|without a reply"),
]


@pytest.mark.parametrize(("fault", "why"), FAILURES, ids=[str(fault) for fault, _ in FAILURES])
@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_what_will_not_pass_is_told_at_once(fault: Fault, why: str, provider: str) -> None:
    with Ollama(Server(sensible(oslo))) as server:
        model = known(server, provider)
        server.does.faults[:] = [fault]
        if fault == "empty" and provider == "ollama":
            pytest.skip("a reply of the OpenAI protocol")
        with pytest.raises(ModelUnavailable, match=why):
            Chat(model).say("", "Which city?", max_tokens=5)
        assert len(server.does.asked) == 1


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_a_model_that_is_not_there(provider: str) -> None:
    with Ollama(Server(sensible(oslo))) as server, pytest.raises(ModelUnavailable, match=r"'other'.*not found.*name"):
        Chat(served(server, provider, model="other")).say("", "Which city?", max_tokens=5)


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_nobody_listens(provider: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    model = load_chat_model(f"{provider}:m", base_url=url)
    assert isinstance(model, ServedChat)
    model.backoff = 0.01
    with pytest.raises(ModelUnavailable, match=rf"'m' at {url} could not be asked: Conn.*Check that the server is up"):
        Chat(model).say("", "Which city?", max_tokens=5)


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_a_server_that_hangs_is_given_up_once(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_LLM_TIMEOUT", "0.5")
    with Ollama(Server(sensible(oslo))) as server:
        model = known(server, provider)
        server.does.faults[:] = ["hang"]
        started = time.monotonic()
        with pytest.raises(ModelUnavailable, match=r"did not answer within 0.5 seconds.*LIMNER_LLM_TIMEOUT"):
            Chat(model).say("", "Which city?", max_tokens=5)
        assert time.monotonic() - started < 3 and len(server.does.asked) == 1


def test_ctrl_c_is_heard_while_a_request_runs() -> None:
    program = (
        "import sys; from agent.models import load_chat_model\n"
        "load_chat_model('openai:fake-model', base_url=sys.argv[1]).invoke('hi')"
    )
    with VLLM(Server(sensible(oslo), faults=["hang"])) as server:
        running = subprocess.Popen(
            [sys.executable, "-c", program, server.url], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        assert server.hanging.wait(30)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=10)
    assert running.returncode != 0 and "KeyboardInterrupt" in said


def test_no_secret_and_no_history_stands_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with VLLM(Server(sensible(oslo), key="another")) as server:
        url = server.url.replace("http://", "http://ann:pass-word@")
        with pytest.raises(ModelUnavailable, match="refused the key") as caught:
            Chat(load_chat_model("openai:fake-model", base_url=url)).say("", "Which?", max_tokens=5)
    for secret in ("very-secret", "pass-word", "ann:"):
        assert secret not in str(caught.value)
    assert f"{server.url}" in str(caught.value)


def test_what_a_server_repeats_of_the_prompt_is_left_out() -> None:
    history = "My daughter Anna was in hospital for three weeks in May."
    with VLLM(Server(sensible(oslo))) as server:
        model = known(server)
        server.error = lambda status, message: {"error": {"message": f"bad input: {history}"}}  # type: ignore[method-assign]
        server.does.faults[:] = [(400, {})]
        with pytest.raises(ModelUnavailable, match="bad input") as caught:
            Chat(model).say("", f"[1] {history}", max_tokens=5)
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize("kind", [VLLM, LlamaServer])
def test_a_context_that_is_too_small(kind: type[FakeServer]) -> None:
    with kind(Server(sensible(oslo), context=600)) as server:
        model = known(server)
        with pytest.raises(ModelReplyError, match=r"too long for the language model 'fake-model'.*8192"):
            Chat(model).draft("I live in Oslo. " * 500, "Where?", LIST)


def test_ollama_is_given_a_context_that_holds_the_prompt() -> None:
    with Ollama(Server(sensible(oslo))) as server:
        chat = Chat(known(server, "ollama"))
        chat.draft("I live in Oslo. " * 1000, "Where?", LIST)
        assert server.loaded == 8192 and len(server.does.read[-1]) > 4096
        chat.draft("I live in Oslo. " * 2500, "Where?", LIST)
        assert server.loaded == 16384 and len(server.does.read[-1]) > 8192


@pytest.mark.parametrize("provider", ["openai", "ollama"])
def test_ollama_does_not_get_what_it_would_cut(provider: str) -> None:
    with Ollama(Server(sensible(oslo), context=32768 if provider == "openai" else 2048)) as server:
        model = known(server, provider)
        with pytest.raises(ModelReplyError, match="cuts without a word"):
            Chat(model).draft("I live in Oslo. " * 2000, "Where?", LIST)
        assert not server.does.asked


def test_a_server_that_became_another_one_is_found_out_anew() -> None:
    with VLLM(Server(sensible(oslo))) as server:
        known(server)
        model = served(server)  # reads what was found out
        server.does.refuses = ("json_schema",)
        assert Chat(model).draft("", "Where?", LIST).value == OSLO
        assert model.abilities().schema == "json_object"


def test_names() -> None:
    default = {"vllm": ":8000/v1", "sglang": ":30000/v1", "lmstudio": ":1234/v1", "llama-server": ":8080/v1"}
    for provider, address in default.items():
        model = load_chat_model(f"{provider}:org/name:tag")
        assert isinstance(model, ServedChat)
        assert model.endpoint.url == f"http://127.0.0.1{address}" and model_name(model) == "org/name:tag"
    ollama = load_chat_model("ollama:qwen3:8b", base_url="http://box:11434/v1/")
    assert isinstance(ollama, ServedChat)
    assert (ollama.endpoint.url, model_name(ollama)) == ("http://box:11434", "qwen3:8b")


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(ModelUnavailable, match="pip install langchain-anthropic"):
        load_chat_model("anthropic:claude")


@pytest.mark.parametrize("seconds", ["soon", "0", "-3", "inf", "nan"])
def test_a_timeout_that_is_none(seconds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_LLM_TIMEOUT", seconds)
    with pytest.raises(UsageError, match=f"LIMNER_LLM_TIMEOUT '{seconds}'"):
        load_chat_model("openai:m", base_url="http://127.0.0.1:1/v1")


TRAVEL = {
    "title": "travel",
    "type": "object",
    "properties": {
        "city": {"type": ["string", "null"], "description": "Where the user lives"},
        "travels": {"type": ["boolean", "null"], "description": "Whether the user likes to travel"},
    },
}


@one_by_one
def reader(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    """A model that reads numbered snippets for a city and for travelling."""
    if schema is None:
        return 0.95
    wanted, value = ("travel", True) if "travel" in user else ("Munich", "Munich")
    found = re.search(rf"\[(\d+)\] [^\n]*{wanted}", system)
    cited = [int(found[1])] if found else []
    if schema.get("type") == "array":
        return json.dumps([{"evidence": cited[0], "value": value}] if found else [])
    return json.dumps({"evidence": cited, "value": value if found else None})


SERVERS: dict[str, dict[str, Any]] = {
    "good": {},
    "ignores-schemas": {"enforces": (), "around": "Here you go:\n```json\n{}\n```", "logprobs": False},
    "thinks": {"thinking": "tags", "can_be_quiet": False},
}


@pytest.mark.parametrize("does", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize(("kind", "provider"), [(VLLM, "vllm"), (Ollama, "ollama")], ids=["vllm", "ollama"])
def test_a_whole_profile(
    tmp_path: Path, write_rows: WriteRows, kind: type[FakeServer], provider: str, does: dict[str, Any]
) -> None:
    history = write_rows(
        {"user_id": "u", "id": "a", "timestamp": "2024-03-01", "text": "I live in Munich now."},
        {"user_id": "u", "id": "b", "timestamp": "2024-03-02", "text": "I love to travel by train."},
    )
    with kind(Server(sensible(reader), **does)) as server:
        url = server.root if provider == "ollama" else server.url
        with Limner(
            tmp_path / "store", llm=f"{provider}:fake-model", llm_base_url=url, embedder=HashingEmbedder()
        ) as limner:
            limner.ingest(history)
            document = limner.profile("u", TRAVEL).as_json()
    assert document["profile"] == {"city": "Munich", "travels": True}
    assert [claim["evidence"][0]["quote"] for claim in document["claims"]] == [
        "I live in Munich now.",
        "I love to travel by train.",
    ]
    assert document["model"]["llm"] == f"{provider}:fake-model"
    assert document["usage"]["prompt_tokens"] > 0


def test_abilities_are_told_without_being_asked_twice() -> None:
    with VLLM(Server(sensible(oslo))) as server:
        first = served(server).abilities()
        asked = len(server.does.asked)
        again = served(server).abilities()
        assert (again, len(server.does.asked)) == (first, asked)
    assert isinstance(first, Abilities) and asked == 2
    assert os.environ["LIMNER_CACHE"]
