import re

import pytest

from prompts import LANGUAGES, prompts_version, render, template_names
from prompts.rendering import PromptError

ANY = {
    "snippets": "[1] user: <b> & \"x\"", "question": "Q?", "answer": "A", "quotes": "q", "label": "city", "value": "v",
    "description": "", "synthesis": False, "choices": "", "many": False, "record": False, "facts": "f",
    "options": [("low", "low"), ("none", "")], "lettered": False,
    "bound": True, "example": '"..."', "messages": "[1] user: m", "message": "user: m",
    "since": "2024-01-01", "until": "2024-02-01",
    "attributes": [{"name": "city", "description": "d", "many": False}, {"name": "p", "description": "", "many": True}],
}  # fmt: skip


def test_every_template_exists_in_every_language() -> None:
    english, chinese = (template_names(language) for language in LANGUAGES)
    asking = ["ask_judge", "read", "read_system", "weigh", "weigh_system"]
    asking += ["tell_system", "why_read_system", "why_weigh_system"]
    profiles = ["cite", "decide", "draft", "draft_system", "extract", "extract_system", "judge", "mood"]
    profiles += ["examples_system", "summary", "summary_system"]
    agents = ["agent_system"]
    floors = ["floor_ask", "floor_profile", "floor_system"]
    assert english == chinese == sorted([*agents, *asking, *profiles, *floors])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_renders(language: str) -> None:
    for name in template_names(language):
        text = render(name, language, **ANY)
        assert text == text.strip() != ""
        assert "{{" not in text and "{%" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_variable_is_an_error(language: str) -> None:
    without = {
        "examples_system",
        "extract_system",
        "read_system",
        "weigh_system",
        "tell_system",
        "why_read_system",
        "why_weigh_system",
    }  # no variables
    for name in set(template_names(language)) - without:
        with pytest.raises(PromptError, match=f"{language}/{name}"):
            render(name, language)


def test_an_unknown_template_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(PromptError, match=r"'nothing'.*draft_system"):
        render("nothing", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_escaped_for_html(language: str) -> None:
    assert ANY["snippets"] in render("draft_system", language, **ANY)


def test_braces_in_the_history_are_not_evaluated() -> None:
    assert "{{ 7 * 7 }}" in render("draft_system", "en", snippets="[1] user: {{ 7 * 7 }}")


def test_the_version_is_a_short_stable_fingerprint() -> None:
    assert re.fullmatch("[0-9a-f]{12}", prompts_version())
    assert prompts_version() == prompts_version()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_judge_is_told_what_it_reads(language: str) -> None:
    assert "Message written by the user" in render("judge", language, **ANY)
    assert "Record about the user" in render("judge", language, **{**ANY, "record": True})


@pytest.mark.parametrize(("language", "about"), [("en", " (d)"), ("zh", "（d）")])
def test_one_message_comes_before_what_is_asked_about_it(language: str, about: str) -> None:
    """So all attributes that are looked for in a message share the beginning of the prompt."""
    plain, described = (render("extract", language, **{**ANY, "description": each}) for each in ("", "d"))
    for text in (plain, described):
        message, question = text.split("\n")
        assert message == ANY["message"] and "city" in question
    assert described.replace(about, "") == plain != described
