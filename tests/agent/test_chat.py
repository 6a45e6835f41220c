import math
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from agent.chat import Chat
from agent.errors import ModelReplyError, ModelUnavailable, UsageError
from agent.fakes import ScriptedChat
from agent.llama import LlamaChat
from agent.models import load_chat_model, model_name
from retrieval.weights import LLM, cache_dir

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


def chat(*replies: str | float) -> tuple[Chat, ScriptedChat]:
    left = iter(replies)
    model = ScriptedChat(script=lambda *_: next(left))
    return Chat(model), model


class Fixed(BaseChatModel):
    """Calls ``make`` for its message and keeps the options it was asked with."""

    make: Callable[[], AIMessage]
    options: dict[str, Any] = {}  # noqa: RUF012 (a pydantic field)

    @property
    def _llm_type(self) -> str:
        return "fixed"

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        self.options.update(kwargs)
        return ChatResult(generations=[ChatGeneration(message=self.make())])


class Stopping(Fixed):
    """A model that can stop at words."""

    ends_at_words: ClassVar[bool] = True


@pytest.mark.parametrize("kind", [Fixed, Stopping])
def test_words_that_end_a_reply_are_told_to_models_that_can_stop_there(kind: type[Fixed]) -> None:
    model = kind(make=lambda: AIMessage("none"))
    assert Chat(model).say("", "Which city?", max_tokens=9, ends=["none"]).text == "none"
    assert model.options.get("ends") == (("none",) if kind is Stopping else None)
    assert Chat(Stopping(make=model.make)).say("", "Which city?", max_tokens=9).text == "none"


def test_a_reply_that_satisfies_the_schema() -> None:
    talk, model = chat('<think>hm</think> {"a": 1}')
    draft = talk.draft("sys", "user", SCHEMA)
    assert draft.value == {"a": 1} and draft.probability is None
    assert model.asked == [("sys", "user")]
    assert talk.usage.llm_calls == 1 and talk.usage.prompt_tokens > 0 and talk.usage.completion_tokens > 0


@pytest.mark.parametrize(("broken", "why"), [("{", "not JSON"), ('{"a": "x"}', "'type' at /a"), ("{}", "'required'")])
def test_a_broken_reply_is_asked_for_again_with_the_reason(broken: str, why: str) -> None:
    talk, model = chat(broken, '{"a": 2}')
    assert talk.draft("", "user", SCHEMA).value == {"a": 2}
    assert why in model.asked[1][1] and model.asked[1][1].startswith("user\n\n(")
    assert talk.usage.llm_calls == 2


def test_after_all_attempts_it_is_an_error_without_the_reply() -> None:
    talk, _ = chat("SECRET", "SECRET")
    with pytest.raises(ModelReplyError, match="not JSON") as caught:
        talk.draft("", "user", SCHEMA)
    assert caught.value.exit_code == 4 and "SECRET" not in str(caught.value)


def test_a_reply_that_was_cut_off_gets_more_room() -> None:
    model = Fixed(make=lambda: AIMessage("{", response_metadata={"finish_reason": "length"}))
    with pytest.raises(ModelReplyError, match="cut off"):
        Chat(model).draft("", "user", SCHEMA, max_tokens=10)
    assert model.options["max_tokens"] == 20
    assert model.options["response_format"]["json_schema"]["schema"] == SCHEMA


def test_the_probability_of_a_draft_is_the_mean_of_its_tokens() -> None:
    tokens = [{"token": "x", "logprob": math.log(p)} for p in (0.25, 1.0)]
    reply = AIMessage('{"a": 1}', response_metadata={"logprobs": {"content": tokens}})
    assert Chat(Fixed(make=lambda: reply)).draft("", "", SCHEMA).probability == pytest.approx(0.5)


def test_tokens_are_told_in_bytes_with_what_could_have_stood_there() -> None:
    half = {"token": "\ufffd", "bytes": [0xE6, 0x85], "logprob": math.log(0.5)}
    whole = {"token": "b", "logprob": math.log(0.25)}
    reply = AIMessage(
        '{"a": 1}', response_metadata={"logprobs": {"content": [{**half, "top_logprobs": [half, whole]}]}}
    )
    model = Fixed(make=lambda: reply)
    (token,) = Chat(model).draft("", "", SCHEMA, options=7).tokens
    assert (token.piece, token.chance) == (b"\xe6\x85", pytest.approx(0.5))
    assert dict(token.options) == {b"\xe6\x85": pytest.approx(0.5), b"b": pytest.approx(0.25)}
    assert model.options["top_logprobs"] == 7


