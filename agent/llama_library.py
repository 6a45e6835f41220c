"""Loads xllamacpp, the package that llama.cpp is in; knows nothing of models.

It needs OpenMP (libgomp.so.1), which small images of Linux do not have; PyTorch brings a copy.
"""

import ctypes
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from agent.errors import ModelUnavailable

__all__ = ["xllamacpp"]

_OPENMP = "libgomp.so.1"


def xllamacpp() -> ModuleType:
    """The module.

    Raises:
        ModelUnavailable: it is not installed, or a library that it needs is not there.
    """
    try:
        return import_module("xllamacpp")
    except ModuleNotFoundError as error:
        raise ModelUnavailable(
            "the model needs the package 'xllamacpp', which is not installed",
            hint="Install it: pip install 'limner[embedded]'",
        ) from error
    except ImportError as error:
        if _OPENMP in str(error) and _load_openmp():
            return import_module("xllamacpp")
        raise ModelUnavailable(
            f"the package 'xllamacpp' cannot be loaded: {error}",
            hint="Install the library that it misses; on Debian and Ubuntu libgomp.so.1 is in the package libgomp1",
        ) from error


def _load_openmp() -> bool:
    """Load PyTorch's copy of it into this process; False where there is none."""
    torch = find_spec("torch")
    for folder in (torch and torch.submodule_search_locations) or ():
        library = Path(folder) / "lib" / _OPENMP
        if library.is_file():
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
            return True
    return False
