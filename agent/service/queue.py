"""The one queue before the language model: bounded, and fair between tenants.

One thread does the jobs; it is nicer than others, so that reading stays quick. Knows nothing of what they are.
"""

import logging
import os
import threading
import time
from collections import OrderedDict, deque
from contextlib import suppress
from typing import Final

from agent.errors import LimnerError
from agent.service.jobs import ENDED, Job

__all__ = ["ModelQueue", "QueueFull"]

_LOG = logging.getLogger(__name__)
_NICENESS: Final = 10
_KEPT: Final = 1000
_KEPT_SECONDS: Final = 3600.0
_FIRST_GUESS: Final = 30.0


class QueueFull(LimnerError):
    """No more work is taken for now.

    ``retry_after``: when to try again, in seconds. ``own``: the tenant's own share is full, not the whole queue.
    """

    def __init__(self, message: str, *, retry_after: int, own: bool) -> None:
        super().__init__(message, hint=f"Try again in {retry_after} seconds")
        self.retry_after = retry_after
        self.own = own


class ModelQueue:
    """Does jobs one after another, one of each tenant in turn.

    Args:
        size: so many may wait in all.
        share: so many of one tenant.

    Ended jobs are remembered for an hour, a thousand of them at most.
    """

    def __init__(self, size: int = 64, share: int = 32) -> None:
        self.size = size
        self.share = share
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()  # the tenant whose turn it is stands first
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._running: Job | None = None
        self._seconds = _FIRST_GUESS
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> Job:
        """Take a job.

        Raises:
            QueueFull: too many are waiting.
        """
        with self._changed:
            if self._closed:
                raise QueueFull("the server is shutting down", retry_after=10, own=False)
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
            found = self._jobs.get(job_id)
        return found if found is not None and found.tenant == tenant else None

    def jobs(self, tenant: str, user_id: str | None = None) -> list[Job]:
        """The tenant's jobs, oldest first: all, or those about one user."""
        with self._changed:
            return [each for each in self._jobs.values() if each.tenant == tenant and user_id in (None, each.user_id)]

    def cancel(self, job: Job) -> None:
        """Stop a job; see :meth:`Job.cancel`."""
        job.cancel()
        with self._changed:
            line = self._waiting.get(job.tenant)
            if line is not None and job in line:
                line.remove(job)
        self._tell_places()

    def forget(self, tenant: str, user_id: str) -> None:
        """Stop all work about a user, wait until it has ended, and remember nothing of it."""
        for job in self.jobs(tenant, user_id):
            self.cancel(job)
            job.wait()
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

    def _work(self) -> None:
        with suppress(OSError, AttributeError):  # a system that knows no nice threads
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        while (job := self._next()) is not None:
            self._tell_places()
            started = time.monotonic()
            try:
                job.run()
            except Exception:  # the thread outlives a defect; the job says that it failed
                _LOG.exception("the job %s ended with an error that limner did not foresee", job.job_id)
            with self._changed:
                self._running = None
                if job.state == "done":
                    self._seconds += 0.2 * (time.monotonic() - started - self._seconds)

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
                self._changed.wait()

    def _tell_places(self) -> None:
        with self._changed:
            busy = self._running is not None
            lines = [list(line) for line in self._waiting.values()]
        place = int(busy)
        for turn in range(max(map(len, lines), default=0)):
            for line in lines:
                if turn < len(line):
                    line[turn].change(ahead=place)
                    place += 1

    def _forget_old(self) -> None:
        limit = time.time() - _KEPT_SECONDS
        for job_id, job in list(self._jobs.items()):
            over = len(self._jobs) > _KEPT
            if job.state in ENDED and (over or (job.ended or 0) < limit):
                del self._jobs[job_id]
