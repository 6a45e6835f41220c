"""What is found out of an endpoint, how cheaply, and where it is remembered."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.abilities import Abilities, SchemaWay, recall, remember
from agent.endpoints import Endpoint
from agent.models import load_chat_model
from agent.served import ServedChat
from tests.agent.fake_servers import VLLM, FakeServer, LlamaServer, Ollama, Server, sensible


def unasked(system: str, user: str, schema: Mapping[str, Any] | None) -> str:
    raise AssertionError(f"only the probe asks: {user}")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return tmp_path / "endpoints"


def found(kind: type[FakeServer], provider: str = "openai", **does: Any) -> tuple[Abilities, list[dict[str, Any]]]:
    with kind(Server(sensible(unasked), **does)) as server:
        model = load_chat_model(f"{provider}:fake-model", base_url=server.url)
        assert isinstance(model, ServedChat)
        return model.abilities(), [each["body"] for each in server.does.asked]


@pytest.mark.parametrize("kind", [VLLM, LlamaServer])
def test_a_good_server_is_asked_two_short_questions(kind: type[FakeServer]) -> None:
    abilities, asked = found(kind, context=16384)
    today = datetime.now(UTC).date()
    assert abilities == Abilities("json_schema", top_logprobs=20, cached_tokens=True, context=16384, asked=today)
    assert len(asked) == 2 and sum(body["max_tokens"] for body in asked) == 32


WAYS: list[tuple[tuple[str, ...], tuple[str, ...], SchemaWay, tuple[str, ...]]] = [
    (("structured_outputs",), (), "structured_outputs", ("json_schema",)),
    (("guided_json",), ("json_schema",), "guided_json", ("structured_outputs",)),
    (("json_object",), (), "json_object", ("json_schema", "structured_outputs", "guided_json")),
    ((), ("json_schema", "json_object"), "none", ("structured_outputs", "guided_json")),
]


@pytest.mark.parametrize(("enforces", "refuses", "schema", "ignored"), WAYS, ids=[way for _, _, way, _ in WAYS])
def test_the_strongest_way_that_works_is_found(
    enforces: tuple[str, ...], refuses: tuple[str, ...], schema: str, ignored: tuple[str, ...]
) -> None:
    abilities, _ = found(VLLM, enforces=enforces, refuses=refuses)
    assert (abilities.schema, abilities.wrapped) == (schema, False)
    assert abilities.ignored == ignored


def test_a_server_that_claims_json_mode_and_ignores_it_is_found_out() -> None:
    abilities, _ = found(VLLM, enforces=())
    assert (abilities.schema, abilities.ignored[-1]) == ("none", "json_object")


def test_a_server_that_takes_objects_only() -> None:
    abilities, _ = found(VLLM, lists=False)
    assert (abilities.schema, abilities.wrapped) == ("json_schema", True)


THINKERS = [("tags", True), ("tags", False), ("unopened", True), ("unopened", False), ("field", True), ("field", False)]


@pytest.mark.parametrize(("thinking", "can_be_quiet"), THINKERS)
@pytest.mark.parametrize(("kind", "provider"), [(VLLM, "vllm"), (Ollama, "ollama")], ids=["vllm", "ollama"])
def test_thoughts_are_seen_and_switched_off_where_that_works(
    kind: type[FakeServer], provider: str, thinking: str, can_be_quiet: bool
) -> None:
    abilities, _ = found(kind, provider, thinking=thinking, can_be_quiet=can_be_quiet)
    assert abilities.reasoning == ("field" if thinking == "field" else "tags")
    assert abilities.quiet is can_be_quiet
    assert abilities.schema == "json_schema"


@pytest.mark.parametrize("does", [{"logprobs": False}, {"refuses": ("logprobs",)}], ids=["silent", "refused"])
def test_probabilities_that_are_not_told(does: dict[str, Any]) -> None:
    assert found(VLLM, **does)[0].top_logprobs == 0


def test_ollama_by_its_own_protocol_and_by_that_of_openai() -> None:
    own, asked = found(Ollama, "ollama", context=40960)
    assert (own.context, own.cuts_silently, own.top_logprobs) == (40960, True, 20)
    assert all(body["options"]["num_ctx"] == 8192 for body in asked)
    other, _ = found(Ollama, "openai", context=40960)
    assert (other.context, other.cuts_silently) == (4096, True)


def test_it_is_remembered_without_secrets(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with VLLM(Server(sensible(unasked), key="sk-secret")) as server:
        url = server.url.replace("http://", "http://user:hidden@")
        model = load_chat_model("openai:fake-model", base_url=server.url)
        assert isinstance(model, ServedChat)
        abilities = model.abilities()
        (file,) = cache.iterdir()
        with_password = load_chat_model("openai:fake-model", base_url=url)
        assert isinstance(with_password, ServedChat) and with_password.abilities() == abilities
        assert list(cache.iterdir()) == [file], "the same endpoint"
    told = file.read_text("utf-8")
    assert json.loads(told)["url"] == server.url
    assert "secret" not in told and "hidden" not in told


def test_what_is_remembered_grows_old(cache: Path) -> None:
    endpoint = Endpoint.at("openai", "m", "http://host/v1")
    today = datetime.now(UTC).date()
    abilities = Abilities("json_schema", asked=today)
    assert recall(endpoint) is None
    remember(endpoint, abilities)
    assert recall(endpoint) == abilities
    assert recall(Endpoint.at("openai", "other", "http://host/v1")) is None
    remember(endpoint, replace(abilities, asked=today - timedelta(days=8)))
    assert recall(endpoint) is None
    (file,) = cache.iterdir()
    file.write_text("{", "utf-8")
    assert recall(endpoint) is None


def test_what_nobody_asks_for_any_more_is_deleted(cache: Path) -> None:
    old, new = (Endpoint.at("openai", name, "http://host/v1") for name in ("old", "new"))
    remember(old, Abilities("json_schema"))
    (file,) = cache.iterdir()
    os.utime(file, (0, 0))
    remember(new, Abilities("json_schema"))
    assert len(list(cache.iterdir())) == 1 and not file.exists()


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "file"))
    assert found(VLLM)[0].schema == "json_schema"
