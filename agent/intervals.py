"""Means and other statistics with their 95 % intervals, by the bootstrap, as reports show them: None of nothing."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from agent.scoring import auroc, ece, mean

__all__ = ["SEED", "mean_interval", "measured", "plain", "trust"]

SEED = 0
_RESAMPLES = 1000

_Row = TypeVar("_Row")


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """The interval of the mean of at least one value."""
    return _interval(values, mean)


def measured(name: str, values: Sequence[float]) -> dict[str, Any]:
    """The mean under ``name``, its interval under ``name_ci95``."""
    return {name: plain(mean(values)), f"{name}_ci95": list(mean_interval(values)) if values else None}


def trust(confidences: Sequence[float], rights: Sequence[bool]) -> dict[str, Any]:
    """``ece`` and ``auroc`` with intervals, and ``with_confidence``, how many statements have one; nothing of none."""
    rows = list(zip(confidences, rights, strict=True))
    if not rows:
        return {}
    made: dict[str, Any] = {}
    for name, statistic in (("ece", ece), ("auroc", auroc)):
        made[name] = plain(statistic(confidences, rights))
        made[f"{name}_ci95"] = None if made[name] is None else list(_interval(rows, _over(statistic)))
    return made | {"with_confidence": len(rows)}


def plain(value: float) -> float | None:
    """As a report shows it."""
    return None if math.isnan(value) else round(value, 4)


def _over(
    statistic: Callable[[Sequence[float], Sequence[bool]], float],
) -> Callable[[Sequence[tuple[float, bool]]], float]:
    def of_rows(rows: Sequence[tuple[float, bool]]) -> float:
        value = statistic([confidence for confidence, _ in rows], [right for _, right in rows])
        return 0.5 if math.isnan(value) else value  # a resample of right ones only tells nothing: a coin

    return of_rows


def _interval(rows: Sequence[_Row], statistic: Callable[[Sequence[_Row]], float]) -> tuple[float, float]:
    chance = random.Random(SEED)
    found = sorted(statistic(chance.choices(rows, k=len(rows))) for _ in range(_RESAMPLES))
    return round(found[int(0.025 * _RESAMPLES)], 4), round(found[int(0.975 * _RESAMPLES) - 1], 4)
