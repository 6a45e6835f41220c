"""The command line answers at once: help loads nothing heavy and takes less than half a second."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("limner")
LIMIT_SECONDS = 0.5
HEAVY = {
    "alembic",
    "bs4",
    "chromadb",
    "cryptography",
    "fastapi",
    "ftfy",
    "huggingface_hub",
    "jsonschema",
    "langchain",
    "langchain_core",
    "langchain_openai",
    "langgraph",
    "langsmith",
    "llguidance",
    "mcp",
    "numpy",
    "openai",
    "phonenumbers",
    "prometheus_client",
    "psycopg",
    "py3langid",
    "pyarrow",
    "pydantic",
    "safetensors",
    "sentence_transformers",
    "sentencex",
    "sqlalchemy",
    "starlette",
    "stdnum",
    "tokenizers",
    "torch",
    "transformers",
    "uvicorn",
    "xllamacpp",
}
LOADED_BY_HELP = """
import importlib.metadata, json, sys
(entry,) = importlib.metadata.entry_points(group="console_scripts", name="limner")
sys.argv = ["limner", "--help"]
try:
    entry.load()()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    if not SCRIPT.exists():
        pytest.fail(f"{SCRIPT} does not exist: install limner into this environment (pip install --no-deps -e .)")


def test_help_answers_in_half_a_second() -> None:
    """Of processor time, which does not grow so much when others use the machine; it waits for nothing else."""
    seconds = []
    for _ in range(5):
        start = children_seconds()
        shown = subprocess.run([SCRIPT, "--help"], capture_output=True, text=True, check=True)
        seconds.append(children_seconds() - start)
        assert "ingest" in shown.stdout
    assert 0 < min(seconds) < LIMIT_SECONDS


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_loads_nothing_heavy() -> None:
    shown = subprocess.run([sys.executable, "-c", LOADED_BY_HELP], capture_output=True, text=True, check=True)
    assert set(json.loads(shown.stderr.splitlines()[-1])) & HEAVY == set()
