"""The one queue before the language model: bounded, and fair between tenants.

One thread does the jobs; it is nicer than others, so that reading stays quick. Knows nothing of what they are.
"""

import logging
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from agent.errors import LimnerError, StoreBusy
from agent.service.defects import place_of
from agent.service.jobs import Job, JobKind, JobState
from retrieval.niceness import step_back

__all__ = ["ModelQueue", "QueueFull", "Totals"]

_LOG = logging.getLogger(__name__)
_KEPT: Final = 1000
_KEPT_SECONDS: Final = 3600.0
_LOOKED_AFTER: Final = 60.0
_FIRST_GUESS: Final = 30.0


class QueueFull(LimnerError):
    """No more work is taken for now.

    ``retry_after``: when to try again, in seconds. ``own``: the tenant's own share is full, not the whole queue.
    """

    def __init__(self, message: str, *, retry_after: int, own: bool) -> None:
        super().__init__(message, hint=f"Try again in {retry_after} seconds")
        self.retry_after = retry_after
        self.own = own


@dataclass(slots=True)
class Totals:
    """What was done since the start: jobs by kind and how they ended, tokens that the model read and wrote."""

    jobs: Counter[tuple[JobKind, JobState]] = field(default_factory=Counter)
    tokens_read: int = 0
    tokens_written: int = 0

    def note(self, job: Job) -> None:
        """Count a job that ended."""
        self.jobs[job.kind, job.state] += 1
        for name in ("usage", "made_with"):
            usage = (job.result or {}).get(name)
            if isinstance(usage, dict):
                self.tokens_read += usage.get("prompt_tokens", 0)
                self.tokens_written += usage.get("completion_tokens", 0)


class ModelQueue:
    """Does jobs one after another, one of each tenant in turn.

    Args:
        size: so many may wait in all.
        share: so many of one tenant.
        kept_seconds: so long ended jobs are remembered; a thousand of them at most.
    """

    def __init__(self, size: int = 64, share: int = 32, kept_seconds: float = _KEPT_SECONDS) -> None:
        self.size = size
        self.share = share
        self.totals = Totals()
        self._kept_seconds = kept_seconds
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()  # the tenant whose turn it is stands first
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._barred: Counter[tuple[str, str]] = Counter()
        self._running: Job | None = None
        self._seconds = _FIRST_GUESS
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> Job:
        """Take a job.

        Raises:
            QueueFull: too many are waiting.
            StoreBusy: something of this user is being erased.
        """
        with self._changed:
            self._check_room(job)
            self._waiting.setdefault(job.tenant, deque()).append(job)
            self._jobs[job.job_id] = job
            self._forget_old()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="limner-model", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        self._tell_places()
        return job

    def job(self, tenant: str, job_id: str) -> Job | None:
        """A tenant's job, as long as it is remembered."""
        with self._changed:
            self._forget_old()
            found = self._jobs.get(job_id)
        return found if found is not None and found.tenant == tenant else None

    def jobs(self, tenant: str, user_id: str | None = None) -> list[Job]:
        """The tenant's jobs, oldest first: all, or those about one user."""
        with self._changed:
            self._forget_old()
            return [each for each in self._jobs.values() if each.tenant == tenant and user_id in (None, each.user_id)]

    def cancel(self, job: Job) -> None:
        """Stop a job; see :meth:`Job.cancel`."""
        job.cancel()
        with self._changed:
            line = self._waiting.get(job.tenant)
            if line is not None and job in line:
                line.remove(job)
                self.totals.note(job)
        self._tell_places()

    @contextmanager
    def barred(self, tenant: str, user_id: str) -> Iterator[None]:
        """Stop all work about a user, wait until it has ended, remember nothing of it, and take none meanwhile."""
        about = (tenant, user_id)
        with self._changed:
            self._barred[about] += 1
        try:
            self.forget(tenant, user_id)
            yield
        finally:
            with self._changed:
                self._barred[about] -= 1
                self._barred += Counter()  # drops what is 0: no user is remembered here

    def forget(self, tenant: str, user_id: str) -> None:
        """Stop all work about a user, wait until it has ended, and remember nothing of it."""
        for job in self.jobs(tenant, user_id):
            self.cancel(job)
            job.wait()
            with self._changed:
                self._jobs.pop(job.job_id, None)

    def drop(self, tenant: str, user_id: str) -> None:
        """Stop all work about a user, without waiting for its end, and remember nothing of it."""
        for job in self.jobs(tenant, user_id):
            self.cancel(job)
            with self._changed:
                self._jobs.pop(job.job_id, None)

    @property
    def depth(self) -> int:
        """How many jobs wait."""
        with self._changed:
            return sum(map(len, self._waiting.values()))

    @property
    def is_busy(self) -> bool:
        """Whether the model is at work."""
        with self._changed:
            return self._running is not None

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more work."""
        with self._changed:
            return self._closed

    def close(self, timeout: float = 30.0) -> None:
        """Take no more work, cancel what there is, and wait for the thread to end."""
        with self._changed:
            self._closed = True
            left = [job for line in self._waiting.values() for job in line]
            if self._running is not None:
                left.append(self._running)
            self._changed.notify_all()
        for job in left:
            self.cancel(job)
        if self._thread is not None:
            self._thread.join(timeout)

    def _check_room(self, job: Job) -> None:
        if self._closed:
            raise QueueFull("the server is shutting down", retry_after=10, own=False)
        if (job.tenant, job.user_id) in self._barred:
            raise StoreBusy("something of this user is being erased", hint="Try again later")
        waiting = sum(map(len, self._waiting.values()))
        own = len(self._waiting.get(job.tenant, ()))
        if own >= self.share or waiting >= self.size:
            mine = own >= self.share
            what = "as many requests as one tenant may have" if mine else "as many requests as can"
            raise QueueFull(
                f"{what} are waiting for the language model ({own if mine else waiting})",
                retry_after=max(1, round(self._seconds)),
                own=mine,
            )

    def _work(self) -> None:
        step_back()
        while (job := self._next()) is not None:
            self._tell_places()
            started = time.monotonic()
            try:
                job.run()
            except Exception as error:  # the thread outlives a defect; the job says that it failed
                _LOG.error("the job %s ended with an unforeseen error: %s", job.job_id, place_of(error))
            with self._changed:
                self._running = None
                self.totals.note(job)
                if job.state == "done":
                    self._seconds += 0.2 * (time.monotonic() - started - self._seconds)
            del job  # it may be forgotten while the thread waits

    def _next(self) -> Job | None:
        with self._changed:
            while True:
                for tenant, line in list(self._waiting.items()):
                    if not line:
                        del self._waiting[tenant]
                        continue
                    self._waiting.move_to_end(tenant)
                    self._running = line.popleft()
                    return self._running
                if self._closed:
                    return None
                self._forget_old()
                self._changed.wait(_LOOKED_AFTER)

    def _tell_places(self) -> None:
        with self._changed:
            busy = self._running is not None
            lines = [list(line) for line in self._waiting.values()]
        place = int(busy)
        for turn in range(max(map(len, lines), default=0)):
            for line in lines:
                if turn < len(line):
                    line[turn].put(place)
                    place += 1

    def _forget_old(self) -> None:
        limit = time.monotonic() - self._kept_seconds
        for job_id, job in list(self._jobs.items()):
            too_many = len(self._jobs) > _KEPT
            if job.over is not None and (too_many or job.over < limit):
                del self._jobs[job_id]
