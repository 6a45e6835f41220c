"""Policies and consents in the store: what counts, what is refused, what survives erasure, backup and restore."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retrieval.consents import ALL, Consent, last_words
from retrieval.errors import ConsentMissing, NotFound, StoreError, UsageError
from retrieval.fakes import HashingEmbedder
from retrieval.history import UnknownUser
from retrieval.keeping import Correction, VersionNote
from retrieval.policies import CATEGORIES, Policy, make_policy
from retrieval.scopes import Scope
from retrieval.store import Store

STRICT = Policy(("support", "marketing"), require_consent=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "rows.jsonl").write_text('{"user_id": "anna-k", "id": "a", "text": "I live in Munich."}\n', "utf-8")
    with Store(tmp_path / "store", HashingEmbedder()) as made:
        made.ingest([tmp_path / "rows.jsonl"])
        yield made


def keep(store: Store, value: str, *, purpose: str | None = None, sensitive: str | None = "") -> int:
    note = VersionNote("anna-k", "person", "h", 0, "2026-01-01T00:00:00Z", purpose, sensitive)
    document = {"profile": {"name": value}}
    return store.everything_kept.save(note, f"{value} {purpose}", document, {"newest": 1}).number


def numbers(store: Store, purpose: str | None = None) -> list[int]:
    return [each.number for each in store.for_purpose(purpose).keeping.versions("anna-k", "person")]


def test_without_a_policy_everything_is_as_it_was(store: Store) -> None:
    keep(store, "old", sensitive=None)
    keep(store, "new", purpose="support")
    assert (store.policy(), numbers(store)) == (Policy(), [1, 2])
    assert store.keeping.permit("anna-k").basis is None
    assert store.keeping.latest("anna-k", "person", "h").document["profile"] == {"name": "new"}  # type: ignore[union-attr]
    assert store.browsing.latest_documents(["anna-k"]).keys() == {"anna-k"}


def test_a_policy_and_consents_may_come_before_the_first_history(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"user_id": "anna-k", "id": "a", "text": "I live in Munich."}\n', "utf-8")
    with Store(tmp_path / "new", HashingEmbedder()) as store:
        store.set_policy(STRICT)
        store.consents.grant("anna-k", "support", by="Jo")
        store.ingest([tmp_path / "rows.jsonl"])
        assert store.search("anna-k", "Munich")[0].event.event_id == "a"
        assert store.keeping.permit("anna-k")[:2] == ("support", "consent")
        assert store.forgetting.forget("anna-k", Scope())["erased"]["consents"] == 1
        with pytest.raises(ConsentMissing, match="is not recorded"):
            store.keeping.permit("anna-k")


def test_where_consent_is_required_each_purpose_has_its_own(store: Store) -> None:
    keep(store, "nobody knows")
    keep(store, "helped", purpose="support")
    keep(store, "sold to", purpose="marketing")
    store.set_policy(STRICT)
    for purpose in (None, "support", "marketing"):
        with pytest.raises(ConsentMissing, match="is not recorded: nothing may be made"):
            numbers(store, purpose)
    store.consents.grant("anna-k", "support", by="Jo", basis="contract", source="terms of 2026")
    assert (numbers(store), numbers(store, "support")) == ([2], [2])
    assert store.keeping.latest("anna-k", "person", "h").document["profile"] == {"name": "helped"}  # type: ignore[union-attr]
    with pytest.raises(NotFound):
        store.keeping.version("anna-k", "person", 3)
    with pytest.raises(ConsentMissing, match="'marketing' is not recorded"):
        store.for_purpose("marketing").keeping.version("anna-k", "person", 3)
    with pytest.raises(UsageError, match="knows no purpose 'research'"):
        numbers(store, "research")


def test_the_list_of_users_and_the_search_in_it_show_only_what_may_be_told(store: Store) -> None:
    keep(store, "Zebra", purpose="support")
    assert store.browsing.documents_with("Zebra", 9) == {"anna-k": {"profile": {"name": "Zebra"}}}
    store.set_policy(STRICT)
    assert store.browsing.documents_with("Zebra", 9) == {} == store.browsing.latest_documents(["anna-k"])
    store.consents.grant("anna-k", "support", by="Jo")
    assert store.browsing.documents_with("Zebra", 9) == store.browsing.latest_documents(["anna-k"]) != {}
    assert store.for_purpose("marketing").browsing.documents_with("Zebra", 9) == {}


def test_a_withdrawal_counts_at_once_and_drops_what_was_made(store: Store) -> None:
    store.set_policy(STRICT)
    for purpose in STRICT.purposes:
        store.consents.grant("anna-k", purpose, by="Jo")
        keep(store, purpose, purpose=purpose)
    keep(store, "nobody knows")
    entry, dropped = store.consents.withdraw("anna-k", "marketing", by="Jo", source="mail")
    assert (entry.action, entry.source, dropped) == ("withdraw", "mail", 2)
    assert [each.number for each in store.everything_kept.versions("anna-k")] == [1]
    with pytest.raises(ConsentMissing, match="was withdrawn on"):
        numbers(store, "marketing")
    assert numbers(store) == [1]
    assert store.consents.withdraw("anna-k", None, by="Jo")[1] == 1
    with pytest.raises(ConsentMissing, match="was withdrawn on"):
        numbers(store)
    store.consents.grant("anna-k", "marketing", by="Jo")
    assert numbers(store, "marketing") == []
    with pytest.raises(ConsentMissing):
        numbers(store, "support")
    assert [each.action for each in store.consents.of("anna-k")] == ["grant", "grant", "withdraw", "withdraw", "grant"]


@pytest.mark.parametrize("purposes", [(), ("support",)])
def test_a_no_is_a_no_where_nobody_has_to_be_asked(store: Store, purposes: tuple[str, ...]) -> None:
    store.set_policy(Policy(purposes))
    keep(store, "old")
    assert numbers(store) == [1]
    store.consents.withdraw("anna-k", None, by="Jo")
    for purpose in (None, "support"):
        with pytest.raises(ConsentMissing):
            numbers(store, purpose)
    if purposes:
        store.consents.grant("anna-k", "support", by="Jo")
        assert numbers(store) == []


def test_a_consent_ends_with_its_day(store: Store) -> None:
    store.set_policy(STRICT)
    today = datetime.now(UTC).date()
    store.consents.grant("anna-k", "support", by="Jo", until=today.isoformat())
    assert store.keeping.permit("anna-k").basis == "consent"
    keep(store, "helped", purpose="support")
    ended = store.consents.of("anna-k")[0]
    assert not ended.has_ended() and ended.has_ended(datetime.now(UTC) + timedelta(days=2))
    soon = (datetime.now(UTC) + timedelta(milliseconds=900)).isoformat()
    store.consents.grant("anna-k", "support", by="Jo", until=soon)
    while not store.consents.of("anna-k")[-1].has_ended():
        pass
    with pytest.raises(ConsentMissing, match=f"ended on {soon[:10]}"):
        numbers(store)
    store.consents.grant("anna-k", "support", by="Jo")
    assert numbers(store) == [1]  # hidden meanwhile, not dropped
    with pytest.raises(UsageError, match="is over"):
        store.consents.grant("anna-k", "support", by="Jo", until="2020-01-01")


def test_nothing_is_written_without_either(store: Store) -> None:
    store.set_policy(STRICT)
    note = VersionNote("anna-k", "person", "h", 0, "2026-01-01T00:00:00Z", "support", "")
    with pytest.raises(ConsentMissing):
        store.keeping.save(note, "c", {}, {})
    with pytest.raises(ConsentMissing):
        store.keeping.correct(Correction("anna-k", "person", {}))
    assert store.everything_kept.versions("anna-k") == [] == store.everything_kept.corrections()
    store.everything_kept.correct(Correction("anna-k", "person", {"value": "Zebra"}))
    with pytest.raises(ConsentMissing):
        store.keeping.corrections("anna-k")
    assert store.keeping.corrections() == []
    store.consents.grant("anna-k", "support", by="Jo")
    assert len(store.keeping.corrections()) == 1 == len(store.keeping.corrections("anna-k"))


def test_what_a_version_holds_decides_whether_it_is_shown(store: Store) -> None:
    keep(store, "old", sensitive=None)
    keep(store, "ill", sensitive="health")
    keep(store, "plain", sensitive="")
    store.set_policy(Policy(sensitive=("religion",)))
    assert numbers(store) == [3]
    store.set_policy(Policy(sensitive=("religion", "health")))
    assert numbers(store) == [2, 3]
    store.set_policy(Policy(("support",), True))
    keep(store, "ill, for support", purpose="support", sensitive="health")
    store.consents.grant("anna-k", "support", by="Jo")
    assert numbers(store) == [] and store.keeping.permit("anna-k").sensitive == ()
    store.consents.grant("anna-k", "support", by="Jo", sensitive=["health", "union"])
    assert numbers(store) == [4] and store.keeping.permit("anna-k").sensitive == ("health", "union")
    store.set_policy(Policy(("support",), True, sensitive=("union",)))
    assert numbers(store) == [] and store.keeping.permit("anna-k").sensitive == ("union",)


def test_the_same_says_something_else_for_another_purpose(store: Store) -> None:
    assert [keep(store, "Anna", purpose=each) for each in (None, None, "support", "support")] == [1, 1, 2, 2]


def test_what_makes_no_sense_is_refused(store: Store) -> None:
    for purposes, shown, guessed, strict, said in (
        (["Support!"], None, [], False, "cannot be the name of a purpose"),
        ([], None, [], True, "the policy has none"),
        (["a"], ["helth"], [], False, "'helth' is no category"),
        (["a"], ["union"], ["health"], False, "'health' may be inferred, but not shown"),
        ([f"p{n}" for n in range(101)], None, [], False, "more than 100"),
    ):
        with pytest.raises(UsageError, match=said):
            make_policy(purposes, shown, guessed, require_consent=strict)
    grant = store.consents.grant
    store.set_policy(STRICT)
    for more, said in (
        ({"purpose": "research"}, "knows no purpose"),
        ({"basis": "habit"}, "is no legal basis"),
        ({"basis": "contract", "sensitive": ["health"]}, "does not do for sensitive data"),
        ({"by": " "}, "needs the name"),
        ({"until": "soon"}, "until"),
        ({"source": "x" * 2001}, "2001 characters"),
    ):
        with pytest.raises(UsageError, match=said):
            grant("anna-k", **{"purpose": "support", "by": "Jo", **more})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="user id is empty"):
        grant("", "support", by="Jo")
    assert store.consents.of("anna-k") == []


def test_a_policy_that_cannot_be_read_allows_nothing(store: Store) -> None:
    with sqlite3.connect(store.path / "record.sqlite3") as db:
        db.execute("INSERT INTO meta VALUES ('policy', '{\"purposes\": []}')")
    db.close()
    with pytest.raises(StoreError, match="cannot be read"):
        store.keeping.versions("anna-k")


def test_erasing_a_user_takes_the_consents_and_a_part_does_not(store: Store) -> None:
    store.consents.grant("anna-k", "support", by="Jo", source="Zwergspitz form")
    assert store.forgetting.preview("anna-k", Scope()).consents == 1
    assert store.forgetting.forget("anna-k", Scope(("a",)))["erased"]["consents"] == 0
    receipt = store.forgetting.forget("anna-k", Scope())
    assert (receipt["erased"]["consents"], receipt["state"]) == (1, "done")
    assert store.consents.of("anna-k") == []
    with pytest.raises(UnknownUser):
        store.forgetting.forget("anna-k", Scope())
    store.close()
    left = b"".join(path.read_bytes() for path in store.path.rglob("*") if path.is_file())
    assert b"Zwergspitz" not in left and b"anna-k" not in left


def test_a_restore_brings_no_withdrawn_consent_back(store: Store, tmp_path: Path) -> None:
    store.set_policy(STRICT)
    for purpose in STRICT.purposes:
        store.consents.grant("anna-k", purpose, by="Jo")
        keep(store, purpose, purpose=purpose)
    store.consents.grant("bo", "support", by="Jo")
    store.backup(tmp_path / "b")
    store.consents.withdraw("anna-k", "marketing", by="Jo")
    store.set_policy(STRICT._replace(sensitive=()))
    store.forgetting.forget("bo", Scope())
    assert store.restore(tmp_path / "b", force=True).counts["consents"] == 3
    assert [each.action for each in store.consents.of("anna-k")] == ["grant", "grant", "withdraw"]
    assert store.consents.of("bo") == []
    with pytest.raises(ConsentMissing, match="was withdrawn"):
        numbers(store, "marketing")
    assert [each.purpose for each in store.everything_kept.versions("anna-k")] == ["support"]
    assert store.policy().sensitive == ()
    with Store(tmp_path / "other", HashingEmbedder()) as other:
        other.restore(tmp_path / "b")
        assert other.policy() == STRICT and len(other.consents.of("bo")) == 1


def test_the_last_word_counts() -> None:
    def said(purpose: str, action: str) -> Consent:
        return Consent("u", purpose, action, None, None, (), "2026-01-01T00:00:00Z", "Jo", None)  # type: ignore[arg-type]

    entries = [said("a", "grant"), said("b", "grant"), said("b", "withdraw"), said(ALL, "withdraw"), said("a", "grant")]
    assert {each: entry.action for each, entry in last_words(entries).items()} == {"*": "withdraw", "a": "grant"}
    assert {each: e.action for each, e in last_words(entries[:3]).items()} == {"a": "grant", "b": "withdraw"}
    assert len(CATEGORIES) == 13
