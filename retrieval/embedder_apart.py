"""An embedder that another process has in memory, so that embedding does not keep this one from answering.

Knows what is asked of the other process, nothing of how.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from retrieval.errors import ModelUnavailable
from retrieval.worker_process import ProcessEnded, WorkerProcess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ApartEmbedder"]

_TRIES: Final = 2
_AT_ONCE: Final = 64  # a batch of the model: so long whoever else loads a history waits, and so much is done again


class ApartEmbedder:
    """The embedder that ``spec`` names, in ``process``; an :class:`~retrieval.embedders.Embedder`.

    If the process ends, what it was asked is asked of the next one.

    Raises:
        ModelUnavailable: it cannot be loaded there; from other methods, when the process ends again and again, or when
            the next one finds another model.
    """

    def __init__(self, spec: str, process: WorkerProcess) -> None:
        self._spec = spec
        self._process = process
        self.name, self.dimension = self._opened()

    def embed_passages(self, texts: list[str]) -> "NDArray[np.float32]":
        """One unit vector a text: float32, shape (len(texts), dimension)."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda at: len(texts[at]), reverse=True)  # less is padded so
        for start in range(0, len(texts), _AT_ONCE):
            part = by_length[start : start + _AT_ONCE]
            vectors[part] = self._ask("passages", [texts[at] for at in part])
        return vectors

    def embed_queries(self, texts: list[str]) -> "NDArray[np.float32]":
        """The same for questions; they do not wait for passages."""
        vectors: NDArray[np.float32] = self._ask("queries", texts)
        return vectors

    def _ask(self, what: str, texts: Sequence[str]) -> Any:
        for _ in range(_TRIES):
            try:
                return self._process.ask(self._spec, what, texts)
            except ProcessEnded:
                self._check_opened()
        raise self._ended()

    def _check_opened(self) -> None:
        found, _ = self._opened()
        if found != self.name:
            raise ModelUnavailable(
                f"the embedder {self._spec!r} was {self.name!r}, and is {found!r} now",
                hint="Put the earlier one back, or start the server again and make the index anew: limner reindex",
            )

    def _opened(self) -> tuple[str, int]:
        for _ in range(_TRIES):
            try:
                name, dimension = self._process.ask(self._spec, "open")
            except ProcessEnded:
                continue
            return str(name), int(dimension)
        raise self._ended()

    def _ended(self) -> ModelUnavailable:
        return ModelUnavailable(
            f"the process that has the embedder {self._spec!r} in memory ended, and so did the next one",
            hint="Look at what it said in the log, and whether there is enough memory",
        )
