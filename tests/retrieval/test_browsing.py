"""Pages of a record: users, events of one user, what is around an event."""

import pytest

from retrieval import Event, InputError, Store, UnknownUser
from retrieval.keeping import VersionNote


def event(user: str, name: str, when: str | None = None, channel: str | None = "chat") -> Event:
    from retrieval.timestamps import parse_timestamp

    told = parse_timestamp(when)
    return Event(user, name, f"The words of {user} {name}.", when, told and told.epoch, channel)


@pytest.fixture(autouse=True)
def filled(store: Store) -> None:
    store.ingest_events(
        [
            event("ann", "undated"),
            *(event("ann", f"e{n}", "2024-03-01") for n in range(5)),  # of one moment: the order of loading counts
            event("ann", "mail", "2024-03-02", "mail"),
            event("ann", "last", "2024-03-03T10:00:00Z"),
            event("bob_1", "b", "2024-05-01"),
            event("%周", "z"),
        ]
    )


def test_users_come_by_who_wrote_last(store: Store) -> None:
    page = store.browsing.users(2)
    assert [(each.user_id, each.events, each.last) for each in page.users] == [
        ("bob_1", 1, "2024-05-01"),
        ("ann", 8, "2024-03-03T10:00:00Z"),
    ]
    assert page.total == 3
    assert [each.user_id for each in store.browsing.users(2, 2).users] == ["%周"]
    assert store.browsing.users(2, 9) == ((), 3)


def test_users_are_found_by_words_that_mean_nothing_to_sql(store: Store) -> None:
    found = {words: [each.user_id for each in store.browsing.users(9, matching=words).users] for words in "%_周AX"}
    assert found == {"%": ["%周"], "_": ["bob_1"], "周": ["%周"], "A": ["ann"], "X": []}
    assert [each.user_id for each in store.browsing.users(9, matching="X", among=["ann"]).users] == ["ann"]


def test_an_outline_counts(store: Store) -> None:
    assert store.browsing.outline("ann") == (8, {"chat": 7, "mail": 1}, "2024-03-01", "2024-03-03T10:00:00Z")
    assert store.browsing.outline("%周") == (1, {"chat": 1}, None, None)
    with pytest.raises(UnknownUser):
        store.browsing.outline("nobody")


def names(events: tuple[Event, ...]) -> list[str]:
    return [each.event_id for each in events]


def test_pages_go_back_and_forth_without_gaps(store: Store) -> None:
    first = store.browsing.page("ann", 3)
    assert names(first.events) == ["last", "mail", "e4"] and (first.newer, first.older) == (False, True)
    second = store.browsing.page("ann", 3, before=first.last)
    assert names(second.events) == ["e3", "e2", "e1"] and (second.newer, second.older) == (True, True)
    third = store.browsing.page("ann", 3, before=second.last)
    assert names(third.events) == ["e0", "undated"] and (third.newer, third.older) == (True, False)
    back = store.browsing.page("ann", 3, after=third.first)
    assert back == second
    assert store.browsing.page("ann", 3, after=first.first).events == ()


def test_pages_of_a_channel_and_until_a_time(store: Store) -> None:
    assert names(store.browsing.page("ann", 9, channel="mail").events) == ["mail"]
    until = store.browsing.page("ann", 2, until=event("x", "x", "2024-03-01").epoch)
    assert names(until.events) == ["e4", "e3"] and until.newer
    assert store.browsing.page("ann", 9, channel="none") == ((), None, None, False, False)
    with pytest.raises(UnknownUser):
        store.browsing.page("nobody", 9)


def test_what_is_around_an_event_is_of_its_channel(store: Store) -> None:
    found = store.browsing.around("ann", "e4", 2)
    assert (names(found.before), names(found.after)) == (["e2", "e3"], ["last"])
    assert (found.more_before, found.more_after) == (True, False) and found.event.event_id == "e4"
    assert names(store.browsing.page("ann", 1, before=found.place).events) == ["e3"]
    assert store.browsing.around("ann", "mail", 2)[2:4] == ((), ())
    with pytest.raises(InputError, match="no event"):
        store.browsing.around("ann", "b", 2)
    with pytest.raises(UnknownUser):
        store.browsing.around("nobody", "e4", 2)


def test_the_newest_profile_of_each_user(store: Store) -> None:
    for user, name in (("ann", "Ann"), ("ann", "Ännchen 周"), ("bob_1", "Bob")):
        note = VersionNote(user, "small", "0", 0, "2024-06-01T00:00:00Z")
        store.keeping.save(note, name, {"profile": {"name": name}}, {})
    newest = store.browsing.latest_documents(["ann", "%周"])
    assert newest == {"ann": {"profile": {"name": "Ännchen 周"}}}
    assert list(store.browsing.documents_with("chen 周", 9) or ()) == ["ann"]
    assert list(store.browsing.documents_with("Ann", 9) or ()) == [], "an older version does not count"
    assert list(store.browsing.documents_with("BOB", 9) or ()) == ["bob_1"]
    assert store.browsing.documents_with("b%b", 9) == {}


def test_periods_count_all_and_name_the_own_and_newest_first(store: Store) -> None:
    store.ingest_events(
        [Event("ann", "agent", "Words of an agent.", "2024-03-03T11:00:00Z", 1709463600.0, role="agent")]
    )
    days = store.browsing.periods("ann", "day", 2)
    assert [(each.key, each.events) for each in days] == [
        ("2024-03-03", 2), ("2024-03-02", 1), ("2024-03-01", 5), ("", 1)
    ]  # fmt: skip
    named = [[each.event_id for each in store.browsing.at("ann", day.places).values()] for day in days]
    assert store.browsing.at("bob_1", days[0].places) == {}, "of nobody else"
    assert named[1:] == [["mail"], ["e4", "e3"], ["undated"]]
    assert [(each.key, each.events) for each in store.browsing.periods("ann", "month", 1)] == [("2024-03", 8), ("", 1)]
    assert store.browsing.periods("nobody", "day", 1) == []
