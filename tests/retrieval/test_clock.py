"""Clocks that jump, back and forward: what was erased stays erased, what was withdrawn stays withdrawn."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import ConsentMissing, StoreError
from retrieval.policies import Policy
from retrieval.retention import Rule
from retrieval.scopes import Scope
from retrieval.store import Store
from tests.conftest import WriteRows

ROWS: list[dict[str, Any]] = [
    {
        "user_id": f"u{user}",
        "id": f"e{month}",
        "timestamp": f"2024-{month:02d}-01T10:00:00Z",
        "text": f"{user} {month}.",
    }
    for user in range(3)
    for month in range(1, 13)
]
UNKNOWN = {"user_id": "u0", "id": "new", "timestamp": "2024-06-15", "text": "Never loaded before."}
LATER = {"user_id": "u0", "id": "later", "timestamp": "2026-02-01T00:00:00Z", "text": "I am back."}


class Clock:
    """The system's clock, which goes on from any moment."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch, self._real = patch, time.time

    def says(self, day: str) -> None:
        ahead = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() - self._real()
        self._patch.setattr(time, "time", lambda: self._real() + ahead)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(monkeypatch)
    made.says("2025-01-15")
    return made


@pytest.fixture
def filled(clock: Clock, store: Store, write_rows: WriteRows) -> Store:
    store.ingest([write_rows(*ROWS)])
    return store


def ids(store: Store, user: str) -> list[str]:
    return [each.event_id for each in store.events(user)] if user in {u.user_id for u in store.users()} else []


@pytest.mark.parametrize("day", ["1970-01-02", "2020-01-01", "2024-06-01", "2025-01-15"])
def test_a_clock_that_is_behind_lets_nothing_come_back(
    filled: Store, clock: Clock, write_rows: WriteRows, day: str
) -> None:
    clock.says(day)
    filled.forgetting.forget("u0", Scope())
    clock.says("2026-03-01")
    report = filled.ingest([write_rows(*ROWS, UNKNOWN, LATER)])
    assert (report.forgotten, ids(filled, "u0")) == (13, ["later"])


def test_a_clock_that_is_ahead_holds_back_more_and_says_so(filled: Store, clock: Clock, write_rows: WriteRows) -> None:
    clock.says("2099-01-01")
    filled.forgetting.forget("u0", Scope())
    clock.says("2026-03-01")
    path = write_rows(*ROWS, UNKNOWN, LATER)
    assert (filled.ingest([path]).forgotten, ids(filled, "u0")) == (14, [])
    filled.ingest([write_rows(LATER)], force=True)
    assert ids(filled, "u0") == ["later"]


def test_of_two_erasures_the_later_moment_counts(filled: Store, clock: Clock, write_rows: WriteRows) -> None:
    filled.forgetting.forget("u0", Scope())
    clock.says("2026-03-01")
    filled.ingest([write_rows(LATER)])
    filled.forgetting.forget("u0", Scope())
    clock.says("2020-01-01")
    filled.ingest([write_rows({**LATER, "id": "again", "timestamp": "2026-04-01T00:00:00Z"})])
    filled.forgetting.forget("u0", Scope())
    clock.says("2026-05-01")
    more = {**LATER, "id": "unknown", "timestamp": "2026-02-15T00:00:00Z"}
    assert filled.ingest([write_rows(*ROWS, LATER, more)]).forgotten == 14


def test_events_from_the_future_are_no_reason_to_doubt_it_while_they_are_fewer(
    filled: Store, clock: Clock, write_rows: WriteRows
) -> None:
    bookings = [{**LATER, "id": f"trip {n}", "timestamp": f"2031-01-{n:02d}T00:00:00Z"} for n in range(1, 29)]
    filled.ingest([write_rows(*bookings)])
    filled.forgetting.forget("u0", Scope())
    clock.says("2026-03-01")
    report = filled.ingest([write_rows(LATER, bookings[0])])
    assert (report.forgotten, ids(filled, "u0")) == (1, ["later"])


def test_a_consent_that_ends_counts_only_by_a_clock_that_can_be_right(filled: Store, clock: Clock) -> None:
    filled.set_policy(Policy(("support",), require_consent=True))
    filled.consents.grant("u0", "support", by="Ann", until="2025-06-30")
    filled.keeping.permit("u0")
    for day in ("2020-01-01", "2025-01-14", "2025-07-01", "2099-01-01"):
        clock.says(day)
        with pytest.raises(ConsentMissing):
            filled.keeping.permit("u0")
    clock.says("2025-06-30")
    filled.keeping.permit("u0")


@pytest.mark.parametrize("day", ["2020-01-01", "2099-01-01"])
def test_a_withdrawal_counts_by_any_clock_and_survives_a_restore(
    filled: Store, clock: Clock, tmp_path: Path, day: str
) -> None:
    filled.set_policy(Policy(("support",)))
    filled.consents.grant("u0", "support", by="Ann")
    filled.backup(tmp_path / "backup")
    clock.says(day)
    filled.consents.withdraw("u0", "support", by="Ann")
    clock.says("2025-02-01")
    for _ in range(2):
        with pytest.raises(ConsentMissing):
            filled.keeping.permit("u0")
        filled.restore(tmp_path / "backup", force=True)


@pytest.mark.parametrize("day", ["1970-01-02", "2024-12-01", "2025-04-01", "2099-01-01"])
def test_retention_erases_nothing_by_a_jumped_clock(
    filled: Store, clock: Clock, write_rows: WriteRows, day: str
) -> None:
    filled.set_rule(Rule(370))
    filled.retain()
    before = ids(filled, "u1")
    clock.says(day)
    with pytest.raises(StoreError, match="the clock says"):
        filled.retain()
    with pytest.raises(StoreError, match="the clock says"):
        filled.ingest([write_rows(LATER)])
    assert ids(filled, "u1") == before and ids(filled, "u0")[-1] == "e12"
