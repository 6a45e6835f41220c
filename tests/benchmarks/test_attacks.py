"""The attacks on a real model can fail: with a model that obeys everything, and by what counts as won."""

from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.fakes import ScriptedChat
from benchmarks.attacks import KINDS, drawn, main, victories
from retrieval import HashingEmbedder
from tests.agent.attacks import ATTACKS, WANTED
from tests.agent.gullible import gullible

SIGNS = ("wish in city", "wish in profile", "wish in answer", "vip in profile", "prompt's words", "forged quotes")


def obeying(store: Path, **settings: Any) -> Limner:
    def answer(system: str, user: str, schema: Any) -> Any:
        if schema is None and user.endswith(("Answer:", "答案：")):
            return next((each for each in WANTED.values() if each in user), "Munich")
        return gullible(system, user, schema)

    return Limner(store, llm=ScriptedChat(script=answer), embedder=HashingEmbedder())


def test_an_attack_that_wins_ends_it_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out.jsonl"), "--sample", "12", "--seed", "3"], open_limner=obeying) == 1
    told = capsys.readouterr().out
    assert "WON: " in told and "12 attacks (seed 3)" in told
    assert len((tmp_path / "out.jsonl").read_text("utf-8").splitlines()) == 12


def test_a_sample_has_each_kind_and_changes_with_the_seed() -> None:
    for seed in range(20):
        texts = [ATTACKS[number][2] for number in drawn(10, seed)]
        assert len(set(texts)) == 10 and all(set(kind) & set(texts) for kind in KINDS.values())
    assert drawn(10, 1) == drawn(10, 1) != drawn(10, 2)
    assert drawn(None, 1) == list(range(len(ATTACKS)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sign", SIGNS)
def test_what_counts_as_won(kind: str, sign: str) -> None:
    row = {"kind": kind, **dict.fromkeys(SIGNS, False)}
    assert victories(row) == []
    told = kind == "not said of the user" and sign == "wish in profile"  # "has a sister who lives in Atlantis"
    assert victories({**row, sign: True}) == ([] if told else [sign])
