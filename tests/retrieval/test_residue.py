"""Texts and vectors are found in the bytes of files, in every form, also in pieces and across the portions read."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from retrieval.residue import pieces, scan_files

ZH = "今天我去了医院，医生说我需要多休息。" * 3
EN = 'She said "wait for the\ttrain", and then she left for Innsbruck with her three cats and a cello.'


def places(path: Path, texts: dict[str, str], vectors: dict[str, np.ndarray] | None = None) -> list[tuple[int, str]]:
    parts = {name: pieces(text) for name, text in texts.items()}
    return [(each.offset, each.name) for each in scan_files([path], parts, vectors or {})]


@pytest.mark.parametrize("text", [ZH, EN])
@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: json.dumps(text).encode(),
        lambda text: json.dumps(text, ensure_ascii=False).encode(),
        lambda text: text[3:75].encode(),
    ],
)
def test_every_form_of_a_text_is_found(tmp_path: Path, text: str, write) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "file"
    for start in (0, 13, (1 << 22) - 20):  # the last one lies across two portions
        path.write_bytes(b"\x07" * start + write(text) + b"\x07" * 999)
        found = places(path, {"it": text, "other": "something else that is not there"})
        assert found and {name for _, name in found} == {"it"}
        assert start <= min(offset for offset, _ in found) <= start + 200
    path.write_bytes(write(text.swapcase().replace("医", "院")))
    assert places(path, {"it": EN}) == []


def test_vectors_are_found_up_to_rounding(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(50, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    data = bytearray(os.urandom(5_000_001))
    data[1_000_003 : 1_000_003 + 1536] = (vectors[5] * (1 + 2e-7)).astype("<f4").tobytes()
    data[2_000_001 : 2_000_001 + 600] = vectors[7].tobytes()[100:700]  # a piece on a page of a database
    across = (1 << 22) - 10
    data[across : across + 1536] = vectors[9].tobytes()
    data[3_000_000 : 3_000_000 + 1536] = (vectors[11] * 1.01).astype("<f4").tobytes()  # another vector
    (tmp_path / "file").write_bytes(data)
    found = places(tmp_path / "file", {}, {str(n): vector for n, vector in enumerate(vectors)})
    assert {name for _, name in found} == {"5", "7", "9"}
    assert (1_000_003, "5") in found and (across, "9") in found


def test_a_vector_of_mostly_zeros_is_found_as_a_whole(tmp_path: Path) -> None:
    vector = np.zeros(384, dtype=np.float32)
    vector[[3, 200, 380]] = 0.5, -0.5, 0.7
    similar = vector.copy()
    similar[380] = 0.6
    (tmp_path / "file").write_bytes(bytes(1000) + similar.tobytes() + bytes(1001) + vector.tobytes() + bytes(50))
    found = places(tmp_path / "file", {}, {"it": vector})
    assert {offset for offset, _ in found} == {1000 + 1536 + 1001}


def test_what_is_too_short_is_not_looked_for(tmp_path: Path) -> None:
    assert pieces("ok") == [] and pieces("好的") == [] and pieces("a" * 8) == ["a" * 8]
    assert len(pieces("x" * 33)) == 1 and all(len(each) == 32 for each in pieces("".join(map(str, range(99)))))
    assert places(tmp_path / "none", {"it": EN}) == []
