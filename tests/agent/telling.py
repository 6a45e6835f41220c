"""A model that tells the probabilities of what it says in words, token by token; ``ScriptedChat`` does so for JSON."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

Tokens = Sequence[Mapping[str, float]]


class TellingChat(BaseChatModel):
    """Says the likeliest of the tokens that ``script(system, user)`` gives, with their probabilities, for each place.

    ``asked`` keeps ``(system, user)`` of every call.
    """

    script: Callable[[str, str], Tokens]
    asked: list[tuple[str, str]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "limner-telling"

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
        content = [_told(token) for token in self.script(system, user)]
        told = {"finish_reason": "stop", "logprobs": {"content": content}}
        message = AIMessage("".join(each["token"] for each in content), response_metadata=told)
        return ChatResult(generations=[ChatGeneration(message=message)])


def _told(token: Mapping[str, float]) -> dict[str, Any]:
    options = [{"token": piece, "logprob": math.log(chance)} for piece, chance in token.items()]
    return {**max(options, key=lambda each: each["logprob"]), "top_logprobs": options}
