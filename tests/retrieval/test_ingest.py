from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from retrieval.dropping import Dropped
from retrieval.errors import InputError
from retrieval.ingest import BAD_LINES_KEPT, IngestReport
from retrieval.store import Store
from tests.retrieval.conftest import ids_in_index

OpenStore = Callable[..., Store]
WriteRows = Callable[..., Path]

ROW = {"user_id": "u", "id": "1", "timestamp": "2024-01-01T10:00:00", "speaker": "user", "text": "I love tulips"}


def counts(report: IngestReport) -> tuple[int, ...]:
    assert report.read == report.added + report.updated + report.unchanged + report.repeated + report.bad_count
    return report.added, report.updated, report.unchanged, report.repeated, report.bad_count


def state(store: Store) -> dict[str, Any]:
    """All that a store holds: summaries, events, snippets, and the ids in the index."""
    users = store.users()
    held = {user.user_id: (store.events(user.user_id), store.history(user.user_id)) for user in users}
    store.close()
    return {"users": users, "held": held, "vectors": ids_in_index(store)}


def numbered(count: int) -> list[dict[str, Any]]:
    return [{**ROW, "user_id": f"u{n % 3}", "id": str(n), "text": f"Message number {n}"} for n in range(count)]


def test_loading_twice_adds_nothing(store: Store, write_rows: WriteRows) -> None:
    history = write_rows(*numbered(20))
    assert counts(store.ingest([history])) == (20, 0, 0, 0, 0)
    before = state(store)

    report = store.ingest([history, history])
    assert counts(report) == (0, 0, 40, 0, 0)
    assert (report.files, report.snippets) == (2, 0)
    assert state(store) == before


def test_rows_without_an_id_are_told_apart_by_content(store: Store, write_rows: WriteRows) -> None:
    history = write_rows({"user_id": "u", "text": "a tulip"}, {"user_id": "u", "text": "a rose"})
    assert counts(store.ingest([history])) == (2, 0, 0, 0, 0)
    assert counts(store.ingest([history])) == (0, 0, 2, 0, 0)


def test_a_changed_text_replaces_snippets_and_vectors(store: Store, write_rows: WriteRows) -> None:
    long = " ".join(f"I wrote sentence number {n} about tulips." for n in range(60))
    store.ingest([write_rows({**ROW, "text": long}, {**ROW, "id": "2", "text": "A rose"})])
    assert store.snippet_count("u") > 5

    report = store.ingest([write_rows({**ROW, "text": "I love orchids"}, {**ROW, "id": "2", "text": "A rose"})])
    assert counts(report) == (0, 1, 1, 0, 0)
    assert [snippet.text for snippet in store.history("u")] == ["I love orchids", "A rose"]
    hits = store.search("u", "orchids", k=100)
    assert [hit.snippet.text for hit in hits] == ["I love orchids", "A rose"]
    assert hits[0].score > store.search("u", "sentence number 7 about tulips")[0].score
    assert len(state(store)["vectors"]) == 2


def test_a_text_that_changes_to_and_fro_ends_right(store: Store, write_rows: WriteRows) -> None:
    other = {**ROW, "text": "I love orchids"}
    assert counts(store.ingest([write_rows(ROW, other, ROW, other, other)])) == (1, 3, 1, 0, 0)

    assert [hit.snippet.text for hit in store.search("u", "orchids")] == ["I love orchids"]
    assert len(state(store)["vectors"]) == 1


def test_changed_metadata_is_kept_without_new_vectors(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows({**ROW, "stars": 2})])
    before = state(store)["vectors"]

    assert counts(store.ingest([write_rows({**ROW, "stars": 5})])) == (0, 1, 0, 0, 0)
    assert store.event("u", "1").metadata == {"stars": 5}
    assert state(store)["vectors"] == before


def test_another_self_name_changes_the_roles(store: Store, write_rows: WriteRows) -> None:
    history = write_rows({**ROW, "speaker": "Bee"})
    store.ingest([history])
    assert (store.event("u", "1").role, store.history("u")[0].role) == ("other", "other")

    assert counts(store.ingest([history], self_names=["Bee"])) == (0, 1, 0, 0, 0)
    assert (store.event("u", "1").role, store.history("u")[0].role) == ("user", "user")


def test_repeated_rows_are_dropped(store: Store, write_rows: WriteRows) -> None:
    rows = [
        ROW,
        {**ROW, "id": "2"},  # repeated
        {**ROW, "id": "3", "channel": "mail"},  # repeated: the same words at the same time
        {**ROW, "id": "4", "speaker": "agent"},
        {**ROW, "id": "5", "user_id": "v"},
        {**ROW, "id": "6", "timestamp": "2024-01-01T10:00:01"},
        {**ROW, "id": "7", "timestamp": None},
        {**ROW, "id": "8", "timestamp": None},  # no time is known: it may have been said twice
    ]
    history = write_rows(*rows)
    assert counts(store.ingest([history])) == (6, 0, 0, 2, 0)
    assert counts(store.ingest([history])) == (0, 0, 6, 2, 0)
    assert sorted(event.event_id for event in store.events("u")) == ["1", "4", "6", "7", "8"]


