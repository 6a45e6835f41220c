"""An index that is written does not stay in memory whole: what was written before is let go."""

import subprocess
import sys
from pathlib import Path

import pytest

_FILL = """
import sys
from pathlib import Path
import numpy as np
from retrieval.buckets import Numbering
from retrieval.index import Labels
from retrieval.index_folder import FolderIndex

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024

rows, numbering = np.random.default_rng(0), Numbering(room=100)
ids = [numbering.vector_id("a", str(n)) for n in range(1200)]
index = FolderIndex(Path(sys.argv[1]), most=2)
for start in range(0, 1200, 100):
    vectors = rows.standard_normal((100, 4096), dtype=np.float32)
    index.put(ids[start : start + 100], vectors, [Labels("u", "user", None, None)] * 100)
    if start in (300, 1100):
        print(resident())
index.close()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_does_not_grow_with_what_is_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FILL, tmp_path / "chroma"], capture_output=True, text=True, check=True
    )
    third, written = map(int, done.stdout.split())
    assert written - third < 12, "800 vectors of 16 KB grew it by 30 MB"
