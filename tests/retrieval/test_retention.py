"""Retention rules: what is too old goes by itself, nothing goes too early, and no wrong clock erases anything."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import StoreError, UsageError
from retrieval.fakes import HashingEmbedder
from retrieval.history import UnknownUser
from retrieval.removing import Gone
from retrieval.retention import Rule
from retrieval.store import Store
from tests.conftest import WriteRows
from tests.retrieval.conftest import agrees

OpenStore = Callable[..., Store]
pytestmark = pytest.mark.local

DAY = 86_400


def ago(days: float, zone: str = "Z") -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S") + zone


def row(user: str, event: str, time_: str | None, channel: str | None = None) -> dict[str, Any]:
    return {"user_id": user, "id": event, "timestamp": time_, "channel": channel, "text": f"Words {event} of {user}."}


def ids(store: Store, user: str = "anna") -> list[str]:
    try:
        return sorted(each.event_id for each in store.events(user))
    except UnknownUser:
        return []


@pytest.fixture
def filled(store: Store, write_rows: WriteRows) -> Store:
    rows = [
        row("anna", "new", ago(10)), row("anna", "old", ago(800)), row("anna", "order", ago(800), "order"),
        row("anna", "never", None), row("anna", "oldest", ago(4000), "order"), row("李雷", "old", ago(900)),
    ]  # fmt: skip
    store.ingest([write_rows(*rows)])
    return store


def left_of(folder: Path, *words: str) -> list[str]:
    data = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return [word for word in words if word.encode() in data]


def test_rules_are_kept_in_the_store(filled: Store, open_store: OpenStore) -> None:
    assert filled.rules() == []
    filled.set_rule(Rule(100))
    filled.set_rule(Rule(3650, "order"))
    would = filled.set_rule(Rule(730))
    assert (would.users, would.erased.events, would.erased.undated, would.receipt) == (2, 3, 1, None)
    assert open_store().rules() == [Rule(730), Rule(3650, "order")]
    assert ids(filled) == ["never", "new", "old", "oldest", "order"], "a rule that is set erases nothing yet"
    filled.remove_rule("order")
    assert filled.rules() == [Rule(730)]
    for do, words in (
        (lambda: filled.remove_rule("order"), "no rule for the channel 'order'"),
        (lambda: filled.set_rule(Rule(0)), "0 days"),
        (lambda: filled.set_rule(Rule(40_000)), "days are not between"),
    ):
        with pytest.raises(UsageError, match=words):
            do()


def test_each_ingest_erases_what_is_too_old_and_does_not_load_it(filled: Store, write_rows: WriteRows) -> None:
    filled.set_rule(Rule(730))
    filled.set_rule(Rule(3650, "order"))
    file = write_rows(row("anna", "newer", ago(1)), row("boris", "ancient", ago(5000)), name="more.jsonl")
    report = filled.ingest([file])
    assert (report.read, report.added, report.expired, report.erased, report.forgotten) == (2, 1, 1, 3, 0)
    assert report.reasons["expired"] == 1
    assert ids(filled) == ["never", "new", "newer", "order"] and ids(filled, "李雷") == ids(filled, "boris") == []
    (receipt,) = filled.forgetting.receipts()
    assert filled.forgetting.is_genuine(receipt) and receipt["state"] == "done"
    assert receipt["erased"]["events"] == receipt["erased"]["vectors"] == 3 and receipt["erased"]["undated"] == 1
    assert receipt["scope"]["kind"] == "retention" and receipt["scope"]["users"] == 2
    assert [each["days"] for each in receipt["scope"]["rules"]] == [730, 3650]
    assert agrees(filled)
    assert left_of(filled.path, "Words old of", "Words oldest of", "Words ancient", "李雷") == []
    assert filled.ingest([file]).erased == 0 and len(filled.forgetting.receipts()) == 1


def test_what_a_rule_erased_stays_out_when_the_rule_is_gone(filled: Store, write_rows: WriteRows) -> None:
    filled.set_rule(Rule(730))
    assert filled.retain().erased.events == 4
    filled.remove_rule()
    file = write_rows(row("anna", "old", ago(800)), row("anna", "other", ago(801)), name="again.jsonl")
    report = filled.ingest([file])
    assert (report.forgotten, report.added) == (1, 1)
    assert filled.ingest([file], force=True).added == 1
    filled.set_rule(Rule(730))
    assert filled.ingest([file], force=True).expired == 2, "a rule holds for forced rows, too"
    assert ids(filled) == ["never", "new"]


@pytest.mark.parametrize(
    ("days", "zone", "goes"), [(100.1, "Z", 1), (99.9, "Z", 0), (100.4, "", 0), (100.6, "", 1), (100.1, "-09:00", 0)]
)
def test_nothing_goes_too_early(store: Store, write_rows: WriteRows, days: float, zone: str, goes: int) -> None:
    store.ingest([write_rows(row("anna", "e", ago(days, zone)))])
    store.set_rule(Rule(100))
    assert store.retain().erased.events == goes


def test_a_date_is_the_end_of_its_day_anywhere(store: Store, write_rows: WriteRows) -> None:
    rows = [row("anna", f"e{days}", ago(days)[:10]) for days in (100, 101, 103)]
    store.ingest([write_rows(*rows)])
    store.set_rule(Rule(100))
    store.retain()
    assert ids(store) in (["e100", "e101"], ["e100"]), "101 days ago depends on the hour of this test"


def test_a_preview_erases_nothing(filled: Store) -> None:
    filled.set_rule(Rule(730))
    would = filled.retain(dry_run=True)
    assert would.erased.events == 4 and would.receipt is None and len(ids(filled)) == 5
    done = filled.retain(defer=True)
    assert done.erased._asdict() == would.erased._asdict()
    assert done.receipt is not None and done.receipt["state"] == "deferred"
    assert left_of(filled.path, "Words old of anna") != []
    filled.forgetting.compact()
    assert left_of(filled.path, "Words old of anna") == []


def test_deferred_by_the_environment(filled: Store, monkeypatch: pytest.MonkeyPatch, write_rows: WriteRows) -> None:
    monkeypatch.setenv("LIMNER_DEFER", "1")
    filled.set_rule(Rule(730))
    filled.ingest([write_rows(row("anna", "newer", ago(1)), name="more.jsonl")])
    assert [each["state"] for each in filled.forgetting.receipts()] == ["deferred"]


@pytest.mark.parametrize(("shift", "words"), [(2 * DAY, "days before"), (-41 * DAY, "days after")])
def test_no_wrong_clock_erases_anything(filled: Store, write_rows: WriteRows, shift: float, words: str) -> None:
    filled.set_rule(Rule(730))
    filled._open().record.keep_settings(clock=repr(time.time() + shift))  # as if the store had been used then
    more = write_rows(row("anna", "newer", ago(1)), name="more.jsonl")
    for do in (filled.retain, lambda: filled.ingest([more]), lambda: filled.set_rule(Rule(1))):
        with pytest.raises(StoreError, match=words) as caught:
            do()
        assert "--clock-is-right" in str(caught.value) and caught.value.exit_code == 5
    assert len(ids(filled)) == 5 and filled.forgetting.receipts() == [] and filled.rules() == [Rule(730)]
    assert filled.retain(dry_run=True).erased.events == 4, "what would go can be looked at"
    assert filled.retain(trust_clock=True).erased.events == 4
    assert filled.ingest([more]).added == 1


@pytest.mark.parametrize("shift", [1800, -39 * DAY])
def test_a_clock_that_is_set_and_a_store_that_rests_are_no_reason(filled: Store, shift: float) -> None:
    filled.set_rule(Rule(730))
    filled._open().record.keep_settings(clock=repr(time.time() + shift))
    assert filled.retain().erased.events == 4


def test_without_rules_no_clock_matters(filled: Store, write_rows: WriteRows) -> None:
    filled._open().record.keep_settings(clock=repr(time.time() + 99 * DAY))
    assert filled.ingest([write_rows(row("anna", "newer", ago(1)), name="more.jsonl")]).added == 1


class Keeps:
    """Says of everything that it was made without what goes."""

    def keeps(self, private: Mapping[str, Any], gone: Gone) -> bool:
        return True

    def correction(self, document: dict[str, Any], gone: Gone) -> dict[str, Any] | None:
        return {**document, "cut": sorted(gone.events)}


def test_who_knows_says_what_stays_of_what_was_made(filled: Store) -> None:
    from retrieval.keeping import Correction

    filled.keeping.correct(Correction("anna", "s", {"value": "x"}))
    filled.close()
    store = Store(filled.path, HashingEmbedder(), derived=Keeps())
    store.set_rule(Rule(730))
    assert store.retain().erased.corrections_cut == 1
    assert [each.document for each in store.keeping.corrections()] == [
        {"value": "x", "cut": ["old", "oldest", "order"]}
    ]
    store.close()


def test_a_restore_keeps_the_rules_of_the_store_and_what_they_erased(filled: Store, tmp_path: Path) -> None:
    filled.backup(tmp_path / "b")
    filled.set_rule(Rule(730))
    filled.retain()
    done = filled.restore(tmp_path / "b", force=True)
    assert done.again.events == 4 and ids(filled) == ["never", "new"]
    assert filled.rules() == [Rule(730)]
    filled.backup(tmp_path / "later")
    other = Store(tmp_path / "other", HashingEmbedder())
    other.restore(tmp_path / "later")
    assert other.rules() == [Rule(730)]
    other.close()
