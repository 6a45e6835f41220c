import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from agent.calibration import Calibration, Feature, Knots, SignalMap, calibration_for, load
from agent.errors import InputError, UsageError
from agent.fitting import Statement, fit, steepened, transform_of

QUALITY = {"ece": 0.1, "auroc": 0.8, "brier": 0.2}
SAVED: dict[str, Any] = {
    "kind": "answer", "model": "m", "prompts": "p", "date": "2026-11-24", "data": ["d"], "n": 40, "users": 3,
    "before": QUALITY, "cross_validated": QUALITY, "intercept": 0.5,
    "features": [
        {"signal": "judge", "transform": "logit", "mean": 0.0, "scale": 2.0, "weight": 1.0, "missing": -1.0},
        {"signal": "support", "transform": "log1p", "mean": 1.0, "scale": 1.0, "weight": 0.5},
    ],
    "isotonic": None, "needs": ["judge"], "strength": 1.0, "onto": 0,
}  # fmt: skip


def saved(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps(SAVED | changes), "utf-8")
    return path


def statements(n: int = 400, users: int = 8, seed: int = 0) -> list[Statement]:
    """Half of them right; the judge knows more often than not, the draft is always sure, some have no support."""
    chance = random.Random(seed)
    made = []
    for at in range(n):
        right = chance.random() < 0.5
        judge = min(max(chance.gauss(0.8 if right else 0.5, 0.15), 0.0), 1.0)
        signals = {"judge": judge, "draft": 0.9} | ({"support": float(at % 4)} if at % 5 else {})
        made.append(Statement(f"u{at % users}", signals, 0.9, right))
    return made


def test_arithmetic(tmp_path: Path) -> None:
    read = load(saved(tmp_path / "c.json"))
    odds = 0.5 + math.log(0.9 / 0.1) / 2 + 0.5 * (math.log1p(3) - 1)
    assert read.confidence({"judge": 0.9, "support": 3, "unheard_of": 7}) == round(1 / (1 + math.exp(-odds)), 4)
    assert read.confidence({}) == round(1 / (1 + math.exp(0.5)), 4)  # missing: -1 and 0
    assert 0 < read.confidence({"judge": 0.0, "support": -5}) < read.confidence({"judge": 1.0, "support": 9}) < 1


def test_a_curve_is_straight_between_its_knots_and_flat_beyond() -> None:
    curve = Knots(x=(0.2, 0.6, 0.8), y=(0.1, 0.5, 0.5))
    assert [round(curve.at(x), 6) for x in (0, 0.2, 0.4, 0.6, 0.7, 0.8, 1)] == [0.1, 0.1, 0.3, 0.5, 0.5, 0.5, 0.5]
    assert Knots(x=(0.5,), y=(0.3,)).at(0.9) == 0.3
    bent = SignalMap(intercept=0.0, features=(), isotonic=curve)
    assert bent.confidence({}) == round(0.1 + 0.4 * (0.5 - 0.2) / 0.4, 4)


def test_what_is_no_calibration_is_refused_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json' cannot be read: No such file"):
        load(tmp_path / "none.json")
    wrong = [
        ({"features": [{**SAVED["features"][0], "scale": 0}]}, "features/0/scale"),
        ({"isotonic": {"x": [0.1, 0.1], "y": [0.1, 0.2]}}, "isotonic"),
        ({"isotonic": {"x": [0.1], "y": []}}, "isotonic"),
        ({"kind": "profile"}, "kind"),
    ]
    for changes, place in wrong:
        with pytest.raises(InputError, match=f"c.json' is not a calibration: {place}"):
            load(saved(tmp_path / "c.json", **changes))
    (tmp_path / "c.json").write_bytes(b"\xff")
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "c.json")


def test_a_calibration_is_for_statements_like_those_it_was_fitted_on(tmp_path: Path) -> None:
    made = fit(statements(), "claim", "m", "p", ["d"])
    assert made.needs == ("draft", "judge")  # not all of them had support
    assert made.is_for({"judge": 0.5, "draft": 0.9}) and made.is_for({"judge": 0.5, "draft": 0.9, "rank": 1.0})
    assert not made.is_for({"judge": 0.5}) and not made.is_for({})
    older = {key: value for key, value in SAVED.items() if key != "needs"}
    (tmp_path / "c.json").write_text(json.dumps(older), "utf-8")
    assert load(tmp_path / "c.json").is_for({"rank": 1.0}) and not load(tmp_path / "c.json").is_for({})


def test_a_calibration_belongs_to_one_model_and_kind(tmp_path: Path) -> None:
    answers, claims = saved(tmp_path / "a.json"), saved(tmp_path / "c.json", kind="claim")
    assert calibration_for("m", "answer", [claims, answers]) == load(answers)
    assert calibration_for("m", "claim", [claims, answers]) == load(claims)
    assert calibration_for("other", "claim", [answers]) is None
    with pytest.raises(UsageError, match="is for 'm', but the model is 'other'"):
        calibration_for("other", "answer", [answers, claims])


def test_a_fit_makes_confidences_true_for_users_that_it_did_not_see() -> None:
    made = fit(statements(), "claim", "m", "p", ["d"])
    assert (made.kind, made.model, made.n, made.users, made.data) == ("claim", "m", 400, 8, ("d",))
    assert made.before.ece > 0.3 and made.before.auroc == 0.5
    assert made.cross_validated.ece < 0.08 and made.cross_validated.auroc > 0.85
    unseen = statements(seed=1)
    off = [made.confidence(each.signals) - each.right for each in unseen]
    assert abs(sum(off) / len(off)) < 0.05
    assert made.confidence({"judge": 0.95}) > 0.7 > 0.3 > made.confidence({"judge": 0.3})


