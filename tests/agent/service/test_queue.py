"""The model's queue with real threads: bounded, fair, cancelled in time; what ended is forgotten in time."""

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from agent.errors import LimnerError, ModelReplyError, ModelUnavailable, StoreBusy, StoreError
from agent.progress import Step
from agent.service import Cancelled, Job, ModelQueue, QueueFull


class Work:
    """Tasks that are noted when they are done, and wait for a gate."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gate = threading.Event()

    def job(self, name: str, tenant: str = "t", user: str = "u") -> Job:
        def task(on_step: Any, may_go_on: Any) -> dict[str, Any]:
            on_step(Step("draft", 0, 1))
            assert self.gate.wait(20)
            may_go_on()
            self.done.append(name)
            return {"name": name, "usage": {"prompt_tokens": 3, "completion_tokens": 2}}

        return Job(tenant, user, "ask", task)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def queue(work: Work) -> Iterator[ModelQueue]:
    made = ModelQueue(size=10, share=6)
    yield made
    work.gate.set()
    made.close()


def _running(queue: ModelQueue, job: Job) -> None:
    ends = time.monotonic() + 10
    while job.progress().step is None:
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_tenants_take_turns(queue: ModelQueue, work: Work) -> None:
    first = queue.submit(work.job("first", "a"))
    _running(queue, first)
    names = [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")]
    jobs = [queue.submit(work.job(name, tenant)) for name, tenant in names]
    assert {name: job.ahead for (name, _), job in zip(names, jobs, strict=True)} == {
        "a1": 1, "b1": 2, "c1": 3, "a2": 4, "b2": 5, "a3": 6,
    }  # fmt: skip
    work.gate.set()
    for job in jobs:
        assert job.wait(10)
    assert work.done == ["first", "a1", "b1", "c1", "a2", "b2", "a3"]
    assert [job.ahead for job in jobs] == [0] * 6


def test_it_is_bounded(queue: ModelQueue, work: Work) -> None:
    _running(queue, queue.submit(work.job("running", "a")))
    for number in range(6):
        queue.submit(work.job(str(number), "a"))
    with pytest.raises(QueueFull, match="one tenant") as own:
        queue.submit(work.job("more", "a"))
    for number in range(4):
        queue.submit(work.job(str(number), f"b{number}"))
    with pytest.raises(QueueFull, match="as can") as all_of_it:
        queue.submit(work.job("more", "c"))
    assert (own.value.own, all_of_it.value.own) == (True, False)
    assert queue.depth == 10 and queue.is_busy


def test_cancelling(queue: ModelQueue, work: Work) -> None:
    running, waiting = queue.submit(work.job("running")), queue.submit(work.job("waiting"))
    _running(queue, running)
    queue.cancel(waiting)
    assert (waiting.state, queue.depth) == ("cancelled", 0)
    queue.cancel(running)
    assert running.state == "running"
    work.gate.set()
    assert running.wait(10) and running.state == "cancelled"
    with pytest.raises(Cancelled):
        running.result_or_error()
    queue.cancel(running)
    assert work.done == []
    assert queue.totals.jobs == {("ask", "cancelled"): 2}


def test_a_defect_ends_a_job_not_the_queue(queue: ModelQueue, work: Work, caplog: pytest.LogCaptureFixture) -> None:
    def broken(on_step: Any, may_go_on: Any) -> dict[str, Any]:
        raise KeyError("words of a history")

    bad, good = queue.submit(Job("t", "u", "ask", broken)), queue.submit(work.job("good"))
    work.gate.set()
    assert good.wait(10) and good.result_or_error()["name"] == "good"
    assert bad.state == "failed"
    with pytest.raises(LimnerError, match="did not foresee"):
        bad.result_or_error()
    assert "KeyError" in caplog.text and "words of a history" not in caplog.text


@pytest.mark.parametrize(
    ("error", "is_logged"),
    [
        (ModelUnavailable("llm.internal does not answer"), True),
        (StoreError("/srv/store is damaged"), True),
        (StoreBusy("another process writes"), False),
        (ModelReplyError("the reply was no JSON"), False),
        (LimnerError("words of a history"), False),
    ],
)
def test_what_an_operator_must_do_something_about_is_in_the_log(
    queue: ModelQueue, caplog: pytest.LogCaptureFixture, error: LimnerError, is_logged: bool
) -> None:
    def fails(on_step: Any, may_go_on: Any) -> dict[str, Any]:
        raise error

    job = queue.submit(Job("t", "u", "profile", fails))
    assert job.wait(10) and job.state == "failed"
    assert (f"{type(error).__name__}: {error}" in caplog.text) is is_logged


def test_a_listener_that_fails_breaks_nothing(queue: ModelQueue, work: Work, caplog: pytest.LogCaptureFixture) -> None:
    job = work.job("good")
    job.listen(lambda: [][0])
    seen: list[str] = []
    job.listen(lambda: seen.append(job.state))
    work.gate.set()
    queue.submit(job)
    assert job.wait(10) and job.state == "done"
    queue.close()  # listeners are told after those who wait
    assert seen[-1] == "done" and "IndexError" in caplog.text


def test_tokens_are_counted(queue: ModelQueue, work: Work) -> None:
    work.gate.set()
    jobs = [queue.submit(work.job(str(number))) for number in range(3)]
    assert all(job.wait(10) for job in jobs)
    queue.close()
    assert (queue.totals.tokens_read, queue.totals.tokens_written) == (9, 6)
    assert queue.totals.jobs == {("ask", "done"): 3}
    with pytest.raises(QueueFull, match="shutting down"):
        queue.submit(work.job("late"))


def test_nobody_is_let_in_while_a_user_is_erased(queue: ModelQueue, work: Work) -> None:
    running, other = queue.submit(work.job("running")), queue.submit(work.job("other", user="v"))
    _running(queue, running)
    threading.Timer(0.1, work.gate.set).start()
    with queue.barred("t", "u"):
        assert running.state == "cancelled"
        assert queue.job("t", running.job_id) is None
        with pytest.raises(StoreBusy):
            queue.submit(work.job("again"))
        assert queue.submit(work.job("another tenant's", "x")).wait(10)
    assert queue.submit(work.job("later")).wait(10)
    assert other.wait(10)
    assert work.done == ["other", "another tenant's", "later"]


def test_jobs_are_forgotten(work: Work) -> None:
    queue = ModelQueue(kept_seconds=0.05)
    work.gate.set()
    job = queue.submit(work.job("old"))
    assert job.wait(10)
    job_id, gone = job.job_id, weakref.ref(job)
    time.sleep(0.1)
    assert queue.job("t", job_id) is None and queue.jobs("t") == []
    del job
    gc.collect()
    assert gone() is None
    queue.close()


def test_what_ended_knows_no_question(queue: ModelQueue, work: Work) -> None:
    def failing(on_step: Any, may_go_on: Any) -> dict[str, Any]:
        try:
            raise ValueError("inner")
        except ValueError as error:
            raise LimnerError("it failed") from error

    asked = failing
    job = queue.submit(Job("t", "u", "ask", asked))
    assert job.wait(10)
    assert job.task is not asked
    assert job.error is not None and job.error.__traceback__ is None and job.error.__cause__ is None


def test_many_threads(work: Work) -> None:
    work.gate.set()
    queue = ModelQueue(size=10_000, share=10_000)
    jobs: list[Job] = []

    def submit(tenant: str) -> None:
        for number in range(100):
            job = queue.submit(work.job(str(number), tenant, f"u{number % 3}"))
            jobs.append(job)
            if number % 7 == 0:
                queue.cancel(job)
            if number % 50 == 0:
                queue.forget(tenant, "u1")

    threads = [threading.Thread(target=submit, args=(f"t{number}",)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert all(job.wait(20) for job in jobs)
    queue.close()
    assert sum(queue.totals.jobs.values()) == len(jobs) == 800
    assert queue.depth == 0
