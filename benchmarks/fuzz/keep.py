"""Keeps of what a fuzzing found the smallest inputs that reach what nothing else reaches, for the tests to replay.

    nice -n 19 python -m benchmarks.fuzz.keep FUZZ tests/benchmarks/corpus

``FUZZ`` is a folder of ``python -m benchmarks.fuzz``; each target is run by itself in this process, under coverage.
What is in the second folder already is looked at first, and stays if it still reaches something; what once broke a
promise (``crash-…``) always stays.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.fuzz.targets import MAX_BYTES, TARGETS, Target

__all__ = ["keep", "main"]

_MOST_BYTES: Final = 7_000
"""What is kept of a target takes no more than this; 24 of them stay under 200 KB."""

_FOLDERS: Final = [str(Path(__file__).parents[2] / name) for name in ("retrieval", "agent", "prompts")]

Arcs = set[tuple[str, int, int]]


def keep(target: Target, found: Path, kept: Path, reached_by: Callable[[bytes], Arcs]) -> tuple[int, int]:
    """Write what is worth keeping of a target into ``kept``; how many files, and how many bytes."""
    kept.mkdir(parents=True, exist_ok=True)
    reached: Arcs = set()
    for data in target.seeds():
        reached |= reached_by(data)
    always = {each.read_bytes() for folder in (kept, found) for each in folder.glob("crash-*")}
    before = {each.read_bytes() for each in kept.iterdir()}
    inputs = {each.read_bytes() for each in (found / "corpus").glob("*")} | before
    for each in kept.iterdir():
        each.unlink()
    chosen, size = [], 0
    for data in sorted(inputs | always, key=lambda each: (each not in always, each not in before, len(each), each)):
        if data not in always and not 0 < size + len(data) <= min(_MOST_BYTES, MAX_BYTES):
            continue
        new = reached_by(data) - reached
        if new or data in always:
            reached |= new
            size += len(data)
            chosen.append(data)
    for data in chosen:
        name = hashlib.sha256(data).hexdigest()[:12]
        (kept / (f"crash-{name}" if data in always else name)).write_bytes(data)
    return len(chosen), size


def _reached_by(target: Target) -> Callable[[bytes], Arcs]:
    from coverage import Coverage

    def reached_by(data: bytes) -> Arcs:
        watch = Coverage(data_file=None, branch=True, source=_FOLDERS, config_file=False)
        watch.start()
        try:
            target.run(data)
        finally:
            watch.stop()
        told = watch.get_data()
        return {(file, *arc) for file in told.measured_files() for arc in told.arcs(file) or ()}

    return reached_by


def main(arguments: list[str] | None = None) -> int:
    """Go through the targets of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("found", type=Path)
    parser.add_argument("kept", type=Path)
    given = parser.parse_args(arguments)
    for name, target in TARGETS().items():
        count, size = keep(target, given.found / name, given.kept / name, _reached_by(target))
        print(f"{name:<12}{count:>5} inputs {size:>7,} bytes", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
