"""What a calibration and a lowest confidence make of documents, end to end with a scripted model."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from agent.errors import UsageError
from agent.fakes import ScriptedChat
from agent.limner import Limner
from retrieval.fakes import HashingEmbedder
from tests.agent.one_by_one import one_by_one

ROWS = [
    {"user_id": "u", "id": "a", "timestamp": "2023-01-01", "text": "I live in Berlin."},
    {"user_id": "u", "id": "b", "timestamp": "2024-01-01", "text": "I live in Munich."},
    {"user_id": "u", "id": "c", "timestamp": "2024-02-01", "text": "I drink coffee. I drink tea."},
    {"user_id": "张", "id": "d", "timestamp": "2024-03-01", "text": "我住在慕尼黑。"},
]
TEXT = {"type": ["string", "null"]}
SCHEMA = {
    "type": "object",
    "properties": {
        "city": TEXT,
        "drinks": {"type": "array", "items": {"type": "string"}},
        "events": {"type": "integer", "x-compute": "event_count"},
    },
}
SURE = {"Munich": 0.7, "Berlin": 0.8, "coffee": 0.9, "tea": 0.65, "慕尼黑": 0.7}
QUALITY = {"ece": 0.1, "auroc": 0.8, "brier": 0.2}


@one_by_one
def script(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    if user.endswith(("Answer:", "答案：")):
        return next((word for word in ("Munich", "慕尼黑") if word in user), "none")
    if schema is None:
        return next(p for word, p in SURE.items() if f'"{word}"' in user or f"Answer: {word}" in user)
    lines = {n: line for n, line in enumerate(system.splitlines()) if line.startswith("[")}
    numbers = {word: int(line[1]) for word in SURE for line in lines.values() if word in line}
    wanted = ("Munich", "Berlin") if "city" in user else ("coffee", "tea") if "drinks" in user else ()
    return json.dumps([{"evidence": numbers[word], "value": word} for word in wanted if word in numbers])


@pytest.fixture
def open_limner(tmp_path: Path) -> Any:
    (tmp_path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")

    def open_(**settings: Any) -> Limner:
        limner = Limner(tmp_path / "s", llm=ScriptedChat(script=script), embedder=HashingEmbedder(), **settings)
        limner.ingest(tmp_path / "h.jsonl")
        return limner

    return open_


@pytest.fixture
def fitted(tmp_path: Path) -> Any:
    """A calibration of the scripted model: log-odds two less than the judge's."""

    def write(kind: str) -> Path:
        feature = {"signal": "judge", "transform": "logit", "mean": 0.0, "scale": 1.0, "weight": 1.0}
        content = {
            "kind": kind, "model": "ScriptedChat", "prompts": "p", "date": "2026-11-24", "data": [], "n": 40,
            "users": 3, "before": QUALITY, "cross_validated": QUALITY, "intercept": -2.0, "features": [feature],
        }  # fmt: skip
        path = tmp_path / f"{kind}.json"
        path.write_text(json.dumps(content), "utf-8")
        return path

    return write


def test_without_a_calibration_the_document_says_so_and_shows_its_signals(open_limner: Any) -> None:
    with open_limner() as limner:
        answer = limner.ask("u", "Where do I live?").as_json()
        profile = limner.profile("u", SCHEMA).as_json()
    assert (answer["confidence"], answer["signals"]["judge"], answer["model"]["calibrated"]) == (0.7, 0.7, False)
    assert profile["model"]["calibrated"] is False
    signals = {claim["value"]: claim["signals"] for claim in profile["claims"]}
    assert signals["Munich"] == {"judge": 0.7, "nothing": 0.0} and signals[4 - 1] == {}  # three events, counted by code


def test_a_calibration_changes_confidences_and_nothing_else(open_limner: Any, fitted: Any) -> None:
    with open_limner(calibrations=[fitted("answer"), fitted("claim")]) as limner:
        answer = limner.ask("u", "Where do I live?").as_json()
        profile = limner.profile("u", SCHEMA).as_json()
    odds = 0.7 / 0.3 * 2.718281828**-2
    assert answer["answer"] == "Munich" and answer["model"]["calibrated"] is True
    assert answer["confidence"] == pytest.approx(odds / (1 + odds), abs=1e-4)
    assert answer["signals"]["judge"] == 0.7
    sure = {claim["value"]: claim["confidence"] for claim in profile["claims"]}
    assert sure["Munich"] == answer["confidence"] and sure[3] == 1.0
    assert profile["profile"] == {"city": "Munich", "drinks": ["coffee", "tea"], "events": 3}


@pytest.mark.parametrize(
    ("user", "question", "word"), [("u", "Where do I live?", "Munich"), ("张", "我住在哪里？", "慕尼黑")]
)
def test_an_answer_below_the_line_is_null_and_kept(open_limner: Any, user: str, question: str, word: str) -> None:
    with open_limner() as limner:
        assert limner.ask(user, question, min_confidence=0.7).answer == word
        low = limner.ask(user, question, min_confidence=0.71)
    assert (low.answer, low.answered, low.confidence, low.evidence) == (None, False, 0.0, ())
    assert low.signals["judge"] == 0.7
    assert [(each.value, each.reason) for each in low.rejected] == [(word, "its confidence 0.70 is below 0.71")]
    assert low.rejected[0].evidence[0].quote


def test_values_below_the_line_are_left_out_and_lists_close_up(open_limner: Any) -> None:
    with open_limner() as limner:
        document = limner.profile("u", SCHEMA, min_confidence=0.75)
    assert document.profile == {"city": "Berlin", "drinks": ["coffee"], "events": 3}
    assert [(c.pointer, c.status) for c in document.claims] == [
        ("/city", "current"), ("/drinks/0", "current"), ("/events", "current"),
    ]  # fmt: skip
    assert {(r.pointer, r.value) for r in document.rejected} == {("/city", "Munich"), ("/drinks", "tea")}
    with open_limner() as limner:
        nothing = limner.profile("u", SCHEMA, min_confidence=1.0)
    assert nothing.profile == {"city": None, "events": 3} and set(nothing.unknown) == {"/city", "/drinks"}


def test_the_command_line_takes_both(open_limner: Any, fitted: Any, tmp_path: Path, capsys: Any) -> None:
    def open_door(store: Path, *, calibrations: Sequence[Path], **settings: Any) -> Limner:
        return open_limner(calibrations=calibrations)

    for options, sure in (([], 0.7), (["--calibration", fitted("answer")], None), (["--min-confidence", "0.8"], 0.0)):
        words = ["ask", "u", "Where do I live?", "--json", *options]
        assert main(list(map(str, words)), open_door) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["model"]["calibrated"] is (sure is None)
        assert sure is None or document["confidence"] == sure
    for options, location in (([], "Munich"), (["--min-confidence", "1"], None)):
        assert main(["profile", "u", *options, "--json"], open_door) == 0
        assert json.loads(capsys.readouterr().out)["profile"]["location"] == location
    assert main(["ask", "u", "x", "--min-confidence", "1.1"], open_door) == 2
    assert main(["ask", "u", "x", "--calibration", str(tmp_path / "none")], open_door) == 3


def test_the_line_is_between_0_and_1(open_limner: Any) -> None:
    with open_limner() as limner, pytest.raises(UsageError, match=r"1\.5"):
        limner.ask("u", "Where do I live?", min_confidence=1.5)
