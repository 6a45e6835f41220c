"""A LangChain chat model over torch in this process: causal language models of transformers, JSON under a schema.

Knows nothing of users, evidence or prompts. The weights are loaded at the first call.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

from agent.chat_templates import Message, prompt_of
from agent.errors import ModelReplyError, ModelUnavailable, shorten
from agent.grammars import Grammar, grammar_of, require_llguidance, tokenizer_of
from agent.llama import estimate_tokens
from agent.token_replies import Reply
from agent.tool_calls import bound_tools, called, choices, openai_messages, tool_grammar
from agent.torch_decoding import Decoder, Guide
from agent.torch_loading import Loaded, load_causal_model
from retrieval.sentence_models import first_line

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Engine", "TorchChat"]


class TorchChat(BaseChatModel):
    """Chat with a model of transformers; the chat template is the model's own.

    Takes and tells the same as :class:`agent.llama.LlamaChat`: ``response_format`` of type ``json_schema`` becomes the
    same grammar, log-probabilities come before its mask, and what a request begins with like the last one is not read
    anew. One request at a time; others wait.
    """

    name_or_dir: str
    """A folder, or a name on the Hugging Face hub."""
    limits_calls: ClassVar[bool] = True
    ends_at_words: ClassVar[bool] = True
    """Both as of :class:`agent.llama.LlamaChat`."""
    n_ctx: int = 8192
    """Context length in tokens, prompt and reply together; the model's own where that is shorter."""
    max_tokens: int = 512

    _engine: Any = PrivateAttr(default=None)
    _lock: Any = PrivateAttr(default_factory=threading.RLock)

    @property
    def _llm_type(self) -> str:
        return "limner-torch"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": self.model_name, "n_ctx": self.n_ctx}

    @property
    def model_name(self) -> str:
        """How a document names it: the name on the hub, or that of the folder."""
        path = Path(self.name_or_dir).expanduser()
        return f"transformers:{path.resolve().name if path.is_dir() else self.name_or_dir}"

    def load(self) -> "Engine":
        """Load the weights now rather than at the first call; takes some seconds.

        Raises:
            ModelUnavailable: a package is missing, there is no such model, or it cannot be loaded.
        """
        with self._lock:
            if self._engine is None:
                require_llguidance()
                self._engine = Engine(load_causal_model(self.name_or_dir))
            engine: Engine = self._engine
            return engine

    def forget_prompts(self) -> None:
        """Drop the keys and values of the last request; the model stays loaded."""
        with self._lock:
            if self._engine is not None:
                self._engine.decoder.forget()

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        tools, demanded = choices(kwargs)
        grammar = tool_grammar(tools, demanded=demanded) or grammar_of(kwargs.get("response_format"))
        with self._lock:
            engine = self.load()
            prompt = engine.prompt(openai_messages(messages), kwargs["tools"] if tools else ())
            most = min(kwargs.get("max_tokens") or self.max_tokens, self._room(len(prompt)))
            reply = Reply(
                engine.piece, ends=engine.loaded.ends, stops=stop or [], words=kwargs.get("ends") or (), most=most
            )
            cached = engine.decoder.reuse(prompt)
            steps = engine.decoder.write(
                prompt,
                engine.guide(grammar),
                room=most,
                temperature=kwargs.get("temperature") or 0.0,
                top=kwargs.get("top_logprobs", 1) if kwargs.get("logprobs") else 0,
            )
            self._compute(lambda: reply.take(steps))
        message = AIMessage(
            content=reply.text,
            usage_metadata=UsageMetadata(
                input_tokens=len(prompt),
                output_tokens=reply.written,
                total_tokens=len(prompt) + reply.written,
                input_token_details=InputTokenDetails(cache_read=cached),
            ),
            response_metadata={
                "finish_reason": reply.finish_reason,
                "logprobs": reply.logprobs if kwargs.get("logprobs") else None,
            },
        )
        return ChatResult(generations=[ChatGeneration(message=called(message, tools))])

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools, as with :class:`agent.llama.LlamaChat`."""
        return self.bind(**bound_tools(tools, tool_choice, **kwargs))

    def _room(self, length: int) -> int:
        """How many tokens may follow a prompt of ``length`` tokens."""
        own = self.load().loaded.context
        room = min(self.n_ctx, own) - length
        if room > 0:
            return room
        hint = "Show the model less, or use one with a longer context" if own <= self.n_ctx else "Give a larger n_ctx"
        raise ModelReplyError(
            f"a prompt of {length} tokens and a reply do not fit into the {min(self.n_ctx, own)} tokens of context of "
            f"{shorten(self.model_name)}",
            hint=hint,
        )

    def _compute(self, call: Callable[[], None]) -> None:
        try:
            call()
        except (RuntimeError, MemoryError) as error:
            raise ModelUnavailable(
                f"torch failed while {shorten(self.model_name)} computed: {first_line(error)}",
                hint="Free memory, or use a smaller or quantised model",
            ) from error

    def get_num_tokens(self, text: str) -> int:
        """An upper estimate of the tokens of ``text``, by code (no weights are loaded)."""
        return estimate_tokens(text)


class Engine:
    """A loaded model with its memory of the last request, and its vocabulary as grammars want it."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.decoder = Decoder(loaded.model, can_go_back=loaded.can_go_back)
        self._words = tokenizer_of(loaded.tokenizer, loaded.vocabulary, list(loaded.ends))
        self._silent = {number for number, token in loaded.tokenizer.added_tokens_decoder.items() if token.special}

    def prompt(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()) -> list[int]:
        """The tokens of a prompt.

        Raises:
            ModelUnavailable: the chat template or the tokenizer does not fit the model.
        """
        prompt = prompt_of(messages, self.loaded.tokenizer, tools)
        if max(prompt) >= self.loaded.vocabulary:
            raise ModelUnavailable(
                f"the tokenizer writes token {max(prompt)}, and the model knows {self.loaded.vocabulary} tokens",
                hint="Check that the tokenizer's files in the folder belong to the model",
            )
        return prompt

    def guide(self, grammar: str | None) -> Guide:
        """What a reply under a grammar may say, or any text."""
        return (
            Grammar(self._words, grammar) if grammar else _AnyText(len(self.loaded.tokenizer), self.loaded.vocabulary)
        )

    def piece(self, token: int) -> bytes:
        """The bytes of a token; none of a control token."""
        return b"" if token in self._silent else self._words.decode_bytes([token])


class _AnyText:
    """Allows every token that there is: models tell probabilities for more, up to a round number."""

    def __init__(self, tokens: int, vocabulary: int) -> None:
        import torch

        self._allowed = torch.arange(vocabulary) < tokens

    def allowed(self) -> "Tensor":
        return self._allowed

    def take(self, token: int) -> None:
        pass

    def ahead(self) -> list[int]:
        return []
