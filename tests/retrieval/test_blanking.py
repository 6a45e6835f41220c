"""What Chroma writes of its process's memory by accident is blanked, whoever opened the index, to write or to read."""

import struct
from pathlib import Path

import numpy as np

from retrieval.index import Labels
from retrieval.index_folder import FolderIndex


def put(index: FolderIndex, start: int, count: int) -> np.ndarray:
    vectors = np.random.default_rng(start).normal(size=(count, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.put([f"0000-{start + n}" for n in range(count)], vectors, [Labels("u", "user", None, None)] * count)
    return vectors


def graphs(folder: Path) -> list[tuple[int, bool]]:
    """Of each graph: how many vectors it holds, and whether there is anything in its files."""
    found = []
    for header in sorted(folder.glob("*/header.bin")):
        count = struct.unpack_from("<i4Q", header.read_bytes())[3]
        written = any(any(header.with_name(name).read_bytes()) for name in ("data_level0.bin", "length.bin"))
        found.append((count, written))
    return found


def test_empty_graphs_are_blank_and_full_ones_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "chroma"
    index = FolderIndex(folder)
    first = put(index, 0, 10)
    assert graphs(folder) == [(0, False)]
    index.close()

    reader = FolderIndex(folder)
    assert len(reader.ids()) == 10 and reader.vectors(["0000-3"]) is not None
    assert graphs(folder) == [(0, False)]
    more = put(reader, 10, 1500)
    assert graphs(folder)[0][0] > 0 and graphs(folder)[0][1]
    reader.close()

    again = FolderIndex(folder)
    found = again.vectors([f"0000-{n}" for n in range(1510)])
    assert found is not None and np.allclose(found, np.concatenate([first, more]), atol=1e-6)
    again.close()


def test_a_header_of_an_unknown_kind_is_left_alone(tmp_path: Path) -> None:
    index = FolderIndex(tmp_path / "chroma")
    put(index, 0, 3)
    (header,) = (tmp_path / "chroma").glob("*/header.bin")
    data = header.with_name("data_level0.bin")
    for content in (b"short", struct.pack("<i", 2) + bytes(96)):
        header.write_bytes(content)
        data.write_bytes(b"something")
        index.count()
        assert data.read_bytes() == b"something"
    index.close()
