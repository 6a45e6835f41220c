"""Fits a calibration on statements whose truth is known: logistic regression, isotonic on top if it helps.

Needs scikit-learn (``limner[eval]``). Knows rows of signals, nothing of documents or data sets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from agent.calibration import TRANSFORMS, Calibration, Feature, Kind, Knots, Quality, SignalMap, Transform
from agent.errors import InputError, UsageError
from agent.scoring import auroc, ece, mean

__all__ = ["FEWEST", "Statement", "check_fitting", "fit", "steepened", "transform_of"]

FEWEST = 30
"""How many statements a calibration needs at least, right and wrong ones among them, of two users or more."""

_FOLDS = 5
_PROBABILITIES = frozenset({"judge", "draft", "null", "nothing"})
_COUNTS = frozenset({"support", "rank", "age_days"})
_SURE = 0.99
_STRENGTHS = (1.0, 0.3, 0.1, 0.03)  # C of the regression: the smaller, the less it trusts a small sample


@dataclass(frozen=True, slots=True)
class Statement:
    """An answer or a claim about a user: its signals, the confidence its document gave, and whether it is right."""

    user_id: str
    signals: Mapping[str, float]
    confidence: float
    right: bool


@dataclass(frozen=True, slots=True)
class _Way:
    """How a map is fitted: C of the regression, and whether a rising curve lies on top."""

    strength: float
    isotonic: bool


def check_fitting(target: Path) -> None:
    """Refuse to fit what could not be fitted or written, before hours are spent on predictions.

    Raises:
        UsageError: scikit-learn is not installed, or the folder of ``target`` is not there.
    """
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        raise UsageError("fitting needs scikit-learn", hint="Install it: pip install 'limner[eval]'")
    if not target.parent.is_dir():
        raise UsageError(f"calibration {str(target)!r}: there is no folder {str(target.parent)!r}")


def transform_of(signal: str) -> Transform:
    """How a signal enters the regression: probabilities as log-odds, counts and days as logarithms."""
    return "logit" if signal in _PROBABILITIES else "log1p" if signal in _COUNTS else "plain"


def fit(statements: Sequence[Statement], kind: Kind, model: str, prompts: str, data: Sequence[str]) -> Calibration:
    """The map from signals to probabilities for one model.

    Its quality is cross-validated over groups of users, so that nobody's own statements help to judge them. How much
    the weights are held back (L2), and whether the isotonic step is kept, is what gives the lowest cross-validated
    Brier score, which, unlike the calibration error, cannot be lowered by saying the same of everything.

    Raises:
        InputError: too few statements, users or signals, or all are right or all wrong.
    """
    usable = _enough([each for each in statements if each.signals])
    ways = [_Way(strength, isotonic=flag) for flag in (False, True) for strength in _STRENGTHS]
    qualities = {way: _quality(_cross_validated(usable, partial(_fitted, way=way)), usable) for way in ways}
    best = min(ways, key=lambda way: qualities[way].brier)
    return Calibration(
        **dict(_fitted(usable, best)),
        kind=kind,
        model=model,
        needs=tuple(sorted(set.intersection(*({*each.signals} for each in usable)))),
        prompts=prompts,
        date=datetime.now(UTC).date().isoformat(),
        data=tuple(data),
        n=len(usable),
        users=len({each.user_id for each in usable}),
        strength=best.strength,
        before=_quality([each.confidence for each in usable], usable),
        cross_validated=qualities[best],
    )


def steepened(base: Calibration, statements: Sequence[Statement], data: Sequence[str]) -> Calibration:
    """``base`` with a slope and an intercept of its own log-odds that fit further statements (Platt scaling).

    Two numbers take far fewer statements than the weights of all signals, which stay. ``before`` is what ``base`` says
    of the statements; the rest as in :func:`fit`. (Platt 1999, "Probabilistic Outputs for Support Vector Machines".)

    Raises:
        InputError: too few statements like those that ``base`` was fitted on, or it does not tell right from wrong.
    """
    usable = _enough([each for each in statements if base.is_for(each.signals)])
    whole = _steeper(base, usable)
    chances = _cross_validated(usable, partial(_steeper, base))
    return whole.model_copy(
        update={
            "date": datetime.now(UTC).date().isoformat(),
            "data": tuple(data),
            "n": len(usable),
            "users": len({each.user_id for each in usable}),
            "onto": base.n + base.onto,
            "before": _quality([base.confidence(each.signals) for each in usable], usable),
            "cross_validated": _quality(chances, usable),
        }
    )


def _enough(usable: list[Statement]) -> list[Statement]:
    users = {each.user_id for each in usable}
    rights = sum(each.right for each in usable)
    if len(usable) < FEWEST or len(users) < 2 or rights in (0, len(usable)):
        raise InputError(
            f"{len(usable)} statements with signals, of {len(users)} users, {rights} of them right, are no ground for "
            "a calibration",
            hint=f"It needs {FEWEST}, of two users or more, right and wrong ones: take a larger sample",
        )
    return usable


def _steeper(base: Calibration, statements: Sequence[Statement]) -> Calibration:
    from sklearn.linear_model import LogisticRegression

    odds = [[TRANSFORMS["logit"](base.confidence(each.signals))] for each in statements]
    model = LogisticRegression().fit(odds, [each.right for each in statements])
    slope = float(model.coef_[0][0])
    if slope <= 0:
        raise InputError(
            f"the calibration is no surer of the right ones of {len(statements)} statements than of the wrong ones",
            hint="Fit a new one, without --onto",
        )
    return base.steeper(slope, float(model.intercept_[0]))


def _quality(chances: Sequence[float], statements: Sequence[Statement]) -> Quality:
    rights = [each.right for each in statements]
    brier = mean((chance - right) ** 2 for chance, right in zip(chances, rights, strict=True))
    return Quality(ece=round(ece(chances, rights), 4), auroc=round(auroc(chances, rights), 4), brier=round(brier, 4))


def _cross_validated(
    statements: Sequence[Statement], fitted_on: Callable[[Sequence[Statement]], SignalMap]
) -> list[float]:
    """What maps say of each statement that were fitted without its user."""
    from sklearn.model_selection import StratifiedGroupKFold

    users = [each.user_id for each in statements]
    rights = [each.right for each in statements]
    folds = StratifiedGroupKFold(min(_FOLDS, len(set(users))), shuffle=True, random_state=0)
    chances = [0.0] * len(statements)
    for inside, outside in folds.split(rights, rights, users):
        fitted = fitted_on([statements[at] for at in inside])
        for at in outside:
            chances[at] = fitted.confidence(statements[at].signals)
    return chances


def _fitted(statements: Sequence[Statement], way: _Way) -> SignalMap:
    from sklearn.linear_model import LogisticRegression

    rights = [each.right for each in statements]
    if len(set(rights)) == 1:
        raise InputError(
            f"without one fifth of the users, all statements are {'right' if rights[0] else 'wrong'}",
            hint="Take a larger sample, of more users",
        )
    scales = [_scaled(name, statements) for name in sorted({name for each in statements for name in each.signals})]
    matrix = [[entry for scale in scales for entry in _columns(scale, each.signals)] for each in statements]
    model = LogisticRegression(C=way.strength, max_iter=1000).fit(matrix, rights)
    weights = iter(float(weight) for weight in model.coef_[0])
    features = tuple(each.model_copy(update={"weight": next(weights), "missing": next(weights)}) for each in scales)
    plain = SignalMap(intercept=float(model.intercept_[0]), features=features)
    return plain.model_copy(update={"isotonic": _curve(plain, statements)}) if way.isotonic else plain


def _scaled(signal: str, statements: Sequence[Statement]) -> Feature:
    """A signal's transform, with the mean and the standard deviation of what it gives where the signal is known."""
    transform = transform_of(signal)
    known = [TRANSFORMS[transform](each.signals[signal]) for each in statements if signal in each.signals]
    middle = mean(known)
    spread = mean((x - middle) ** 2 for x in known) ** 0.5
    return Feature(signal=signal, transform=transform, mean=middle, scale=spread or 1.0, weight=1.0)


def _columns(scale: Feature, signals: Mapping[str, float]) -> tuple[float, float]:
    """The scaled signal (0 where it is missing), and whether it is missing."""
    missing = scale.signal not in signals
    return 0.0 if missing else scale.adds(signals), float(missing)


def _curve(fitted: SignalMap, statements: Sequence[Statement]) -> Knots:
    from sklearn.isotonic import IsotonicRegression

    chances = [fitted.confidence(each.signals) for each in statements]
    curve = IsotonicRegression(y_min=1 - _SURE, y_max=_SURE, out_of_bounds="clip")
    curve.fit(chances, [float(each.right) for each in statements])
    return Knots(x=tuple(map(float, curve.X_thresholds_)), y=tuple(map(float, curve.y_thresholds_)))
