"""Reads from the tokens of a reply how likely the value in it was, and what else could have stood in its place.

Servers tell the probabilities of tokens before a grammar masks them: a reply that the schema forces shows what the
model thinks of it (forced decoding). Knows the form of replies, ``[{"evidence":1,"value":"x"}]`` or ``{"evidence":[1],
"value":"x"}``, nothing of prompts. Of the ways to cut a text into tokens the one that the model took counts, which is
all but all of the probability.
"""

import itertools
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.chat import Token

__all__ = ["Likelihood", "likelihood_of"]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Probabilities, 0 to 1, given the snippets that the reply cites.

    ``value``: that the reply tells this value; ``nothing``: that it tells none. ``first`` is the probability of the
    value's first token, ``others`` are the other texts that it could begin with, likeliest first. ``tokens`` counts
    those of the value.
    """

    value: float
    nothing: float
    first: float
    others: tuple[tuple[str, float], ...]
    tokens: int

    @property
    def per_token(self) -> float:
        """The geometric mean over the value's tokens: comparable between short and long values."""
        return math.exp(math.log(self.value) / self.tokens) if self.value else 0.0

    @property
    def is_expected(self) -> bool:
        """Whether the value is what the model would write: neither nothing nor another beginning is likelier."""
        return self.value >= self.nothing and all(chance <= self.first for _, chance in self.others)


def likelihood_of(tokens: Sequence[Token], key: str, before: int = 0) -> Likelihood | None:
    """How likely the last value of a reply was; None when the model told no probabilities.

    Args:
        tokens: the reply.
        key: under which the value stands.
        before: how many entries of a list stand before the one with the value.

    Raises:
        ValueError: the reply has another form.
    """
    reply = _Reply(tokens)
    if not reply.tokens:
        return None
    decoder = json.JSONDecoder()
    opened = reply.text.index("[") + 1
    for _ in range(before):
        opened = decoder.raw_decode(reply.text, reply.text.index("{", opened))[1]
    named = re.compile(rf'"{re.escape(key)}"\s*:\s*').search(reply.text, opened)
    if named is None:
        raise ValueError(f"no {key!r} in the reply")
    start, (_, end) = named.end(), decoder.raw_decode(reply.text, named.end())
    entry, place = reply.bytes_to(opened), reply.bytes_to(start)
    begun, empty = reply.fork(reply.bytes_to(opened - 1) if before else 0, entry, b"]")
    told, null = reply.fork(entry, place, b"null", bare=True)
    begins = _share(begun, begun + empty)
    within = min(1.0, _share(reply.chance_of(entry, reply.bytes_to(end)), told + null))
    content = start + (reply.text[start] == '"')
    first, others = reply.options_at(reply.bytes_to(content))
    return Likelihood(
        value=begins * within,
        nothing=1 - begins + begins * _share(null, told + null),
        first=first,
        others=others,
        tokens=reply.count(reply.bytes_to(content), reply.bytes_to(end)),
    )


class _Reply:
    """The tokens of a reply, without what a model thought aloud before it, and where each begins, in bytes."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        whole = b"".join(token.piece for token in tokens)
        at = whole.rfind(b"</think>") + 1
        starts = [0, *itertools.accumulate(len(token.piece) for token in tokens)]
        first = next((n for n, start in enumerate(starts) if start >= at), 0)
        self.tokens = list(tokens[first:])
        self.starts = [start - starts[first] for start in starts[first : len(tokens)]]
        self.bytes = whole[starts[first] :]
        self.text = self.bytes.decode(errors="replace")

    def bytes_to(self, characters: int) -> int:
        """A place in bytes from one in characters."""
        return len(self.text[:characters].encode())

    def fork(self, since: int, at: int, other: bytes, *, bare: bool = False) -> tuple[float, float]:
        """From the token at ``since`` on: the probability that the reply goes past ``at``, and that ``other`` is there.

        ``bare``: a token that ends at ``at`` where the reply's own does not counts as the other way, too: the opening
        quotation mark of a string is written in one token with what is before it.
        """
        path, past, away = 1.0, 0.0, 0.0
        for token, start in self._from(since):
            if start > at:
                break
            for piece, chance in token.options:
                full = self.bytes[:start] + piece
                if full[:at] != self.bytes[:at] or len(full) < at:
                    continue
                rest = full[at:]
                if not rest:
                    away += path * chance if bare and start + len(token.piece) > at and piece else 0.0
                elif rest.startswith(other) or other.startswith(rest):
                    away += path * chance
                else:
                    past += path * chance
            path *= token.chance
        return past, away

    def chance_of(self, since: int, end: int) -> float:
        """From the token at ``since`` on: the probability of the reply up to ``end``, whatever comes after."""
        log = 0.0
        for token, start in self._from(since):
            if start + len(token.piece) >= end:
                wanted = self.bytes[start:end]
                return math.exp(log) * min(
                    1.0, sum(chance for piece, chance in token.options if piece.startswith(wanted))
                )
            log += math.log(max(token.chance, 1e-300))
        return math.exp(log)

    def _from(self, since: int) -> Iterator[tuple[Token, int]]:
        pairs = zip(self.tokens, self.starts, strict=True)
        return ((token, start) for token, start in pairs if start + len(token.piece) > since)

    def options_at(self, at: int) -> tuple[float, tuple[tuple[str, float], ...]]:
        """The probability of the token that holds ``at``, and what others that could stand there say from ``at`` on."""
        token, start = next(self._from(at))
        before = self.bytes[start:at]
        others = [
            (piece[at - start :].decode(errors="ignore"), chance)
            for piece, chance in token.options
            if piece != token.piece and piece.startswith(before)
        ]
        return token.chance, tuple(sorted((each for each in others if each[0]), key=lambda each: -each[1]))

    def count(self, start: int, end: int) -> int:
        """How many tokens lie between two places, at least in part."""
        spans = zip(self.tokens, self.starts, strict=True)
        return max(1, sum(begin < end and begin + len(token.piece) > start for token, begin in spans))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
