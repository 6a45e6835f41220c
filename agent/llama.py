"""A LangChain chat model over llama.cpp in this process (xllamacpp): GGUF files, JSON-Schema-constrained decoding.

Knows nothing of users, evidence or prompts. The weights are loaded at the first call.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

from agent.errors import ModelReplyError, ModelUnavailable, shorten
from agent.grammars import grammar_of
from agent.tool_calls import bound_tools, called, choices, openai_messages, tool_grammar

if TYPE_CHECKING:
    from xllamacpp import Server

__all__ = ["LlamaChat", "estimate_tokens"]


class LlamaChat(BaseChatModel):
    """Chat with a GGUF model; the chat template is the model's own.

    ``invoke(messages, response_format=…, logprobs=True, top_logprobs=3, max_tokens=200)`` takes the OpenAI names.
    ``response_format`` of type ``json_schema`` becomes an llguidance grammar without white space, so that no tokens go
    to layout. ``response_metadata`` holds ``finish_reason`` and ``logprobs`` (of the tokens before the grammar's mask),
    ``usage_metadata`` the token counts with those read from the prompt cache.
    """

    model_path: str
    limits_calls: ClassVar[bool] = True
    """Whether ``callable_tools`` may be given to ``bind_tools``; see :func:`agent.tool_calls.bound_tools`."""
    n_ctx: int = 8192
    """Context length in tokens, prompt and reply together."""
    threads: int = 0
    """0: one a physical core, as llama.cpp chooses."""
    max_tokens: int = 512

    _server: Any = PrivateAttr(default=None)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "limner-llama"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": Path(self.model_path).name, "n_ctx": self.n_ctx}

    def load(self) -> "Server":
        """Load the weights now rather than at the first call; takes some seconds.

        Raises:
            ModelUnavailable: xllamacpp is not installed, or the file is not there or no GGUF model.
        """
        with self._lock:
            if self._server is None:
                self._server = self._start()
            return self._server

    def forget_prompts(self) -> None:
        """Unload the model with the cache of its last prompt; the next call loads it again."""
        with self._lock:
            self._server = None

    def _start(self) -> "Server":
        try:
            import xllamacpp
        except ImportError as error:
            raise ModelUnavailable(
                f"the model {shorten(self.model_path)} needs the package 'xllamacpp', which is not installed",
                hint="Install it: pip install 'limner[embedded]'",
            ) from error
        path = Path(self.model_path)
        if not path.is_file():
            raise ModelUnavailable(f"there is no model file {shorten(str(path))}", hint="Give the path of a GGUF file")
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelUnavailable(f"{shorten(str(path))} is not a GGUF file", hint="Give the path of a GGUF file")
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = self.n_ctx
        params.n_parallel = 1
        params.verbosity = -1
        if self.threads:
            params.cpuparams.n_threads = self.threads
        try:
            return xllamacpp.Server(params)
        except RuntimeError as error:
            raise ModelUnavailable(
                f"llama.cpp cannot load {shorten(str(path))}: {shorten(str(error), 200)}",
                hint="Check the file and the free memory",
            ) from error

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        tools, demanded = choices(kwargs)
        grammar = tool_grammar(tools, demanded=demanded) or grammar_of(kwargs.get("response_format"))
        request = {
            "messages": openai_messages(messages),
            # llama.cpp shows the tools as the chat template wants it; calls are kept to their schemas by the grammar:
            # its own one let a 1.5B model write what is no call (measured with xllamacpp 2026.10).
            **({"tools": kwargs["tools"], "tool_choice": "none"} if tools else {}),
            "temperature": kwargs.get("temperature", 0),
            "max_tokens": kwargs.get("max_tokens") or self.max_tokens,
            "cache_prompt": True,
            **({"stop": stop} if stop else {}),
            **({"logprobs": True, "top_logprobs": kwargs.get("top_logprobs", 1)} if kwargs.get("logprobs") else {}),
            **({"grammar": grammar} if grammar else {}),
        }
        reply = self._answer(request)
        choice, timings = reply["choices"][0], reply["timings"]
        read, cached, written = timings["prompt_n"], timings["cache_n"], timings["predicted_n"]
        message = AIMessage(
            content=choice["message"]["content"] or "",
            usage_metadata=UsageMetadata(
                input_tokens=read + cached,
                output_tokens=written,
                total_tokens=read + cached + written,
                input_token_details=InputTokenDetails(cache_read=cached),
            ),
            response_metadata={"finish_reason": choice["finish_reason"], "logprobs": choice.get("logprobs")},
        )
        return ChatResult(generations=[ChatGeneration(message=called(message, tools))])

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools that it may call, one at a time; see :mod:`agent.tool_calls` for ``tool_choice``."""
        return self.bind(**bound_tools(tools, tool_choice, **kwargs))

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        server = self.load()
        reply = _interruptible(lambda: server.handle_chat_completions(dict(request)))
        if isinstance(reply, dict) and "choices" in reply:
            return reply
        error = reply.get("error", reply) if isinstance(reply, dict) else reply
        message = error.get("message", error) if isinstance(error, dict) else error
        raise ModelReplyError(f"llama.cpp refused a request: {shorten(str(message), 200)}")

    def get_num_tokens(self, text: str) -> int:
        """An upper estimate of the tokens of ``text``, by code: UTF-8 bytes over 2.5 (no request is made)."""
        return estimate_tokens(text)


def estimate_tokens(text: str) -> int:
    """A cautious estimate for byte-pair vocabularies: one token for 3 ASCII characters, 1 for any other character."""
    ascii_count = sum(character.isascii() for character in text)
    return ascii_count // 3 + (len(text) - ascii_count) + 1


def _interruptible(call: Any) -> Any:
    """Run ``call`` in a thread of its own, so that Ctrl-C is heard while llama.cpp computes."""
    future: Future[Any] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except RuntimeError as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    while True:
        try:
            return future.result(timeout=0.2)
        except NotYet:
            continue
