"""A LangChain chat model over llama.cpp in this process (xllamacpp): GGUF files, JSON-Schema-constrained decoding.

Knows nothing of users, evidence or prompts. The weights are loaded at the first call.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

from agent.errors import LimnerError, ModelReplyError, shorten
from agent.grammars import grammar_of
from agent.tool_calls import bound_tools, called, choices, openai_messages, tool_grammar

if TYPE_CHECKING:
    from agent.llama_server import LlamaServer
    from agent.prompt_states import PromptStates

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
    ends_at_words: ClassVar[bool] = True
    """Whether ``invoke`` takes ``ends``: words that are the whole reply when it begins with one. The token that would
    say that it ends there is not written."""
    n_ctx: int = 8192
    """Context length in tokens, prompt and reply together."""
    threads: int = 0
    """0: one a physical core, as llama.cpp chooses."""
    max_tokens: int = 512
    beginnings: tuple[str, ...] = ()
    """Constant texts that system messages begin with, without anything of a user: see :mod:`agent.prompt_states`."""
    states_folder: str | None = None
    """Where the states after ``beginnings`` are kept for other processes; None: they are not."""

    _server: Any = PrivateAttr(default=None)
    _states: Any = PrivateAttr(default=None)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)
    _turn: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "limner-llama"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": Path(self.model_path).name, "n_ctx": self.n_ctx}

    def load(self) -> "LlamaServer":
        """Load the weights now rather than at the first call; takes some seconds.

        Raises:
            ModelUnavailable: xllamacpp is not installed, or the file is not there or no GGUF model.
        """
        with self._lock:
            if self._server is None:
                self._start()
            return cast("LlamaServer", self._server)

    def forget_prompts(self) -> None:
        """Unload the model with the cache of its prompts; the next call loads it again.

        What is kept in files are beginnings of prompts without a word of a history.
        """
        with self._lock:
            self._server = self._states = None

    def _start(self) -> None:
        from agent.llama_server import LlamaServer

        path = Path(self.model_path)
        self._server = LlamaServer(path, n_ctx=self.n_ctx, threads=self.threads)
        self._states = self._kept_states(self._server, path)

    def _kept_states(self, server: "LlamaServer", path: Path) -> "PromptStates | None":
        from agent.prompt_states import PromptStates

        if self.states_folder is None or not self.beginnings:
            return None
        found = path.stat()
        model = f"{path.resolve()} {found.st_size} {found.st_mtime_ns} {self.n_ctx}"
        return PromptStates(server, model, Path(self.states_folder), self.beginnings)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        tools, demanded = choices(kwargs)
        ends = list(kwargs.get("ends") or ())
        grammar = tool_grammar(tools, demanded=demanded) or grammar_of(kwargs.get("response_format"))
        request = {
            "messages": openai_messages(messages),
            # llama.cpp shows the tools as the chat template wants it; calls are kept to their schemas by the grammar:
            # its own one let a 1.5B model write what is no call (measured with xllamacpp 2026.10).
            **({"tools": kwargs["tools"], "tool_choice": "none"} if tools else {}),
            "temperature": kwargs.get("temperature", 0),
            "max_tokens": kwargs.get("max_tokens") or self.max_tokens,
            "cache_prompt": True,
            **({"stop": [*(stop or []), *ends]} if stop or ends else {}),
            **({"logprobs": True, "top_logprobs": kwargs.get("top_logprobs", 1)} if kwargs.get("logprobs") else {}),
            **({"grammar": grammar} if grammar else {}),
        }
        with self._turn:
            server, states = self.load(), self._states
            before = _interruptible(lambda: states.make_ready(_system_of(messages))) if states else 0
            reply = _answer(server.say if ends else server.chat, request)
        choice, timings = reply["choices"][0], reply["timings"]
        cached = max(0, timings["cache_n"] - before)
        read, written = timings["prompt_n"] + timings["cache_n"] - cached, timings["predicted_n"]
        message = AIMessage(
            content=choice["message"]["content"] or _word_at_the_end(choice, ends),
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

    def get_num_tokens(self, text: str) -> int:
        """An upper estimate of the tokens of ``text``, by code: UTF-8 bytes over 2.5 (no request is made)."""
        return estimate_tokens(text)


def _answer(ask: Callable[[Mapping[str, Any]], Any], request: Mapping[str, Any]) -> dict[str, Any]:
    reply = _interruptible(lambda: ask(request))
    if isinstance(reply, dict) and "choices" in reply:
        return reply
    error = reply.get("error", reply) if isinstance(reply, dict) else reply
    message = error.get("message", error) if isinstance(error, dict) else error
    raise ModelReplyError(f"llama.cpp refused a request: {shorten(str(message), 200)}")


def _word_at_the_end(choice: Mapping[str, Any], ends: Sequence[str]) -> str:
    """The word of ``ends`` that an empty reply was cut off at; "" where it was cut off at another text, or is empty."""
    tokens = (choice.get("logprobs") or {}).get("content") or []
    options = tokens[0]["top_logprobs"] if tokens else []
    begun = next((each["token"] for each in options if each["id"] == tokens[0]["id"]), "")
    return next((word for word in ends if begun and word.startswith(begun)), "")


def _system_of(messages: Sequence[BaseMessage]) -> str:
    """The text of the system message that a conversation begins with; "" where it has none."""
    first = messages[0] if messages else None
    return first.content if isinstance(first, SystemMessage) and isinstance(first.content, str) else ""


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
        except (RuntimeError, LimnerError) as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    while True:
        try:
            return future.result(timeout=0.2)
        except NotYet:
            continue
