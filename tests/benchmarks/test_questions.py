"""The labelled questions that come with limner: what they cite is there."""

import json
from pathlib import Path

import pytest

from agent.labelled import histories_of, questions_of

DATA = Path(__file__).parents[2] / "benchmarks" / "questions"


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def texts() -> dict[tuple[str, str], str]:
    return {(row["user_id"], row["event_id"]): row["text"] for row in _rows(histories_of(DATA))}


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return _rows(DATA / "qa.jsonl")


def test_every_quote_stands_in_its_message(rows: list[dict], texts: dict[tuple[str, str], str]) -> None:
    wrong = [
        (row["qid"], words)
        for row in rows
        for event_id, words in row["quotes"]
        if words not in texts.get((row["user_id"], event_id), "")
    ]
    assert not wrong


def test_what_is_needed_is_in_the_history_and_quoted(rows: list[dict], texts: dict[tuple[str, str], str]) -> None:
    quoted = {(row["qid"], event_id) for row in rows for event_id, _ in row["quotes"]}
    for row in rows:
        assert bool(row["evidence_equivalents"]) == bool(row["answer"]) == (not row["unanswerable"]), row["qid"]
        for group in row["evidence_equivalents"]:
            assert group and all((row["user_id"], each) in texts for each in group), row["qid"]
            assert any((row["qid"], each) in quoted for each in group), row["qid"]


def test_limner_reads_all_of_it_and_both_languages_are_equal_parts(rows: list[dict]) -> None:
    questions = questions_of(DATA)
    assert len(questions) == len({each.key for each in questions}) == len(rows)
    assert sum(not each.answerable for each in questions) == sum(row["category"] == "none" for row in rows)
    assert 0.4 < sum(row["language"] == "zh" for row in rows) / len(rows) < 0.6


def test_no_user_is_both_to_make_rules_on_and_to_test_them(rows: list[dict]) -> None:
    splits: dict[str, set[str]] = {}
    for row in rows:
        splits.setdefault(row["user_id"], set()).add(row["split"])
    assert {frozenset(each) for each in splits.values()} == {frozenset({"dev"}), frozenset({"test"})}
    assert sum(each == {"test"} for each in splits.values()) == 16
