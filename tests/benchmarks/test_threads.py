"""A few seconds of benchmarks/threads: many threads and tasks on one store, and no promise is broken."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_threads_and_tasks_see_what_was_promised() -> None:
    command = [sys.executable, "-m", "benchmarks.threads", "--seconds", "6", "--writers", "4", "--readers", "8"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}"
    assert "every promise kept" in done.stdout and "loaded:" in done.stdout and "read:" in done.stdout
