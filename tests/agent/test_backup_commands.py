"""Backup and restore on the command line: profiles and corrections, what is printed, exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.cli import main
from agent.fakes import ScriptedChat
from retrieval import HashingEmbedder
from tests.agent.test_forget import ROWS, SCHEMA, reader, rows_in

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def limner(tmp_path: Path) -> Limner:
    limner = Limner(tmp_path / "store", llm=ScriptedChat(script=reader), embedder=HashingEmbedder())
    limner.ingest(rows_in(tmp_path, ROWS))
    return limner


@pytest.fixture
def run(tmp_path: Path, limner: Limner, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a store; its exit code, its document (or what people see) and stderr."""

    def open_limner(store: Path, **options: Any) -> Limner:
        return Limner(store, llm=ScriptedChat(script=reader), embedder=HashingEmbedder())

    def run(command: str, *words: str, store: str = "store", people: bool = False) -> tuple[int, Any, str]:
        if command == "retention":
            command, words = f"{command} {words[0]}", words[1:]
        options = ["--store", str(tmp_path / store), *([] if people else ["--json"])]
        code = main([*command.split(), *options, *words], open_limner)
        out, err = capsys.readouterr()
        return code, out if people or not out else json.loads(out), err

    return run


def test_profiles_and_corrections_come_back_as_they_were(limner: Limner, run: Run, tmp_path: Path) -> None:
    limner.profile("mila-k", SCHEMA)
    limner.correct("mila-k", "/pet", "correct", "Papagei", by="Ann", schema=SCHEMA)
    before = limner.export("mila-k") | {"exported_at": None}
    file = str(tmp_path / "b")
    code, made, _ = run("backup", file)
    assert (code, made["counts"]["profile_versions"], made["counts"]["corrections"]) == (0, 1, 1)
    assert made["bytes"] == (tmp_path / "b").stat().st_size and len(made["sha256"]) == 64
    code, done, _ = run("restore", file, store="new")
    assert code == 0 and done["holds"] == made["counts"] and done["backup"]["made_at"] == made["made_at"]
    with Limner(tmp_path / "new", llm=ScriptedChat(script=reader), embedder=HashingEmbedder()) as other:
        assert other.export("mila-k") | {"exported_at": None} == before
        assert other.profile("mila-k", SCHEMA).profile["pet"] == "Papagei"


def test_what_was_made_of_forgotten_events_does_not_come_back(limner: Limner, run: Run, tmp_path: Path) -> None:
    limner.profile("mila-k", SCHEMA)
    limner.correct("mila-k", "/city", "confirm", by="Ann", schema=SCHEMA)
    limner.correct("mila-k", "/pet", "correct", "Papagei", by="Ann", schema=SCHEMA)
    run("backup", str(tmp_path / "b"))
    limner.forget("mila-k", events=["animal"])
    limner.forget("noor-b")
    code, done, _ = run("restore", str(tmp_path / "b"), "--force")
    assert code == 0
    assert done["forgotten_again"] == {"users": 2, "events": 2, "profile_versions": 1, "corrections": 0}
    assert [(each.pointer, each.before) for each in limner.corrections()] == [
        ("/city", "Grünwaldstadt"),
        ("/pet", None),
    ]
    assert limner.versions("mila-k") == []
    limner.close()
    left = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert [word for word in ("Zwergspitz", "Altenheim", "noor-b") if word.encode() in left] == []


def test_exit_codes_and_what_people_read(limner: Limner, run: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "b")
    code, out, _ = run("backup", file, people=True)
    assert code == 0 and "2 users, 4 events" in out and "read back and found equal" in out and "as safe as" in out
    code, _, err = run("backup", file)
    assert code == 2 and "--force" in err
    code, out, _ = run("restore", file, "--dry-run", store="new", people=True)
    assert code == 0 and "2 users, 4 events" in out and not (tmp_path / "new").exists()
    code, _, err = run("restore", file)
    assert code == 2 and "holds 2 users and 4 events" in err and "--force" in err
    limner.forget("noor-b")
    limner.close()
    code, out, _ = run("restore", file, "--force", people=True)
    assert code == 0 and "left out: 1 events of 1 users" in out and "replaced: 1 users" in out
    code, out, _ = run("restore", file, store="new", people=True)
    assert code == 0 and "in another store is back" in out
    (tmp_path / "b").write_bytes((tmp_path / "b").read_bytes()[:-9])
    code, _, err = run("restore", file, "--force")
    assert code == 3 and "damaged" in err
    code, _, err = run("backup", file, "--force", store="nowhere")
    assert code == 2 and "there is no store" in err
