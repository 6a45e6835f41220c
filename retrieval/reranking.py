"""Orders what was found anew, by a cross-encoder that the user brings: the seam ``Reranker``.

A cross-encoder reads question and snippet together (Nogueira and Cho 2019), which costs a model call for each: only the
first of what the other rankers found are looked at. Knows nothing of users or stores.
"""

import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

from retrieval.errors import ModelUnavailable, shorten
from retrieval.sentence_models import Kind, load_from_hub, load_model, readable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import CrossEncoder

__all__ = ["RERANKED", "Reranker", "load_reranker"]

RERANKED = 50
"""So many of the snippets found are ordered anew."""

_HINT = "Give the folder of a sentence-transformers cross-encoder"
_KIND = Kind("reranker", _HINT)
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
    if path.is_dir():
        return _CrossEncoder(load_model(_KIND, str(path.resolve()), _make), path.resolve().name)
    return _CrossEncoder(load_from_hub(_KIND, spec, _make), spec)


def _make(library: ModuleType, source: str, local: bool) -> "CrossEncoder":
    model: CrossEncoder = library.CrossEncoder(source, num_labels=1, local_files_only=local)
    return model


class _CrossEncoder:
    def __init__(self, model: "CrossEncoder", name: str) -> None:
        self._model = model
        self.name = name

    def scores(self, question: str, texts: list[str]) -> "NDArray[np.float32]":
        import numpy as np

        pairs = [(readable(question), readable(text)) for text in texts]
        if not pairs:
            return np.zeros(0, dtype=np.float32)
        found = self._model.predict(pairs, batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(found, dtype=np.float32).reshape(len(pairs))
