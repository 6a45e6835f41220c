"""The names agent, retrieval and prompts are plain words: no other installed distribution may own one of them."""

import importlib.util
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("agent", "retrieval", "prompts")


def owned_names(distribution: Distribution) -> set[str]:
    """Those of our names that the distribution installs as a package or a module of site-packages."""
    tops = {Path(file.parts[0]) for file in distribution.files or [] if file.suffix in {".py", ".pyi", ".so"}}
    return {top.name.split(".")[0] for top in tops} & set(NAMES)


def test_no_other_distribution_owns_our_names() -> None:
    owners = {distribution.metadata["Name"]: owned_names(distribution) for distribution in distributions()}
    assert {name: owned for name, owned in owners.items() if owned and name != "limner"} == {}


@pytest.mark.parametrize("name", NAMES)
def test_our_names_are_found_in_this_checkout(name: str) -> None:
    found = importlib.util.find_spec(name)
    assert found is not None and found.origin is not None
    assert Path(found.origin) == ROOT / name / "__init__.py"
