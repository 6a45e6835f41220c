"""Checks that the language model answers, keeps to schemas, tells probabilities and has room enough.

Knows models in this process and on servers, not how they were named.
"""

import time
from typing import TYPE_CHECKING, Any

from agent.abilities import Abilities
from agent.checks import Check, failed
from agent.endpoints import CONTEXT_NEEDED
from agent.errors import LimnerError
from agent.plain import plain_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from agent.chat import Chat

__all__ = ["check_model"]

_NAME = "language model"
_SYSTEM = "[1] I live in Oslo. " * 8
_QUESTION = 'Where does the user live? Reply with JSON like [{"evidence":1,"value":"..."}]'
_SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"evidence": {"enum": [1]}, "value": {"type": "string", "maxLength": 20}},
        "required": ["evidence", "value"],
        "additionalProperties": False,
    },
    "maxItems": 1,
}
_TOP = 20
_ENFORCING = "Use a server that enforces JSON Schema: llama-server, vLLM, SGLang, Ollama, LM Studio"


def check_model(chat: "Chat", name: str) -> list[Check]:
    """What the model that ``chat`` talks to does; a server is asked anew, whatever is remembered of it."""
    started = time.monotonic()
    try:
        model = chat.load()
        abilities = _served(model)
        first = chat.draft(_SYSTEM, _QUESTION, _SCHEMA, max_tokens=64, options=_TOP)
        sure = chat.probability_of_yes(_SYSTEM, "Does the user live in Oslo? Answer yes or no.")
    except LimnerError as error:
        return [failed(_NAME, error)]
    seconds = time.monotonic() - started
    told = abilities or Abilities(
        schema="json_schema",
        top_logprobs=_TOP if first.tokens else 0,
        cached_tokens=chat.usage.cached_tokens > 0,
        context=getattr(model, "n_ctx", None),
    )
    details = {"model": name, "seconds": round(seconds, 2), **({"abilities": plain_of(told)} if abilities else {})}
    where = getattr(model, "endpoint", None)
    seen = f"{where.name if where else name} answered; ready and asked in {seconds:.1f} s"
    answered = Check(_NAME, "ok", seen, details={**details, "probability_of_yes": round(sure, 4)})
    return [answered, _schema(told), _probabilities(told), _cache(told), _context(told), _thinking(told)]


def _served(model: "BaseChatModel") -> Abilities | None:
    from agent.served import ServedChat

    server: ServedChat | None = model if isinstance(model, ServedChat) else None
    return None if server is None else server.abilities(fresh=True)


def _schema(told: Abilities) -> Check:
    ignored = f"; ignored: {', '.join(told.ignored)}" if told.ignored else ""
    if told.schema == "none":
        seen = f"not enforced{ignored}: replies are checked, and asked for again"
        return Check("JSON Schema", "warning", seen, _ENFORCING)
    if told.schema == "json_object":
        seen = f"objects only, without their schema{ignored}: replies are checked, and asked for again"
        return Check("JSON Schema", "warning", seen, _ENFORCING)
    return Check(
        "JSON Schema", "ok", f"enforced by {told.schema}{', lists in an object' if told.wrapped else ''}{ignored}"
    )


def _probabilities(told: Abilities) -> Check:
    if not told.top_logprobs:
        remedy = "Use a server that tells log-probabilities; else a yes counts as 1 and a no as 0"
        return Check("probabilities", "warning", "not told: confidences say little", remedy)
    return Check("probabilities", "ok", f"told, up to {told.top_logprobs} for a token")


def _cache(told: Abilities) -> Check:
    seen = "used, and told" if told.cached_tokens else "not told (vLLM: --enable-prompt-tokens-details)"
    return Check("prompt cache", "ok", seen)


def _context(told: Abilities) -> Check:
    if told.context is None:
        return Check("context", "warning", "not told", f"See that it is {CONTEXT_NEEDED} tokens or more")
    if told.context < CONTEXT_NEEDED:
        cut = ", and longer prompts are cut without a word" if told.cuts_silently else ""
        hint = "; for Ollama, name the model ollama:MODEL" if told.cuts_silently else ""
        remedy = f"Start the server with {CONTEXT_NEEDED} or more{hint}"
        return Check("context", "warning", f"{told.context} tokens{cut}", remedy)
    return Check("context", "ok", f"{told.context} tokens")


def _thinking(told: Abilities) -> Check:
    if told.reasoning == "none":
        return Check("thinking aloud", "ok", "no")
    if told.quiet:
        return Check("thinking aloud", "ok", "switched off")
    remedy = "It is left out of replies, but takes time: a model that does not think aloud is faster"
    return Check("thinking aloud", "warning", "yes, and cannot be switched off", remedy)
