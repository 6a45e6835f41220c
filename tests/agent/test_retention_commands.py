"""Retention rules on the command line, and what they do to profiles, corrections and the loaded model."""

from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.fakes import ScriptedChat
from tests.agent.test_backup_commands import Run, limner, run  # noqa: F401  # fixtures
from tests.agent.test_forget import SCHEMA, rows_in


def test_set_list_run_remove(limner: Limner, run: Run) -> None:  # noqa: F811
    code, would, _ = run("retention", "set", "400")
    assert code == 0 and would["rules"] == [{"days": 400, "channel": None}]
    assert (would["dry_run"], would["users"], would["erased"]["events"], would["receipt"]) == (True, 2, 4, None)
    assert run("retention", "set", "36500", "--channel", "chat")[1]["erased"]["events"] == 3
    assert [each["days"] for each in run("retention", "list")[1]["rules"]] == [400, 36500]
    code, would, _ = run("retention", "run", "--dry-run")
    assert (code, would["users"], would["erased"]["events"]) == (0, 2, 3)
    code, out, _ = run("retention", "run", "--defer", people=True)
    assert (
        code == 0
        and "erased what was too old, of 2 users: 3 events" in out
        and "until the next `limner compact`" in out
    )
    code, done, _ = run("retention", "run")
    assert (code, done["users"], done["receipt"]) == (0, 0, None)
    code, out, _ = run("retention", "remove", "--channel", "chat", people=True)
    assert code == 0 and out == "events of all channels are kept for 400 days\n"
    assert run("retention", "remove", "--channel", "chat")[0] == 2
    code, out, _ = run("retention", "set", "400", people=True)
    assert "too old now, of 1 users: 1 events" in out
    assert run("retention", "remove", people=True)[1] == "No rule: everything is kept.\n"
    assert run("retention", "set", "0")[0] == 2 and run("retention", "set", "two years")[0] == 2


def test_profiles_go_with_what_they_were_made_of(limner: Limner, run: Run, tmp_path: Path) -> None:  # noqa: F811
    limner.profile("mila-k", SCHEMA)
    limner.correct("mila-k", "/pet", "correct", "Papagei", by="Ann", note="no Zwergspitz", schema=SCHEMA)
    new: dict[str, Any] = {"user_id": "mila-k", "id": "late", "text": "No time at all."}
    limner.ingest(rows_in(tmp_path, [new]))
    run("retention", "set", "400")
    code, report, _ = run("ingest", str(rows_in(tmp_path, [new])))
    assert (code, report["erased"], report["unchanged"]) == (0, 4, 1)
    code, out, _ = run("ingest", str(rows_in(tmp_path, [new | {"id": "x", "timestamp": "2001-01-01"}])), people=True)
    assert code == 0 and "too old by the retention rules: 1 left out, 0 erased" in out
    assert limner.versions("mila-k") == []
    assert [(each.value, each.note) for each in limner.corrections("mila-k")] == [("Papagei", None)]
    limner.close()
    left = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert b"Zwergspitz" not in left and b"noor-b" not in left


def test_the_model_forgets_its_prompts(limner: Limner, run: Run, tmp_path: Path) -> None:  # noqa: F811
    limner.profile("mila-k", SCHEMA)
    model = limner._models.chat_in_memory
    assert isinstance(model, ScriptedChat) and model.asked
    run("retention", "set", "400")
    limner.ingest(rows_in(tmp_path, [{"user_id": "mila-k", "id": "late", "text": "No time at all."}]))
    assert model.asked == []


@pytest.mark.parametrize("command", [("retention", "run"), ("ingest",)])
def test_a_wrong_clock_is_an_error(limner: Limner, run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:  # noqa: F811
    run("retention", "set", "400")
    limner.store._open().record.keep_settings(clock="9999999999.0")
    file = [str(tmp_path / "h.jsonl")] if command == ("ingest",) else []
    if file:
        Path(file[0]).write_text('{"user_id": "u", "text": "x"}')
    code, _, err = run(*command, *file)
    assert code == 5 and "the clock says" in err and "--clock-is-right" in err
    assert len(limner.users()) == 2
    assert run("retention", "run", "--clock-is-right")[1]["users"] == 2