def test_a_fit_is_applied_as_scikit_learn_does(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    rows = [Statement(e.user_id, {"share": e.signals["judge"]}, 0.5, e.right) for e in statements(60)]
    made = fit(rows, "answer", "m", "p", ["d"])
    plain = made.model_copy(update={"isotonic": None})
    x = [row.signals["share"] for row in rows]
    middle = sum(x) / len(x)
    spread = (sum((each - middle) ** 2 for each in x) / len(x)) ** 0.5
    matrix = [[(each - middle) / spread, 0.0] for each in x]
    model = LogisticRegression(C=made.strength, max_iter=1000).fit(matrix, [row.right for row in rows])
    assert [plain.confidence(row.signals) for row in rows] == pytest.approx(model.predict_proba(matrix)[:, 1], abs=1e-4)
    path = tmp_path / "c.json"
    path.write_text(made.model_dump_json(indent=2), "utf-8")
    assert load(path) == made


def test_signals_that_tell_nothing_are_held_back_in_a_small_sample() -> None:
    chance = random.Random(1)
    names = [f"noise{number}" for number in range(8)]
    signals = [{name: chance.random() for name in names} for _ in range(60)]
    rows = [Statement(f"u{at % 6}", each, 0.5, chance.random() < 0.5) for at, each in enumerate(signals)]
    made = fit(rows, "answer", "m", "p", ["d"])
    assert made.strength < 1.0
    assert all(0.3 < made.confidence(row.signals) < 0.7 for row in rows)


def test_a_bent_relation_needs_the_isotonic_step() -> None:
    chance = random.Random(3)
    rows = []
    for at in range(1000):
        share = chance.random()
        rows.append(Statement(f"u{at % 10}", {"share": share}, share, chance.random() < (0.9 if share > 0.9 else 0.2)))
    made = fit(rows, "claim", "m", "p", ["d"])
    assert made.isotonic is not None
    assert made.confidence({"share": 0.97}) > 0.75 and made.confidence({"share": 0.8}) < 0.35


@pytest.mark.parametrize(
    "rows",
    [
        statements(29),
        statements(60, users=1),
        [Statement(f"u{at % 3}", {"judge": 0.5}, 0.5, True) for at in range(60)],
        [Statement(f"u{at % 3}", {}, 0.5, at % 2 == 0) for at in range(60)],
    ],
)
def test_no_ground_for_a_fit(rows: list[Statement]) -> None:
    with pytest.raises(InputError, match="no ground for a calibration"):
        fit(rows, "claim", "m", "p", [])


def test_all_right_but_for_one_user() -> None:
    rows = [Statement(f"u{at % 5}", {"judge": 0.5}, 0.5, at % 5 != 0) for at in range(60)]
    with pytest.raises(InputError, match="all statements are right"):
        fit(rows, "claim", "m", "p", [])


def test_a_flat_calibration_is_made_as_steep_as_it_should_be() -> None:
    made = statements()
    base = fit(made, "answer", "m", "p", ["d"])
    flat = base.steeper(0.2, 0.0)
    again = steepened(flat, made, ["e"])
    assert again.cross_validated.brier < again.before.brier and again.cross_validated.ece < again.before.ece
    assert again.cross_validated.auroc == pytest.approx(again.before.auroc, abs=0.02)
    assert (again.onto, again.n, again.data, again.model) == (base.n, len(made), ("e",), "m")
    for each in made[:20]:
        assert again.confidence(each.signals) == pytest.approx(base.confidence(each.signals), abs=0.05)


def test_a_curve_is_made_steeper_with_its_ends() -> None:
    bent = SignalMap(intercept=0.0, features=(), isotonic=Knots(x=(0.2, 0.8), y=(0.5, 0.75)))
    curve = bent.steeper(2.0, 0.0).isotonic
    assert curve is not None and curve.x == (0.2, 0.8) and curve.y == pytest.approx((0.5, 0.9))


def test_what_is_surer_of_wrong_statements_is_not_made_steeper() -> None:
    made = statements()
    base = fit(made, "answer", "m", "p", ["d"])
    turned = [Statement(each.user_id, each.signals, each.confidence, not each.right) for each in made]
    with pytest.raises(InputError, match="no surer of the right ones of 400 statements"):
        steepened(base, turned, ["d"])
    with pytest.raises(InputError, match="5 statements with signals"):
        steepened(base, made[:5], ["d"])


def test_transforms_by_signal() -> None:
    assert {transform_of(name) for name in ("judge", "draft", "null")} == {"logit"}
    assert transform_of("age_days") == "log1p" and transform_of("share") == "plain"


def test_packaged_ones_are_whole() -> None:
    folder = Path(__file__).parents[2] / "agent" / "calibrations"
    for path in folder.glob("*.json"):
        each = load(path)
        assert calibration_for(each.model, each.kind) == each
        assert each.cross_validated.ece <= each.before.ece


def test_claims_of_the_embedded_model_are_surer_where_it_reads_more_surely() -> None:
    fitted = calibration_for("embedded:qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", "claim")
    assert fitted is not None and not fitted.is_for({"judge": 0.9})  # what was drafted as JSON keeps the judge's
    weak, middle, sure = (
        fitted.confidence({"nothing": nothing, "draft": draft})
        for nothing, draft in ((0.3, 0.6), (0.1, 0.9), (0.001, 0.99))
    )
    assert 0.2 < weak < 0.5 < middle < 0.9 < sure < 1


def test_feature_defaults() -> None:
    feature = Feature(signal="x", transform="plain", mean=1, scale=2, weight=3)
    assert feature.adds({"x": 5}) == 6 and feature.adds({}) == 0
    assert Calibration.model_fields.keys() == SAVED.keys()
