"""Some seconds of benchmarks/fuzz without atheris: the same targets and promises, with inputs by hypothesis.

``LIMNER_FUZZ=1000`` tries so many inputs of each target.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from benchmarks.fuzz.mutating import mutate_json
from benchmarks.fuzz.targets import MAX_BYTES, TARGETS, hurry

CORPUS = Path(__file__).with_name("corpus")
"""What atheris found worth keeping (``benchmarks.fuzz.keep``), by target; ``crash-…`` once broke a promise."""

EXAMPLES = int(os.environ.get("LIMNER_FUZZ", "100"))
PIECES = [b"", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\n\n", b'"', b"&amp;", b"<div>", b"9" * 30, b"From x\n",
          "年。身份证\u200b".encode(), b"=?utf-8?q?=?=", b"http://a.b/", b"A" * 300]  # fmt: skip

CHANGES = st.lists(
    st.tuples(st.sampled_from(("replace", "insert", "delete", "double", "cut", "json")), st.floats(0, 1),
              st.floats(0, 1), st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), st.integers(0, 2**32)),
    min_size=1, max_size=6,
)  # fmt: skip


def changed(data: bytes, changes: Sequence[tuple[str, float, float, bytes, int]], is_json: bool) -> bytes:
    """The input with each of the changes."""
    for kind, first, last, piece, number in changes:
        start, end = sorted((int(first * len(data)), int(last * len(data))))
        if kind == "json" and is_json:
            data = mutate_json(data, MAX_BYTES, number) or data
        elif kind == "replace":
            data = data[:start] + piece + data[start + len(piece) :]
        elif kind == "insert":
            data = data[:start] + piece + data[start:]
        elif kind == "delete":
            data = data[:start] + data[min(end, start + 40) :]
        elif kind == "double":
            data = data[:end] + data[start:end] + data[end:]
        elif kind == "cut":
            data = data[:end]
    return data[:MAX_BYTES]


@pytest.mark.filterwarnings("ignore")  # of libraries, about what they are given
@pytest.mark.parametrize("name", TARGETS())
def test_what_was_found_is_told_or_read(name: str) -> None:
    found = sorted((CORPUS / name).iterdir())
    assert found and sum(each.stat().st_size for each in found) <= MAX_BYTES
    for each in found:
        with hurry():
            TARGETS()[name].run(each.read_bytes())


@pytest.mark.filterwarnings("ignore")  # of libraries, about what they are given
@pytest.mark.parametrize("name", TARGETS())
def test_bad_input_is_told_or_read(name: str) -> None:
    target = TARGETS()[name]

    @seed(7)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(target.seeds()), CHANGES)
    def keeps_its_promises(data: bytes, changes: Sequence[tuple[str, float, float, bytes, int]]) -> None:
        with hurry():
            target.run(changed(data, changes, target.is_json))

    for data in target.seeds():
        target.run(data)
    keeps_its_promises()
