"""Orders what was found anew, by a cross-encoder that the user brings: the seam ``Reranker``.

A cross-encoder reads question and snippet together (Nogueira and Cho 2019), which costs a model call for each: only the
first of what the other rankers found are looked at. Knows nothing of users or stores.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from retrieval.errors import ModelUnavailable, shorten

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RERANKED", "Reranker", "load_reranker"]

RERANKED = 50
"""So many of the snippets found are ordered anew."""

_HINT = "Give the folder of a sentence-transformers cross-encoder"
_BATCH = 16


class Reranker(Protocol):
    """Says how well texts answer a question."""

    @property
    def name(self) -> str:
        """Identifies the model."""

    def scores(self, question: str, texts: list[str]) -> "NDArray[np.float32]":
        """One number a text, shape (len(texts),): the higher, the better; numbers of one question compare."""


def load_reranker(spec: str) -> Reranker:
    """The cross-encoder in a folder, or with a name on the Hugging Face hub; takes some seconds.

    Raises:
        ModelUnavailable: nothing usable is found under ``spec``.
    """
    path = Path(spec).expanduser()
    if not spec.strip() or (not path.is_dir() and (path.exists() or spec.startswith((".", "~", os.sep)))):
        raise ModelUnavailable(f"there is no folder {shorten(spec)} to load a reranker from", hint=_HINT)
    if path.is_dir() and not (path / "config.json").is_file():
        raise ModelUnavailable(f"the folder {spec!r} holds no cross-encoder: no config.json", hint=_HINT)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return _CrossEncoder(str(path.resolve()) if path.is_dir() else spec, local=path.is_dir())


class _CrossEncoder:
    def __init__(self, source: str, *, local: bool) -> None:
        try:
            from safetensors import SafetensorError
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            message = f"the reranker {source!r} needs the package {error.name!r}, which is not installed"
            raise ModelUnavailable(message, hint="Install it: pip install 'limner[embedded]'") from error
        try:
            self._model = CrossEncoder(source, num_labels=1, local_files_only=local)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            reason = shorten(str(error).strip().partition("\n")[0], 200)
            raise ModelUnavailable(f"the reranker {source!r} cannot be loaded: {reason}", hint=_HINT) from error
        self.name = Path(source).name if local else source

    def scores(self, question: str, texts: list[str]) -> "NDArray[np.float32]":
        import numpy as np

        pairs = [(_clean(question), _clean(text)) for text in texts]
        if not pairs:
            return np.zeros(0, dtype=np.float32)
        found = self._model.predict(pairs, batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(found, dtype=np.float32).reshape(len(pairs))


def _clean(text: str) -> str:
    """Without lone surrogates, which are no text for a tokenizer."""
    return text.encode("utf-8", "replace").decode("utf-8")
