"""Tokens are what a local model costs: a prompt that grows is seen here, and its budget is raised on purpose."""

import pytest

from agent.llama import estimate_tokens
from prompts import LANGUAGES, render, template_names
from tests.prompts.test_rendering import ANY

# What a template costs by itself, in estimated tokens (agent.llama.estimate_tokens), in the dearer of the languages.
# The systems of extract, read and weigh are read once and then come from the cache.
BUDGET = {
    "agent_system": 181, "ask_judge": 35, "cite": 29, "decide": 35, "draft": 77, "draft_system": 97,
    "examples_system": 26, "extract": 10,
    "extract_system": 499, "judge": 34, "mood": 60, "read": 12, "read_system": 381, "summary": 60, "summary_system": 48,
    "weigh": 12, "weigh_system": 327, "tell_system": 436, "why_read_system": 356,
    "why_weigh_system": 314,
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", BUDGET)
def test_a_prompt_stays_within_its_budget(name: str, language: str) -> None:
    assert estimate_tokens(render(name, language, **ANY)) <= BUDGET[name]


def test_every_prompt_has_a_budget() -> None:
    known = {name for name in template_names("en") if not name.startswith("floor_")}  # what limner is measured against
    assert known == set(BUDGET)
