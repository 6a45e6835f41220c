"""A chat model that answers from a script, for tests of limner and of programs built on it. No model is loaded.

A real subclass of LangChain's ``BaseChatModel``; what it returns goes through the same parsing and checks as a model's.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

__all__ = ["ScriptedChat"]


class ScriptedChat(BaseChatModel):
    """Answers with what ``script(system, user, schema)`` returns.

    ``schema`` is the JSON Schema asked for, or None for a yes-or-no question. A script returns text, or a number 0 to 1
    for a yes-or-no question: the probability of "yes", given back as log-probabilities like a real model's.

    ``asked`` keeps ``(system, user)`` of every call.
    """

    script: Callable[[str, str, Mapping[str, Any] | None], str | float]
    asked: list[tuple[str, str]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "limner-scripted"

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
        reply = self.script(system, user, wanted["json_schema"]["schema"] if wanted else None)
        text, logprobs = (reply, None) if isinstance(reply, str) else _as_logprobs(reply)
        read, written = len(system + user) // 4 + 1, len(text) // 4 + 1
        usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
        message = AIMessage(
            content=text, usage_metadata=usage, response_metadata={"finish_reason": "stop", "logprobs": logprobs}
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def _as_logprobs(yes: float) -> tuple[str, dict[str, Any]]:
    options = sorted([("yes", yes), ("no", 1 - yes)], key=lambda option: -option[1])
    top = [{"token": word, "logprob": math.log(max(chance, 1e-9))} for word, chance in options]
    return options[0][0], {"content": [{**top[0], "top_logprobs": top}]}
