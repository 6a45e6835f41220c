from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from retrieval import HashingEmbedder
from retrieval.store import Store
from retrieval.views import Views
from retrieval.weighing import weight
from tests.conftest import WriteRows


def befores(store: Store) -> dict[str, str | None]:
    """Which event each event is taken to follow."""
    view = store._open().views.of("u")
    ids = [event.event_id for _, event in view.snippets]
    return {each: ids[at] if at >= 0 else None for each, at in zip(ids, view.numbers.before.tolist(), strict=True)}


def row(event_id: str, speaker: str, time: str, **more: Any) -> dict[str, Any]:
    return {
        "user_id": "u",
        "id": event_id,
        "speaker": speaker,
        "timestamp": f"2024-03-01T{time}",
        "text": event_id,
        **more,
    }


def test_a_reply_within_ten_minutes_follows_the_turn_before(store: Store, write_rows: WriteRows) -> None:
    store.ingest([
        write_rows(
            row("a", "agent", "10:00"), row("b", "user", "10:05"), row("c", "user", "10:06"),
            row("d", "agent", "11:00"), row("e", "user", "11:01", channel="mail"),
        )
    ])  # fmt: skip
    assert befores(store) == {"a": None, "b": "a", "c": None, "d": None, "e": None}


def test_without_times_what_another_one_said_before_is_the_turn_before(store: Store, write_rows: WriteRows) -> None:
    rows = [row("a", "agent", ""), row("b", "user", ""), row("c", "user", ""), row("d", "agent", "")]
    store.ingest([write_rows(*(each | {"timestamp": None} for each in rows), row("e", "user", "11:01"))])
    assert befores(store) == {"a": None, "b": "a", "c": None, "d": "c", "e": None}


@pytest.mark.parametrize("column", ["session", "conversation_id", "Thread-ID"])
def test_a_session_tells_better(store: Store, write_rows: WriteRows, column: str) -> None:
    store.ingest([
        write_rows(
            row("a", "user", "10:00", **{column: 1}), row("b", "user", "12:00", **{column: 2}),
            row("c", "user", "14:00", **{column: 1}),
        )
    ])  # fmt: skip
    assert befores(store) == {"a": None, "b": None, "c": "a"}


def test_what_follows_a_long_message_is_understood_without_it(store: Store, write_rows: WriteRows) -> None:
    essay = " ".join(f"Step {number} of many is to water the roses and to wait for a day." for number in range(20))
    store.ingest([
        write_rows(
            row("a", "user", "10:00"), row("b", "agent", "10:01", text=essay), row("c", "user", "10:02"),
            row("d", "agent", "10:03"), row("e", "user", "10:04"),
        )
    ])  # fmt: skip
    found = befores(store)
    assert (found["c"], found["d"], found["e"]) == (None, "c", "d")


def test_a_view_is_kept_until_the_record_changes(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(row("a", "user", "10:00"))])
    views = store._open().views
    first = views.of("u")
    assert views.of("u") is first
    store.ingest([write_rows(row("b", "user", "10:00"), name="more.jsonl")])
    assert len(views.of("u").snippets) == 2


def test_many_who_need_the_same_view_get_one(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*(row(f"e{number}", "user", f"10:{number:02}") for number in range(40)))])
    views = store._open().views
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(views.of, ["u"] * 12))
    assert all(each is found[0] for each in found)


def test_old_views_make_room(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(row("a", "user", "10:00"), {**row("b", "user", "10:00"), "user_id": "v"})])
    parts = store._open()
    for most, kept in ((1, False), (1_000_000, True)):
        views = Views(parts.record, parts.history, parts.mirror, HashingEmbedder, most)
        first = views.of("u")
        views.of("v")
        assert (views.of("u") is first) is kept


def test_a_view_weighs_what_its_events_bring(store: Store, write_rows: WriteRows) -> None:
    mail = f"<p>A rose.</p><!--{'x' * 300_000}-->"
    store.ingest([write_rows(row("a", "user", "10:00", text=mail), {**row("b", "user", "10:00"), "user_id": "v"})])
    views = store._open().views
    heavy, light = views.of("u"), views.of("v")
    assert heavy.snippets[0][1].text == "A rose."
    assert weight(heavy.snippets, heavy.numbers) > 300_000 > 10_000 > weight(light.snippets, light.numbers) > 1000
