"""Makes chat models on servers from their names: the OpenAI protocol, Ollama's own, and what LangChain knows else.

Knows packages, addresses and keys; nothing of what the models are asked.
"""

import os
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.dialects import Dialect, OllamaDialect, OpenAIDialect, PlainDialect
from agent.endpoints import Endpoint
from agent.errors import ModelUnavailable, UsageError, shorten

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from agent.served import ServedChat

__all__ = ["OPENAI_PROTOCOL", "served_model", "timeout_seconds"]

OPENAI_PROTOCOL = {
    "openai": None,
    "vllm": "http://127.0.0.1:8000/v1",
    "sglang": "http://127.0.0.1:30000/v1",
    "llama-server": "http://127.0.0.1:8080/v1",
    "lmstudio": "http://127.0.0.1:1234/v1",
}
"""Servers that speak the OpenAI protocol, with the address that each has by default."""

_OLLAMA = "http://127.0.0.1:11434"
_TIMEOUT_SECONDS = 300.0
_HINT = (
    "Use 'embedded', 'gguf:PATH', 'transformers:NAME_OR_DIR', 'openai:MODEL' with --llm-base-url, 'ollama:MODEL', "
    "or another provider that LangChain's init_chat_model knows"
)


class _Parts(NamedTuple):
    """``close``: releases the connections."""

    model: "BaseChatModel"
    endpoint: Endpoint
    dialect: Dialect
    close: Callable[[], None] | None = None


def served_model(spec: str, base_url: str | None) -> "ServedChat":
    """The model that ``spec``, ``provider:model``, names. No request is made.

    Raises:
        UsageError: there is no such provider, or it needs an address or a key.
        ModelUnavailable: the provider's package is not installed.
    """
    from agent.served import ServedChat

    provider, _, name = spec.partition(":")
    if not provider or not name:
        raise UsageError(f"there is no language model {shorten(spec)}", hint=_HINT)
    timeout = timeout_seconds()
    if provider in OPENAI_PROTOCOL:
        parts = _openai(provider, name, base_url, timeout)
    elif provider == "ollama":
        parts = _ollama(name, base_url, timeout)
    else:
        parts = _other(provider, name, base_url, timeout)
    chat = ServedChat(inner=parts.model, endpoint=parts.endpoint, dialect=parts.dialect, timeout=timeout)
    if parts.close is not None:
        weakref.finalize(chat, parts.close)
    return chat


def timeout_seconds() -> float:
    """How long a reply may take: ``$LIMNER_LLM_TIMEOUT``, else five minutes.

    Raises:
        UsageError: it is no number of seconds.
    """
    given = os.environ.get("LIMNER_LLM_TIMEOUT")
    try:
        seconds = float(given) if given else _TIMEOUT_SECONDS
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"LIMNER_LLM_TIMEOUT {shorten(given)} is no number of seconds", hint="For example: 600")
    return seconds


def _openai(provider: str, name: str, base_url: str | None, timeout: float) -> _Parts:
    """The key comes from OPENAI_API_KEY, and local servers take any."""
    from openai import DefaultHttpxClient, Timeout
    from pydantic import SecretStr

    from agent.openai_client import ServerChat

    url, key = base_url or OPENAI_PROTOCOL[provider], os.environ.get("OPENAI_API_KEY")
    if not url and not key:
        raise UsageError(
            f"'{provider}:{name}' needs the address of a server",
            hint="Give --llm-base-url, for example http://127.0.0.1:8080/v1 (or set OPENAI_API_KEY for OpenAI's own)",
        )
    client = DefaultHttpxClient()  # LangChain's own is shared by all models at an address, and never closed
    model = ServerChat(
        model=name,
        http_client=client,
        base_url=url,
        api_key=SecretStr(key or "none"),
        temperature=0,
        timeout=Timeout(timeout, connect=min(timeout, 10.0)),
        max_retries=0,
        use_responses_api=False,
    )
    endpoint = Endpoint.at(provider, name, url or "https://api.openai.com/v1", key)
    return _Parts(model, endpoint, OpenAIDialect(model), client.close)


def _ollama(name: str, base_url: str | None, timeout: float) -> _Parts:
    try:
        from langchain_ollama import ChatOllama
    except ImportError as error:
        raise ModelUnavailable(
            f"'ollama:{name}' needs the package 'langchain-ollama', which is not installed",
            hint="Install it: pip install 'limner[ollama]'",
        ) from error
    url = (base_url or os.environ.get("OLLAMA_HOST") or _OLLAMA).rstrip("/").removesuffix("/v1")
    url = url if "://" in url else f"http://{url}"
    model = ChatOllama(model=name, base_url=url, temperature=0, client_kwargs={"timeout": timeout})
    endpoint = Endpoint.at("ollama", name, url, os.environ.get("OLLAMA_API_KEY"))
    return _Parts(model, endpoint, OllamaDialect(model), model._client.close)


def _other(provider: str, name: str, base_url: str | None, timeout: float) -> _Parts:
    from langchain.chat_models import init_chat_model

    settings: dict[str, Any] = {"temperature": 0, "timeout": timeout, "max_retries": 0}
    if base_url:
        settings["base_url"] = base_url
    spec = shorten(f"{provider}:{name}")
    try:
        model = init_chat_model(name, model_provider=provider, **settings)
    except ImportError as error:
        raise ModelUnavailable(f"{spec} needs a package that is not installed", hint=str(error)) from error
    except ValueError as error:  # of pydantic, too: a key is missing
        if "Unsupported" in str(error):
            raise UsageError(f"there is no language model {spec}", hint=_HINT) from error
        first = str(error).strip().splitlines()
        raise UsageError(f"{spec} cannot be made: {' '.join(first[:3])[:200]}", hint="Set what it asks for") from error
    keys = [value for key, value in os.environ.items() if key.startswith(provider.upper()) and "KEY" in key]
    return _Parts(model, Endpoint.at(provider, name, base_url, *keys), PlainDialect())
