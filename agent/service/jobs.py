"""One piece of work for the language model: how far it is, what came of it, and how it is stopped.

Knows nothing of what the work is. Threads may share a job.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from agent.abreast import Cancelled, Stop
from agent.errors import LimnerError
from agent.progress import OnStep, Step, go_on
from agent.service.defects import is_for_log, log_once, logged, place_of
from agent.service.early import Early, EarlyKind, with_early

__all__ = ["ENDED", "Cancelled", "Job", "JobKind", "JobState", "Progress", "Task"]

_LOG = logging.getLogger(__name__)

JobKind = Literal["ask", "profile", "explain"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]

ENDED: Final = frozenset({"done", "failed", "cancelled"})

Task = Callable[[OnStep, Callable[[], None]], dict[str, Any]]
"""``task(on_step, may_go_on)`` does the work and returns its JSON document; see :meth:`agent.limner.Limner.watched`."""


class Progress(NamedTuple):
    """A job at one moment. ``ahead``: how many others the model does first (0 for a job that is not queued)."""

    state: JobState
    step: Step | None
    ahead: int

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


@dataclass(eq=False)
class Job:
    """Work that waits for the model, is done by it, or was.

    Attributes:
        tenant, user_id: whom it is for, and about.
        kind, about: what is made, and the name of the schema where there is one.
        purpose: what it is done for.
        guard: asked before a result is told; raises why it may not be (any more).
        result: the document, when it is done; :meth:`result_or_error` tells it.
        error: why it failed.
        early: what was told before it is done, as long as it counts; :meth:`early_after` tells it. What is being read
            goes when the job ends, parts of a result when there is none.
        created, started, ended: times of the system's clock, seconds since 1970.
        over: when it ended, in seconds of a clock that does not jump.
    """

    tenant: str
    user_id: str
    kind: JobKind
    task: Task
    about: str | None = None
    guard: Callable[[], None] = go_on
    purpose: str | None = None
    job_id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    state: JobState = "queued"
    step: Step | None = None
    ahead: int = 0
    result: dict[str, Any] | None = None
    error: LimnerError | None = None
    early: tuple[Early, ...] = ()
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    over: float | None = None
    _serial: int = 0
    _stop: Stop = field(default_factory=Stop)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _listeners: list[Callable[[], None]] = field(default_factory=list)

    def progress(self) -> Progress:
        """How far it is."""
        with self._changed:
            return Progress(self.state, self.step, self.ahead)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` (in the worker's thread) after each change; returns what ends that."""
        with self._changed:
            self._listeners.append(listener)

        def stop_listening() -> None:
            with self._changed:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop_listening

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it ended; False when that takes longer than ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self.state in ENDED, timeout)

    def cancel(self) -> None:
        """Stop it: at once while it is queued, before the model's next call while it is running."""
        self._stop.now()
        with self._changed:
            if self.state != "queued":
                return
            self.state = "cancelled"  # before any worker can start it
        self.change()

    def run(self) -> None:
        """Do the work, unless it was cancelled; called once, by the thread that has the model."""
        with self._changed:
            if self.state != "queued":
                return
            self.state, self.started, self.ahead = "running", time.time(), 0
        self.change()
        try:
            result = self.task(self._on_step, self._stop.may_go_on)
        except Cancelled:
            self.change(state="cancelled")
        except LimnerError as error:
            if is_for_log(error):
                log_once(_LOG, error, f"the job {self.job_id} failed: ")
            self.change(error=_bare(error), state="failed")
        except BaseException:
            self.change(state="failed")
            raise
        else:
            self.change(result=result, state="done")

    def put(self, ahead: int) -> None:
        """Note how many others the model does first, as long as it waits."""
        with self._changed:
            moved = self.state == "queued" and self.ahead != ahead
        if moved:
            self.change(ahead=ahead)

    def result_or_error(self) -> dict[str, Any]:
        """The document.

        Raises:
            Cancelled: it was stopped.
            LimnerError: why it failed, or may not be told.
        """
        if self.state == "done" and self.result is not None:
            self.guard()
            return self.result
        if self.state == "cancelled":
            raise Cancelled("the work was cancelled", hint="Ask again")
        if self.error is None:
            unforeseen = LimnerError("the work failed for a reason that limner did not foresee", hint="See its log")
            logged(unforeseen)  # by the queue
            raise unforeseen
        raise self.error

    def show(self, kind: EarlyKind, document: dict[str, Any]) -> None:
        """Tell something before the work is done; called by the work.

        Raises:
            Cancelled: it was stopped.
        """
        self._stop.may_go_on()
        self._serial += 1
        self.change(early=with_early(self.early, Early(self._serial, kind, document)))

    def early_after(self, serial: int) -> tuple[Early, ...]:
        """What was told before the end, and still counts, after what had this number.

        Raises:
            LimnerError: it may not be told (any more).
        """
        with self._changed:
            found = tuple(each for each in self.early if each.serial > serial)
        if found:
            self.guard()
        return found

    def change(self, **to: Any) -> None:
        """Set attributes, and tell whoever listens; what has ended does not change any more."""
        with self._changed:
            if self.ended is not None:
                return
            for name, value in to.items():
                setattr(self, name, value)
            if self.state != "queued":
                self.ahead = 0
            if self.state in ENDED:
                self.ended, self.over, self.task = time.time(), time.monotonic(), _over  # the task knows what was asked
                self.early = tuple(each for each in self.early if each.kind == "part" and self.state == "done")
            listeners = list(self._listeners)
            self._changed.notify_all()
        for each in listeners:
            try:
                each()
            except Exception as error:  # who watches must not break the work
                _LOG.error("a listener of the job %s failed: %s", self.job_id, place_of(error))

    def _on_step(self, step: Step) -> None:
        self._stop.may_go_on()
        self.change(step=step)


def _bare(error: LimnerError) -> LimnerError:
    """The error without the frames that it came through, in which prompts stand."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _over(on_step: OnStep, may_go_on: Callable[[], None]) -> dict[str, Any]:
    raise AssertionError("a job is done once")
