"""Finds out what a server of language models really does, with a few short questions.

Knows what is asked for, not how it is put to a server. The questions are about nothing and no one.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.abilities import Abilities, Reasoning, SchemaWay
from agent.dialects import Context, Request
from agent.json_reply import find_json
from agent.thinking import without_thinking

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

__all__ = ["Ask", "Refused", "probe", "reasoning_in"]

# Long enough that a cache of whole blocks (vLLM: 16 tokens) has something to tell.
_SYSTEM = """You answer short questions about everyday things. You are brief and exact. You never explain what you say,
you never repeat the question, and you never add anything that was not asked for. If the question asks for a single
word, you say this word and stop. If it asks for a number, you say the number and stop. The questions have nothing to do
with one another. Each of them can be answered by a child of ten years, without looking anything up."""
_YES_OR_NO = "Is water wet? Answer with yes or no."
_HELLO = "Reply with the word hello and nothing else."
_HELLO_NOT_AS_JSON = "Reply with the word hello and nothing else: no JSON."  # OpenAI wants the word in this mode
# Nothing in the question suggests this reply: who gives it was made to.
_SEVEN = {"type": "object", "properties": {"n": {"enum": [7]}}, "required": ["n"], "additionalProperties": False}
_LIST = {"type": "array", "items": _SEVEN, "minItems": 1, "maxItems": 1}
_TOP = (20, 5, 0)
_FEW, _MANY = 16, 384

Ask = Callable[[str, str, Request], "AIMessage"]
"""``ask(system, user, request)``."""


class Refused(Exception):
    """The server does not take an option of the request."""


def probe(ask: Ask, ways: tuple[SchemaWay, ...], context: Callable[[], Context], *, budget: int) -> Abilities:
    """What the endpoint does.

    Args:
        ask: puts one question; raises ``Refused``.
        ways: how a schema may be given, strongest first.
        context: asked once the model has answered.
        budget: tokens for thinking, where the model cannot be kept from it.
    """
    cached: list[bool] = []

    def ask_and_note(system: str, user: str, request: Request) -> "AIMessage":
        message = ask(system, user, request)
        usage: Any = message.usage_metadata or {}
        cached.append(bool((usage.get("input_token_details") or {}).get("cache_read")))
        return message

    found = _first_look(ask_and_note)
    found = _schema(ask_and_note, ways, replace(found, asked=datetime.now(UTC).date()), budget)
    length, silently = context()
    return replace(found, cached_tokens=any(cached), context=length, cuts_silently=silently)


def _first_look(ask: Ask) -> Abilities:
    """Probabilities, and thoughts."""
    message, top = _yes_or_no(ask)
    told = (message.response_metadata.get("logprobs") or {}).get("content") or []
    found = Abilities("none", top_logprobs=top if told and told[0].get("top_logprobs") else 0)
    reasoning = _thoughts(ask, message)
    if reasoning == "none":
        return found
    try:
        kept = ask(_SYSTEM, _YES_OR_NO, Request(_FEW, quiet=True))
        quiet = _thoughts(ask, kept, quiet=True) == "none"
    except Refused:
        quiet = False
    return replace(found, reasoning=reasoning, quiet=quiet)


def _thoughts(ask: Ask, message: "AIMessage", *, quiet: bool = False) -> Reasoning:
    """Those of a reply; one that was cut off is asked for at length: thoughts may show only where they end."""
    reasoning = reasoning_in(message)
    if reasoning == "none" and message.response_metadata.get("finish_reason") == "length":
        return reasoning_in(ask(_SYSTEM, _YES_OR_NO, Request(_MANY, quiet=quiet)))
    return reasoning


def _yes_or_no(ask: Ask) -> "tuple[AIMessage, int]":
    for top in _TOP[:-1]:
        try:
            return ask(_SYSTEM, _YES_OR_NO, Request(_FEW, top_logprobs=top)), top
        except Refused:
            continue
    return ask(_SYSTEM, _YES_OR_NO, Request(_FEW)), 0


def _schema(ask: Ask, ways: tuple[SchemaWay, ...], found: Abilities, budget: int) -> Abilities:
    """The strongest way in which a schema is kept to."""
    ignored: list[SchemaWay] = []
    room = _FEW + (budget if found.reasoning != "none" and not found.quiet else 0)
    for way, wrapped in _tries(ways):
        if way in ignored:
            continue
        schema = _SEVEN if wrapped or way == "json_object" else _LIST
        request = Request(room, schema=schema, way=way, quiet=found.quiet)
        try:
            message = ask(_SYSTEM, _HELLO_NOT_AS_JSON if way == "json_object" else _HELLO, request)
        except Refused:
            continue
        if _keeps_to(message, schema, way):
            return replace(found, schema=way, wrapped=wrapped, ignored=tuple(ignored))
        ignored.append(way)
    return replace(found, ignored=tuple(ignored))


def _tries(ways: tuple[SchemaWay, ...]) -> Iterator[tuple[SchemaWay, bool]]:
    for way in ways:
        yield way, False
        if way != "json_object":
            yield way, True


def _keeps_to(message: "AIMessage", schema: dict[str, Any], way: SchemaWay) -> bool:
    from jsonschema import Draft202012Validator

    text, _ = without_thinking(message.text)
    found = find_json(text, schema)
    if found.problem or found.text != text:
        return False
    return isinstance(found.value, dict) if way == "json_object" else Draft202012Validator(schema).is_valid(found.value)


def reasoning_in(message: "AIMessage") -> Reasoning:
    """How the model thought in this reply; tokens without any text were thoughts that the client leaves out."""
    if message.additional_kwargs.get("reasoning_content"):
        return "field"
    text, thought = without_thinking(message.text)
    if thought:
        return "tags"
    usage: Any = message.usage_metadata or {}
    return "field" if not text and usage.get("output_tokens", 0) > 1 else "none"
