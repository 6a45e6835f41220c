"""An index that is written, or copied, does not stay in memory whole: what was written or read before is let go."""

import subprocess
import sys
from pathlib import Path

import pytest

_BEGINNING = """
import sys
from pathlib import Path
import numpy as np
from retrieval.buckets import Numbering
from retrieval.index import Labels
from retrieval.index_folder import FolderIndex

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024

numbering = Numbering(room=100)
ids = [numbering.vector_id("a", str(n)) for n in range(1200)]
labels = [Labels("u", "user", None, None)] * 100
"""
_FILL = """
rows = np.random.default_rng(0)
index = FolderIndex(Path(sys.argv[1]), most=2)
for start in range(0, 1200, 100):
    vectors = rows.standard_normal((100, 4096), dtype=np.float32)
    index.put(ids[start : start + 100], vectors, labels)
    if start in (300, 1100):
        print(resident())
index.close()
"""


_COPY = """
from retrieval.rewriting import copy_vectors

class Record:
    def count(self):
        return len(ids)

    def listed(self, size):
        for start in range(0, len(ids), size):
            yield list(zip(ids[start : start + size], labels))

def show(done, total):
    if done in (400, 1200):
        print(resident())

old, new = FolderIndex(Path(sys.argv[1])), FolderIndex(Path(sys.argv[1]).with_name("new"))
assert copy_vectors(old, new, Record(), show, at_once=100, most=2) == []
old.close()
new.close()
"""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def _grown(program: str, folder: Path) -> int:
    """By how many MB a process grew after the first third of its work."""
    done = subprocess.run([sys.executable, "-c", _BEGINNING + program, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    third, ended = map(int, done.stdout.split())
    return ended - third


def test_memory_does_not_grow_with_what_is_written_or_copied(tmp_path: Path) -> None:
    assert _grown(_FILL, tmp_path / "chroma") < 12, "800 vectors of 16 KB grew it by 30 MB"
    assert _grown(_COPY, tmp_path / "chroma") < 30, "reading and writing them by 80"
