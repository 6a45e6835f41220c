"""What an evaluation compares, and what it reports: limner, without some stages if wanted, with gold evidence, floors.

Knows nothing of answers or profiles in particular.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.altered import whole_messages
from agent.batch import Request, Task
from agent.calibration import Calibration, Kind
from agent.errors import UsageError
from agent.floors import Floor, FloorName, floor
from agent.intervals import SEED
from agent.limner import Limner
from agent.predicting import Document, beside, predict
from agent.stages import Stages

__all__ = [
    "FLOORS_BY_CHOICE",
    "STAGES",
    "Plan",
    "Report",
    "Scored",
    "floors_of",
    "limner_of",
    "make_predictions",
    "stages_of",
]

STAGES = ("judge", "verify", "snippets")
"""What can be left out: the model as judge; all verification; snippets (whole messages are shown instead)."""

FLOORS_BY_CHOICE: Mapping[str, tuple[FloorName, ...]] = {
    "none": (),
    "retrieval": ("retrieval",),
    "long": ("long",),
    "both": ("retrieval", "long"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared, on how large a sample, and where predictions are kept (None: nowhere)."""

    sample: int | None = None
    seed: int = 0
    out: Path | None = None
    floors: tuple[FloorName, ...] = ()
    without: tuple[str, ...] = ()
    gold: bool = False
    min_confidence: float = 0.0


@dataclass(slots=True)
class Scored:
    """The scores of one variant, in all and by category or attribute; ``trusted`` are confidences and what is right."""

    scores: dict[str, Any]
    parts: dict[str, dict[str, Any]]
    trusted: list[tuple[float, bool]]
    documents: list[Document] = field(repr=False)


@dataclass(slots=True)
class Report:
    """An evaluation: ``n`` of ``of`` rows of ``data``, each variant by name (the first one is limner), and notes."""

    kind: Kind
    data: str
    n: int
    of: int
    plan: Plan
    model: Mapping[str, Any]
    variants: dict[str, Scored]
    notes: list[str] = field(default_factory=list)
    calibration: Calibration | None = None

    def as_json(self) -> dict[str, Any]:
        """The report as JSON types."""
        parts = "categories" if self.kind == "answer" else "attributes"
        return {
            "data": self.data,
            "sample": {"n": self.n, "of": self.of, "seed": self.plan.seed},
            "without": list(self.plan.without),
            "min_confidence": self.plan.min_confidence,
            "model": dict(self.model),
            "variants": {name: {**each.scores, parts: each.parts} for name, each in self.variants.items()},
            "notes": self.notes,
            "calibration": None if self.calibration is None else self.calibration.model_dump(mode="json"),
            "bootstrap_seed": SEED,
        }


def stages_of(without: Sequence[str]) -> Stages:
    """The stages that are left.

    Raises:
        UsageError: there is no such stage.
    """
    if unknown := [each for each in without if each not in STAGES]:
        raise UsageError(f"there is no stage {unknown[0]!r} to leave out", hint=f"Stages are {', '.join(STAGES)}")
    return Stages(judge="judge" not in without, verify="verify" not in without)


def limner_of(limner: Limner, plan: Plan) -> Limner:
    """Limner without the stages that the plan leaves out."""
    store = whole_messages(limner.store) if "snippets" in plan.without else None
    return limner.varied(store=store, stages=stages_of(plan.without))


def floors_of(limner: Limner, plan: Plan) -> dict[str, Floor]:
    """The floors that are compared, by name."""
    return {name: floor(name, limner.store, limner.chat, limner.names()) for name in plan.floors}


def make_predictions(
    variants: Mapping[str, Callable[[Request], Document]],
    requests: Sequence[Mapping[str, str]],
    task: Task,
    plan: Plan,
    progress: Callable[[int, int | None], None],
) -> dict[str, list[Document]]:
    """The predictions of every variant, one after the other; those of the first one go to ``plan.out`` itself."""
    made: dict[str, list[Document]] = {}
    for name, answer in variants.items():
        out = plan.out if plan.out is None or not made else beside(plan.out, name)
        floor = name in plan.floors
        settings = {
            "variant": name,
            "without": [] if floor else sorted(plan.without),
            "min_confidence": 0.0 if floor else plan.min_confidence,
        }
        made[name] = predict(requests, out, task, answer, settings, progress)
    return made
