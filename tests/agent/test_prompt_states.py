"""States of constant beginnings of prompts, with a server that writes down what it holds."""

from pathlib import Path
from typing import Any

import pytest

from agent.errors import ModelReplyError
from agent.prompt_states import PromptStates
from prompts import LANGUAGES, constant_beginnings, render

RULES = "You read one message. " * 5


class FakeServer:
    """Holds a prompt; a state file is its text. A token is a character."""

    engine = "fake 1"

    def __init__(self) -> None:
        self.held = ""
        self.did: list[str] = []
        self.fails = False
        self.between = ""

    def rendered(self, messages: list[dict[str, str]]) -> str:
        return "".join(f"<{each['role']}>{each['content']}" for each in messages) + "<reply>"

    def read(self, prompt: str) -> tuple[int, int]:
        self.did.append(f"read {len(prompt)}")
        self.held = prompt
        return len(prompt), len(prompt)

    def save(self, file: Path) -> int:
        self._check()
        self.did.append("save")
        file.write_text(self.held + self.between)
        return len(self.held + self.between)

    def restore(self, file: Path) -> int:
        self._check()
        self.did.append("restore")
        self.held = file.read_text()
        if not self.held.startswith("<system>"):
            raise ModelReplyError("llama.cpp refused /slots/0")
        return len(self.held)

    def _check(self) -> None:
        if self.fails:
            raise ModelReplyError("llama.cpp does not answer /slots/0")


def states(server: FakeServer, folder: Path, *beginnings: str, model: str = "m") -> PromptStates:
    given: Any = server
    return PromptStates(given, model, folder / "states", beginnings or (RULES,))


def files(folder: Path) -> list[str]:
    return sorted(each.read_text() for each in (folder / "states").iterdir())


def test_a_beginning_is_read_once_and_restored_in_the_next_process(tmp_path: Path) -> None:
    server, prompt = FakeServer(), f"<system>{RULES}<user>"
    first = states(server, tmp_path)
    assert [first.make_ready(RULES) for _ in range(2)] == [len(prompt), 0]
    assert server.did == [f"read {len(prompt)}", "save"] and files(tmp_path) == [prompt]
    other = FakeServer()
    assert states(other, tmp_path).make_ready(RULES) == 0
    assert other.did == ["restore"] and other.held == prompt


def test_nothing_behind_the_beginning_is_ever_kept(tmp_path: Path) -> None:
    server = FakeServer()
    states(server, tmp_path).make_ready(f"{RULES}\n[1] I live in Rome.")
    assert files(tmp_path) == [f"<system>{RULES}"]
    states(server, tmp_path, "Something else").make_ready("My name is Ann.")
    assert len(files(tmp_path)) == 1


def test_what_the_template_begins_with_by_itself_is_kept_where_there_is_no_system_message(tmp_path: Path) -> None:
    server = FakeServer()
    assert states(server, tmp_path).make_ready("") == len("<user>")
    assert files(tmp_path) == ["<user>"]


def test_what_somebody_else_read_meanwhile_is_not_kept(tmp_path: Path) -> None:
    server = FakeServer()
    server.between = "I live in Rome."
    states(server, tmp_path).make_ready(RULES)
    assert files(tmp_path) == []


def test_what_the_model_holds_is_set_aside_before_another_beginning(tmp_path: Path) -> None:
    server, both = FakeServer(), (RULES, "Other rules. " * 9)
    made = states(server, tmp_path, *both)
    for each in both:
        made.make_ready(each)
    assert server.did[2] == "read 1"


def test_a_state_of_another_model_or_engine_is_not_taken(tmp_path: Path) -> None:
    states(FakeServer(), tmp_path).make_ready(RULES)
    newer = FakeServer()
    newer.engine = "fake 2"
    for server, model in ((newer, "m"), (FakeServer(), "n")):
        states(server, tmp_path, model=model).make_ready(RULES)
        assert "restore" not in server.did
    assert len(files(tmp_path)) == 3


def test_a_damaged_state_is_read_anew(tmp_path: Path) -> None:
    states(FakeServer(), tmp_path).make_ready(RULES)
    (file,) = (tmp_path / "states").iterdir()
    file.write_text("damaged")
    server = FakeServer()
    assert states(server, tmp_path).make_ready(RULES) > 0
    assert file.read_text() == f"<system>{RULES}<user>"


def test_what_cannot_be_kept_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = FakeServer()
    server.fails = True
    made = states(server, tmp_path)
    assert made.make_ready(RULES) == 0 and made.make_ready(RULES) == 0
    assert len(caplog.records) == 1 and RULES[:8] not in caplog.text


def test_old_states_go(tmp_path: Path) -> None:
    for number in range(30):
        states(FakeServer(), tmp_path, model=str(number)).make_ready(RULES)
    assert len(files(tmp_path)) == 24


def test_beginnings_of_the_prompts_hold_nothing_that_is_filled_in() -> None:
    found = constant_beginnings()
    assert found and not any(("{" in each and "{%" in each) or "{{" in each for each in found)
    for language in LANGUAGES:
        for name in ("extract_system", "weigh_system", "read_system", "why_weigh_system", "why_read_system"):
            assert render(name, language) in found
        assert any(render("draft_system", language, snippets="[1] x").startswith(each) for each in found)
