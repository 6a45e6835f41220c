"""The main job with the embedded model: few and honest. Needs ``limner[embedded]``; run with ``pytest -m model``."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent import Limner
from agent.chat import Chat
from agent.errors import ModelReplyError
from agent.llama import LlamaChat
from agent.models import load_chat_model
from agent.served import ServedChat
from agent.tool_agent import ask_agent, make_agent
from prompts import render
from retrieval import HashingEmbedder

pytestmark = [pytest.mark.model, pytest.mark.filterwarnings("default")]

ROOT = Path(__file__).parents[2]
HISTORIES = ROOT / "examples" / "histories.jsonl"
INTERESTS = ROOT / "examples" / "interests.json"


@pytest.fixture(scope="module")
def model() -> LlamaChat:
    chat = load_chat_model("embedded")
    assert isinstance(chat, LlamaChat)
    return chat


@pytest.fixture(scope="module")
def served_at(model: LlamaChat) -> Iterator[str]:
    """The address of llama.cpp's own server with the same weights."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel, params.verbosity = model.model_path, model.n_ctx, 1, -1
    server = xllamacpp.Server(params)  # it listens as long as it is there
    yield str(server.listening_address)
    del server


@pytest.fixture(scope="module")
def limner(tmp_path_factory: pytest.TempPathFactory, model: LlamaChat) -> Iterator[Limner]:
    with Limner(tmp_path_factory.mktemp("store") / "s", llm=model) as opened:
        report = opened.ingest(HISTORIES)
        assert report.added == 368
        yield opened


def assert_grounded(limner: Limner, user: str, evidence: list[dict[str, Any]]) -> None:
    for each in evidence:
        event = limner.store.event(user, each["event_id"])
        assert each["quote"] == event.text[each["start"] : each["end"]]


def test_the_founding_papers_example(limner: Limner) -> None:
    document = limner.profile("paper", INTERESTS).as_json()
    interests = "、".join(document["profile"]["interests"])
    assert all(word in interests for word in ("阅读", "旅游", "科技"))
    for claim in document["claims"]:
        assert claim["evidence"]
        assert_grounded(limner, "paper", claim["evidence"])


def test_a_question_that_the_history_answers_and_one_that_it_does_not(limner: Limner) -> None:
    answer = limner.ask("sofia", "What was wrong with the bicycle?").as_json()
    assert answer["answered"]
    assert "damaged" in answer["answer"]
    assert_grounded(limner, "sofia", answer["evidence"])
    nothing = limner.ask("paper", "他的妻子叫什么名字？").as_json()
    assert (nothing["answered"], nothing["answer"], nothing["evidence"]) == (False, None, [])


def test_the_prompt_cache_is_used(model: LlamaChat) -> None:
    chat = Chat(model)
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    for question in ("Which city?", "Which town?"):
        chat.draft("The user lives in Oslo. " * 20, question, schema)
    assert chat.usage.cached_tokens > 80


def test_nothing_costs_one_token_and_values_are_as_likely_as_before(model: LlamaChat) -> None:
    system, chat = render("extract_system", "zh"), Chat(model)
    for said, value, saved in (("我今天去买菜了，人真多。", "无", 1), ("我是个木匠。", "木匠", 0)):
        asked = render("extract", "zh", message=f"2021-08-09 user: {said}", label="职业", description="")
        whole, ended = [], []
        for ends, kept in (((), whole), (("none", "无"), ended)) * 2:  # the second time, all have read the same
            before = chat.usage.completion_tokens
            kept.append((chat.say(system, asked, max_tokens=32, ends=ends), chat.usage.completion_tokens - before))
        (free, written), (short, fewer) = whole[1], ended[1]
        assert (free.text, short.text, written - fewer) == (value, value, saved)
        assert short.first == free.first
        assert saved or short.probability == free.probability
    with pytest.raises(ModelReplyError, match="context size"):
        chat.say("", "字" * 9000, max_tokens=3, ends=["无"])


def test_a_server_that_speaks_the_openai_protocol(tmp_path: Path, served_at: str) -> None:
    with Limner(
        tmp_path / "s",
        llm="openai:qwen",
        llm_base_url=f"{served_at}/v1",
        embedder=HashingEmbedder(),
    ) as opened:
        opened.ingest(HISTORIES)
        words = opened.profile("paper", INTERESTS).as_json()
        chosen = {"likes_travelling": {"type": ["boolean", "null"], "description": "用户是否喜欢旅游"}}
        document = opened.profile("paper", {"type": "object", "properties": chosen}).as_json()
    assert "科技" in "、".join(words["profile"]["interests"]) and words["claims"][0]["signals"]["draft"] < 1
    assert document["usage"]["llm_calls"] >= 1  # JSON under a schema
    assert [each for each in document["rejected"] if each["value"] is None] == []  # a reply that is none


