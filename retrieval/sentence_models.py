"""Loads models of sentence-transformers, of whatever kind, from folders and from the Hugging Face hub.

What goes wrong is said once here: a missing package, a folder that holds no model, a hub that cannot be reached.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import NamedTuple, TypeVar

from retrieval.errors import ModelUnavailable, shorten

__all__ = ["Kind", "first_line", "load_from_hub", "load_model", "no_progress_bars", "readable", "require_on_hub"]

_Model = TypeVar("_Model")


class Kind(NamedTuple):
    """What messages call such a model, and what to do when there is none."""

    name: str
    hint: str


def load_model(
    kind: Kind, source: str, make: Callable[[ModuleType, str, bool], _Model], *, local: bool = True
) -> _Model:
    """The model that ``make(sentence_transformers, source, local)`` makes; ``local``: without asking the network.

    Raises:
        ModelUnavailable: a package is missing, or the model cannot be loaded.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when huggingface_hub is first imported
    # Read when torch is first imported: its threads otherwise spin while they wait, and take the cores from others.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import sentence_transformers
        from safetensors import SafetensorError
    except ImportError as error:
        message = f"the {kind.name} {source!r} needs the package {error.name!r}, which is not installed"
        raise ModelUnavailable(message, hint="Install it: pip install 'limner[embedded]'") from error
    try:
        with no_progress_bars():
            return make(sentence_transformers, source, local)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        message = f"the {kind.name} {source!r} cannot be loaded: {first_line(error)}"
        raise ModelUnavailable(message, hint=kind.hint) from error


def load_from_hub(kind: Kind, name: str, make: Callable[[ModuleType, str, bool], _Model]) -> _Model:
    """The same from the local hub cache, without asking the network, where it is there; else from the hub."""
    try:
        return load_model(kind, name, make)
    except ModelUnavailable:
        require_on_hub(kind, name)
        return load_model(kind, name, make, local=False)


def readable(text: str) -> str:
    """``text`` without lone surrogates, which a JSON escape can bring in: they are no text for a tokenizer."""
    return text.encode("utf-8", "replace").decode("utf-8")


def require_on_hub(kind: Kind, name: str) -> None:
    """Ask once: loading would try every file six times, more than a minute, before it said that there is no network.

    Raises:
        ModelUnavailable: the hub cannot be reached, or has no such model.
    """
    from huggingface_hub import HfApi, errors

    try:
        HfApi().model_info(name, timeout=10)
    except (OSError, ValueError, errors.HTTPError) as error:  # type: ignore[attr-defined]  # of its HTTP library
        message = f"the {kind.name} {name!r} is no local folder and cannot be had from the hub: {first_line(error)}"
        raise ModelUnavailable(message, hint=kind.hint) from error


def first_line(error: BaseException) -> str:
    """What an error says, as far as it fits in a message."""
    return shorten(str(error).strip().partition("\n")[0], 200)


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """transformers shows none in here."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
