"""Asks a LangChain chat model for JSON under a schema, or for a probability of "yes", and keeps count of the tokens.

Knows nothing of profiles: what comes back is parsed and checked JSON, or an error, never a silent empty value.
"""

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.errors import LimnerError, ModelReplyError, ModelUnavailable, shorten
from agent.inert import without_control_tokens
from agent.progress import go_on
from agent.replies import Token, first_options, mean_probability, parsed, said_in, token_of
from agent.schema_rules import JsonSchema

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

__all__ = ["Chat", "Draft", "Said", "Token", "Usage"]

_YES = {"yes", "y", "true", "是", "对"}
_NO = {"no", "n", "false", "否", "不", "不是"}
_WORD = re.compile(r"[a-z]+|不是|[是对否不]")


@dataclass(slots=True)
class Usage:
    """What the model was asked for so far; ``prompt_tokens`` includes ``cached_tokens``. ``seconds`` is wall time."""

    llm_calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    def add(self, message: "AIMessage", seconds: float) -> None:
        """Count one reply."""
        usage: Mapping[str, Any] = message.usage_metadata or {}
        self.llm_calls += 1
        self.prompt_tokens += usage.get("input_tokens", 0)
        self.cached_tokens += usage.get("input_token_details", {}).get("cache_read", 0) or 0
        self.completion_tokens += usage.get("output_tokens", 0)
        self.seconds += seconds


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply that parsed and satisfied its schema.

    ``probability`` is the geometric mean of the tokens' probabilities before the grammar's mask; None where the model
    does not tell. ``tokens`` are those of the whole reply; none where the model does not tell.
    """

    value: Any
    probability: float | None
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A short reply in words.

    ``first`` are the likeliest first tokens with their probabilities, ``probability`` is the geometric mean over all
    tokens; empty and None where the model does not tell.
    """

    text: str
    first: tuple[tuple[str, float], ...]
    probability: float | None