def test_what_the_server_of_llama_cpp_does_is_found_out(served_at: str) -> None:
    served = load_chat_model("llama-server:qwen", base_url=f"{served_at}/v1")
    assert isinstance(served, ServedChat)
    found = served.abilities(fresh=True)
    assert (found.schema, found.wrapped, found.ignored) == ("json_schema", False, ())
    assert (found.top_logprobs, found.cached_tokens, found.context, found.reasoning) == (20, True, 8192, "none")
    schema = {"type": "array", "items": {"enum": ["Oslo"]}, "minItems": 1, "maxItems": 1}
    assert Chat(served).draft("", "Which city?", schema).value == ["Oslo"]


def test_a_reply_that_is_forced_has_the_probabilities_of_the_free_one(model: LlamaChat) -> None:
    """Probabilities are told before the grammar's mask; this holds explanations up."""
    chat = Chat(model)
    system, user = "[1] 2024-03-01 user: I live in Oslo.\n[2] user: 我住在奥斯陆。", 'City? JSON like {"value":"..."}'
    free = {"type": "object", "properties": {"value": {"type": "string", "maxLength": 20}}, "required": ["value"]}
    said = chat.draft(system, user, free)
    again = chat.draft(system, user, {**free, "properties": {"value": {"const": said.value["value"]}}})
    assert [token.piece for token in again.tokens] == [token.piece for token in said.tokens]
    for forced, own in zip(again.tokens, said.tokens, strict=True):
        assert math.log(forced.chance) == pytest.approx(math.log(own.chance), abs=0.15)
    other = chat.draft(system, user, {**free, "properties": {"value": {"const": "Tromsø"}}})
    assert other.value == {"value": "Tromsø"}
    assert math.prod(token.chance for token in other.tokens) < math.prod(token.chance for token in said.tokens)


def test_the_model_calls_a_tool_and_answers_with_what_it_found(model: LlamaChat, tmp_path: Path) -> None:
    with Limner(tmp_path / "s", llm=model) as limner:
        limner.ingest(HISTORIES)
        found = ask_agent(make_agent(limner, user_id="paper"), "这个用户对什么感兴趣？")
        assert found.steps and found.steps[0]["tool"] in ("search_history", "ask_user")
        assert found.answer is not None and not found.refused
        for each in found.evidence:
            assert each.quote in limner.store.event("paper", each.event_id).text


def test_a_new_process_need_not_read_the_rules_again(tmp_path: Path, model: LlamaChat) -> None:
    rules = "You tell in which city the user lives. Only the city, nothing else. " * 4

    def asked() -> tuple[int, Any]:
        chat = LlamaChat(model_path=model.model_path, beginnings=(rules,), states_folder=str(tmp_path))
        messages = [("system", rules), ("human", "I live in Rome.")]
        reply = chat.invoke(messages, max_tokens=1, logprobs=True, top_logprobs=5)
        assert reply.usage_metadata is not None
        chat.forget_prompts()
        counts = reply.usage_metadata
        return counts["input_tokens"] - counts["input_token_details"]["cache_read"], reply.response_metadata["logprobs"]

    (first, told), (second, again) = asked(), asked()
    assert first > 60 and second < 20 and told == again
    (file,) = tmp_path.iterdir()
    assert b"Rome" not in file.read_bytes()


def test_nobody_else_reaches_the_model(model: LlamaChat) -> None:
    address = model.load().address
    assert address.startswith("unix://")
    folder = Path(address.removeprefix("unix://")).parent
    assert folder.stat().st_mode & 0o077 == 0
    with httpx.Client(
        transport=httpx.HTTPTransport(uds=address.removeprefix("unix://")), base_url="http://x"
    ) as client:
        assert client.post("/v1/completions", json={"prompt": "x", "max_tokens": 1}).status_code == 401
        assert client.get("/slots").status_code in (401, 501)


def test_the_example_of_an_agent(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "examples" / "tool_agent.py", "--store", tmp_path / "store"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=900, encoding="utf-8")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count(" calls of the model, ") == 3, "three questions, each with an end"
    assert "\n  called " in ended.stdout and "\n    [" in ended.stdout, "it looked, and cites what it found"
