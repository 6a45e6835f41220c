"""Writes tokens with a causal language model of transformers, one after another; what was read before is not read anew.

Knows token numbers, not texts, messages or schemas.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Final, Protocol

from agent.errors import ModelReplyError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import DynamicCache, PreTrainedModel

__all__ = ["Decoder", "Guide", "Step"]

_PIECE: Final = 1024  # tokens read at once: bounds the memory that a long prompt takes
_GUESSES: Final = 24  # tokens that are guessed ahead: reading eight takes a CPU 1.4 times as long as reading one


class Guide(Protocol):
    """What may be written."""

    def allowed(self) -> "Tensor":
        """A boolean for each token that the model tells a probability of, or more; on the CPU."""

    def take(self, token: int) -> None:
        """Go on behind a token."""

    def ahead(self) -> list[int]:
        """Tokens that come next very probably."""


@dataclass(frozen=True, slots=True)
class Step:
    """A token, and what the model thought of it before anything was forbidden: natural logarithms of probabilities."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]


class Decoder:
    """Holds the keys and values of the last request; the next one with the same beginning reads only what is new.

    Not for several threads at once.
    """

    def __init__(self, model: "PreTrainedModel", *, can_go_back: bool = True) -> None:
        """``can_go_back``: what it remembers can be cut to any length, as the keys and values of attention can."""
        self._model = model
        self._can_go_back = can_go_back
        self._cache: DynamicCache | None = None
        self._held: list[int] = []

    def forget(self) -> None:
        """Hold nothing of the last request."""
        self._cache, self._held = None, []

    def reuse(self, prompt: Sequence[int]) -> int:
        """Keep what the last request and ``prompt`` begin with alike; how many tokens that are."""
        pairs = zip(self._held, prompt[:-1], strict=False)  # the last one is always read: it tells what comes next
        alike = next((n for n, (held, new) in enumerate(pairs) if held != new), min(len(self._held), len(prompt) - 1))
        self._keep(alike)
        return len(self._held)

    def write(
        self, prompt: Sequence[int], guide: Guide, *, room: int, temperature: float = 0.0, top: int = 0
    ) -> Iterator[Step]:
        """The tokens behind ``prompt``, without end, until the caller stops.

        Tokens that the guide foresees are read together and taken where the model would have written each of them
        anyway: the reply is the same, and comes sooner.

        Args:
            prompt: at least one token.
            guide: is told every token that is written.
            room: how many tokens may stand behind the prompt.
            temperature: 0 for the likeliest one.
            top: how many of the likeliest tokens are told for each place.

        Raises:
            ModelReplyError: the model computes no numbers, or has no token that may come next.
        """
        new, guesses = list(prompt[self.reuse(prompt) :]), list[int]()
        while True:
            rows = self._read([*new, *guesses], 1 + len(guesses))
            for place, row in enumerate(rows):
                step = _choose(row, guide.allowed(), temperature, top)
                yield step
                guide.take(step.token)
                room -= 1
                if place < len(guesses) and guesses[place] != step.token:
                    self._keep(len(self._held) - len(guesses) + place)
                    break
            new = [step.token]
            foreseen = guide.ahead()[: max(0, min(_GUESSES, room - 1))] if self._can_go_back else []
            guesses = list(takewhile(rows.shape[-1].__gt__, foreseen))  # a tokenizer may have more than the model

    def _keep(self, count: int) -> None:
        """Forget all tokens but the first ``count``."""
        surplus = len(self._held) - count
        if surplus and (not self._can_go_back or not count):
            self._cache, self._held = None, []
        elif surplus and self._cache is not None:
            self._cache.crop(-surplus)
            del self._held[count:]

    def _read(self, tokens: Sequence[int], last: int) -> "Tensor":
        """Read tokens; the logits behind each of the ``last`` ones of them."""
        import torch

        cache, held = self._cache or self._new_cache(), self._held
        self._cache, self._held = None, []  # what an interrupted call leaves behind is not used
        cuts = [0, *range(_PIECE, len(tokens) - last, _PIECE), len(tokens)]
        with torch.inference_mode():
            for start, end in pairwise(cuts):
                ids = torch.tensor([tokens[start:end]], device=self._model.device)
                told = self._model(ids, past_key_values=cache, use_cache=True, logits_to_keep=last)
        self._cache, self._held = cache, [*held, *tokens]
        logits: Tensor = told.logits[0, -last:].float()
        return logits

    def _new_cache(self) -> "DynamicCache":
        """One that keeps everything, sliding windows too, so that it can be cut back to any length."""
        from transformers import DynamicCache

        return DynamicCache() if self._can_go_back else DynamicCache(config=self._model.config)


def _choose(logits: "Tensor", allowed: "Tensor", temperature: float, top: int) -> Step:
    """The next token by the logits of one place, and the log-probabilities before anything is forbidden."""
    import torch

    logprobs = torch.log_softmax(logits, dim=-1)
    masked = logits.masked_fill(~allowed[: len(logits)].to(logits.device), -math.inf)
    if temperature > 0:
        token = int(torch.multinomial(torch.softmax(masked / temperature, dim=-1), 1))
    else:
        token = int(masked.argmax())
    chosen = float(logprobs[token])
    if math.isnan(chosen):
        raise ModelReplyError(
            "the model computes no numbers (NaN) for the next token",
            hint="Check its weights; a checkpoint in bfloat16 can overflow on a device that has float16 only",
        )
    if float(masked[token]) == -math.inf:
        raise ModelReplyError(
            f"the model has none of the tokens that may come next; it knows {len(logits)}",
            hint="Check that the tokenizer's files in the folder belong to the model",
        )
    chances, tokens = logprobs.topk(min(top, len(logprobs)))
    return Step(token, chosen, tuple(zip(tokens.tolist(), chances.tolist(), strict=True)))
