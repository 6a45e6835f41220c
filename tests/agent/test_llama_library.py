"""Fake packages stand in for xllamacpp and PyTorch: which library a machine lacks differs."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from agent.errors import ModelUnavailable
from agent.llama_library import xllamacpp

LACKS = 'raise ImportError("libgomp.so.1: cannot open shared object file")\n'
TORCH = importlib.util.find_spec("torch")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("xllamacpp", "torch"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_library_that_is_missing_is_named(packages: Path) -> None:
    (packages / "xllamacpp" / "__init__.py").write_text(LACKS)
    with pytest.raises(ModelUnavailable, match=r"'xllamacpp' cannot be loaded: libgomp.so.1") as caught:
        xllamacpp()
    assert "libgomp1" in str(caught.value)


def test_the_copy_that_pytorch_brings_is_used(packages: Path) -> None:
    assert TORCH is not None and TORCH.origin is not None
    library = Path(TORCH.origin).parent / "lib" / "libgomp.so.1"
    if not library.is_file():
        pytest.skip("this PyTorch brings no libgomp.so.1")
    (packages / "torch" / "lib").mkdir()
    shutil.copy(library, packages / "torch" / "lib")
    mine = str(packages / "torch" / "lib")
    (packages / "xllamacpp" / "__init__.py").write_text(
        f"from pathlib import Path\nif {mine!r} not in Path('/proc/self/maps').read_text():\n    {LACKS}"
    )
    assert xllamacpp().__name__ == "xllamacpp"


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(ModelUnavailable, match="needs the package 'xllamacpp'") as caught:
        xllamacpp()
    assert "limner[embedded]" in str(caught.value)
