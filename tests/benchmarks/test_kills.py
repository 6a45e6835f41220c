"""A few of the kills of benchmarks/kills: whatever is killed, promises are kept."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_promises_survive_some_kills() -> None:
    command = [sys.executable, "-m", "benchmarks.kills", "--kills", "12", "--users", "6", "--events", "10"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "every promise kept" in done.stdout and "12 kills in" in done.stdout


def test_what_a_server_answered_survives_some_kills() -> None:
    command = [sys.executable, "-m", "benchmarks.kills", "--served", "3", "--seed", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "every promise kept" in done.stdout and "3 kills" in done.stdout
