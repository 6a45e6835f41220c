"""Every package that make installs is locked to the SHA-256 sums of its files, and the lists of versions agree."""

import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LISTS = {"build": ["build"], "audit": ["audit"], "limner": ["", "embedded", "dev"]}
"""The files in locked/, and the parts of pyproject.toml that each is made of."""
WITHOUT_HASH = {"torch"}
"""Its file differs by machine: docs/reliability.md says why, and the Makefile installs it by its version."""
PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    """The version of every package in a file."""
    return {canonicalize_name(name): version for name, version in PIN.findall(path.read_text("utf-8"))}


def blocks(path: Path) -> Iterator[str]:
    """The lines of each package: its version, then its hashes."""
    lines = [line for line in path.read_text("utf-8").splitlines(keepends=True) if not line.startswith("#")]
    yield from re.split(r"^(?=\S)", "".join(lines), flags=re.MULTILINE)[1:]


def wanted(part: str) -> list[Requirement]:
    """What pyproject.toml asks for: limner itself, one of its extras, or one of its groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"] | project["dependency-groups"]
    texts = extras[part] if part else project["project"]["dependencies"]
    found = [Requirement(text) for text in texts]
    own = [extra for each in found if each.name == "limner" for extra in each.extras]
    return [each for each in found if each.name != "limner"] + [each for extra in own for each in wanted(extra)]


@pytest.mark.parametrize("name", LISTS)
def test_every_package_has_hashes(name: str) -> None:
    hashed = re.compile(r"[\w.-]+==[^\s;]+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n")
    assert [block for block in blocks(ROOT / "locked" / f"{name}.txt") if not hashed.fullmatch(block)] == []


def test_the_lists_name_the_same_versions_as_the_constraints() -> None:
    constrained = pins(ROOT / "constraints.txt")
    locked = {name: pins(ROOT / "locked" / f"{name}.txt") for name in LISTS}
    assert [(name, each) for name in LISTS for each in locked[name].items() - constrained.items()] == []
    assert constrained.keys() - set().union(*locked.values()) == WITHOUT_HASH


@pytest.mark.parametrize("name", LISTS)
def test_what_is_asked_for_is_in_the_list(name: str) -> None:
    locked = pins(ROOT / "locked" / f"{name}.txt")
    asked = [each for part in LISTS[name] for each in wanted(part) if each.name not in WITHOUT_HASH]
    assert len(asked) > 2
    assert [str(each) for each in asked
            if not each.specifier.contains(locked.get(canonicalize_name(each.name), "0"))] == []  # fmt: skip


def test_a_package_with_another_hash_is_refused(tmp_path: Path) -> None:
    """By pip, in the mode that the Makefile uses: shown with a package of our own, without the index."""
    wheel = tmp_path / "example-1.0-py3-none-any.whl"
    wheel.write_bytes(b"not what was locked")
    (tmp_path / "locked.txt").write_text(f"example==1.0 --hash=sha256:{hashlib.sha256(b'something else').hexdigest()}")
    where = ["--no-index", "--find-links", tmp_path, "--target", tmp_path / "out"]
    how = ["--require-hashes", "--no-deps", "-r", tmp_path / "locked.txt"]
    command = [sys.executable, "-m", "pip", "--isolated", "install", *where, *how]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "DO NOT MATCH THE HASHES" in run.stderr
    assert not (tmp_path / "out").exists()


def test_make_installs_nothing_but_by_hash() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    steps = [line.split(" -m pip install ")[1] for line in text.splitlines() if " -m pip install " in line]
    others = [step for step in steps if not step.startswith("--require-hashes --no-deps -r locked/")]
    assert others == ["--constraint constraints.txt torch", "--no-build-isolation --no-deps -e ."]
