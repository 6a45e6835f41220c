from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from retrieval.drafts import Draft
from retrieval.errors import InputError
from retrieval.events import Event
from retrieval.keeping import Correction, Keeping, VersionNote
from retrieval.record import Record
from retrieval.splitting import split_event
from retrieval.sql import Database


def load(database: Database, *events: Event) -> None:
    Record(database).apply([Draft(each, split_event(each)) for each in events])


def save(keeping: Keeping, content: str, schema: str = "person", hash_: str = "h", **private: Any) -> VersionNote:
    note = VersionNote("u", schema, hash_, 0, f"2024-01-0{len(keeping.versions('u')) + 1}T00:00:00Z")
    return keeping.save(note, content, {"city": f"{content} \ud800\0慕尼黑"}, private)


def test_versions_count_for_each_user_and_schema(database: Database) -> None:
    keeping = Keeping(database)
    made = [save(keeping, "a"), save(keeping, "b"), save(keeping, "a"), save(keeping, "a", schema="x" * 10_000)]
    assert [note.number for note in made] == [1, 2, 3, 1]
    assert keeping.versions("u", "person") == made[:3]
    assert keeping.versions("u") == made
    assert keeping.versions("v") == []
    second = keeping.version("u", "person", 2)
    assert (second.note, second.document) == (made[1], {"city": "b \ud800\0慕尼黑"})
    with pytest.raises(InputError, match="no version 9 of the profile 'person'"):
        keeping.version("u", "person", 9)


def test_the_same_content_again_is_no_new_version(database: Database) -> None:
    keeping = Keeping(database)
    first = save(keeping, "a", seen=1)
    assert save(keeping, "a", seen=2) == first
    assert keeping.version("u", "person", 1).private == {"seen": 2}


def test_the_latest_version_is_that_of_the_same_schema_if_there_is_one(database: Database) -> None:
    keeping = Keeping(database)
    assert keeping.latest("u", "person", "h") is None
    save(keeping, "a", hash_="h")
    other = save(keeping, "b", hash_="i")
    numbers = [found.note.number for h in ("h", "i", "j") if (found := keeping.latest("u", "person", h))]
    assert (numbers, other.number) == ([1, 2, 2], 2)
    assert save(keeping, "a", hash_="h").number == 1


def test_versions_that_are_saved_at_once_are_all_kept(database: Database) -> None:
    keeping = Keeping(database)

    def work(worker: int) -> list[int]:
        note = VersionNote("u", "person", "h", 0, "2024-01-01T00:00:00Z")
        return [keeping.save(note, f"{worker} {n}", {"n": n}, {}).number for n in range(5)]

    with ThreadPoolExecutor(4) as pool:
        numbers = sorted(number for made in pool.map(work, range(4)) for number in made)
    assert numbers == list(range(1, 21))
    assert len(keeping.versions("u")) == 20


def test_the_mark_of_a_history_changes_with_its_events_only(database: Database) -> None:
    keeping = Keeping(database)
    load(database, Event("u", "e", "I like tea"), Event("v", "e", "I like tea"))
    first = keeping.mark("u")
    assert keeping.mark("v").digest != first.digest
    load(database, Event("u", "e", "I like tea"), Event("v", "f", "I like rum"))
    save(keeping, "a")
    assert keeping.mark("u") == first

    load(database, Event("u", "f", "I like rum"))
    second = keeping.mark("u")
    assert second.digest != first.digest
    assert keeping.loaded_since("u", first.newest) == {"f"}
    load(database, Event("u", "e", "I hate tea"))
    third = keeping.mark("u")
    assert len({first.digest, second.digest, third.digest}) == 3
    assert keeping.loaded_since("u", second.newest) == set()


def test_corrections_are_told_in_order(database: Database) -> None:
    keeping = Keeping(database)
    made = [
        Correction("u", "person", {"pointer": "/city", "value": "慕尼黑\0 \ud800"}),
        Correction("v", "person", {"pointer": "/city", "value": {"a": 1.5}}),
        Correction("u", "shop", {"value": None}),
    ]
    for each in made:
        keeping.correct(each)
    assert keeping.corrections("u") == [made[0], made[2]]
    assert keeping.corrections("u", "shop") == [made[2]]
    assert keeping.corrections(schema="person")[0] == made[0]
    assert len(keeping.corrections()) == 3


def test_pages_hold_what_may_be_told_in_order(database: Database) -> None:
    keeping = Keeping(database)
    made = [
        keeping.save(
            VersionNote("u", "person", "h", 0, f"2024-01-{30 - n}", "ads" if n % 3 else "care"), f"{n}", {}, {}
        )
        for n in range(9)
    ]
    other = keeping.save(VersionNote("v", "person", "h", 0, "2024-01-01"), "a", {}, {})
    for n in range(9):
        keeping.correct(Correction("v" if n % 2 else "u", "person", {"n": n}))
    for page, whole in (
        (partial(keeping.version_page, "u"), made),
        (partial(keeping.version_page, "v", schema="person"), [other]),
        (partial(keeping.version_page, "v", schema="shop"), []),
        (partial(keeping.bound("ads").version_page, "u"), [each for each in made if each.purpose == "ads"]),
        (keeping.correction_page, keeping.corrections()),
        (partial(keeping.correction_page, user_id="v"), keeping.corrections("v")),
    ):
        for limit in (1, 2, 9, 500):
            found, after = list[Any](), 0
            while True:
                part = page(limit, after)
                assert len(part.items) <= limit and (part.items or not found)
                found += part.items
                if part.next is None:
                    break
                after = part.next
            assert found == whole
