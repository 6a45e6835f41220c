"""limner beside mem0, LangMem, raw Chroma and the full history: one endpoint, one embedder, one scorer.

    python -m benchmarks.peers OUT --data FOLDER --messages 30 --data FOLDER --messages 12

FOLDER is labelled data (docs/faithfulness.md). OUT keeps the peers' environments, a file for every system and user
(what is there is not done again: the same command continues), and report.json, report.md and report.svg.
"""

import argparse
import json
import os
import platform
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.peers.cells import Cell, fingerprint, keep, kept, run_cell
from benchmarks.peers.meter import Meter
from benchmarks.peers.processes import PEERS, install_peer, model_server
from benchmarks.peers.report import draw, render
from benchmarks.peers.sample import Sample, samples_of
from benchmarks.peers.scores import score_system
from benchmarks.peers.systems import SYSTEMS, Bench, Metered
from retrieval.embedders import EMBEDDED, Embedder, load_embedder
from retrieval.weights import LLM, assemble

_OWN = ("limner", "xllamacpp", "chromadb", "langchain-core", "langchain-openai", "openai")


def main() -> int:
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    try:
        report = _run(options)
    except KeyboardInterrupt:
        print(f"interrupted; the same command continues in {options.out}", file=sys.stderr)
        return 130
    (options.out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")
    (options.out / "report.md").write_text(render(report), "utf-8")
    draw(report, options.out / "report.svg")
    print(render(report))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, action="append", required=True, help="repeatable")
    parser.add_argument("--messages", type=int, action="append", help="of a user, one number a data set (30)")
    parser.add_argument("--batch", type=int, action="append", help="messages a peer is given at once (10), likewise")
    parser.add_argument("--users", type=int, default=1)
    parser.add_argument("--facets", type=int, default=10, help="attributes; every fourth is one that is not told")
    parser.add_argument("--questions", type=int, default=3)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--context", type=int, default=16384)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--step-seconds", type=float, default=1800, help="the most for a user's ingestion, profile or answer"
    )
    options = parser.parse_args()
    for name, usual in (("messages", 30), ("batch", 10)):
        given = getattr(options, name) or [usual]
        if len(given) not in (1, len(options.data)):
            parser.error(f"--{name}: one number for all data sets, or one for each")
        setattr(options, name, given * len(options.data) if len(given) == 1 else given)
    return options


def _run(options: argparse.Namespace) -> dict[str, Any]:
    samples = [
        (sample, batch)
        for folder, messages, batch in zip(options.data, options.messages, options.batch, strict=True)
        for sample in samples_of(folder, options.users, messages, options.facets, options.questions, options.seed)
    ]
    versions = {"limner": {name: version(name) for name in _OWN}}
    versions["limner"] |= {"python": platform.python_version(), "model": LLM.name}
    for name in PEERS:
        if name in options.systems:
            versions[name] = install_peer(name, options.out / name)
    meter = Meter(embed=lambda texts, queries: [], seed=options.seed)
    cells: list[Cell] = []
    with meter.serving() as endpoint:
        for name in options.systems:
            cells += _cells(name, samples, meter, endpoint, options)
    return _report(cells, [sample for sample, _ in samples], versions)


def _cells(
    name: str, samples: Sequence[tuple[Sample, int]], meter: Meter, endpoint: str, options: argparse.Namespace
) -> list[Cell]:
    marks = [fingerprint(sample, {**_settings(options), "batch": batch}) for sample, batch in samples]
    paths = [options.out / f"{sample.name}.{name}.json" for sample, _ in samples]
    found = [kept(path, mark) for path, mark in zip(paths, marks, strict=True)]
    if all(found):
        return [cell for cell in found if cell]
    embedder = _embedder(meter)
    made = []
    with model_server(assemble(LLM), options.context, options.threads) as meter.upstream:
        for (sample, batch), path, mark, cell in zip(samples, paths, marks, found, strict=True):
            if cell is None:
                with _room(options.out / "work" / path.stem) as folder:
                    bench = Bench(endpoint, options.context, embedder, meter, batch, folder, options.out)
                    cell = keep(path, run_cell(name, bench, sample, options.step_seconds, _saying(name, sample)), mark)
            made.append(cell)
    return made


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in ("seed", "context", "threads")}


def _embedder(meter: Meter) -> Embedder:
    """limner's embedder, which the endpoint serves to the peers, too."""
    own = load_embedder(EMBEDDED)
    meter.embed = lambda texts, queries: own.embed_queries(texts) if queries else own.embed_passages(texts)
    return Metered(meter, own)


@contextmanager
def _room(folder: Path) -> Iterator[Path]:
    """An empty folder for a cell; histories do not stay in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    log = folder / "log.txt"
    if log.exists():
        log.replace(folder.with_suffix(".log"))
    shutil.rmtree(folder)


def _saying(name: str, sample: Sample) -> Any:
    started = time.monotonic()
    return lambda what: print(f"{time.monotonic() - started:6.0f} s  {name} {sample.name}: {what}", file=sys.stderr)


def _report(cells: Sequence[Cell], samples: Sequence[Sample], versions: dict[str, Any]) -> dict[str, Any]:
    by_user = {sample.user_id: sample for sample in samples}
    rows = []
    for data in dict.fromkeys(sample.data for sample in samples):
        for name in dict.fromkeys(cell["system"] for cell in cells):
            rows.append(score_system([c for c in cells if (c["data"], c["system"]) == (data, name)], by_user))
    return {
        "command": f"python -m benchmarks.peers {shlex.join(sys.argv[1:])}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, load {[cell['load'] for cell in cells]}",
        "versions": versions,
        "samples": {data: _told([s for s in samples if s.data == data]) for data in {s.data for s in samples}},
        "rows": rows,
    }


def _told(samples: Sequence[Sample]) -> dict[str, Any]:
    return {
        "users": len(samples),
        "messages": sum(len(sample.messages) for sample in samples),
        "attributes": sum(len(sample.gold.values) for sample in samples),
        "unstated": sum(not values for sample in samples for values in sample.gold.values.values()),
        "gold_values": sum(len(values) for sample in samples for values in sample.gold.values.values()),
        "questions": sum(len(sample.questions) for sample in samples),
    }


if __name__ == "__main__":
    sys.exit(main())
