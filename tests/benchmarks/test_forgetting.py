"""The proof of benchmarks/forgetting at fewer users: no byte is left of who was forgotten, and a trace is seen.

``LIMNER_FORGETTING=10000`` takes so many users.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.forgetting import STRINGS, Traces, measure, name, rows, secret, traces
from retrieval import HashingEmbedder

ROOT = Path(__file__).parents[2]
USERS = int(os.environ.get("LIMNER_FORGETTING", "1000"))
LOOK = [sys.executable, "-m", "benchmarks.forgetting", "--dimension", "64"]


def test_no_byte_is_left_of_who_was_forgotten() -> None:
    command = [*LOOK, "--users", str(USERS), *([] if STRINGS else ["--no-strings"])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600 + USERS // 10)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"found after: {Traces(0, 0, 0, 0, 0)}" in done.stdout
    if STRINGS is None:
        pytest.skip("no program strings (binutils): the bytes were looked through, its output was not")


def test_without_the_program_strings_it_does_not_pass_in_silence() -> None:
    done = subprocess.run(LOOK, cwd=ROOT, capture_output=True, text=True, timeout=60, env={**os.environ, "PATH": ""})
    assert done.returncode == 2 and "no program strings" in done.stderr


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
