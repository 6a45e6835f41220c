"""The list of users is kept in memory, and is never older than the record, whoever wrote to it."""

from collections.abc import Callable

from retrieval.fakes import HashingEmbedder
from retrieval.scopes import Scope
from retrieval.store import Store
from tests.conftest import WriteRows


def names(store: Store, limit: int = 100, after: str | None = None, matching: str = "") -> tuple[list[str], bool]:
    found, more = store.find_users(limit, after, matching)
    assert found == [store.user(each.user_id) for each in found]
    return [each.user_id for each in found], more


def test_pages_of_users_are_sorted_and_found_by_a_part_of_their_id(store: Store, write_rows: WriteRows) -> None:
    ids = ["ann", "Ann", "bo/b", "慕容", "zoe"]
    store.ingest([write_rows(*({"user_id": each, "id": "1", "text": "I like tea."} for each in ids))])
    assert names(store) == (sorted(ids), False)
    assert names(store, 2) == (["Ann", "ann"], True)
    assert names(store, 2, "ann") == (["bo/b", "zoe"], True)
    assert names(store, 2, "b") == (["bo/b", "zoe"], True), "nobody has this id"
    assert names(store, 2, "zoe") == (["慕容"], False)
    assert names(store, 1, matching="AN") == (["Ann"], True)
    assert names(store, 1, "Ann", "AN") == (["ann"], False)
    assert store.user_ids("AN", 5, longest=9) == (["Ann", "ann"], False)


def test_it_is_as_new_as_the_record_whoever_wrote(store: Store, write_rows: WriteRows) -> None:
    row = {"user_id": "ann", "id": "1", "timestamp": "2024-01-01", "text": "I like tea."}
    other = Store(store.path, HashingEmbedder())
    writes: list[Callable[[], object]] = [
        lambda: store.ingest([write_rows(row)]),
        lambda: other.ingest([write_rows({**row, "id": "2", "user_id": "bo"})]),
        lambda: other.ingest([write_rows({**row, "timestamp": "2023-01-01"})]),
        lambda: other.ingest([write_rows({**row, "id": "3", "text": "我喜欢喝茶，也喜欢在山里散步。"})]),
        lambda: other.forgetting.forget("ann", Scope(("1",))),
        lambda: store.forgetting.forget("bo", Scope()),
        lambda: other.forgetting.forget("ann", Scope()),
    ]
    seen = []
    for write in writes:
        write()
        seen.append([(each.user_id, each.events, each.first) for each in store.find_users(9)[0]])
        assert store.find_users(9)[0] == other.find_users(9)[0] == store.users()
    start, earlier = "2024-01-01", "2023-01-01"
    assert seen[0] == [("ann", 1, start)]
    assert seen[1] == [("ann", 1, start), ("bo", 1, start)]
    assert seen[2] == [("ann", 1, earlier), ("bo", 1, start)]
    assert [each[1] for each in seen[3]] == [2, 1]
    assert [each[0] for each in seen[5]] == ["ann"] and seen[6] == []
