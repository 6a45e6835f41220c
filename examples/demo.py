"""The main job on the example histories, with the embedded models: ingest, two profiles, six answers.

Run by ``make demo``; each step is an ordinary limner command, shown before its output.
"""

import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
STORE = HERE.parent / ".demo"
STEPS = [
    ["ingest", str(HERE / "histories.jsonl")],
    ["users"],
    ["profile", "paper", "--schema", str(HERE / "interests.json")],
    ["profile", "sofia", "--schema", "customer"],
    ["ask", "sofia", "Why did she want to exchange her digital camera?"],
    ["ask", "sofia", "What was wrong with the bicycle?"],
    ["ask", "sofia", "What does she do for a living?"],
    ["profile", "周立", "--schema", "person"],
    ["ask", "周立", "他计划去哪个国家旅行？"],
    ["ask", "周立", "他报名了什么课程？"],
    ["ask", "周立", "他的妻子叫什么名字？"],
]


def main() -> int:
    """Run the steps one after another; stop at the first that fails."""
    limner = Path(sys.executable).with_name("limner")
    for step in STEPS:
        print(f"\n$ limner {shlex.join(step)}", flush=True)
        result = subprocess.run([limner, *step, "--store", str(STORE)], check=False)
        if result.returncode:
            return result.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
