"""Loads a causal language model of transformers, from a folder or the Hugging Face hub, onto the device that is here.

What goes wrong is an error that says what to do. Knows nothing of prompts and replies.
"""

import inspect
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.errors import ModelUnavailable, shorten
from retrieval.sentence_models import Kind, first_line, no_progress_bars, require_on_hub

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

__all__ = ["Loaded", "folder_of", "load_causal_model"]

_HINT: Final = "Give the folder of an instruct model in the format of transformers, or its name on the Hugging Face hub"
_KIND: Final = Kind("language model", _HINT)
_FAST_HALVES: Final = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready to run.

    ``context`` is how many tokens it can read, ``vocabulary`` for how many it tells probabilities, ``ends`` are those
    that end a reply; ``can_go_back``: what it has read can be taken back token by token.
    """

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerFast"
    context: int
    vocabulary: int
    ends: tuple[int, ...]
    can_go_back: bool


def folder_of(name: str) -> Path | None:
    """The folder that ``name`` means; None for a name on the hub.

    Raises:
        ModelUnavailable: it can be neither, or the folder holds no model.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ModelUnavailable(f"the folder {shorten(name)} holds no model: no config.json", hint=_HINT)
        return path.resolve()
    if not name.strip() or path.exists() or name.startswith((".", "~", os.sep)) or name.count("/") > 1:
        raise ModelUnavailable(f"there is no folder {shorten(name)} to load a language model from", hint=_HINT)
    return None


def load_causal_model(name: str) -> Loaded:
    """The model; takes seconds to minutes. Code that comes with a model is never run.

    Raises:
        ModelUnavailable: a package is missing, there is no such model, or it cannot be loaded here.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when huggingface_hub is first imported
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read by torch: idle threads leave the cores to others
    folder = folder_of(name)
    if folder is not None:
        return _load(name, str(folder), local=True)
    try:
        return _load(name, name, local=True)
    except ModelUnavailable:
        require_on_hub(_KIND, name)
        return _load(name, name, local=False)


def _load(name: str, source: str, *, local: bool) -> Loaded:
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    known = (OSError, ValueError, KeyError, RuntimeError, ImportError, MemoryError, pickle.UnpicklingError)
    try:
        with no_progress_bars():
            return _made(name, source, local)
    except ModelUnavailable:
        raise
    except (*known, AttributeError, StrictDataclassError, SafetensorError) as error:
        message = f"the language model {shorten(name)} cannot be loaded: {first_line(error)}"
        hint = "Install the package that it names" if isinstance(error, ImportError) else _hint(error)
        raise ModelUnavailable(message, hint=hint) from error


def _hint(error: Exception) -> str:
    if isinstance(error, MemoryError) or "memory" in str(error):
        return "Free memory, or use a smaller or quantised model"
    return _HINT


def _made(name: str, source: str, local: bool) -> Loaded:
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

    options: dict[str, Any] = {"local_files_only": local, "trust_remote_code": False}
    config = AutoConfig.from_pretrained(source, **options)
    tokenizer = AutoTokenizer.from_pretrained(source, **options)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelUnavailable(
            f"the language model {shorten(name)} has no fast tokenizer", hint="It needs tokenizer.json"
        )
    device = _device()
    quantised = getattr(config, "quantization_config", None) is not None
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        source,
        dtype="auto" if quantised else _dtype(config, device),
        output_loading_info=True,
        **({"device_map": {"": device}} if quantised else {}),  # the libraries of quantised weights place them
        **options,
    )
    model = loaded[0]
    missing = sorted(loaded[1]["missing_keys"])
    if missing:
        raise ModelUnavailable(
            f"the language model {shorten(name)} lacks {len(missing)} of its weights, {missing[0]!r} first", hint=_HINT
        )
    if "past_key_values" not in inspect.signature(model.forward).parameters:
        raise ModelUnavailable(
            f"the language model {shorten(name)} is of a kind that limner cannot run: {type(model).__name__!r}",
            hint="Use a model with attention, or a server that runs this one",
        )
    model.eval()
    return Loaded(
        model=model if quantised else model.to(device),
        tokenizer=tokenizer,
        context=getattr(config.get_text_config(), "max_position_embeddings", None) or tokenizer.model_max_length,
        vocabulary=model.get_output_embeddings().weight.shape[0],
        ends=_ends(model, tokenizer),
        can_go_back=not getattr(model, "_is_stateful", False),  # the mark that generate() goes by
    )


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _dtype(config: "PreTrainedConfig", device: str) -> "torch.dtype":
    """The checkpoint's own on accelerators; on a CPU bfloat16 where it computes with it, else float32.

    Measured with Qwen2.5-0.5B on one core that has avx512_bf16, tokens/s read and written: bfloat16 136 and 4.2,
    float32 54 and 4.6, float16 23 and 7.2.
    """
    import torch

    own = getattr(config.get_text_config(), "dtype", None) or getattr(config, "dtype", None) or torch.float32
    if device == "cuda":
        return own if own == torch.float16 else torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device == "mps":
        return own
    has: Mapping[str, Any] = getattr(
        torch.cpu, "get_capabilities", dict
    )()  # newer than the oldest torch that limner runs with
    fast = any(has.get(each) for each in _FAST_HALVES)
    return torch.bfloat16 if fast and own != torch.float32 else torch.float32


def _ends(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast") -> tuple[int, ...]:
    told = model.generation_config.eos_token_id if model.generation_config else None
    ends = [told] if isinstance(told, int) else list(told or [])
    if tokenizer.eos_token_id is not None:
        ends.append(tokenizer.eos_token_id)
    return tuple(dict.fromkeys(ends))
