"""Clocks that jump: what a server remembers goes in time all the same, and a key that has expired stays worthless."""

import os
import time
from pathlib import Path

import pytest

from agent.cache_files import keep
from agent.service import ModelQueue
from agent.service.book import Book
from agent.service.jobs import Job
from agent.service.keys import Keys
from agent.service.once import Answer, Once, Ticket

DAY = 86400.0


@pytest.mark.parametrize("days", [-3650, 3650])
def test_jobs_are_forgotten_in_time_and_not_before(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    real, queue = time.time, ModelQueue(kept_seconds=0.5)
    job = queue.submit(Job("t", "u", "ask", lambda on_step, may_go_on: {"answer": "Munich"}))
    assert job.wait(10)
    monkeypatch.setattr(time, "time", lambda: real() + days * DAY)
    assert queue.job("t", job.job_id) is job
    time.sleep(0.6)
    assert queue.job("t", job.job_id) is None
    queue.close()


@pytest.mark.parametrize("days", [-3650, 3650])
def test_a_repeated_request_is_known_whatever_the_clock_says(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    real, once = time.time, Once()
    ticket = once.begin("me", "key", "request", ("t", "u"))
    assert isinstance(ticket, Ticket)
    once.finish(ticket, Answer("done", 4))
    monkeypatch.setattr(time, "time", lambda: real() + days * DAY)
    assert once.begin("me", "key", "request", ("t", "u")) == Answer("done", 4)


def test_a_key_that_expires_is_good_only_by_a_clock_that_can_be_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, keys = time.time, Keys(Book(tmp_path / "service.sqlite3"))
    short, lasting = keys.make("t", ["read"], days=30)[0], keys.make("t", ["read"])[0]
    for days, good in ((0, True), (29, True), (31, False), (3650, False), (-2, False), (-3650, False)):
        monkeypatch.setattr(time, "time", lambda days=days: real() + days * DAY)
        assert (keys.check(short) is not None, keys.check(lasting) is not None) == (good, True), days


def test_the_cache_folder_expires_by_the_clock_and_a_file_from_the_future_is_no_error(tmp_path: Path) -> None:
    for name, days in (("old", -40), ("young", -1), ("ahead", 3650)):
        keep(tmp_path / f"{name}.json", "{}")
        os.utime(tmp_path / f"{name}.json", (time.time() + days * DAY,) * 2)
    keep(tmp_path / "new.json", "{}", days=30)
    assert sorted(each.stem for each in tmp_path.iterdir()) == ["ahead", "new", "young"]
