from collections.abc import Iterator

import pytest

from retrieval.drafts import Draft, passage
from retrieval.events import Event, Snippet
from retrieval.history import History, UnknownUser
from retrieval.index import Labels
from retrieval.record import Pending, Record
from retrieval.splitting import split_event
from retrieval.sql import Database


def draft(text: str = "A rose", user: str = "u", event_id: str = "e", **fields: object) -> Draft:
    event = Event(user, event_id, text, **fields)  # type: ignore[arg-type]  # whatever a test wants in it
    return Draft(event, split_event(event))


def test_what_is_embedded_has_the_context_that_is_known() -> None:
    event = Event("u", "e", "A rose", "2024-05-01T10:00:00Z", 0.0, "mail", "Ann")
    snippet = Snippet("e#0", "u", "e", 0, 6, "A rose", "Ann")
    assert passage(event, snippet) == "2024-05-01 Ann mail: A rose"
    assert passage(Event("u", "e", "A rose"), Snippet("e#0", "u", "e", 0, 6, "A rose")) == "A rose"


def test_pending_snippets_are_told_until_they_are_settled(database: Database) -> None:
    record = Record(database)
    record.apply([draft(timestamp="2024-05-01", epoch=5.0, channel="mail", speaker="u")])
    (pending,) = record.pending(10)
    assert pending == Pending(pending.vector_id, "2024-05-01 u mail: A rose", Labels("u", "user", "mail", 5.0))
    assert (record.count(), record.count(indexed=True), record.count(user_id="u", indexed=False)) == (1, 0, 1)

    record.settle(indexed=[pending.vector_id])
    assert record.pending(10) == []
    assert (record.count(indexed=True), record.count(user_id="v")) == (1, 0)


def test_a_vector_id_changes_with_all_that_the_index_knows(database: Database) -> None:
    record = Record(database)
    variants = [
        draft(),
        draft(text="A tulip"),
        draft(channel="mail"),
        draft(role="agent"),
        draft(epoch=1.0),
        draft(user="v"),
        draft(event_id="f"),
    ]
    seen = []
    for each in variants:
        record.apply([each])
        seen.append(record.pending(10)[-1].vector_id)
        record.settle(indexed=[seen[-1]])
    assert len(set(seen)) == len(variants)


def test_a_vector_is_never_both_wanted_and_to_be_removed(database: Database) -> None:
    record = Record(database)
    record.apply([draft()])
    (rose,) = record.pending(10)
    record.settle(indexed=[rose.vector_id])
    record.apply([draft(text="A tulip")])
    assert record.removals(10) == [rose.vector_id]

    record.apply([draft()])
    assert record.pending(10) == [rose]
    assert rose.vector_id not in record.removals(10)
    removed = record.removals(10)
    record.settle(removed=removed)
    assert (len(removed), record.removals(10)) == (1, [])


def test_only_what_concerns_the_index_raises_the_generation(database: Database) -> None:
    record = Record(database)
    generations = [record.generation()]
    for step in (lambda: record.apply([draft()]), lambda: record.settle(), record.forget_index):
        step()
        generations.append(record.generation())
    record.apply([draft()])
    assert generations == [0, 1, 2, 3]
    assert record.generation() == 3


def test_compare_takes_over_what_the_index_holds(database: Database) -> None:
    record = Record(database)
    record.apply([draft(event_id=str(n), text=f"Rose {n}") for n in range(3)])
    ids = [each.vector_id for each in record.pending(10)]
    record.settle(indexed=ids)
    assert record.compare(set(ids)) is False

    assert record.compare({ids[0], "stranger"}) is True
    assert [each.vector_id for each in record.pending(10)] == ids[1:]
    assert record.removals(10) == ["stranger"]


def test_a_batch_is_written_whole_or_not_at_all(database: Database) -> None:
    def drafts() -> Iterator[Draft]:
        yield draft()
        yield draft(event_id="f")
        raise KeyboardInterrupt

    record = Record(database)
    with pytest.raises(KeyboardInterrupt):
        record.apply(drafts())
    assert (record.count(), History(database).users()) == (0, [])


def test_ids_may_be_ten_kilobytes_long(database: Database) -> None:
    record, history = Record(database), History(database)
    long, near = "x" * 10_240, "x" * 10_239 + "y"
    record.apply([draft(user=long, event_id=long), draft(user=near, event_id=long, text="A tulip")])

    assert [user.user_id for user in history.users()] == [long, near]
    assert [event.text for event in history.events(near, [long])] == ["A tulip"]


def test_ids_that_look_alike_when_joined_are_different(database: Database) -> None:
    record, history = Record(database), History(database)
    applied = record.apply([draft(user="a", event_id="b,c"), draft(user="a,b", event_id="c")])
    assert applied.added == 2
    assert {user.user_id for user in history.users()} == {"a", "a,b"}


def test_a_long_event_is_read_once_for_all_its_snippets(database: Database) -> None:
    record, history = Record(database), History(database)
    event = Event("u", "e", "Rose. " * 50_000)
    cuts = [Snippet(f"e#{n}", "u", "e", 6 * n, 6 * n + 5, "Rose.") for n in range(5000)]
    record.apply([Draft(event, cuts)])

    assert history.snippets("u") == cuts
    assert history.indexed("u") == []
    ids = [each.vector_id for each in record.pending(5000)]
    record.settle(indexed=ids)
    found = history.indexed("u")
    assert [each.vector_id for each in found] == ids
    assert len({id(each.event) for each in found}) == 1
    with pytest.raises(UnknownUser):
        history.indexed("v")


def test_settings_are_kept(database: Database) -> None:
    record = Record(database)
    assert record.setting("embedder") is None
    record.keep_settings(embedder="one", dimension="3")
    record.keep_settings(embedder="two")
    assert (record.setting("embedder"), record.setting("dimension")) == ("two", "3")


@pytest.mark.local
def test_reading_a_user_looks_at_no_other_users_rows(database: Database) -> None:
    from sqlalchemy import event

    record, said = Record(database), []
    record.apply([draft()])
    record.settle(indexed=[record.pending(1)[0].vector_id])
    event.listen(database._readers, "before_cursor_execute", lambda *call: said.append((call[2], call[3])))
    assert [row.snippet.text for row in History(database).indexed("u")] == ["A rose"]
    statements = [each for each in said if " snippets" in each[0]]
    with database.reading() as db:
        plans = [row[3] for s, v in statements for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", v)]
    assert plans and not [plan for plan in plans if "ix_snippets_indexed" in plan or plan.startswith("SCAN")]
