"""JSON Schema as a grammar of llguidance, the same for every engine in this process, and what it allows token by token.

Knows nothing of models: it is told which token was taken, and tells which ones may come next.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.errors import ModelReplyError, ModelUnavailable, shorten

if TYPE_CHECKING:
    from llguidance import LLTokenizer
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

__all__ = ["Grammar", "grammar_of", "require_llguidance", "tokenizer_of"]


def grammar_of(response_format: Mapping[str, Any] | None) -> str | None:
    """The llguidance grammar for an OpenAI ``response_format`` of type ``json_schema``; None for any other.

    https://github.com/guidance-ai/llguidance/blob/main/docs/json_schema.md: ``x-guidance`` turns white space off.
    """
    if not response_format or response_format.get("type") != "json_schema":
        return None
    schema = dict(response_format["json_schema"]["schema"])
    schema["x-guidance"] = {"whitespace_flexible": False}
    return "%llguidance {}\nstart: %json " + json.dumps(schema, ensure_ascii=False)


class Grammar:
    """One reply under a grammar."""

    def __init__(self, tokenizer: "LLTokenizer", grammar: str) -> None:
        """Begin a reply.

        Raises:
            ModelReplyError: llguidance cannot enforce the schema.
        """
        from llguidance import LLMatcher, LLParserLimits

        self._vocabulary = tokenizer.vocab_size
        limits = LLParserLimits(verbose_errors=False)  # verbose ones quote the reply
        self._matcher = LLMatcher(tokenizer, grammar, log_level=0, limits=limits)
        self._check()

    def allowed(self) -> "Tensor":
        """A boolean for each token of the vocabulary: whether it may come next."""
        import numpy as np
        import torch

        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        self._check()
        return torch.from_numpy(np.unpackbits(bits, count=self._vocabulary, bitorder="little").astype(np.bool_))

    def take(self, token: int) -> None:
        """Go on behind ``token``."""
        self._matcher.consume_token(token)
        self._check()

    def ahead(self) -> list[int]:
        """The tokens that the grammar leaves no choice about, as the tokenizer would cut them; a guess, not a rule."""
        return self._matcher.compute_ff_tokens()

    def _check(self) -> None:
        if self._matcher.is_error():
            problem = self._matcher.get_error().partition("\n")[0]
            raise ModelReplyError(
                f"llguidance cannot enforce the schema of a reply: {shorten(problem, 200)}",
                hint="Simplify the schema: no look-around in patterns, no 'not', shorter bounds",
            )


def require_llguidance() -> None:
    """Make sure that grammars can be enforced before anything big is loaded.

    Raises:
        ModelUnavailable: llguidance is not installed.
    """
    try:
        import llguidance  # noqa: F401
    except ImportError as error:
        raise ModelUnavailable(
            "JSON from a model that runs in torch needs the package 'llguidance', which is not installed",
            hint="Install it: pip install 'limner[transformers]'",
        ) from error


def tokenizer_of(tokenizer: "PreTrainedTokenizerFast", rows: int, ends: list[int]) -> "LLTokenizer":
    """The vocabulary of a tokenizer of transformers, as llguidance wants it; takes some seconds.

    Args:
        tokenizer: of the model.
        rows: for how many tokens the model tells probabilities: mostly some more than there are, sometimes fewer.
        ends: the tokens that end a reply.

    Raises:
        ModelUnavailable: llguidance cannot read the tokenizer.
    """
    from llguidance.hf import from_tokenizer

    try:
        return from_tokenizer(tokenizer, n_vocab=max(rows, len(tokenizer)), eos_token=ends)
    except (ValueError, RuntimeError) as error:
        raise ModelUnavailable(
            f"llguidance cannot read the tokenizer {type(tokenizer).__name__!r}: {shorten(str(error), 200)}",
            hint="Use a model with a tokenizer that is byte-level or falls back to bytes",
        ) from error
