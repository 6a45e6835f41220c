from collections.abc import Callable
from pathlib import Path
from typing import Any

from retrieval.dropping import Dropped
from retrieval.sql import tables
from retrieval.store import Store

OpenStore = Callable[..., Store]
WriteRows = Callable[..., Path]

TULIPS = "I love tulips more than any other flower"


def row(number: int, text: str = TULIPS, **others: Any) -> dict[str, Any]:
    return {"user_id": "u", "id": f"e{number}", "timestamp": 1_700_000_000 + number, "text": text, **others}


def name_of(number: int) -> str:
    """A word of its own for each number, without figures in it."""
    return "".join(chr(97 + number // 26**place % 26) for place in range(4))


def copies(store: Store, user_id: str = "u") -> dict[str, str]:
    return {event.event_id: event.copy_of for event in store.events(user_id) if event.copy_of is not None}


def test_copies_are_kept_and_name_the_first(store: Store, write_rows: WriteRows) -> None:
    listed: list[Dropped] = []
    rows = [
        row(1),
        row(2, f"{TULIPS}!"),
        row(3, speaker="Ann"),
        row(4, user_id="v"),
        row(5, "I love roses, too, you see"),
    ]
    report = store.ingest([write_rows(*rows)], listing=listed.extend)
    assert (report.added, report.reasons) == (5, {"copy": 1})
    assert copies(store) == {"e2": "e1"} and copies(store, "v") == {}
    assert store.event("u", "e2").text == f"{TULIPS}!"
    (copy,) = listed
    assert (copy.line, copy.user_id, copy.event_id, copy.reason, copy.copy_of) == (2, "u", "e2", "copy", "e1")


def test_copies_are_found_across_batches_and_runs(open_store: OpenStore, write_rows: WriteRows) -> None:
    filling = [row(100 + n, f"Something else, number {n}, is here") for n in range(300)]
    open_store().ingest([write_rows(row(1), *filling, row(2))])
    open_store().ingest([write_rows(row(3, TULIPS.upper()))])
    assert copies(open_store()) == {"e2": "e1", "e3": "e1"}


def test_loading_again_lists_the_same_copies(store: Store, write_rows: WriteRows) -> None:
    history = write_rows(row(1), row(2), row(3))
    first: list[Dropped] = []
    again: list[Dropped] = []
    store.ingest([history], listing=first.extend)
    assert store.ingest([history], listing=again.extend).unchanged == 3
    assert first == again and len(again) == 2


def test_when_the_first_changes_its_copies_have_another_first(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(row(1), row(2), row(3))])
    listed: list[Dropped] = []
    history = write_rows(row(1, "It is roses that I love now"), row(4), row(2), row(3))
    report = store.ingest([history], listing=listed.extend)
    assert (report.updated, report.added, report.unchanged) == (1, 1, 2)
    assert [(each.event_id, each.copy_of) for each in listed] == [("e4", "e2"), ("e3", "e2")]
    assert copies(store) == {"e3": "e2", "e4": "e2"}

    store.ingest([write_rows(row(1))])
    assert copies(store) == {"e1": "e2", "e3": "e2", "e4": "e2"}


def test_changed_metadata_change_no_group(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(row(1), row(2))])
    assert store.ingest([write_rows(row(1, stars=5), row(2, stars=4))]).updated == 2
    assert copies(store) == {"e2": "e1"}


def test_ten_thousand_messages_that_are_alike_take_no_time(store: Store, write_rows: WriteRows) -> None:
    letter = "Dear shop, my parcel has not come yet though you promised to send it on the day on which I paid it, from"
    towns = [f"{letter} {name_of(n)}town" for n in range(3000)]
    store.ingest([write_rows(*(row(n, text) for n, text in enumerate([*towns, *([letter] * 2000)])))])
    found = copies(store)
    assert {f"e{n}" for n in range(3001, 5000)} <= found.keys()
    assert len(set(found.values())) == 1


def test_a_search_shows_one_of_a_group_and_names_the_others(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(*(row(n) for n in range(30)), row(50, "Tulips are what my sister grows"))])
    hits = store.search("u", "tulips", k=3)
    also = {hit.event.event_id: hit.also for hit in hits}
    assert also == {"e0": tuple(f"e{n}#0" for n in range(1, 30)), "e50": ()}


def test_only_what_a_role_said_is_also_found(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(row(1), row(2), row(3, speaker="agent"), row(4, speaker="agent"))])
    (hit,) = store.search("u", "tulips", roles=["agent"])
    assert (hit.snippet.snippet_id, hit.also) == ("e3#0", ("e4#0",))


def test_what_a_long_copy_has_more_stands_for_itself(store: Store, write_rows: WriteRows) -> None:
    long = " ".join(f"We planted {name_of(7 * n)} flowers beside {name_of(31 * n)} trees." for n in range(60))
    store.ingest([write_rows(row(1, long), row(2, f"{long} Greetings from here."))])
    assert copies(store) == {"e2": "e1"}
    view = store.view("u")
    assert view.numbers.group is not None
    twins = [list(view.numbers.group).count(number) for number in view.numbers.group]
    last = view.snippets[-1][0]
    assert last.text.endswith("Greetings from here.") and twins[-1] == 1
    assert twins.count(2) == len(twins) - 2


def test_without_copies_there_are_no_groups(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(row(1), row(2, "Roses are what my sister grows"))])
    assert store.view("u").numbers.group is None


def test_a_greeting_more_makes_no_second_result(store: Store, write_rows: WriteRows) -> None:
    letter = (
        "my parcel with the tulips has not come yet though you promised to send it on the day on which I paid for it, "
        "so please tell me where it is"
    )
    store.ingest([write_rows(row(1, letter), row(2, f"Hello, {letter}"), row(3, letter.replace("tulips", "roses")))])
    assert copies(store) == {"e2": "e1"}
    hits = store.search("u", "parcel")
    assert sorted([hit.snippet.snippet_id, *hit.also] for hit in hits) in (
        [["e1#0", "e2#0"], ["e3#0"]], [["e2#0", "e1#0"], ["e3#0"]]
    )  # fmt: skip


def test_a_copy_names_nobody_elses_event_when_keys_are_equal_by_chance(store: Store, write_rows: WriteRows) -> None:
    store.ingest([write_rows(row(1), row(2, user_id="v"))])
    kept = tables()
    with store._open().database.writing() as db:
        pks = {row.user_id: row.pk for row in db.execute(kept.events.select())}
        db.execute(kept.likeness.delete().where(kept.likeness.c.event_pk == pks["v"]))
        db.execute(kept.likeness.update().values(event_pk=pks["v"]))
    store.ingest([write_rows(row(3))])
    assert copies(store) == {} and copies(store, "v") == {}
