import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from retrieval.fakes import HashingEmbedder
from retrieval.remembered import Remembered
from retrieval.store import Store
from tests.conftest import WriteRows


class Counting(HashingEmbedder):
    """Keeps what it was asked to embed as queries."""

    def __init__(self) -> None:
        super().__init__(64)
        self.asked: list[str] = []

    def embed_queries(self, texts: list[str]) -> Any:
        self.asked += texts
        return super().embed_queries(texts)


def test_each_wording_is_embedded_once() -> None:
    embedder = Counting()
    known = Remembered(embedder)
    first = known.of(["tea", "rye bread", "tea"])
    second = known.of(["rye bread", "我住在哪里", "tea"])
    assert embedder.asked == ["tea", "rye bread", "我住在哪里"]
    assert np.array_equal(first[0], second[2]) and np.array_equal(first[1], second[0])
    assert np.array_equal(second[1], HashingEmbedder(64).embed_queries(["我住在哪里"])[0])


def test_what_many_ask_at_once_is_embedded_once() -> None:
    class Slow(Counting):
        def embed_queries(self, texts: list[str]) -> Any:
            threading.Event().wait(0.05)
            return super().embed_queries(texts)

    embedder = Slow()
    known = Remembered(embedder)
    with ThreadPoolExecutor(8) as pool:
        vectors = list(pool.map(known.of, [["tea", "rye bread"]] * 8))
    assert embedder.asked == ["tea", "rye bread"]
    assert all(np.array_equal(each, vectors[0]) for each in vectors)


def test_what_was_asked_longest_ago_goes() -> None:
    embedder = Counting()
    known = Remembered(embedder, most=2)
    known.of(["a1"])
    known.of(["b2"])
    known.of(["a1"])
    known.of(["c3"])
    known.of(["a1", "c3"])
    assert embedder.asked == ["a1", "b2", "c3"]
    known.of(["b2"])
    assert embedder.asked[-1] == "b2"


def test_the_same_query_for_another_user_is_not_embedded_again(tmp_path: Any, write_rows: WriteRows) -> None:
    embedder = Counting()
    rows = [{"user_id": user, "text": f"{user} lives in {place}."} for user, place in (("u", "Oslo"), ("v", "Bergen"))]
    with Store(tmp_path / "store", embedder) as store:
        store.ingest([write_rows(*rows)])
        one = store.search("u", "Where does she live?")
        count = len(embedder.asked)
        other = store.search("v", "Where does she live?")
        assert len(embedder.asked) == count
        assert (one[0].snippet.text, other[0].snippet.text) == ("u lives in Oslo.", "v lives in Bergen.")
