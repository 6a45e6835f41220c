"""Tells how a snippet says a value, and which snippets speak to the program instead: the rules of wording, for hits."""

from collections.abc import Iterable
from typing import Any

from agent.asked_for import Manner
from agent.assertion import gives_up, manner_of
from agent.facets import Facet
from agent.instructions import speaks_to_program
from retrieval import Hit

__all__ = ["is_given_up_in", "manner_in", "without_instructions"]

_AROUND = 120


def without_instructions(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """The snippets that hold no instruction to the program."""
    return tuple(hit for hit in hits if not speaks_to_program(hit.snippet.text))


def manner_in(value: Any, hit: Hit, facet: Facet) -> Manner:
    """How a snippet says a value of an attribute, read with what stands around it; a record says what it says."""
    if hit.snippet.role != "user":
        return "said"
    text, span = _surroundings(hit)
    return manner_of(value, text, facet.words, span)


def is_given_up_in(value: Any, hit: Hit) -> bool:
    """Whether the user says a value in a snippet only to withdraw it."""
    return hit.snippet.role == "user" and gives_up(value, *_surroundings(hit))


def _surroundings(hit: Hit) -> tuple[str, tuple[int, int]]:
    """The words of a snippet with those before and after it, and where the snippet stands in them."""
    first = max(0, hit.snippet.start - _AROUND)
    text = hit.event.text[first : hit.snippet.end + _AROUND]
    return text, (hit.snippet.start - first, hit.snippet.end - first)
