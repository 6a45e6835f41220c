"""Fuzzes limner's loaders, cleaner, splitter, time resolver, recognisers and schema compiler with atheris.

    pip install atheris
    nice -n 19 python -m benchmarks.fuzz --seconds 240            each target for so long, from the fixtures
    python -m benchmarks.fuzz csv mbox --seconds 60               some of them
    python -m benchmarks.fuzz csv --again FUZZ/csv/crash-1a2b     one input once more, with its traceback

Inputs that break a promise are kept in ``--folder`` (``crash-…``, ``timeout-…``, ``oom-…``), with the corpus that was
found; the command ends with 1 if there is one.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.fuzz.targets import MAX_BYTES, TARGETS, Target, hurry
from benchmarks.fuzz.worker import write_words

_ROOT = Path(__file__).parents[2]
_HANGS = 60  # seconds by the clock; what is slow by the processor's is found earlier
_MEGABYTES = 3000
_MOST_CRASHES = 12


class Fuzzed(NamedTuple):
    """What came of a target: how many inputs in how many seconds, how much was reached, and what broke a promise."""

    name: str
    inputs: int
    seconds: float
    reached: int
    corpus: int
    broken: list[Path]


def fuzz(target: Target, folder: Path, seconds: float) -> Fuzzed:
    """Fuzz a target for so long; each input that breaks a promise ends a process, and the next one goes on."""
    own, corpus = folder / target.name, folder / target.name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for at, data in enumerate(target.seeds()):
        (corpus / f"seed-{at}").write_bytes(data)
    words = own / "words"
    write_words(words, target.words)
    started, inputs, reached, ends = time.monotonic(), 0, 0, 0
    while (left := seconds - (time.monotonic() - started)) > 2 and ends < _MOST_CRASHES:
        command = [
            sys.executable, "-m", "benchmarks.fuzz.worker", target.name, str(corpus), f"-max_total_time={left:.0f}",
            f"-artifact_prefix={own}/", f"-timeout={_HANGS}", f"-rss_limit_mb={_MEGABYTES}", f"-max_len={MAX_BYTES}",
            "-print_final_stats=1", "-verbosity=1", "-len_control=0", *([f"-dict={words}"] if target.words else []),
        ]  # fmt: skip
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, check=False)
        said = done.stderr.decode("utf-8", "replace")
        (own / f"log-{ends}").write_text(said + done.stdout.decode("utf-8", "replace"))
        inputs += max((int(each) for each in re.findall(r"^#(\d+)", said, re.MULTILINE)), default=0)
        reached = max((reached, *(int(each) for each in re.findall(r"cov: (\d+)", said))))
        ends += 1
        assert inputs, f"{target.name} was not fuzzed; see {own}"
    broken = sorted(path for path in own.iterdir() if path.name.startswith(("crash-", "timeout-", "oom-", "leak-")))
    return Fuzzed(target.name, inputs, time.monotonic() - started, reached, sum(1 for _ in corpus.iterdir()), broken)


def main(arguments: list[str] | None = None) -> int:
    """Fuzz, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS(), []], help="all, when none is named")
    parser.add_argument("--seconds", type=float, default=240, help="for each target")
    parser.add_argument("--folder", type=Path, default=Path("fuzz"), help="for what is found")
    parser.add_argument("--again", type=Path, help="run a target once on this file")
    options = parser.parse_args(arguments)
    targets = [TARGETS()[name] for name in options.targets or TARGETS()]
    if options.again:
        for target in targets:
            with hurry():
                target.run(options.again.read_bytes())
        print("no promise broken")
        return 0
    print(f"{'':<12}{'inputs':>10}{'seconds':>9}{'reached':>9}{'corpus':>8}{'broken':>8}")
    found, total = 0, [0.0, 0.0]
    for target in targets:
        made = fuzz(target, options.folder.absolute(), options.seconds)
        print(f"{made.name:<12}{made.inputs:>10,}{made.seconds:>9.0f}{made.reached:>9,}{made.corpus:>8,}"
              f"{len(made.broken):>8}", flush=True)  # fmt: skip
        found += len(made.broken)
        total = [total[0] + made.inputs, total[1] + made.seconds]
    print(f"{'all':<12}{total[0]:>10,.0f}{total[1]:>9.0f}{found:>34}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
