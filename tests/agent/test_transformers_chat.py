"""Models of transformers in this process, with random weights: whatever they think of it, the contract holds."""

import itertools
import json
import math
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from jsonschema import Draft202012Validator, FormatChecker
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from transformers import GenerationConfig

from agent import Limner
from agent.chat import Chat
from agent.chat_templates import prompt_of
from agent.errors import LimnerError, ModelReplyError, ModelUnavailable
from agent.facets import draft_schema, plan_facets
from agent.likelihood import likelihood_of
from agent.models import load_chat_model, model_name
from agent.schema import load_schema
from agent.tool_calls import openai_messages, openai_tools
from agent.torch_chat import TorchChat
from retrieval import HashingEmbedder
from tests.agent import tiny_causal

MESSAGES = [SystemMessage("Reply with JSON."), HumanMessage("[1] user: I live in Munich. 我住在慕尼黑。\nCity?")]


def wanted(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}}


def ask(
    model: TorchChat, schema: Mapping[str, Any] | None = None, messages: Any = MESSAGES, **options: Any
) -> AIMessage:
    asked = {"response_format": wanted(schema)} if schema is not None else {}
    return model.invoke(messages, logprobs=True, top_logprobs=5, **asked, **options)


def has_no_layout(text: str) -> bool:
    """No white space outside of strings."""
    return re.search(r"\s", re.sub(r'"(?:[^"\\]|\\.)*"?', "", text)) is None


def tokens(reply: AIMessage) -> list[dict[str, Any]]:
    return list(reply.response_metadata["logprobs"]["content"])


def exact(model: TorchChat) -> float:
    """How far log-probabilities of one token may differ: on a GPU the model computes in bfloat16."""
    return 1e-3 if model.load().loaded.model.dtype == torch.float32 else 0.1


def logprobs(reply: AIMessage) -> list[float]:
    return [each["logprob"] for each in tokens(reply)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_causal.make_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def model(folder: Path) -> TorchChat:
    chat = load_chat_model(f"transformers:{folder}")
    assert isinstance(chat, TorchChat)
    return chat


@pytest.fixture(scope="module")
def of_pieces(tmp_path_factory: pytest.TempPathFactory) -> TorchChat:
    folder = tiny_causal.make_model(tmp_path_factory.mktemp("models") / "pieces", pieces=True, kind="llama")
    return TorchChat(name_or_dir=str(folder))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


STRING = {"type": "string", "minLength": 1, "maxLength": 12}
FORMS: dict[str, dict[str, Any]] = {
    "object": {
        "type": "object",
        "properties": {"evidence": {"enum": [1, 2]}, "value": {"anyOf": [STRING, {"type": "null"}]}},
        "required": ["evidence", "value"],
        "additionalProperties": False,
    },
    "list": {"type": "array", "items": STRING, "minItems": 2, "maxItems": 3},
    "prefix items": {
        "type": "array",
        "prefixItems": [{"const": 2}, {"enum": ["是", "否"]}],
        "items": False,
        "minItems": 2,
    },
    "const": {"const": {"name": '慕尼黑 "x"\n'}},
    "enum": {"enum": ["one", "two words", 3, None, True]},
    "boolean": {"type": "boolean"},
    "bounds": {"type": "integer", "minimum": 18, "exclusiveMaximum": 120},
    "number": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "multipleOf": 0.25},
    "pattern": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time", "maxLength": 40},
    "types": {"type": ["boolean", "null"]},
}


@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_whatever_the_weights_the_reply_satisfies_its_schema_and_has_no_white_space(
    model: TorchChat, of_pieces: TorchChat, form: str, pieces: bool
) -> None:
    model = of_pieces if pieces else model
    reply = ask(model, FORMS[form], max_tokens=150)
    assert reply.response_metadata["finish_reason"] == "stop"
    value = json.loads(reply.text)
    Draft202012Validator(FORMS[form], format_checker=FormatChecker()).validate(value)
    assert has_no_layout(reply.text)
    written = b"".join(bytes(each["bytes"]) for each in tokens(reply))
    assert written.decode() == reply.text
    assert tokens(reply)[-1]["bytes"] == [] and len(tokens(reply)) == reply.usage_metadata["output_tokens"]


