import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.errors import UsageError
from agent.report_file import ReportFile
from retrieval.dropping import Dropped

ROOT = Path(__file__).parents[2]
CUT = Dropped("a.eml", 1, "u", "e1", "quoted", 12)
BAD = Dropped("a.jsonl", 7, None, None, "unreadable", detail="broken JSON at character 2")


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_line_for_each(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    with ReportFile(path, []) as report:
        report.write([CUT])
        report.write([BAD])
        assert len(lines(path)) == 2  # while the file is open: nothing waits in a buffer
    assert lines(path) == [
        {"file": "a.eml", "line": 1, "user_id": "u", "event_id": "e1", "reason": "quoted", "chars": 12},
        {
            "file": "a.jsonl", "line": 7, "user_id": None, "event_id": None, "reason": "unreadable", "chars": 0,
            "detail": "broken JSON at character 2",
        },
    ]  # fmt: skip


def test_it_takes_the_place_of_an_earlier_report_only(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    with ReportFile(path, []) as report:
        report.write([CUT, BAD])
    with ReportFile(path, []) as report:
        report.write([BAD])
    assert len(lines(path)) == 1
    with ReportFile(path, []):
        pass
    assert lines(path) == []

    for text in ('{"user_id": "u", "text": "a history"}\n', "a letter", "[1]"):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"report\.jsonl' exists and is no report of limner"):
            ReportFile(path, [])
        assert path.read_text() == text


def test_what_fails_leaves_an_earlier_report_or_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    with ReportFile(path, []) as report:
        report.write([CUT])
    with pytest.raises(KeyboardInterrupt), ReportFile(path, []):
        raise KeyboardInterrupt
    assert len(lines(path)) == 1


def test_places_where_it_must_not_be(tmp_path: Path) -> None:
    history = tmp_path / "histories" / "a.jsonl"
    history.parent.mkdir()
    history.touch()
    for path, said in (
        (history, "is among the histories"),
        (history.parent / "deep.jsonl", "is among the histories"),
        (tmp_path / "no" / "r.jsonl", "there is no folder"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(UsageError, match=said):
            ReportFile(path, [history, history.parent])
    with pytest.raises(UsageError, match="cannot be written"), ReportFile(Path("/dev/full"), []) as report:
        report.write([CUT])


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "h.jsonl").write_text('{"user_id": "u", "text": "I live in Munich."}\n')
    (tmp_path / "closed").mkdir(mode=0o555)
    less = ["setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"] if os.geteuid() == 0 else []
    words = ["ingest", str(tmp_path / "h.jsonl"), "--store", str(tmp_path / "store")]
    command = [*less, sys.executable, "-m", "tests.agent.scripted", *words]
    ended = subprocess.run(
        [*command, "--report", str(tmp_path / "closed" / "r.jsonl")], capture_output=True, text=True, cwd=ROOT
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "r.jsonl' may not be written. Name another file" in ended.stderr
    assert not (tmp_path / "store").exists()
