"""Reads the reply of a model: the answer beside its thoughts, the JSON in it, and the tokens that it was written with.

Knows nothing of how it was asked for, nor of how often.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import ModelReplyError
from agent.json_reply import find_json
from agent.schema_bounds import errors_in
from agent.schema_rules import JsonSchema
from agent.thinking import spoken, without_thinking

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

__all__ = ["Token", "first_options", "mean_probability", "parsed", "said_in", "token_of"]


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a reply: its UTF-8 bytes (often not whole characters), its probability before the grammar's mask, and
    those of the tokens that could have stood there, its own among them."""

    piece: bytes
    chance: float
    options: tuple[tuple[bytes, float], ...]


def parsed(message: "AIMessage", schema: JsonSchema) -> tuple[Any, str, list[Mapping[str, Any]]]:
    """The value, what is wrong with it ("" when nothing is), and the tokens that it was written with."""
    if message.response_metadata.get("finish_reason") == "length":
        return None, "the reply was cut off: be shorter", []
    text, tokens = _answer(message)
    if not text and _thought(message):
        return None, "the reply had thoughts only: reply at once", []
    found = find_json(text, schema)
    if found.problem:
        return None, found.problem, []
    error = next(errors_in(schema, found.value), None)
    if error is not None:
        place = "/".join(str(p) for p in error.absolute_path)
        return None, f"the reply broke {error.validator!r} at /{place}: reply with JSON of the given form", []
    return found.value, "", tokens if found.text == text else spoken(tokens, found.text)


def _answer(message: "AIMessage") -> tuple[str, list[Mapping[str, Any]]]:
    """What the model says after it thought, if it did, and the tokens of that."""
    logprobs = message.response_metadata.get("logprobs") or {}
    tokens = list(logprobs.get("content") or [])
    text, _ = without_thinking(message.text)
    if _thought(message) or not _begin_with(tokens, text):
        return text, spoken(tokens, text)
    return text, tokens


def said_in(message: "AIMessage") -> tuple[str, list[Mapping[str, Any]]]:
    """The words of a reply and their tokens.

    Raises:
        ModelReplyError: it has thoughts only.
    """
    text, tokens = _answer(message)
    if not text and _thought(message):
        raise ModelReplyError(
            "the model thought aloud until its reply was cut off",
            hint="Use a model that does not think aloud, or a server where that can be switched off",
        )
    return text, tokens


def _thought(message: "AIMessage") -> bool:
    return without_thinking(message.text)[1] or bool(message.additional_kwargs.get("reasoning_content"))


def _begin_with(tokens: Sequence[Mapping[str, Any]], text: str) -> bool:
    """Whether nothing stands before the text; some clients leave out thoughts, but not their tokens."""
    whole = b"".join(map(_piece, tokens)).strip()
    return whole.startswith(text.encode()) or text.encode() not in whole


def token_of(told: Mapping[str, Any]) -> Token:
    """A token as OpenAI's protocol tells it."""
    piece, chance = _piece(told), math.exp(told["logprob"])
    options = {_piece(each): math.exp(each["logprob"]) for each in told.get("top_logprobs") or []}
    return Token(piece, chance, tuple({**options, piece: chance}.items()))


def _piece(told: Mapping[str, Any]) -> bytes:
    """The bytes of a token: half a character has no text of its own."""
    given = told.get("bytes")
    return str(told["token"]).encode() if given is None else bytes(given)


def first_options(tokens: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What could have stood at the first place."""
    return list(tokens[0].get("top_logprobs") or []) if tokens else []


def mean_probability(tokens: Sequence[Mapping[str, Any]]) -> float | None:
    """The geometric mean; None where none are told."""
    return math.exp(sum(t["logprob"] for t in tokens) / len(tokens)) if tokens else None
