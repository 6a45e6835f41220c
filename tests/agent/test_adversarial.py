"""What the rules in code guarantee against histories that want something: this model believes and obeys everything.

It drafts what an attack demands, cites the attack, and as judge finds everything true. A plain lie in the user's own
words ("I live in Atlantis.") is a fact that the user stated; that one is not here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.fakes import Reply, ScriptedChat
from agent.instructions import speaks_to_program
from retrieval import HashingEmbedder
from retrieval.cleaning import clean_text
from tests.agent.attacks import ATTACKS, INJECTIONS_EN, INJECTIONS_ZH, SCHEMA, TRUE, WANTED, rows_of
from tests.agent.gullible import gullible, numbers_and_lines, wanted_of
from tests.agent.one_by_one import alone


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Limner, ScriptedChat]]:
    """A user for every attack, who also says one true thing."""
    folder = tmp_path_factory.mktemp("attacked")
    path = folder / "history.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows_of(ATTACKS)), encoding="utf-8")
    model = ScriptedChat(script=gullible)
    with Limner(folder / "store", llm=model, embedder=HashingEmbedder()) as limner:
        limner.ingest(path)
        yield limner, model


def test_there_are_forms_enough() -> None:
    assert len(INJECTIONS_EN) >= 30 and len(INJECTIONS_EN) + len(INJECTIONS_ZH) >= 50 and len(ATTACKS) >= 75


@pytest.mark.parametrize("number", range(len(ATTACKS)), ids=[f"{a[0]}-{a[2][:30]!r}" for a in ATTACKS])
def test_an_attack_changes_nothing(attacked: tuple[Limner, ScriptedChat], number: int) -> None:
    limner, _ = attacked
    language, _, _ = ATTACKS[number]
    document = limner.profile(f"u{number}", SCHEMA).as_json()
    assert document["profile"]["city"] == TRUE[language][1]
    assert [c["value"] for c in document["claims"] if c["pointer"] == "/city"] == [TRUE[language][1]]
    if speaks_to_program(clean_text(ATTACKS[number][2])):  # then it is no evidence for what is inferred, either
        assert document["profile"]["vip"] is None and document["profile"]["about"] is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_the_filter_attacks_would_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """So that the tests above can fail: the model is won over where it is shown what speaks to the program."""
    for module in ("finding", "verify"):
        monkeypatch.setattr(f"agent.{module}.without_instructions", tuple)
    spoken = [each for each in ATTACKS if each[0] == language and speaks_to_program(clean_text(each[2]))]
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows_of(spoken)), encoding="utf-8")
    with Limner(tmp_path / "store", llm=ScriptedChat(script=gullible), embedder=HashingEmbedder()) as limner:
        limner.ingest(path)
        profiles = [limner.profile(f"u{number}", SCHEMA).profile for number in range(len(spoken))]
    assert len(profiles) >= 15
    assert all(each["vip"] is True and each["about"] is not None for each in profiles)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_taken_out_of_a_message_must_stand_in_it(tmp_path: Path, language: str) -> None:
    """A model that is won over for good: it says what an attacker wishes for whatever message it reads."""
    number = next(n for n, (each, who, _) in enumerate(ATTACKS) if (each, who) == (language, "agent"))
    rows = [(TRUE[language][0], "user"), (ATTACKS[number][2], "agent")]
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(json.dumps({"user_id": "u", "text": t, "speaker": s}) for t, s in rows), "utf-8")

    def won_over(system: str, user: str, schema: Mapping[str, Any] | None) -> Reply:
        one = alone(system, user)
        return wanted_of(one.line) if one else gullible(system, user, schema)

    with Limner(tmp_path / "store", llm=ScriptedChat(script=won_over), embedder=HashingEmbedder()) as limner:
        limner.ingest(path)
        document = limner.profile("u", SCHEMA)
    assert document.profile["city"] is None
    refused = [each for each in document.rejected if each.pointer == "/city"]
    assert [(each.value, "do not say it" in each.reason) for each in refused] == [(WANTED[language], True)]


def test_what_speaks_to_the_program_is_not_shown_for_an_answer(tmp_path: Path) -> None:
    """With a real model, three in ten of these changed the answer; for a profile they are read, and refused."""
    seen: list[str] = []

    def answer(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        seen.append(f"{system}\n{user}")
        return "[1] Munich" if schema is None else json.dumps({"answer": "Munich", "evidence": [1]})

    spoken = [text for text in (*INJECTIONS_EN, *INJECTIONS_ZH) if speaks_to_program(clean_text(text))]
    rows = [{"user_id": f"u{n}", "text": text} for n, text in enumerate(spoken)]
    rows += [{"user_id": f"u{n}", "text": "I live in Munich."} for n in range(len(spoken))]
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    with Limner(tmp_path / "store", llm=ScriptedChat(script=answer), embedder=HashingEmbedder()) as limner:
        limner.ingest(path)
        for number in range(len(spoken)):
            step = limner.ask(f"u{number}", "Where do I live?").as_json()["steps"][0]
            assert step["found"] == 2 and step["instructions"] == 1
    assert any("I live in Munich." in each for each in seen)
    assert not [each for each in seen for name in WANTED.values() if name in each]


def test_most_injections_are_recognised() -> None:
    """The others are hidden by HTML, or in words that nobody reads: those never get so far as a value."""
    read = [clean_text(text) for text in (*INJECTIONS_EN, *INJECTIONS_ZH)]
    missed = [text for text in read if not speaks_to_program(text)]
    assert not any(value in text for text in missed for value in WANTED.values()) and len(missed) <= 9


def test_history_cannot_take_the_place_of_instructions(attacked: tuple[Limner, ScriptedChat]) -> None:
    limner, model = attacked
    model.asked.clear()
    for number in range(len(ATTACKS)):
        limner.profile(f"u{number}", SCHEMA, fresh=True)
    heads = {system.partition("\n\n")[0] for system, _ in model.asked if system}
    assert len(heads) == 4  # packs and single messages, in two languages
    assert all(re.search("data, not (?:an )?instruction|不是给你的指令", head) for head in heads)
    for system, user in model.asked:
        assert not re.search(r"<\|?/?\w+\|?>|\[/?INST\]|<<SYS>>", system + user)
        if one := alone(system, user):
            message, question = user.split("\n")
            assert message == one.line and not re.search(r"\[\d+\]", message)
            assert not any(value in system + question for value in WANTED.values())
            continue
        pack = system.partition("\n\n")[2]
        lines = [line for line in pack.splitlines() if not re.fullmatch(r"\d{4}-\d\d-\d\d", line)]
        assert list(numbers_and_lines(pack)) == list(range(1, len(lines) + 1))
        assert not re.search(r"(?<!^)\[\d+\]", pack, re.MULTILINE)
        if user.startswith(("Attribute", "属性")):
            assert not any(value in user for value in WANTED.values())
        elif user:
            message, *rest = user.split("\n")
            assert message.count('"') == 2 and len(rest) == 1 and rest[0].endswith("Answer yes or no.")
