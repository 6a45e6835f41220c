"""Prompt templates of limner, in English and Chinese."""

from prompts.rendering import (
    LANGUAGES,
    Language,
    PromptError,
    constant_beginnings,
    own_words,
    prompts_version,
    render,
    template_names,
)

__all__ = [
    "LANGUAGES",
    "Language",
    "PromptError",
    "constant_beginnings",
    "own_words",
    "prompts_version",
    "render",
    "template_names",
]
