import tracemalloc
from collections.abc import Callable

import pytest

from retrieval.errors import UsageError
from retrieval.fakes import HashingEmbedder
from retrieval.store import Store
from tests.conftest import WriteRows

OpenStore = Callable[..., Store]
ROWS = [{"user_id": "u", "id": str(n), "text": f"Message number {n}"} for n in range(1200)]


class Other(HashingEmbedder):
    """Another embedder, which stops at its third batch when it is told to."""

    def __init__(self, stops: bool = False) -> None:
        super().__init__(dimension=32)
        self.batches = 0
        self.stops = stops

    def embed_passages(self, texts):  # type: ignore[no-untyped-def]
        self.batches += 1
        if self.stops and self.batches == 3:
            raise KeyboardInterrupt
        return super().embed_passages(texts)


@pytest.fixture
def filled(store: Store, write_rows: WriteRows) -> Store:
    store.ingest([write_rows(*ROWS)])
    return store


def best(store: Store) -> str:
    return store.search("u", "Message number 77", k=1)[0].event.event_id


def test_another_embedder_takes_over(filled: Store, open_store: OpenStore, write_rows: WriteRows) -> None:
    assert best(filled) == "77"
    other = open_store(embedder=Other())
    with pytest.raises(UsageError, match="was made with the embedder"):
        best(other)
    told: list[tuple[int, int]] = []
    assert other.reindex(lambda *so_far: told.append(so_far)) == 1200
    assert told == [(512, 1200), (1024, 1200), (1200, 1200)]
    assert best(other) == "77" and other._open().place.made_by() == {"embedder": "fake:hashing-32", "dimension": "32"}
    assert other.ingest([write_rows({"user_id": "u", "id": "x", "text": "A tulip"}, name="more.jsonl")]).added == 1
    assert other.search("u", "tulip", k=1)[0].event.event_id == "x"
    with pytest.raises(UsageError, match="was made with the embedder"):
        best(open_store())


def test_an_interrupted_run_continues_and_leaves_the_old_index(filled: Store, open_store: OpenStore) -> None:
    with pytest.raises(KeyboardInterrupt):
        open_store(embedder=Other(stops=True)).reindex()
    assert best(open_store()) == "77"
    embedder = Other()
    assert open_store(embedder=embedder).reindex() == 1200
    assert embedder.batches == 1


def test_what_another_embedder_began_is_thrown_away(filled: Store, open_store: OpenStore) -> None:
    with pytest.raises(KeyboardInterrupt):
        open_store(embedder=Other(stops=True)).reindex()
    assert filled.reindex() == 1200
    assert best(filled) == "77"


def test_an_index_that_another_embedder_made_than_the_record_says_is_made_anew(
    filled: Store, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("retrieval.record.Record.replaced", killed)
        with pytest.raises(KeyboardInterrupt):
            open_store(embedder=Other()).reindex()
    again = open_store()
    assert best(again) == "77" and again._open().place.made_by() is None


def test_what_is_not_embedded_is_not_read(store: Store, write_rows: WriteRows) -> None:
    rows = [{"user_id": "u", "id": str(n), "text": f"Message number {n}", "html": "x" * 500_000} for n in range(60)]
    store.ingest([write_rows(*rows)])
    tracemalloc.start()
    assert store.reindex() == 60
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10_000_000
