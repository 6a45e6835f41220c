"""The proof of benchmarks/forgetting at fewer users: no byte is left of who was forgotten, and a trace is seen."""

import subprocess
import sys
from pathlib import Path

from benchmarks.forgetting import Traces, measure, name, rows, secret, traces
from retrieval import HashingEmbedder

ROOT = Path(__file__).parents[2]


def test_no_byte_is_left_of_who_was_forgotten() -> None:
    command = [sys.executable, "-m", "benchmarks.forgetting", "--users", "1000", "--dimension", "64"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"found after: {Traces(0, 0, 0, 0, 0)}" in done.stdout


def test_a_trace_is_seen(tmp_path: Path) -> None:
    (tmp_path / "english").write_text(f"x{secret(8, 1)}y", "utf-16-le")
    (tmp_path / "chinese").write_bytes(b"\\u".join([b"", *(f"{ord(each):04x}".encode() for each in secret(7, 0))]))
    (tmp_path / "id").write_bytes(b"\0" + name(9).encode() + b"\0")
    (row, _) = rows([7])
    (vector,) = HashingEmbedder(16).embed_passages([f"2024-01-01: {row['text']}"])
    (tmp_path / "vector").write_bytes(b"abc" + (vector * (1 + 1e-7)).astype("<f4").tobytes())
    found = traces(tmp_path, [7, 8, 9], 16)
    assert (found.english, found.chinese, found.ids, found.vectors) == (1, 1, 1, 1)


def test_what_is_left_is_told(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "serve.json").write_text(secret(7, 0), "utf-8")
    assert measure(tmp_path, 100, 16) == ["words, ids or vectors are left", "words, ids or vectors came back"]
