"""Tells how a snippet says a value, and which snippets speak to the program instead: the rules of wording, for hits."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from agent.asked_for import Manner
from agent.assertion import gives_up, manner_of, strongest
from agent.backing import items_of, without_items
from agent.facets import Facet
from agent.instructions import speaks_to_program
from retrieval import Hit

__all__ = ["is_given_up_in", "manner_in", "said_part", "without_instructions"]

_AROUND = 120
_ASKS_WHAT_MAY_BE = re.compile(
    r"\b(?:may|might|could|would|will|plan\w*|want\w*|hop(?:e|es|ed|ing)|wish\w*|consider\w*|think\w*|thought|intend\w*"
    r"|dream\w*|going to|next|future|jok(?:e|es|ed|ing))\b|打算|计划|想|可能|也许|希望|考虑|准备|将来|以后|未来|玩笑",
    re.IGNORECASE,
)


def without_instructions(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """The snippets that hold no instruction to the program."""
    return tuple(hit for hit in hits if not speaks_to_program(hit.snippet.text))


def manner_in(value: Any, hit: Hit, facet: Facet) -> Manner:
    """How a snippet says a value of an attribute, read with what stands around it; a record says what it says."""
    return _manner_in(value, hit, facet.words)


def said_part(question: str, answer: str, read: Sequence[Hit]) -> str:
    """An answer without what the user only supposes or says in jest ("I might move to Oslo"), where it also holds what
    is said; the whole answer to a question for what may be."""
    items = items_of(answer)
    if len(items) < 2 or _ASKS_WHAT_MAY_BE.search(question):
        return answer
    held = {item: [hit for hit in read if item.casefold() in hit.snippet.text.casefold()] for item in items}
    manners = {item: strongest(_manner_in(item, hit) for hit in hits) for item, hits in held.items() if hits}
    kept = [item for item in items if manners.get(item) not in ("supposed", "joked")]
    return without_items(answer, kept) if 0 < len(kept) < len(items) else answer


def _manner_in(value: Any, hit: Hit, attribute: str = "") -> Manner:
    if hit.snippet.role != "user":
        return "said"
    text, span = _surroundings(hit)
    return manner_of(value, text, attribute, span)


def is_given_up_in(value: Any, hit: Hit) -> bool:
    """Whether the user says a value in a snippet only to withdraw it."""
    return hit.snippet.role == "user" and gives_up(value, *_surroundings(hit))


def _surroundings(hit: Hit) -> tuple[str, tuple[int, int]]:
    """The words of a snippet with those before and after it, and where the snippet stands in them."""
    first = max(0, hit.snippet.start - _AROUND)
    text = hit.event.text[first : hit.snippet.end + _AROUND]
    return text, (hit.snippet.start - first, hit.snippet.end - first)
