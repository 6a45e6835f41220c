"""A chat model that answers from a script, for tests of limner and of programs built on it. No model is loaded.

A real subclass of LangChain's ``BaseChatModel``; what it returns goes through the same parsing and checks as a model's.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field

from agent.tool_calls import bound_tools, called, choices, tool_schema

__all__ = ["Reply", "ScriptedChat", "Tokens"]

_LEAST = 1e-6

Tokens = list[Mapping[str, float]]
"""For each place of a reply the tokens that could stand there, with their probabilities."""

Reply = str | float | Mapping[str, float] | Tokens
"""What a script returns; see :class:`ScriptedChat`."""


class ScriptedChat(BaseChatModel):
    """Answers with what ``script(system, user, schema)`` returns.

    ``schema`` is the JSON Schema asked for, or None where words are asked for. A script returns text; or a number, 0 to
    1, for a yes-or-no question: the probability of "yes", given back as log-probabilities like a real model's; or JSON
    replies with their probabilities. Of these the likeliest that satisfies the schema is given (else what the schema
    forces), with the log-probabilities of a model that writes each reply so often, a character a token. For words a
    script may return :data:`Tokens`: the likeliest of each place is said.

    With tools bound, ``schema`` is that of a call, and a script that returns ``{"name": …, "arguments": …}`` as JSON
    calls one.

    ``asked`` keeps ``(system, user)`` of every call.
    """

    script: Callable[[str, str, Mapping[str, Any] | None], Reply]
    limits_calls: ClassVar[bool] = True
    """As of :class:`agent.llama.LlamaChat`."""
    asked: list[tuple[str, str]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "limner-scripted"

    def forget_prompts(self) -> None:
        """Empty ``asked``."""
        self.asked.clear()

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        system = "\n".join(m.text for m in messages if m.type == "system")
        user = "\n".join(m.text for m in messages if m.type != "system")
        self.asked.append((system, user))
        wanted = kwargs.get("response_format")
        tools, _ = choices(kwargs)
        schema = tool_schema(tools) if tools else wanted["json_schema"]["schema"] if wanted else None
        reply = self.script(system, user, schema)
        text, logprobs = _told(reply, schema or {})
        read, written = len(system + user) // 4 + 1, len(text) // 4 + 1
        usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
        message = AIMessage(
            content=text, usage_metadata=usage, response_metadata={"finish_reason": "stop", "logprobs": logprobs}
        )
        return ChatResult(generations=[ChatGeneration(message=called(message, tools))])

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools: a reply that is JSON is a call of one, as with :class:`agent.llama.LlamaChat`."""
        return self.bind(**bound_tools(tools, tool_choice, **kwargs))


def _told(reply: Reply, schema: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
    if isinstance(reply, Mapping):
        return _likeliest(reply, schema)
    if isinstance(reply, list):
        content = [_token(options) for options in reply]
        return "".join(each["token"] for each in content), {"content": content}
    return (reply, None) if isinstance(reply, str) else _as_logprobs(reply)


def _token(options: Mapping[str, float]) -> dict[str, Any]:
    top = [{"token": token, "logprob": math.log(chance)} for token, chance in options.items()]
    return {**max(top, key=lambda each: each["logprob"]), "top_logprobs": top}


def _as_logprobs(yes: float) -> tuple[str, dict[str, Any]]:
    options = sorted([("yes", yes), ("no", 1 - yes)], key=lambda option: -option[1])
    top = [{"token": word, "logprob": math.log(max(chance, 1e-9))} for word, chance in options]
    return options[0][0], {"content": [{**top[0], "top_logprobs": top}]}


def _likeliest(replies: Mapping[str, float], schema: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema)
    fitting = [text for text in replies if validator.is_valid(json.loads(text))]
    forced = json.dumps(_instance(schema), ensure_ascii=False, separators=(",", ":"))
    text = max(fitting, key=lambda each: replies[each], default=forced)
    content = []
    for place, character in enumerate(text):
        going = {reply: chance for reply, chance in replies.items() if reply.startswith(text[:place])}
        total = sum(going.values())
        chances: dict[str, float] = {}
        for reply, chance in going.items():
            following = reply[place : place + 1]
            chances[following] = chances.get(following, 0.0) + chance / total
        own = chances.setdefault(character, _LEAST)  # no reply goes on like this
        top = [{"token": token, "logprob": math.log(chance)} for token, chance in chances.items() if chance]
        content.append({"token": character, "logprob": math.log(max(own, _LEAST)), "top_logprobs": top})
    return text, {"content": content}


def _instance(schema: Mapping[str, Any]) -> Any:
    """The first value that a schema of the forms that limner asks for allows."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _instance(schema["anyOf"][0])
    match schema.get("type"):
        case "object":
            return {name: _instance(child) for name, child in schema.get("properties", {}).items()}
        case "array":
            given = [_instance(each) for each in schema.get("prefixItems", ())]
            return given or [_instance(schema["items"]) for _ in range(schema.get("minItems", 0))]
        case "string":
            return "x"
        case "null":
            return None
        case _:
            return 0
