"""The main job on the example histories, with the embedded models: ingest, two profiles, six answers.

Run by ``make demo``; each step is an ordinary limner command, shown before its output.
"""

import shlex
import sys
from pathlib import Path
from typing import Any

from agent import Limner
from agent.cli import main as limner
from agent.models import load_chat_model
from retrieval import load_embedder

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
    """Run the steps one after another, with models that are loaded once; stop at the first that fails."""
    print("Preparing the models (once; they are checked by SHA-256 and kept in the cache directory)", flush=True)
    embedder = load_embedder("embedded", progress=_show("embedder"))
    llm = load_chat_model("embedded", progress=_show("language model"))

    def open_limner(store: Path, **settings: Any) -> Limner:
        return Limner(store, **{**settings, "llm": llm, "embedder": embedder})

    for step in STEPS:
        print(f"\n$ limner {shlex.join(step)}", flush=True)
        code = limner([*step, "--store", str(STORE)], open_limner=open_limner)
        if code:
            return code
    return 0


def _show(what: str) -> Any:
    from tqdm import tqdm

    bars: list[Any] = []

    def report(done: int, total: int) -> None:
        if not bars:
            bars.append(tqdm(total=total, unit="B", unit_scale=True, desc=what))
        bars[0].update(done - bars[0].n)

    return report


if __name__ == "__main__":
    sys.exit(main())