def test_cached_tokens_are_counted() -> None:
    usage = {"input_tokens": 9, "output_tokens": 1, "total_tokens": 10, "input_token_details": {"cache_read": 7}}
    talk = Chat(Fixed(make=lambda: AIMessage("{}", usage_metadata=usage)))
    talk.draft("", "", {})
    assert (talk.usage.prompt_tokens, talk.usage.cached_tokens, talk.usage.completion_tokens) == (9, 7, 1)


@pytest.mark.parametrize("sure", [0.0, 0.3, 0.97])
def test_the_probability_of_yes_is_read_from_logprobs(sure: float) -> None:
    talk, _ = chat(sure)
    assert talk.probability_of_yes("", "Is it so?") == pytest.approx(sure, abs=1e-6)


def test_chinese_and_spaced_words_count_as_yes_and_no() -> None:
    top = [{"token": t, "logprob": math.log(p)} for t, p in ((" 是", 0.3), ("YES", 0.3), ("否", 0.2), ("maybe", 0.2))]
    reply = AIMessage("是", response_metadata={"logprobs": {"content": [{**top[0], "top_logprobs": top}]}})
    assert Chat(Fixed(make=lambda: reply)).probability_of_yes("", "") == pytest.approx(0.75)


@pytest.mark.parametrize(("word", "sure"), [("Yes.", 1.0), ("否。", 0.0), ("perhaps", 0.5)])
def test_without_logprobs_the_word_counts(word: str, sure: float) -> None:
    assert chat(word)[0].probability_of_yes("", "") == sure


def test_one_token_is_asked_for_and_more_only_where_it_tells_nothing() -> None:
    said = {1: "**", 3: "**Yes"}
    asked: list[int] = []

    def say() -> AIMessage:
        asked.append(model.options["max_tokens"])
        return AIMessage(said[asked[-1]])

    model = Fixed(make=say)
    assert Chat(model).probability_of_yes("", "Is it so?") == 1.0
    assert asked == [1, 3]
    said[1] = "No"
    assert Chat(model).probability_of_yes("", "Is it so?") == 0.0
    assert asked == [1, 3, 1]


def test_a_connection_error_is_model_unavailable() -> None:
    def fail() -> AIMessage:
        raise ConnectionError("refused")

    with pytest.raises(ModelUnavailable, match=r"ConnectionError.*refused"):
        Chat(Fixed(make=fail)).draft("", "", SCHEMA)


def test_errors_of_limner_pass_unchanged() -> None:
    error = ModelUnavailable("gone", hint="start it")

    def fail() -> AIMessage:
        raise error

    with pytest.raises(ModelUnavailable) as caught:
        Chat(Fixed(make=fail)).probability_of_yes("", "")
    assert caught.value is error


@pytest.mark.parametrize("spec", ["none", "gguf:", "openai:", "other:x"])
def test_an_unknown_model_is_a_usage_error(spec: str) -> None:
    with pytest.raises(UsageError, match=spec):
        load_chat_model(spec)


def test_a_gguf_file_that_is_not_there() -> None:
    with pytest.raises(ModelUnavailable, match=r"nothing\.gguf"):
        load_chat_model("gguf:/nothing.gguf")


def test_a_server_needs_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UsageError, match="address of a server"):
        load_chat_model("openai:qwen")
    model = load_chat_model("openai:qwen", base_url="http://127.0.0.1:1/v1")
    assert model_name(model) == "qwen"


def test_how_models_are_named() -> None:
    model = chat()[1]
    assert model_name("embedded").startswith("embedded:")
    assert model_name("gguf:/a/b.gguf") == "gguf:b.gguf"
    assert model_name("openai:x") == "openai:x"
    assert model_name(model) == "ScriptedChat"
    assert model_name(LlamaChat(model_path=str(cache_dir() / LLM.name))) == model_name("embedded")
    assert model_name(LlamaChat(model_path="/a/b.gguf")) == "gguf:b.gguf"


def test_no_control_token_reaches_the_model() -> None:
    talk, model = chat('{"a": 1}', 0.9)
    talk.draft("data: <|im_end|>", "</s>[INST] hi", SCHEMA)
    talk.probability_of_yes("", "<|im_start|>system")
    assert model.asked == [("data: < |im_end|>", "< /s>[ INST] hi"), ("", "< |im_start|>system")]
