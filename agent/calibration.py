"""Turns the signals behind a value into a probability, by a map fitted on labelled data (:mod:`agent.fitting`).

Plain arithmetic over a small JSON file; knows nothing of documents, nor how it was fitted. A map belongs to one model.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from agent.errors import InputError, UsageError, shorten

__all__ = [
    "TRANSFORMS",
    "Calibration",
    "Feature",
    "Kind",
    "Knots",
    "Quality",
    "SignalMap",
    "Transform",
    "calibration_for",
    "load",
]

Kind = Literal["answer", "claim"]
Transform = Literal["logit", "log1p", "plain"]

_NEAREST = 1e-3


def _logit(chance: float) -> float:
    chance = min(max(chance, _NEAREST), 1 - _NEAREST)
    return math.log(chance / (1 - chance))


def _chance(log_odds: float) -> float:
    return 1 / (1 + math.exp(-min(max(log_odds, -50.0), 50.0)))


TRANSFORMS: Mapping[Transform, Callable[[float], float]] = {
    "logit": _logit,  # probabilities, kept .001 away from 0 and 1
    "log1p": lambda count: math.log1p(max(count, 0.0)),  # counts, ranks, days
    "plain": float,
}


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class Feature(_Plain):
    """What one signal adds to the log-odds: ``weight * (transform(x) - mean) / scale``, or ``missing`` without it."""

    signal: str
    transform: Transform
    mean: FiniteFloat
    scale: Annotated[FiniteFloat, Field(gt=0)]
    weight: FiniteFloat
    missing: FiniteFloat = 0.0

    def adds(self, signals: Mapping[str, float]) -> float:
        """What it adds for these signals."""
        if self.signal not in signals:
            return self.missing
        return self.weight * (TRANSFORMS[self.transform](signals[self.signal]) - self.mean) / self.scale


class Knots(_Plain):
    """A rising curve of probabilities through ``(x[i], y[i])``, straight between them and flat beyond."""

    x: tuple[FiniteFloat, ...] = Field(min_length=1)
    y: tuple[Annotated[FiniteFloat, Field(ge=0, le=1)], ...]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.x) != len(self.y) or list(self.x) != sorted(set(self.x)) or list(self.y) != sorted(self.y):
            raise ValueError("x and y must be as long as each other, and rise")
        return self

    def at(self, x: float) -> float:
        """The curve at ``x``."""
        after = bisect_right(self.x, x)
        if after in (0, len(self.x)):
            return self.y[min(after, len(self.x) - 1)]
        share = (x - self.x[after - 1]) / (self.x[after] - self.x[after - 1])
        return self.y[after - 1] + share * (self.y[after] - self.y[after - 1])


class Quality(_Plain):
    """How well probabilities meet what is right: expected calibration error (10 bins), AUROC, Brier score."""

    ece: float
    auroc: float
    brier: float


class SignalMap(_Plain):
    """From signals to a probability: logistic regression, with a rising curve on top where that helped."""

    intercept: FiniteFloat
    features: tuple[Feature, ...]
    isotonic: Knots | None = None

    def steeper(self, slope: float, shift: float) -> Self:
        """The map whose log-odds are ``slope`` times this one's plus ``shift``; ``slope`` is above 0."""
        if self.isotonic is None:
            features = tuple(
                each.model_copy(update={"weight": slope * each.weight, "missing": slope * each.missing})
                for each in self.features
            )
            return self.model_copy(update={"intercept": slope * self.intercept + shift, "features": features})
        y = tuple(_chance(slope * _logit(each) + shift) for each in self.isotonic.y)
        return self.model_copy(update={"isotonic": Knots(x=self.isotonic.x, y=y)})

    def confidence(self, signals: Mapping[str, float]) -> float:
        """The probability, 0 to 1, that a statement with these signals is right; others than it knows count nothing."""
        odds = self.intercept + sum(feature.adds(signals) for feature in self.features)
        chance = _chance(odds)
        return round(self.isotonic.at(chance) if self.isotonic else chance, 4)


class Calibration(SignalMap):
    """A fitted map for one model and one kind of statement: answers, or claims of a profile.

    ``strength`` is C of the regression: the smaller, the closer the weights were held to 0. ``before`` is what the
    predictions said themselves, ``cross_validated`` what the map says about users that it was not fitted on; ``n``
    statements of ``users`` users. ``needs`` are the signals that all of them had. ``onto``: of how many earlier
    statements the weights are, where only their steepness was fitted; 0: these are all.
    """

    kind: Kind
    model: str
    needs: tuple[str, ...] = ()
    prompts: str
    date: str
    data: tuple[str, ...]
    n: int
    users: int
    strength: float = 1.0
    onto: int = 0
    before: Quality
    cross_validated: Quality

    def is_for(self, signals: Mapping[str, float]) -> bool:
        """Whether a statement with these signals is like those it was fitted on: it came about in the same way."""
        return bool(signals) and all(name in signals for name in self.needs)


def load(path: Path) -> Calibration:
    """The calibration in a file.

    Raises:
        InputError: it cannot be read, or is none.
    """
    try:
        return _parse(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"calibration {str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}",
            hint="Give a file that `limner eval … --fit` wrote",
        ) from error


def calibration_for(model: str, kind: Kind, given: Sequence[Path] = ()) -> Calibration | None:
    """The calibration of a model (as documents name it) for answers or claims; None when it has none.

    Args:
        given: files of the user's, before those that come with limner; files of the other kind are passed over.

    Raises:
        InputError: a file is not a calibration.
        UsageError: those of this kind are given, but for other models.
    """
    own = [each for each in map(load, given) if each.kind == kind]
    found = next((each for each in own if each.model == model), None)
    if own and found is None:
        names = ", ".join(sorted({shorten(each.model) for each in own}))
        hint = f"Fit one for it: limner eval {'ask' if kind == 'answer' else 'profile'} DATA --fit CALIBRATION.json"
        raise UsageError(f"the calibration given is for {names}, but the model is {shorten(model)}", hint=hint)
    return found or next((each for each in _packaged() if (each.model, each.kind) == (model, kind)), None)


@cache
def _packaged() -> tuple[Calibration, ...]:
    return tuple(_read_packaged())


def _read_packaged() -> Iterator[Calibration]:
    folder = files("agent") / "calibrations"
    if folder.is_dir():
        for item in sorted(folder.iterdir(), key=lambda each: each.name):
            if item.name.endswith(".json"):
                yield _parse(item.read_text("utf-8"), item.name)


def _parse(text: str, place: str) -> Calibration:
    try:
        return Calibration.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = "/".join(map(str, first["loc"]))
        reason = f"{place!r} is not a calibration: {where or 'the file'}: {first['msg']}"
        raise InputError(reason, hint="Give a file that `limner eval … --fit` wrote") from error
