"""Where a language model answers, and what went wrong there, in words without secrets or histories.

Knows the errors of client libraries, nothing of requests.
"""

import re
import sys
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from agent.errors import ModelReplyError, ModelUnavailable, shorten

__all__ = ["CONTEXT_NEEDED", "Endpoint", "client_errors", "failure", "is_refusal", "is_retryable", "retry_after"]

CONTEXT_NEEDED = 8192
"""Tokens, prompt and reply together, that limner's longest prompts may take."""

_RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}
_TOO_LONG = re.compile(r"context|too long|too many tokens|maximum.{0,20}tokens", re.IGNORECASE)
_ECHO = 24  # characters in a row that a server's message may not share with the prompt


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model at an address; ``secrets`` are never shown."""

    provider: str
    model: str
    url: str | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def at(cls, provider: str, model: str, url: str | None, *keys: str | None) -> "Endpoint":
        """The address without user, password and query, which are kept as secrets with the keys."""
        parts = urlsplit(url or "")
        hidden = [parts.password, parts.username, parts.query, *keys]
        shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))
        return cls(provider, model, shown or None, tuple(each for each in hidden if each and len(each) > 3))

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{shorten(self.model)} at {self.url or self.provider}"

    def said(self, error: BaseException, prompt: str = "") -> str:
        """What a client's error says, without secrets and without what it repeats of the prompt."""
        body = getattr(error, "body", None)
        text = str(body.get("message") or error) if isinstance(body, dict) else str(error)
        for secret in self.secrets:
            text = text.replace(secret, "***")
        text = re.sub(r"//[^/@\s]+@", "//", text)
        return shorten(_without_echo(" ".join(text.split()), prompt), 200)


def client_errors(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What clients of models raise, as far as they are loaded (LangChain, OpenAI, Ollama, httpx, sockets), and more."""
    found: list[type[Exception]] = [OSError, *more]
    for module, name in (
        ("langchain_core.exceptions", "ModelError"),
        ("openai", "OpenAIError"),
        ("ollama", "ResponseError"),
        ("httpx", "HTTPError"),
        ("httpx2", "HTTPError"),
    ):
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            found.append(kind)
    return tuple(found)


def is_retryable(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later. A server that kept silent is not asked again."""
    if not isinstance(error, client_errors()) or _is_timeout(error):
        return False
    status = _status(error)
    if status is not None:
        return status in _RETRIED
    return bool(getattr(error, "is_retryable", False)) or _is_connection(error)


def is_refusal(error: BaseException) -> bool:
    """Whether the server, or the client, does not take an option that was given."""
    return isinstance(error, TypeError) or _status(error) in (400, 422, 501)


def retry_after(error: BaseException) -> float | None:
    """The seconds after which the server wants to be asked again."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None


def failure(error: BaseException, endpoint: Endpoint, *, prompt: str = "", timeout: float) -> ModelUnavailable:
    """Our error for a client's: which endpoint, which model, what to do."""
    status, said = _status(error), endpoint.said(error, prompt)
    start = f"the language model {endpoint.name}"
    if _is_timeout(error):
        return ModelUnavailable(
            f"{start} did not answer within {timeout:g} seconds",
            hint="Check whether it is at work; LIMNER_LLM_TIMEOUT=SECONDS waits longer",
        )
    if status in (401, 403):
        return ModelUnavailable(
            f"{start} refused the key ({status}): {said}",
            hint="Set OPENAI_API_KEY (or the provider's own) to a key it takes",
        )
    if status == 404:
        return ModelUnavailable(
            f"{start} was not found (404): {said}",
            hint="Check the model's name (most servers list theirs at /v1/models) and --llm-base-url (most end in /v1)",
        )
    if status in (400, 413, 422) and _TOO_LONG.search(said):
        return ModelReplyError(
            f"a prompt is too long for {start} ({status}): {said}",
            hint=f"Start the server with a context of {CONTEXT_NEEDED} tokens or more",
        )
    if status is not None:
        hint = "It is too busy: try later" if status == 429 else "Look into the server's log"
        return ModelUnavailable(f"{start} failed ({status}): {said}", hint=hint)
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return ModelUnavailable(
        f"{start} could not be asked: {type(cause).__name__}: {endpoint.said(cause, prompt)}",
        hint="Check that the server is up, its address and the model's name",
    )


def _status(error: BaseException) -> int | None:
    status: Any = getattr(error, "status_code", None)
    return status if isinstance(status, int) and status > 0 else None


def _is_timeout(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
            return True
        error = error.__cause__
    return False


def _is_connection(error: BaseException) -> bool:
    """Of sockets, or of httpx."""
    names = {each.__name__ for each in type(error).__mro__}
    return isinstance(error, ConnectionError) or bool(names & {"TransportError", "APIConnectionError"})


def _without_echo(text: str, prompt: str) -> str:
    prompt = " ".join(prompt.split())
    at = 0
    while at + _ECHO <= len(text):
        end = at + _ECHO
        if text[at:end] in prompt:
            while end < len(text) and text[at : end + 1] in prompt:
                end += 1
            text = f"{text[:at]}…{text[end:]}"
        at += 1
    return text
