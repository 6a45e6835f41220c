"""How far a long piece of work is: what the doors show to people. Knows neither terminals nor models."""

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["OnStep", "Step", "go_on", "ignore"]


class Step(NamedTuple):
    """``done`` of ``total`` units of ``stage`` (``"retrieve"``, ``"draft"``, ``"verify"``, …) are finished."""

    stage: str
    done: int
    total: int


OnStep = Callable[[Step], None]


def ignore(step: Step) -> None:
    """Show nothing."""


def go_on() -> None:
    """Nobody stops the work."""
