"""Tells values that only repeat the prompt: words of a template, or of the attribute's name and description.

Knows the prompts, not histories.
"""

import re
from functools import cache
from typing import Any

from agent.evidence import prompt_language
from agent.facets import Facet
from agent.wording import normalise
from prompts import own_words

__all__ = ["repeats_question", "repeats_template"]

_EXAMPLES = re.compile(r"[(（:：]|such as|e\.g\.|for example|like |例如|比如|如")


def repeats_question(facet: Facet, value: Any) -> bool:
    """Whether a value is no more than words of the prompt: a template's, or the attribute's name or description.

    What a description gives as examples (in brackets, after a colon or "such as") may well be a value.
    """
    if not isinstance(value, str):
        return False
    defined = _EXAMPLES.split(facet.description)[0]
    said, asked = normalise(value), normalise(facet.words)
    words = set(normalise(f"{facet.label} {defined}").split())
    return (
        repeats_template(said)
        or said == normalise(facet.description)
        or (said.count(" ") >= 3 and said in asked)
        or set(said.split()) <= words
    )


@cache
def _templates() -> str:
    return normalise(own_words())


def repeats_template(text: str) -> bool:
    """Whether the words of a text are four or more of a template's in a row (six characters in Chinese)."""
    said, least = normalise(text), 6 if prompt_language([text]) == "zh" else 4
    return len(said.split()) >= least and f" {said} " in f" {_templates()} "
