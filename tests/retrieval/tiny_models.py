"""Small stand-ins for what the weight packages ship: a distribution on disk, and a model in the format E5S1."""

import base64
import hashlib
import random
import struct
from collections.abc import Mapping
from pathlib import Path

HIDDEN, LAYERS, HEADS, FFN, POSITIONS, TYPES = 32, 2, 4, 64, 64, 2
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁query", "▁passage", ":", "▁", "▁hello", "▁world", "你", "好", "世界", "～"]
ROWS = len(PIECES) + 3  # the genuine model has more rows than pieces, too
NORMALISED = {"\n": " ", "\x01": "", "\u200b": " ", "Ａ": "A"}


def install(site: Path, name: str, version: str, files: Mapping[str, bytes], *, record: bool = True) -> None:
    """Lay out a distribution in the folder ``site`` as pip does."""
    lines = []
    for path, content in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}")
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    if record:
        (info / "RECORD").write_text("\n".join([*lines, f"{info.name}/RECORD,,", ""]), "utf-8")


def e5_bytes(*, seed: int = 1, without: str | None = None) -> bytes:
    """A random model of this format with a vocabulary of a few words; ``without`` leaves a tensor out."""
    blob = "".join(PIECES).encode()
    offsets = [len("".join(PIECES[:n]).encode()) for n in range(len(PIECES) + 1)]
    scores = [0.0] * 4 + [-float(n) for n in range(1, len(PIECES) - 3)]
    table = b"".join(
        struct.pack(f"<IB{len(to)}I", ord(char), len(to), *map(ord, to)) for char, to in sorted(NORMALISED.items())
    )
    head = struct.pack("<4sI7ifi", b"E5S1", 1, HIDDEN, LAYERS, HEADS, FFN, ROWS, POSITIONS, TYPES, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob))
    head += struct.pack(f"<{len(offsets)}I", *offsets) + struct.pack(f"<{len(scores)}f", *scores) + blob
    head += struct.pack("<iI", len(NORMALISED), len(table)) + table
    rng = random.Random(seed)
    tensors = [(name, quantised, _tensor(rng, name, size, quantised)) for name, size, quantised in _directory()]
    tensors = [tensor for tensor in tensors if tensor[0] != without]
    offset = len(head) + 4 + sum(23 + len(name) for name, _, _ in tensors)
    entries = struct.pack("<i", len(tensors))
    for name, quantised, content in tensors:
        count = len(content) // 18 * 32 if quantised else len(content) // 4
        entries += struct.pack("<H", len(name)) + name.encode()
        entries += struct.pack("<BIQQ", int(quantised), count, offset, len(content))
        offset += len(content)
    return head + entries + b"".join(content for _, _, content in tensors)


def _directory() -> list[tuple[str, int, bool]]:
    """Name, number of weights and whether they are quantised, for every tensor."""
    entries = [("emb.word", ROWS * HIDDEN, True), ("emb.pos", POSITIONS * HIDDEN, False)]
    entries += [("emb.type", TYPES * HIDDEN, False), ("emb.ln.w", HIDDEN, False), ("emb.ln.b", HIDDEN, False)]
    sizes = {"q": (HIDDEN, HIDDEN), "k": (HIDDEN, HIDDEN), "v": (HIDDEN, HIDDEN), "ao": (HIDDEN, HIDDEN)}
    sizes |= {"fi": (FFN, HIDDEN), "fo": (HIDDEN, FFN)}
    for layer in range(LAYERS):
        for name, (rows, columns) in sizes.items():
            entries += [(f"l{layer}.{name}.w", rows * columns, True), (f"l{layer}.{name}.b", rows, False)]
        for name in ("aln", "oln"):
            entries += [(f"l{layer}.{name}.w", HIDDEN, False), (f"l{layer}.{name}.b", HIDDEN, False)]
    return entries


def _tensor(rng: random.Random, name: str, size: int, quantised: bool) -> bytes:
    if quantised:
        return b"".join(struct.pack("<e", 0.0625) + rng.randbytes(16) for _ in range(size // 32))
    centre = 1.0 if name.endswith("ln.w") else 0.0
    return struct.pack(f"<{size}f", *(centre + rng.uniform(-0.1, 0.1) for _ in range(size)))
