"""The numbers in scored/expected.json are what the judges' own program printed for the files beside it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from agent.answer_scores import right_answers, score_answers
from agent.errors import InputError
from agent.intervals import measured, trust
from agent.labelled import profiles_of, questions_of
from agent.predicting import read_predictions
from agent.profile_scores import attributes_of, score_profiles, shown_values
from agent.scoring import auroc, binned, contained, ece, f1, same, tokens

SCORED = Path(__file__).parent / "scored"
EXPECTED = json.loads((SCORED / "expected.json").read_text("utf-8"))


def answers() -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["user_id"], each["question"]): each for each in read_predictions(SCORED / "answers.jsonl")}


def claims() -> dict[str, dict[str, Any]]:
    return {each["user_id"]: each for each in read_predictions(SCORED / "claims.jsonl")}


def test_answers_are_scored_as_the_judges_do() -> None:
    scores = score_answers(answers(), questions_of(SCORED))
    assert {name: scores[name] for name in EXPECTED["answers"]} == EXPECTED["answers"]
    low, high = scores["contained_ci95"]
    assert low < scores["contained"] < high


def test_profiles_are_scored_as_the_judges_do() -> None:
    scores = score_profiles(claims(), profiles_of(SCORED))
    assert {name: scores[name] for name in EXPECTED["claims"]} == EXPECTED["claims"]
    assert scores["with_confidence"] == scores["shown_values"] and 0.5 < scores["auroc"] < 1
    assert scores["mean_prompt_tokens"] == 50


def test_scores_of_nothing() -> None:
    scores = score_answers({}, questions_of(SCORED))
    assert scores["f1"] == 0.0 and scores["false_abstention"] == 1.0 and scores["citation_precision"] is None
    assert "ece" not in scores and "mean_seconds" not in scores
    empty = score_profiles({}, profiles_of(SCORED))
    assert empty["precision"] is None and empty["precision_ci95"] is None and empty["users"] == 0
    failed = score_profiles({"en/a": {"user_id": "en/a", "error": {}}}, profiles_of(SCORED))
    assert failed["shown_values"] == 0 and failed["recall"] == 0.0


def test_which_answers_and_values_are_right() -> None:
    right = [(d["answer"], is_right) for d, is_right in right_answers(answers(), questions_of(SCORED))]
    assert ("Munich.", True) in right and ("Berlin", False) in right and ("喜欢绿茶。", True) in right
    assert right[-2:] == [("Tom", False), ("a poodle", False)]
    golds = profiles_of(SCORED)
    shown = {
        each.value: each for each in shown_values(claims()["en/a"], golds[0], attributes_of(golds)) if each.key != "age"
    }
    assert (shown["beef"].gold, shown["beef"].outdated) == (None, True)
    assert (shown["4"].gold, shown["4"].outdated) == (None, False)
    assert shown["Tofu"].gold == "tofu" and "Hamburg" not in shown and "x" not in shown


def test_text_measures_in_both_languages() -> None:
    assert tokens("The Green-tea, and 茶") == [
        "t",
        "h",
        "e",
        "g",
        "r",
        "e",
        "e",
        "n",
        "t",
        "e",
        "a",
        "a",
        "n",
        "d",
        "茶",
    ]
    assert tokens("The Green-tea, and Rice!") == ["green", "tea", "rice"]
    assert f1("the green tea", "Green Tea.") == 1.0 and f1("绿茶", "喜欢绿茶") == 2 / 3 and f1("", "x") == 0.0
    assert contained("２０２４年", "在2024年5月") and not contained("", "x") and not contained("?", "?")
    assert same("Harvard", "Harvard University") and same(39, "39") and not same("3", "39") and not same("", "x")


def test_confidence_measures() -> None:
    assert auroc([0.9, 0.1], [True, False]) == 1.0 and auroc([0.5, 0.5], [True, False]) == 0.5
    assert math.isnan(auroc([0.5], [True])) and math.isnan(auroc([], []))
    assert ece([0.8] * 10, [True] * 8 + [False] * 2) == pytest.approx(0.0, abs=1e-9) and ece([1.0], [False]) == 1.0
    assert [len(each) for each in binned([0.0, 0.05, 0.1, 1.0], [True] * 4)] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    told = trust([0.9, 0.8, 0.2], [True, True, False])
    assert told["auroc"] == 1.0 and told["auroc_ci95"] == [0.5, 1.0] and told["with_confidence"] == 3
    assert trust([0.9], [True])["auroc"] is None and trust([], []) == {}
    assert measured("x", []) == {"x": None, "x_ci95": None} and measured("x", [1, 0])["x_ci95"] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("line", "said"),
    [("{", "not JSON"), ("[]", "not a prediction"), ('{"answer": 1}', "not a prediction")],
)
def test_what_is_no_prediction(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(f'{{"user_id": "u"}}\n\n{line}\n', "utf-8")
    with pytest.raises(InputError, match=rf"p\.jsonl:3: {said}"):
        read_predictions(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_predictions(tmp_path / "none.jsonl")


def test_what_is_no_labelled_profile(tmp_path: Path) -> None:
    (tmp_path / "profiles.jsonl").write_text('{"user_id": "u"}\n', "utf-8")
    with pytest.raises(InputError, match=r"profiles\.jsonl:1: not a labelled profile \(KeyError: 'attributes'\)"):
        profiles_of(tmp_path)
    with pytest.raises(InputError, match=r"profiles\.jsonl' cannot be read"):
        profiles_of(tmp_path / "none")
