"""Finds the language model that a name means: embedded, a GGUF file, a model of transformers, or one on a server.

Knows how to make them, not what they are asked.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import ModelUnavailable, shorten
from retrieval.weights import LLM, Progress, assemble, cache_dir

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["EMBEDDED_LLM", "is_in_process", "load_chat_model", "model_name"]

EMBEDDED_LLM = "embedded"


def load_chat_model(spec: str, *, base_url: str | None = None, progress: Progress | None = None) -> "BaseChatModel":
    """The chat model for ``spec``.

    Args:
        spec: ``embedded`` (Qwen2.5-Coder-1.5B-Instruct, weights from ``limner[embedded]``), ``gguf:PATH`` (any GGUF
            instruct model, run in this process), ``transformers:NAME_OR_DIR`` (any instruct model of transformers, run
            in this process by torch), ``openai:MODEL`` (a server that speaks the OpenAI protocol; ``vllm``, ``sglang``,
            ``llama-server`` and ``lmstudio`` know their default address), ``ollama:MODEL``, or another provider of
            LangChain's ``init_chat_model`` whose package is installed.
        base_url: the server's address, for example ``http://127.0.0.1:8080/v1``.
        progress: told how far the one-time assembly of the embedded weights is, in bytes.

    Raises:
        UsageError: ``spec`` names no provider that is known, or an address or a key is missing.
        ModelUnavailable: the weights or a package are missing.
    """
    provider, _, name = spec.partition(":")
    if spec == EMBEDDED_LLM:
        return _llama(assemble(LLM, progress=progress))
    if provider == "gguf" and name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise ModelUnavailable(f"there is no model file {shorten(str(path))}", hint="Give the path of a GGUF file")
        return _llama(path)
    if provider == "transformers" and name:
        from agent.torch_chat import TorchChat
        from agent.torch_loading import folder_of

        folder_of(name)
        return TorchChat(name_or_dir=name)
    from agent.providers import served_model

    return served_model(spec, base_url)


def _llama(path: Path) -> "BaseChatModel":
    """A GGUF model; what it computed of the constant beginnings of prompts is kept beside the weights."""
    from agent.llama import LlamaChat
    from prompts import constant_beginnings

    return LlamaChat(
        model_path=str(path), beginnings=constant_beginnings(), states_folder=str(cache_dir() / "prompt-states")
    )


def is_in_process(llm: "str | BaseChatModel") -> bool:
    """Whether the model computes in this process, where one call at a time is quickest; it is not loaded for that."""
    if isinstance(llm, str):
        return llm == EMBEDDED_LLM or llm.partition(":")[0] in ("gguf", "transformers")
    from agent.served import ServedChat

    return not isinstance(llm, ServedChat)


def model_name(llm: "str | BaseChatModel") -> str:
    """How a document names the model: the spec it is asked for by, or the class and name of a given object."""
    if isinstance(llm, str):
        if llm == EMBEDDED_LLM:
            return f"{EMBEDDED_LLM}:{LLM.name}"
        provider, _, name = llm.partition(":")
        if provider == "transformers" and Path(name).expanduser().is_dir():
            return f"{provider}:{Path(name).expanduser().resolve().name}"
        return f"{provider}:{Path(name).name}" if provider == "gguf" else llm
    path = getattr(llm, "model_path", None)
    if path:
        is_embedded = Path(path) == cache_dir() / LLM.name
        return model_name(EMBEDDED_LLM) if is_embedded else f"gguf:{Path(path).name}"
    return str(getattr(llm, "model_name", None) or getattr(llm, "model", None) or type(llm).__name__)
