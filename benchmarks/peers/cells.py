"""Runs one system on one user, and keeps what came of it as a file: a cell. A cell that is there is not run again."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.peers.meter import Meter, Phase, as_rows, totals
from benchmarks.peers.sample import Sample
from benchmarks.peers.systems import FAILURES, Bench, System, opened

__all__ = ["Cell", "fingerprint", "keep", "kept", "run_cell"]

Cell = dict[str, Any]


@dataclass
class _Clock:
    """Times the phases of a cell."""

    meter: Meter
    limit: float
    say: Callable[[str], None]
    seconds: dict[str, float]
    failed: list[str]

    def run(self, phase: Phase, work: Callable[[], Any]) -> Any:
        self.meter.begin(phase, self.limit)
        self.say(phase)
        started = time.monotonic()
        try:
            return work()
        except FAILURES as error:
            self.failed.append(f"{phase}: {str(error)[:300]}")
            return None
        finally:
            self.seconds[phase] = round(self.seconds.get(phase, 0.0) + time.monotonic() - started, 2)


def run_cell(name: str, bench: Bench, sample: Sample, seconds: float, say: Callable[[str], None]) -> Cell:
    """All three steps; what fails is told in ``failed`` and ``faults``, not raised."""
    meter = bench.meter
    meter.calls = []
    clock = _Clock(meter, seconds, say, {}, [])
    try:
        with opened(name, bench, sample) as system:
            profile, answers = _work(system, sample, clock, say)
            faults = system.faults
    except FAILURES as error:
        profile, answers, faults = None, [], None
        clock.failed.append(f"start: {str(error)[:300]}")
    return {
        "system": name,
        "data": sample.data,
        "user_id": sample.user_id,
        "messages": len(sample.messages),
        "seconds": clock.seconds,
        "usage": {phase: totals(meter.calls, phase) for phase in ("ingest", "profile", "answer")},
        "failed": clock.failed,
        "lost": faults.lost if faults else 0,
        "faults": faults.said if faults else [],
        "profile": profile,
        "answers": answers,
        "calls": as_rows(meter.calls),
        "load": round(os.getloadavg()[0], 1),
    }


def _work(system: System, sample: Sample, clock: _Clock, say: Callable[[str], None]) -> tuple[Any, list[Any]]:
    total = len(sample.messages)
    clock.run("ingest", lambda: system.ingest(sample.messages, lambda done: say(f"{done} of {total} messages")))
    profile = clock.run("profile", system.profile)
    answers = [
        clock.run("answer", partial(system.ask, question.text)) or {"user_id": sample.user_id, "answer": None}
        for question in sample.questions
    ]
    return profile, answers


def fingerprint(sample: Sample, settings: dict[str, Any]) -> str:
    """What makes two cells of a system the same."""
    given = [settings, sample.user_id, [e.event_id for e in sample.messages], sample.schema]
    asked = [question.text for question in sample.questions]
    return hashlib.sha256(json.dumps([given, asked], sort_keys=True).encode()).hexdigest()[:16]


def kept(path: Path, mark: str) -> Cell | None:
    """The cell in a file, if it is there and was made of the same."""
    if not path.is_file():
        return None
    cell: Cell = json.loads(path.read_text("utf-8"))
    return cell if cell.get("fingerprint") == mark else None


def keep(path: Path, cell: Cell, mark: str) -> Cell:
    """Write a cell at once, or not at all."""
    cell = {"fingerprint": mark, **cell}
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(cell, ensure_ascii=False, indent=1), "utf-8")
    draft.replace(path)
    return cell
