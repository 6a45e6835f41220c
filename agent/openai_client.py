"""LangChain's client for the OpenAI protocol, as the servers that people run at home speak it. Knows no prompts."""

from typing import Any

from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI

from agent.errors import ModelUnavailable, shorten

__all__ = ["ServerChat"]


class ServerChat(ChatOpenAI):
    """Keeps what the model thought in a field of its own, and asks in the protocol's older words.

    ``ChatOpenAI`` drops ``reasoning_content`` (llama-server, SGLang, LM Studio) and ``reasoning`` (vLLM, Ollama), and
    says ``max_completion_tokens``, which Ollama and others ignore, where all servers know ``max_tokens``.
    """

    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        if self.openai_api_base and "max_completion_tokens" in payload:
            payload["max_tokens"] = payload.pop("max_completion_tokens")
        return payload

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        choices = getattr(response, "choices", None)
        if not choices:
            said = getattr(response, "error", None) or (shorten(response, 60) if isinstance(response, str) else "")
            raise ModelUnavailable(
                f"{self.model_name!r} at the server answered without a reply{f': {said}' if said else ''}",
                hint="Check that the address is that of the API, not of a web page: most end in /v1",
            )
        result = super()._create_chat_result(response, generation_info)
        for choice, generation in zip(choices, result.generations, strict=False):
            more = choice.message.model_extra or {}
            thought = more.get("reasoning_content") or more.get("reasoning")
            if thought:
                generation.message.additional_kwargs["reasoning_content"] = thought
        return result
