"""A LangChain chat model for models on servers: asks each in the way that works there, and again when it was busy.

Knows nothing of users, evidence or prompts. What the server can do is found out at the first request.
"""

import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

from agent.abilities import Abilities, recall, remember
from agent.adapting import as_openai, text_of, unwrapped, with_schema, wrapped
from agent.dialects import Dialect, Request
from agent.endpoints import CONTEXT_NEEDED, Endpoint, client_errors, failure, is_refusal
from agent.errors import LimnerError, ModelReplyError, ModelUnavailable
from agent.llama import estimate_tokens
from agent.probing import Refused, probe
from agent.retrying import call_again

__all__ = ["ServedChat"]


class ServedChat(BaseChatModel):
    """Chat with a model on a server.

    ``invoke`` takes and gives what :class:`agent.llama.LlamaChat` does: OpenAI's names, whatever the server's are.
    """

    inner: BaseChatModel
    """LangChain's model, without retries of its own."""
    endpoint: Any
    dialect: Any
    timeout: float = 300.0
    attempts: int = 4
    backoff: float = 0.5
    """Seconds before the second attempt; twice as many before each further one."""
    thinking_tokens: int = 2048
    """Room for thoughts, where the model cannot be kept from them."""
    max_tokens: int = 512

    _abilities: Any = PrivateAttr(default=None)
    _recalled: bool = PrivateAttr(default=False)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "limner-served"

    @property
    def model_name(self) -> str:
        """The name that the server knows."""
        return self._endpoint.model

    @property
    def n_ctx(self) -> int:
        """The context length in tokens; what limner needs where the server does not tell it."""
        return self.abilities().context or CONTEXT_NEEDED

    @property
    def _endpoint(self) -> Endpoint:
        assert isinstance(self.endpoint, Endpoint)
        return self.endpoint

    @property
    def _dialect(self) -> Dialect:
        dialect: Dialect = self.dialect
        return dialect

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """LangChain's model with tools: the server has to know how its model calls them."""
        chosen = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.inner.bind_tools(tools, **chosen, **kwargs)

    def abilities(self, *, fresh: bool = False) -> Abilities:
        """What the endpoint does: as it was found out in the last days, else (or when ``fresh``) now.

        Raises:
            ModelUnavailable: it cannot be asked.
        """
        with self._lock:
            if self._abilities is None and not fresh:
                self._abilities = recall(self._endpoint)
                self._recalled = self._abilities is not None
            if self._abilities is None or fresh:
                self._abilities, self._recalled = self._find_out(), False
                remember(self._endpoint, self._abilities)
            found: Abilities = self._abilities
            return found

    def _find_out(self) -> Abilities:
        def ask(system: str, user: str, request: Request) -> AIMessage:
            try:
                with warnings.catch_warnings():  # LangChain's advice about schemas that are refused
                    warnings.simplefilter("ignore", UserWarning)
                    return self._send([SystemMessage(system), HumanMessage(user)], request)
            except client_errors(TypeError) as error:
                refusable = request.top_logprobs or request.way != "none" or request.quiet
                if refusable and is_refusal(error):
                    raise Refused from error
                raise self._failure(error, "") from error

        return probe(ask, self._dialect.ways, self._dialect.context, budget=self.thinking_tokens)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        try:
            message = self._ask(messages, stop, self.abilities(), kwargs)
        except client_errors(TypeError) as error:
            if not (self._recalled and is_refusal(error)):
                raise self._failure(error, text_of(messages)) from error
            message = self._ask_anew(messages, stop, kwargs)  # the server may be another one than it was
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _ask_anew(self, messages: list[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any]) -> AIMessage:
        try:
            return self._ask(messages, stop, self.abilities(fresh=True), kwargs)
        except client_errors(TypeError) as error:
            raise self._failure(error, text_of(messages)) from error

    def _ask(
        self, messages: list[BaseMessage], stop: list[str] | None, can: Abilities, kwargs: Mapping[str, Any]
    ) -> AIMessage:
        request = self._request(messages, stop, can, kwargs)
        if request.schema is not None and request.way in ("none", "json_object"):
            messages = [*messages[:-1], with_schema(messages[-1], request.schema)]
        wraps = request.schema is not None and can.wrapped and request.schema.get("type") != "object"
        message = self._send(messages, replace(request, schema=wrapped(request.schema)) if wraps else request)
        return unwrapped(message) if wraps else message

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, can: Abilities, kwargs: Mapping[str, Any]
    ) -> Request:
        schema = (kwargs.get("response_format") or {}).get("json_schema", {}).get("schema")
        thinks = can.reasoning != "none" and not can.quiet
        way = "none" if schema is None else can.schema
        if way == "json_object" and schema.get("type") != "object":
            way = "none"  # this mode allows no lists at the root
        room = kwargs.get("max_tokens") or self.max_tokens
        needed = estimate_tokens(text_of(messages)) + room
        if can.cuts_silently and can.context and needed > can.context:
            raise ModelReplyError(
                f"a prompt of about {needed - room} tokens may be too long for the language model "
                f"{self._endpoint.name}, which takes {can.context} and cuts without a word",
                hint="Give the model a longer context; limner does so by itself where it is named ollama:MODEL",
            )
        if thinks:
            room += min(self.thinking_tokens, (can.context or self.thinking_tokens * 2) // 2)
        return Request(
            max_tokens=room,
            stop=() if thinks else tuple(stop or ()),  # they would end the thoughts
            schema=schema,
            way=way,
            top_logprobs=min(can.top_logprobs, kwargs.get("top_logprobs", 1)) if kwargs.get("logprobs") else 0,
            quiet=can.quiet,
            aside=can.reasoning == "field" and not can.quiet,
            needed=needed,
            context=can.context,
        )

    def _send(self, messages: list[BaseMessage], request: Request) -> AIMessage:
        """Ask, and ask again after a while when that may help."""
        options = self._dialect.options(request)
        return call_again(lambda: self._invoke(messages, options), attempts=self.attempts, backoff=self.backoff)

    def _invoke(self, messages: list[BaseMessage], options: Mapping[str, Any]) -> AIMessage:
        from pydantic import ValidationError

        try:
            return as_openai(self.inner.invoke(messages, **options))
        except client_errors(LimnerError):
            raise
        except (ValueError, ValidationError, KeyError) as error:
            raise ModelUnavailable(
                f"the language model {self._endpoint.name} answered with something that is no reply: "
                f"{self._endpoint.said(error, text_of(messages))}",
                hint="Check that the address is that of the API, not of a web page: most end in /v1",
            ) from error

    def _failure(self, error: BaseException, prompt: str) -> ModelUnavailable:
        return failure(error, self._endpoint, prompt=prompt, timeout=self.timeout)
