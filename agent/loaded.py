"""The models behind a Limner: the embedder and the language model, each loaded when it is first needed, and only once.

Several Limners may share them. Knows nothing of stores or of what models are asked.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from retrieval import Embedder, load_embedder

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from retrieval.embedder_process import EmbedderProcess

__all__ = ["LoadedModels", "OnLoad"]

OnLoad = Callable[[str, int, int], None]
"""``on_load(what, done, total)``: how far a one-time preparation of model weights is, in bytes."""


class LoadedModels:
    """What a :class:`agent.limner.Limner` is given as ``llm`` and ``embedder``; threads may share it.

    ``embedder_process``: what has an embedder in memory that is given by its name; None: this process.
    """

    def __init__(
        self,
        llm: "str | BaseChatModel",
        llm_base_url: str | None,
        embedder: str | Embedder,
        on_load: OnLoad | None,
        embedder_process: "EmbedderProcess | None" = None,
    ) -> None:
        self._llm = llm
        self._base_url = llm_base_url
        self._embedder = embedder
        self._on_load = on_load
        self._embedder_process = embedder_process
        self._chat: BaseChatModel | None = None
        self._lock = threading.RLock()

    @property
    def llm_name(self) -> str:
        """What documents call the language model; it is not loaded for that."""
        from agent.models import model_name

        return model_name(self._llm)

    @property
    def is_in_process(self) -> bool:
        """Whether the language model computes in this process; it is not loaded to tell that."""
        from agent.models import is_in_process

        return is_in_process(self._llm)

    @property
    def chat_in_memory(self) -> "BaseChatModel | None":
        """The language model, if it is loaded or was given as an object."""
        return self._chat if isinstance(self._llm, str) else self._llm

    @property
    def embedder_in_memory(self) -> Embedder | None:
        """The embedder, if it is loaded or was given as an object."""
        return None if isinstance(self._embedder, str) else self._embedder

    def chat_model(self) -> "BaseChatModel":
        """The language model, loaded when it was not yet.

        Raises:
            ModelUnavailable, UsageError: it cannot be.
        """
        from agent.models import load_chat_model

        if not isinstance(self._llm, str):
            return self._llm
        with self._lock:
            if self._chat is None:
                progress = self._progress("language model")
                self._chat = load_chat_model(self._llm, base_url=self._base_url, progress=progress)
            return self._chat

    def embedder(self) -> Embedder:
        """The embedder, loaded when it was not yet.

        Raises:
            ModelUnavailable, UsageError: it cannot be.
        """
        with self._lock:
            if isinstance(self._embedder, str):
                self._embedder = load_embedder(
                    self._embedder, progress=self._progress("embedder"), process=self._embedder_process
                )
            return self._embedder

    def load_code(self) -> None:
        """Import what asking the language model needs, not while another thread imports what embedding needs.

        Packages that import each other in circles may be seen half made when two threads import them at once.
        """
        with self._lock:
            import agent.ask_graph
            import agent.explaining
            import agent.profile_graph  # noqa: F401

    def close(self) -> None:
        """Let go of the language model; it is loaded again when it is needed."""
        with self._lock:
            self._chat = None

    def _progress(self, what: str) -> Callable[[int, int], None] | None:
        report = self._on_load
        return None if report is None else lambda done, total: report(what, done, total)