@dataclass(slots=True)
class Chat:
    """One conversation partner: the model, or what loads it when it is first asked, and the tokens it used.

    The model is called with OpenAI's names for options (``response_format``, ``logprobs``, ``max_tokens``);
    ``agent.served`` translates them for servers. What it thinks aloud before it answers is left out.
    """

    model: "BaseChatModel | Callable[[], BaseChatModel]"
    usage: Usage = field(default_factory=Usage)
    attempts: int = 2
    """How often a reply that breaks its schema is asked for."""
    before: Callable[[], None] = go_on
    """Called before each call of the model; what it raises ends the conversation."""
    constant: dict[tuple[str, str], Said] = field(default_factory=dict)
    """What the model said to prompts that never change; conversations with the same model may share it."""

    def load(self) -> "BaseChatModel":
        """The model, loaded when it was not yet.

        Raises:
            ModelUnavailable, UsageError: it cannot be.
        """
        from langchain_core.language_models import BaseChatModel

        model = self.model if isinstance(self.model, BaseChatModel) else self.model()
        self.model = model
        return model

    def draft(self, system: str, user: str, schema: JsonSchema, *, max_tokens: int = 256, options: int = 1) -> Draft:
        """Ask for JSON that satisfies ``schema``; ``options``: how many probabilities are told for each token.

        Raises:
            ModelReplyError: after all attempts the reply was cut off, is not JSON or does not satisfy the schema.
            ModelUnavailable: the model cannot be reached.
        """
        problem = ""
        for attempt in range(self.attempts):
            note = f"\n\n({problem})" if problem else ""
            message = self._ask(system, user + note, schema, max_tokens * (attempt + 1), options)
            value, problem, tokens = parsed(message, schema)
            if not problem:
                return Draft(value, mean_probability(tokens), tuple(token_of(each) for each in tokens))
        raise ModelReplyError(
            f"the model's reply is not what was asked for: {problem}",
            hint="Use a model that follows JSON Schema, or a server that enforces it",
        )

    def say(self, system: str, user: str, *, max_tokens: int, ends: Sequence[str] = ()) -> Said:
        """Ask for one line of words.

        ``ends``: words that are the whole reply when it begins with one, for engines that can stop there.

        Raises:
            ModelReplyError: the model thought aloud until it was cut off.
            ModelUnavailable: the model cannot be reached.
        """
        message = self._invoke(system, user, ends, max_tokens=max_tokens, logprobs=True, top_logprobs=20, stop=["\n"])
        text, tokens = said_in(message)
        lines = text.splitlines()
        options = tuple((each["token"], math.exp(each["logprob"])) for each in first_options(tokens))
        return Said(lines[0].strip() if lines else "", options, mean_probability(tokens))

    def say_once(self, system: str, user: str) -> Said:
        """As ``say``, one token, to a prompt without a word of a history: the model is asked the first time only.

        Raises:
            ModelReplyError: the model thought aloud until it was cut off.
            ModelUnavailable: the model cannot be reached.
        """
        if (system, user) not in self.constant:
            self.constant[system, user] = self.say(system, user, max_tokens=1)
        return self.constant[system, user]

    def probability_of_yes(self, system: str, question: str) -> float:
        """How sure the model is that the answer to a yes-or-no question is yes, 0 to 1.

        From the first token's log-probabilities, P(yes) / (P(yes) + P(no)); where the model tells none, 1 or 0 by the
        word it says, and 0.5 when it says neither.
        """
        for room in (1, 3):  # one token is enough, unless the model puts a mark before its word and tells no others
            text, tokens = said_in(self._invoke(system, question, max_tokens=room, logprobs=True, top_logprobs=20))
            if first_options(tokens) or _word_in(text):
                break
        yes = no = 0.0
        for option in first_options(tokens):
            word, chance = option["token"].strip().casefold(), math.exp(option["logprob"])
            yes, no = yes + chance * (word in _YES), no + chance * (word in _NO)
        if yes + no > 0:
            return yes / (yes + no)
        word = _word_in(text)
        return 1.0 if word in _YES else 0.0 if word in _NO else 0.5

    def choose(self, system: str, question: str, words: Sequence[str]) -> dict[str, float]:
        """How likely each of these words is the answer; the probabilities add up to 1. Empty when none of them is said.

        From the first token's log-probabilities, of tokens with which one of the words begins and no other; where the
        model tells none, 1 for the word that it says.
        """
        for room in (1, 4):  # as for a yes or no
            text, tokens = said_in(self._invoke(system, question, max_tokens=room, logprobs=True, top_logprobs=20))
            found = dict.fromkeys(words, 0.0)
            for option in first_options(tokens) or [{"token": text, "logprob": 0.0}]:
                begun = _begun_by(option["token"], words)
                if begun is not None:
                    found[begun] += math.exp(option["logprob"])
            if (total := sum(found.values())) > 0:
                return {word: chance / total for word, chance in found.items()}
        return {}

    def _ask(self, system: str, user: str, schema: JsonSchema, max_tokens: int, options: int) -> "AIMessage":
        wanted = {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}}
        return self._invoke(
            system, user, max_tokens=max_tokens, response_format=wanted, logprobs=True, top_logprobs=options
        )

    def _invoke(self, system: str, user: str, ends: Sequence[str] = (), **options: Any) -> "AIMessage":
        from langchain_core.messages import HumanMessage, SystemMessage

        self.before()
        model = self.load()
        if ends and getattr(model, "ends_at_words", False):
            options["ends"] = tuple(ends)
        started = time.monotonic()
        messages = [SystemMessage(without_control_tokens(system))] if system else []
        asked = [*messages, HumanMessage(without_control_tokens(user))]
        message = _call(lambda: model.invoke(asked, **options))
        self.usage.add(message, time.monotonic() - started)
        return message


def _begun_by(token: str, words: Sequence[str]) -> str | None:
    """The one of the words that a text begins or is begun by, whatever marks stand before it."""
    said = token.casefold().lstrip("*\"'“‘ ").strip()
    begun = [each for each in words if said and (each.startswith(said) or said.startswith(each))]
    return begun[0] if len(begun) == 1 else None


def _word_in(text: str) -> str:
    """The word that a reply begins with, without the marks before it."""
    first = _WORD.match(text.casefold().lstrip("*\"'“‘ "))
    return first.group() if first else ""


def _call(invoke: Callable[[], "AIMessage"]) -> "AIMessage":
    """Run the model with tracing off, and turn what client libraries raise into ours."""
    from langsmith import tracing_context
    from openai import OpenAIError

    try:
        with tracing_context(enabled=False):
            return invoke()
    except LimnerError:
        raise
    except (OpenAIError, OSError) as error:
        raise ModelUnavailable(
            f"the model could not be asked: {type(error).__name__}: {shorten(str(error), 200)}",
            hint="Check that the server is up, its address and the model's name",
        ) from error
