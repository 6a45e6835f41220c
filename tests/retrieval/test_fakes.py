import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.embedders import Embedder
from retrieval.fakes import HashingEmbedder

ROOT = Path(__file__).resolve().parents[2]


@given(st.lists(st.text(), max_size=5), st.integers(1, 100))
def test_every_text_has_a_unit_vector(texts: list[str], dimension: int) -> None:
    embedder: Embedder = HashingEmbedder(dimension)
    vectors = embedder.embed_passages(texts)
    assert (vectors.shape, str(vectors.dtype)) == ((len(texts), dimension), "float32")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize(
    ("query", "best"),
    [("Where is my refund for the shoes", 0), ("我想退款", 1), ("MUNICH", 2)],
)
def test_shared_words_and_characters_bring_texts_together(query: str, best: int) -> None:
    passages = ["The refund for the shoes came late", "退款还没有到账", "I moved to Munich"]
    embedder = HashingEmbedder()
    scores = embedder.embed_passages(passages) @ embedder.embed_queries([query])[0]
    assert scores.argmax() == best


def test_the_vectors_are_the_same_in_every_process() -> None:
    program = (
        "from retrieval.fakes import HashingEmbedder; print(HashingEmbedder(8).embed_queries(['hello 你好']).tolist())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {f"{HashingEmbedder(8).embed_queries(['hello 你好']).tolist()}\n"}


def test_the_name_tells_the_dimension() -> None:
    assert (HashingEmbedder().name, HashingEmbedder(16).name) == ("fake:hashing-64", "fake:hashing-16")
    with pytest.raises(ValueError, match="at least 1, not 0"):
        HashingEmbedder(0)


def test_odd_texts_are_fine() -> None:
    assert HashingEmbedder(4).embed_passages(["", "\ud800", "!?"]).tolist()[0] == [1.0, 0.0, 0.0, 0.0]
