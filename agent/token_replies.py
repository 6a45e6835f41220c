"""Puts a reply together from the tokens that a model writes: text, why it ended, log-probabilities in OpenAI's form.

Knows nothing of models; it is told the bytes of each token.
"""

import codecs
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Literal

from agent.torch_decoding import Step

__all__ = ["Reply"]


class Reply:
    """A reply that grows token by token, until the model ends it, a stop text is written, or it is long enough.

    ``written`` counts all tokens that the model wrote; the text is without the one that ends it and without the stop
    text. Control tokens have no text. A word that is the whole reply when it begins with it ends it, too, and stays.
    """

    def __init__(
        self,
        piece: Callable[[int], bytes],
        *,
        ends: Collection[int],
        stops: Sequence[str],
        words: Sequence[str] = (),
        most: int,
    ) -> None:
        """``piece`` tells the bytes of a token, ``ends`` are the tokens that end a reply, ``words`` the texts that are
        one, ``most`` is its length."""
        self._piece = piece
        self._ends = ends
        self._stops = [stop.encode() for stop in stops if stop]
        self._words = {word.encode() for word in words}
        self._most = most
        self._bytes = b""
        self._steps: list[Step] = []
        self.written = 0
        self.finish_reason: Literal["stop", "length"] = "length"

    def take(self, steps: Iterator[Step]) -> None:
        """Take tokens until the reply has ended."""
        for step in steps:
            self.written += 1
            if self._is_last(step):
                self.finish_reason = "stop"
                return
            if self.written >= self._most:
                return

    def _is_last(self, step: Step) -> bool:
        before = len(self._bytes)
        self._steps.append(step)
        if step.token in self._ends:
            return True
        self._bytes += self._piece(step.token)
        if self._bytes in self._words:
            return True
        found = [self._bytes.find(stop, max(0, before - len(stop) + 1)) for stop in self._stops]
        cut = min((place for place in found if place >= 0), default=-1)
        if cut < 0:
            return False
        while self._steps and len(self._bytes) > cut:  # tokens of the stop text are not the reply's
            length = len(self._piece(self._steps[-1].token))
            if len(self._bytes) - length < cut:
                break
            self._bytes = self._bytes[: len(self._bytes) - length]
            self._steps.pop()
        self._bytes = self._bytes[:cut]
        return True

    @property
    def text(self) -> str:
        """What the reply says; without a half character at its end."""
        return codecs.getincrementaldecoder("utf-8")("replace").decode(self._bytes)

    @property
    def logprobs(self) -> dict[str, Any]:
        """Of all tokens of the text, and of the one that ends it, which has no text."""
        return {"content": [self._told(step) for step in self._steps]}

    def _told(self, step: Step) -> dict[str, Any]:
        others = [self._entry(token, logprob) for token, logprob in step.top]
        return {**self._entry(step.token, step.logprob), "top_logprobs": others}

    def _entry(self, token: int, logprob: float) -> dict[str, Any]:
        piece = self._piece(token)
        return {"token": piece.decode(errors="replace"), "bytes": list(piece), "logprob": logprob}
