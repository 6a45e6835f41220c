"""Which stages the graphs run, for measuring what a stage is worth. Everything else runs them all."""

from dataclasses import dataclass

__all__ = ["ALL", "Stages"]


@dataclass(frozen=True, slots=True)
class Stages:
    """``judge``: the model is asked whether the quotes say it; without, whatever stands up to the rules of code passes.
    ``verify``: rules and judge both; without, what was drafted is believed."""

    judge: bool = True
    verify: bool = True


ALL = Stages()