def test_every_schema_that_limner_asks_for_is_enforced(model: TorchChat) -> None:
    properties = {
        "city": {"type": "string"},
        "diet": {"type": "array", "items": {"enum": ["vegan", "素食"]}, "maxItems": 3},
        "age": {"type": "integer", "minimum": 0, "maximum": 130},
        "born": {"type": "string", "format": "date"},
        "likes": {"type": ["boolean", "null"]},
        "pets": {
            "type": "array",
            "maxItems": 2,
            "items": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
        "text": {"type": "string", "maxLength": 200},
    }
    for facet in plan_facets(load_schema({"type": "object", "properties": properties}), "en"):
        schema = draft_schema(facet, [1, 2])
        reply = ask(model, schema, max_tokens=400)
        if reply.response_metadata["finish_reason"] == "stop":
            Draft202012Validator(schema).validate(json.loads(reply.text))
        assert has_no_layout(reply.text)
    assert Chat(model).draft("Reply.", "City?", FORMS["object"]).value["evidence"] in (1, 2)


def test_probabilities_are_told_before_the_grammar_forbids_anything(model: TorchChat, folder: Path) -> None:
    free = ask(model, max_tokens=1)
    forced = ask(model, {"const": "Oslo"}, max_tokens=1)
    options = [(each["bytes"], each["logprob"]) for each in tokens(free)[0]["top_logprobs"]]
    assert [
        (each["bytes"], pytest.approx(each["logprob"], abs=1e-4)) for each in tokens(forced)[0]["top_logprobs"]
    ] == options
    assert tokens(forced)[0]["logprob"] < tokens(free)[0]["logprob"]
    everything = model.invoke(MESSAGES, logprobs=True, top_logprobs=10_000, max_tokens=1)
    total = sum(math.exp(each["logprob"]) for each in tokens(everything)[0]["top_logprobs"])
    assert total == pytest.approx(1, abs=1e-3)
    silent = model.invoke(MESSAGES, max_tokens=1)
    assert silent.response_metadata["logprobs"] is None


def test_a_reply_has_the_probabilities_that_the_model_gives_its_tokens_free_or_forced(model: TorchChat) -> None:
    """Told while writing token by token, with guesses and a cache; compared with one reading of the whole."""
    loaded = model.load().loaded
    prompt = prompt_of([{"role": "user", "content": "City?"}], loaded.tokenizer)
    question = [HumanMessage("City?")]
    said = ask(model, FORMS["object"], question)
    forced = ask(model, {"const": json.loads(said.text)}, question)
    other = ask(model, {"const": {"evidence": 1, "value": "Tromsø"}}, question)
    assert forced.text == said.text and json.loads(other.text)["value"] == "Tromsø"
    numbers = {model.load().piece(number): number for number in reversed(range(len(loaded.tokenizer)))}
    for reply in (said, forced, other, ask(model, messages=question, max_tokens=20)):
        told = list(itertools.takewhile(lambda each: each["bytes"], tokens(reply)))  # control tokens have no text
        written = [numbers[bytes(each["bytes"])] for each in told]
        with torch.inference_mode():
            read = torch.tensor([prompt + written], device=loaded.model.device)
            rows = loaded.model(read).logits[0, len(prompt) - 1 : -1].float().cpu()
        expected = rows.log_softmax(-1).gather(1, torch.tensor([written]).T)[:, 0].tolist()
        assert [each["logprob"] for each in told] == pytest.approx(expected, abs=exact(model))


def test_half_characters_are_told_as_bytes_and_likelihoods_are_read_from_them(model: TorchChat) -> None:
    schema = {
        "type": "array",
        "prefixItems": [{"type": "object", "properties": {"value": {"const": "鱻"}}, "required": ["value"]}],
    }
    drafted = Chat(model).draft("", "?", {**schema, "items": False, "minItems": 1}, options=20)
    assert drafted.value == [{"value": "鱻"}]
    assert any(0 < len(token.piece) < 3 and token.piece[0] > 127 for token in drafted.tokens)
    likelihood = likelihood_of(drafted.tokens, "value")
    assert likelihood is not None and likelihood.tokens >= 2 and 0 <= likelihood.value <= 1


ATTENTION = [
    {},
    {"kind": "mistral", "sliding_window": 8},
    {"kind": "gemma3_text", "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]},
    {"kind": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 4},
]


@pytest.mark.parametrize("settings", ATTENTION)
def test_a_free_reply_is_what_generate_writes_and_the_cache_changes_nothing(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    chat = TorchChat(name_or_dir=str(tiny_causal.make_model(tmp_path / "m", **settings)), n_ctx=4096)
    loaded = chat.load().loaded
    asked = prompt_of([{"role": "user", "content": "Who? " * 20}], loaded.tokenizer)
    prompt = torch.tensor([asked], device=loaded.model.device)
    loaded.model.generation_config = GenerationConfig()  # else the model's own penalties count
    plain = GenerationConfig(do_sample=False, max_new_tokens=30, eos_token_id=list(loaded.ends), pad_token_id=0)
    plain.suppress_tokens = list(range(len(loaded.tokenizer), loaded.vocabulary))  # rows without a token
    length = prompt.shape[1]
    told = loaded.model.generate(prompt, attention_mask=torch.ones_like(prompt), generation_config=plain)[0, length:]
    expected = loaded.tokenizer.decode(told, skip_special_tokens=True)
    question = [HumanMessage("Who? " * 20)]
    first = ask(chat, messages=question, max_tokens=30)
    assert first.text.rstrip("\ufffd") == expected.rstrip("\ufffd")  # the last character may be half written
    assert first.usage_metadata["input_tokens"] == length
    ask(chat, FORMS["list"], [HumanMessage("Who? " * 15 + "Where?")])
    again = ask(chat, messages=question, max_tokens=30)
    assert first.usage_metadata["input_token_details"]["cache_read"] == 0
    assert 60 < again.usage_metadata["input_token_details"]["cache_read"] < length
    assert again.text == first.text and logprobs(again) == pytest.approx(logprobs(first), abs=exact(chat))
    last = ask(chat, messages=question, max_tokens=30)
    assert last.usage_metadata["input_token_details"]["cache_read"] == length - 1
    assert last.text == first.text and logprobs(last) == pytest.approx(logprobs(first), abs=exact(chat))


def test_a_model_with_a_recurrent_state_reads_everything_anew(tmp_path: Path) -> None:
    sizes = {f"linear_{name}": 2 if name.startswith("num") else 8 for name in LINEAR}
    experts = {"num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 16}
    layers = {"layer_types": ["linear_attention", "full_attention"], "shared_expert_intermediate_size": 16}
    folder = tiny_causal.make_model(tmp_path / "m", kind="qwen3_next", **sizes, **experts, **layers)
    chat = TorchChat(name_or_dir=str(folder))
    first, again = ask(chat, FORMS["object"]), ask(chat, FORMS["object"])
    assert again.usage_metadata["input_token_details"]["cache_read"] == 0
    assert again.text == first.text and logprobs(again) == pytest.approx(logprobs(first), abs=exact(chat))


LINEAR = ("num_value_heads", "num_key_heads", "key_head_dim", "value_head_dim")


def test_a_model_without_attention_is_refused(tmp_path: Path) -> None:
    folder = tiny_causal.make_model(tmp_path / "m", kind="mamba")
    with pytest.raises(ModelUnavailable, match="of a kind that limner cannot run: 'MambaForCausalLM'"):
        TorchChat(name_or_dir=str(folder)).load()


def test_a_long_prompt_is_read_in_pieces_and_says_the_same(tmp_path: Path) -> None:
    folder = tiny_causal.make_model(tmp_path / "m", context=8192)
    question = [HumanMessage("Who lives where? " * 150)]
    whole = ask(TorchChat(name_or_dir=str(folder)), FORMS["list"], question)
    warm = TorchChat(name_or_dir=str(folder))
    ask(warm, messages=[HumanMessage("Who lives where? " * 10)], max_tokens=1)
    assert whole.usage_metadata["input_tokens"] > 1100
    assert ask(warm, FORMS["list"], question).text == whole.text


class Blind:
    """Foresees nothing, so that every token is read by itself."""

    def __init__(self, guide: Any) -> None:
        self.guide = guide

    def allowed(self) -> torch.Tensor:
        return self.guide.allowed()  # type: ignore[no-any-return]

    def take(self, token: int) -> None:
        self.guide.take(token)

    def ahead(self) -> list[int]:
        return []


class Wrong(Blind):
    """Foresees what mostly does not come."""

    def ahead(self) -> list[int]:
        return [*self.guide.ahead()[:2], 300, 301]


@pytest.mark.parametrize("guess", [Blind, Wrong])
def test_tokens_that_are_foreseen_change_nothing(model: TorchChat, guess: type[Blind]) -> None:
    from agent.grammars import grammar_of

    engine = model.load()
    prompt = prompt_of([{"role": "user", "content": "City?"}], engine.loaded.tokenizer)
    grammar = grammar_of(wanted(FORMS["object"]))
    written = []
    for guide in (engine.guide(grammar), guess(engine.guide(grammar))):
        steps = []
        for step in engine.decoder.write(prompt, guide, room=100, top=3):
            steps.append(step)
            if step.token in engine.loaded.ends:
                break
        written.append(steps)
    assert [step.token for step in written[0]] == [step.token for step in written[1]]
    assert [step.logprob for step in written[0]] == pytest.approx([step.logprob for step in written[1]], abs=1e-3)


def test_a_reply_ends_at_a_stop_text_or_when_it_is_long_enough(model: TorchChat) -> None:
    free = ask(model, max_tokens=12)
    assert free.response_metadata["finish_reason"] == "length" and free.usage_metadata["output_tokens"] == 12
    text = free.text
    stop = next(a + b for a, b in itertools.pairwise(text) if "\ufffd" not in a + b)
    cut = ask(model, max_tokens=12, stop=[stop, "never"])
    assert cut.response_metadata["finish_reason"] == "stop" and cut.text == text[: text.index(stop)]
    assert logprobs(cut) == pytest.approx(logprobs(free)[: len(tokens(cut))], abs=1e-3)
    short = ask(model, FORMS["date"], max_tokens=3)
    assert short.response_metadata["finish_reason"] == "length" and short.text.startswith('"')
    with pytest.raises(ModelReplyError, match="cut off"):
        Chat(model).draft("", "?", {"type": "string", "minLength": 40, "maxLength": 50}, max_tokens=2)


def test_a_word_at_its_beginning_ends_a_reply_and_stays(model: TorchChat) -> None:
    free = ask(model, max_tokens=4)
    first = tokens(free)[0]["token"]
    assert free.text.startswith(first) and "\ufffd" not in first
    cut = ask(model, max_tokens=4, ends=[first, "never"])
    assert cut.text == first and cut.usage_metadata["output_tokens"] == 1
    assert logprobs(cut) == pytest.approx(logprobs(free)[:1], abs=1e-3)
    assert ask(model, max_tokens=4, ends=[free.text[1:]]).text == free.text, "not in the middle"


def test_temperature_draws_from_what_the_grammar_allows(model: TorchChat) -> None:
    torch.manual_seed(1)
    drawn = {ask(model, {"enum": ["a", "b", "c", "d"]}, temperature=100).text for _ in range(12)}
    assert len(drawn) > 1 and drawn <= {'"a"', '"b"', '"c"', '"d"'}


def test_a_prompt_that_does_not_fit_names_both_numbers(tmp_path: Path) -> None:
    folder = tiny_causal.make_model(tmp_path / "m", context=64)
    chat = TorchChat(name_or_dir=str(folder))
    with pytest.raises(ModelReplyError, match=r"a prompt of \d{3} tokens .* 64 tokens of context.*'transformers:m'"):
        ask(chat, messages=[HumanMessage("Who? " * 80)])
    with pytest.raises(ModelReplyError, match="n_ctx"):
        ask(TorchChat(name_or_dir=str(folder), n_ctx=16), messages=[HumanMessage("Who? " * 10)])
    reply = ask(chat, messages=[HumanMessage("x")], max_tokens=500)
    assert reply.usage_metadata["total_tokens"] <= 64


def test_what_is_no_model_is_said_at_once(tmp_path: Path, folder: Path) -> None:
    for name in ("/nowhere/model", "~/nowhere", "./nowhere", "a/b/c", str(folder / "config.json")):
        with pytest.raises(ModelUnavailable, match=r"there is no folder .* to load a language model from"):
            load_chat_model(f"transformers:{name}")
    with pytest.raises(ModelUnavailable, match=r"holds no model: no config\.json"):
        load_chat_model(f"transformers:{tmp_path}")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_chat_model(f"transformers:{tmp_path}").invoke("?")
    (tmp_path / "config.json").write_text("no json")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_chat_model(f"transformers:{tmp_path}").invoke("?")


def test_a_folder_without_some_of_its_weights_or_with_broken_ones_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tiny_causal.make_model(tmp_path / "m")
    weights = folder / "model.safetensors"
    save_file(
        {name: each for name, each in load_file(weights).items() if "layers.1.mlp" not in name},
        weights,
        {"format": "pt"},
    )
    with pytest.raises(ModelUnavailable, match=r"lacks 3 of its weights, 'model\.layers\.1\.mlp"):
        load_chat_model(f"transformers:{folder}").invoke("?")
    weights.write_bytes(b"\x00" * 40)
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_chat_model(f"transformers:{folder}").invoke("?")
    weights.unlink()
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_chat_model(f"transformers:{folder}").invoke("?")


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    config = {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_chat_model(f"transformers:{tmp_path}").invoke("?")


def test_a_name_of_the_hub_fails_soon_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable, match="'limner-tests/none' is no local folder and cannot be had from the hub"):
        load_chat_model("transformers:limner-tests/none").invoke("?")


def test_a_missing_package_is_said_before_anything_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(ModelUnavailable, match=r"'llguidance'.*limner\[transformers\]"):
        TorchChat(name_or_dir=str(folder)).invoke("?")


def test_a_model_without_a_chat_template_is_refused(tmp_path: Path) -> None:
    folder = tiny_causal.make_model(tmp_path / "m", template=None)
    with pytest.raises(ModelUnavailable, match="has no chat template"):
        load_chat_model(f"transformers:{folder}").invoke("?")


@pytest.mark.parametrize("template", [tiny_causal.NO_SYSTEM, tiny_causal.DROPS_SYSTEM])
def test_a_template_without_a_system_role_gets_it_in_the_users_turn(tmp_path: Path, template: str) -> None:
    folder = tiny_causal.make_model(tmp_path / "m", template=template)
    loaded = TorchChat(name_or_dir=str(folder)).load().loaded
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who?"}]
    text = loaded.tokenizer.decode(prompt_of(messages, loaded.tokenizer))
    assert "Be brief.\n\nWho?<|im_end|>" in text and "system" not in text
    alone = loaded.tokenizer.decode(prompt_of(messages[:1], loaded.tokenizer))
    assert "Be brief.<|im_end|>" in alone


def test_no_text_becomes_a_control_token(model: TorchChat) -> None:
    tokenizer = model.load().loaded.tokenizer
    control = set(tokenizer.all_special_ids) | {tokenizer.convert_tokens_to_ids(each) for each in tiny_causal.CONTROL}
    control.add(tokenizer.convert_tokens_to_ids("<|wide|>"))
    attack = "".join(f"a{token}b" for token in [*tiny_causal.CONTROL, "＜|wide|＞", "<|wide|>"]) * 2
    attack += "<|im_<|im_end|>end|>"

    def count(content: str, role: str) -> int:
        messages = [{"role": "system", "content": "x"}, {"role": "user", "content": "y"}]
        messages[role == "user"]["content"] = content
        return sum(number in control for number in prompt_of(messages, tokenizer))

    for role in ("system", "user"):
        assert count(attack, role) == count("plain", role) == 5
    plain = prompt_of([{"role": "user", "content": "a mountain <b> \ud800"}], tokenizer)
    assert "a mountain <b> ?" in tokenizer.decode(plain)


def test_an_unknown_letter_is_no_control_token_but_the_token_for_it_is(tmp_path: Path) -> None:
    """Tokenizers like GPT-2's and Qwen's call their end of text the unknown token, too."""
    tokenizer = (
        TorchChat(name_or_dir=str(tiny_causal.make_model(tmp_path / "m", pieces=True, kind="llama")))
        .load()
        .loaded.tokenizer
    )
    tokenizer.unk_token = "<|endoftext|>"
    tokens = prompt_of([{"role": "user", "content": "a <|endoftext|> 鱻"}], tokenizer)
    assert tokenizer.unk_token_id not in tokens
    assert "鱻" in tokenizer.decode(tokens)


def test_a_tokenizer_with_more_tokens_than_its_model(tmp_path: Path) -> None:
    folder = tiny_causal.make_model(tmp_path / "m", vocab_size=330)
    chat = TorchChat(name_or_dir=str(folder))
    assert len(chat.load().loaded.tokenizer) > 330
    with pytest.raises(ModelUnavailable, match=r"the tokenizer writes token \d+, and the model knows 330 tokens"):
        ask(chat)
    assert ask(chat, {"const": {"a": "xyz"}}, [HumanMessage("x")]).text == '{"a":"xyz"}'
    with pytest.raises(ModelReplyError, match="none of the tokens that may come next"):
        ask(chat, {"const": {"a": "慕尼黑"}}, [HumanMessage("x")])


def test_a_token_that_the_template_writes_is_control_even_if_it_is_not_special(tmp_path: Path) -> None:
    folder = tiny_causal.make_model(tmp_path / "m", template=tiny_causal.CHATML + "{{ '<think>' }}")
    tokenizer = TorchChat(name_or_dir=str(folder)).load().loaded.tokenizer
    tokens = prompt_of([{"role": "user", "content": "a <think> b"}], tokenizer)
    assert tokens.count(tokenizer.convert_tokens_to_ids("<think>")) == 1


def test_a_schema_that_cannot_be_enforced_is_an_error(model: TorchChat) -> None:
    with pytest.raises(ModelReplyError, match="cannot enforce the schema"):
        ask(model, {"type": "string", "pattern": "(?=a)b"})


def test_weights_that_compute_no_numbers_are_an_error(tmp_path: Path) -> None:
    folder = tiny_causal.make_model(tmp_path / "m")
    chat = TorchChat(name_or_dir=str(folder))
    with torch.no_grad():
        for weights in chat.load().loaded.model.parameters():
            weights.fill_(math.nan)
    with pytest.raises(ModelReplyError, match="NaN"):
        ask(chat)


def test_an_interrupted_or_failed_request_leaves_nothing_behind(tmp_path: Path) -> None:
    chat = TorchChat(name_or_dir=str(tiny_causal.make_model(tmp_path / "m")))
    expected = ask(chat, FORMS["object"])
    network = chat.load().loaded.model

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    for error in (KeyboardInterrupt, ModelUnavailable):
        layer = network.get_submodule("model.layers.1")
        hook = layer.register_forward_hook(interrupt if error is KeyboardInterrupt else fail)
        with pytest.raises(error):
            ask(chat, FORMS["object"], [HumanMessage("Other")])
        hook.remove()
        again = ask(chat, FORMS["object"])
        assert again.text == expected.text
        assert logprobs(again) == pytest.approx(logprobs(expected), abs=1e-3)


def fail(*_: Any) -> None:
    raise RuntimeError("CUDA out of memory")


def test_several_threads_may_ask(model: TorchChat) -> None:
    questions = [[HumanMessage(f"City {number}?")] for number in range(4)]
    expected = [ask(model, FORMS["object"], question).text for question in questions]
    told: dict[int, str] = {}

    def work(number: int) -> None:
        told[number] = ask(model, FORMS["object"], questions[number]).text

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [told[number] for number in range(4)] == expected


def test_chat_gets_words_and_probabilities(model: TorchChat) -> None:
    chat = Chat(model)
    said = chat.say("Answer.", "Who?", max_tokens=5)
    assert "\n" not in said.text and said.first and said.probability is not None
    assert 0 <= chat.probability_of_yes("Answer yes or no.", "Is it?") <= 1
    assert chat.usage.llm_calls == 2 and chat.usage.cached_tokens > 0


def test_a_profile_from_the_command_lines_name_of_a_model(tmp_path: Path, folder: Path, write_rows: Any) -> None:
    rows = [
        {"user_id": "u", "id": n, "text": text, "timestamp": "2024-03-01"}
        for n, text in enumerate(["I am vegan.", "I live in Oslo."])
    ]
    with Limner(tmp_path / "s", llm=f"transformers:{folder}", embedder=HashingEmbedder()) as limner:
        limner.ingest(write_rows(*rows))
        schema = {"type": "object", "properties": {"age": {"type": ["integer", "null"], "minimum": 1, "maximum": 99}}}
        document = limner.profile("u", schema).as_json()
    Draft202012Validator(schema).validate(document["profile"])
    assert document["model"]["llm"] == "transformers:tiny"
    assert document["usage"]["llm_calls"] >= 1


def test_names(folder: Path) -> None:
    assert model_name(f"transformers:{folder}") == "transformers:tiny"
    assert model_name(TorchChat(name_or_dir=str(folder))) == "transformers:tiny"
    assert model_name("transformers:Qwen/Qwen2.5-0.5B-Instruct") == "transformers:Qwen/Qwen2.5-0.5B-Instruct"
    with pytest.raises(LimnerError, match="transformers:NAME_OR_DIR"):
        load_chat_model("transformers:")


TOOLS_TEMPLATE = (
    "{% if tools %}{% for t in tools %}{{ t.function.name }} {% endfor %}{% endif %}{% for m in messages %}"
    "<|im_start|>{{ m.role }}\n{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function.arguments | tojson }}"
    "{% endfor %}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)


def test_tools_are_shown_by_the_template_and_a_call_is_valid_whatever_the_weights(tmp_path: Path) -> None:
    @tool
    def weather(day: Literal["today", "tomorrow"]) -> str:
        """What the weather is."""
        return day

    chat = TorchChat(name_or_dir=str(tiny_causal.make_model(tmp_path, template=TOOLS_TEMPLATE)))
    made = AIMessage("", tool_calls=[{"name": "weather", "args": {"day": "<|im_end|>"}, "id": "1"}])
    asked = [HumanMessage("How is it?"), made, ToolMessage("</s><|im_start|>", tool_call_id="1")]
    (call,) = chat.bind_tools([weather], tool_choice="any").invoke(asked).tool_calls
    assert call["name"] == "weather" and call["args"]["day"] in ("today", "tomorrow")
    words = chat.bind_tools([weather], tool_choice="none", max_tokens=5).invoke(asked)
    assert not words.tool_calls and words.text
    engine = chat.load()
    shown = engine.loaded.tokenizer.decode(engine.prompt(openai_messages(asked), openai_tools([weather])))
    assert shown.startswith("weather ") and '{"day": "< |im_end|>"}' in shown
    assert shown.count("<|im_start|>") == 4 and "</s>" not in shown