def test_bad_lines_are_listed_and_the_rest_is_loaded(store: Store, write_rows: WriteRows) -> None:
    history = write_rows(ROW, "{broken", {**ROW, "id": "2", "text": ""}, {**ROW, "id": "3", "text": "A rose"})

    report = store.ingest([history])
    assert counts(report) == (2, 0, 0, 0, 2)
    assert [(Path(bad.file).name, bad.line) for bad in report.bad] == [("history.jsonl", 2), ("history.jsonl", 3)]


def test_the_list_of_bad_lines_is_bounded(store: Store, write_rows: WriteRows) -> None:
    report = store.ingest([write_rows(*["{"] * (BAD_LINES_KEPT + 50))])

    assert report.bad_count == BAD_LINES_KEPT + 50
    assert len(report.bad) == BAD_LINES_KEPT
    assert store.users() == []


def test_strict_loads_nothing_when_a_line_is_bad(store: Store, write_rows: WriteRows) -> None:
    good, bad = write_rows(ROW, name="good.jsonl"), write_rows(ROW, *["{secret words"] * 5, name="bad.jsonl")

    with pytest.raises(InputError, match=r"bad\.jsonl:2: .*bad\.jsonl:4: .*and 2 more\. Nothing was loaded") as caught:
        store.ingest([good, bad], strict=True)
    assert "secret" not in str(caught.value)
    assert not store.path.exists()
    assert counts(store.ingest([good], strict=True)) == (1, 0, 0, 0, 0)


def test_a_file_that_cannot_be_read_stops_it_all(store: Store, write_rows: WriteRows) -> None:
    with pytest.raises(InputError, match=r"absent\.jsonl"):
        store.ingest([write_rows(ROW), Path("absent.jsonl")])
    assert not store.path.exists()


@pytest.mark.parametrize("beside", [{"payload": {"parts": ["<p>", "x" * 3_000_000]}}, {"x" * 3_000_000: "a name"}])
def test_few_rows_are_held_where_they_are_large(store: Store, write_rows: WriteRows, beside: dict[str, Any]) -> None:
    told: list[int] = []
    history = write_rows(*({**row, **beside} for row in numbered(7)))
    store.ingest([history], progress=lambda so_far: told.append(so_far.read))
    assert told == [3, 6, 7]


def test_columns_are_mapped(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows({"who": "u", "what": "A rose"})], columns={"user_id": "who", "text": "what"})
    assert [event.text for event in store.events("u")] == ["A rose"]


def test_an_interrupted_run_continues_and_ends_like_an_uninterrupted_one(
    open_store: OpenStore, write_rows: WriteRows, tmp_path: Path
) -> None:
    history = write_rows(*numbered(1000), *numbered(20))
    whole, broken = open_store(tmp_path / "whole"), open_store(tmp_path / "broken")
    reports: list[IngestReport] = []
    whole.ingest([history], progress=lambda report: reports.append(replace(report)))
    assert [report.read for report in reports] == [512, 1020]

    def interrupt(report: IngestReport) -> None:
        if report.read > 500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken.ingest([history], progress=interrupt)
    assert sum(user.events for user in broken.users()) == 512
    assert len(broken.search("u0", "number 0", k=1000)) == 171

    assert counts(broken.ingest([history])) == (488, 0, 532, 0, 0)
    assert state(broken) == state(whole)


def test_ctrl_c_while_embedding_loses_nothing(open_store: OpenStore, write_rows: WriteRows, tmp_path: Path) -> None:
    from retrieval.fakes import HashingEmbedder

    class Interrupted(HashingEmbedder):
        def embed_passages(self, texts: list[str]) -> Any:
            raise KeyboardInterrupt

    history = write_rows(*numbered(30))
    whole, broken = open_store(tmp_path / "whole"), open_store(tmp_path / "broken", Interrupted())
    whole.ingest([history])
    with pytest.raises(KeyboardInterrupt):
        broken.ingest([history])
    broken.close()

    again = open_store(tmp_path / "broken")
    assert len(again.search("u0", "number", k=100)) == 10  # a search repairs, too
    assert counts(again.ingest([history])) == (0, 0, 30, 0, 0)
    assert state(again) == state(whole)


def test_what_was_listed_before_an_interruption_was_loaded(
    open_store: OpenStore, write_rows: WriteRows, tmp_path: Path
) -> None:
    rows = [{**row, "text": f"<p>{row['text']}</p>"} for row in numbered(600)]
    history, listed = write_rows(*rows), list[Dropped]()
    store = open_store()

    def interrupt(report: IngestReport) -> None:
        if report.read > 500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.ingest([history], progress=interrupt, listing=listed.extend)
    loaded = {event.event_id for user in store.users() for event in store.events(user.user_id)}
    assert {each.event_id for each in listed} == loaded and len(listed) == 512
    assert store.ingest([history], listing=listed.extend).reasons == {"html": 600}


def test_a_column_called_language_is_believed(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows({**ROW, "language": "gsw"}, {**ROW, "id": "2", "text": "我喜欢郁金香"})])
    assert [(event.language, event.metadata) for event in store.events("u")] == [
        ("gsw", {"language": "gsw"}),
        ("zh", {}),
    ]
    assert store.users()[0].languages == {"gsw": 1, "zh": 1}
