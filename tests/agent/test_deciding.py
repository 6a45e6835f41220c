"""How an option is decided for by one token, and which snippets are cited for it."""

from collections.abc import Mapping
from typing import Any

import pytest

from agent.chat import Chat
from agent.deciding import Decided, cited_for, decide, options_of
from agent.drafting import draft_facet
from agent.evidence import Pack
from agent.facets import Facet, plan_facets
from agent.fakes import Reply, ScriptedChat
from agent.schema import load_schema
from prompts import Language
from retrieval import Event, Hit, Snippet

MOOD = {"enum": ["positive", "neutral", "negative", None], "description": "the user's mood"}


def facet(node: Mapping[str, Any], language: Language = "en", name: str = "mood") -> Facet:
    return plan_facets(load_schema({"type": "object", "properties": {name: dict(node)}}), language)[0]


def pack(about: Facet, *texts: str) -> Pack:
    hits = []
    for number, text in enumerate(texts, start=1):
        event = Event("u", f"e{number:02}", text, f"2024-03-{number:02}", 86400.0 * number, "chat", "user")
        hits.append(Hit(Snippet.cut(event, 0, 0, len(text), "user", "user"), event, 1.0, number))
    return Pack(tuple(hits), (about,))


def says(
    over_snippets: Mapping[str, float], whatever: Mapping[str, float], number: Mapping[str, float]
) -> ScriptedChat:
    """A model that answers with these tokens: over snippets, over a message that says nothing, and for a number."""

    def script(system: str, user: str, schema: Mapping[str, Any] | None) -> Reply:
        if schema is not None:
            return '{"evidence":[1],"value":"neutral"}'
        if "number only" in user or "只回答编号" in user:
            return [number]
        return [whatever if "user: N/A" in system else over_snippets]

    return ScriptedChat(script=script)


def decided(about: Facet, model: ScriptedChat, *texts: str, language: Language = "en") -> Decided | None:
    return decide(Chat(model), about, pack(about, *texts), language)


EVEN = {"positive": 0.5, "neutral": 0.2, "negative": 0.2, "none": 0.1}


def test_what_the_model_likes_in_any_case_does_not_count() -> None:
    model = says({"positive": 0.5, "neutral": 0.05, "negative": 0.4, "none": 0.05}, EVEN, {"1": 1.0})
    found = decided(facet(MOOD), model, "It broke.")
    assert found is not None and found.value == "negative"
    assert [option for option, _ in found.chances] == ["negative", "positive", "neutral"]
    assert sum(chance for _, chance in found.chances) + found.nothing == pytest.approx(1, abs=1e-3)
    assert "positive / neutral / negative / none?" in model.asked[0][1]


def test_the_message_that_says_nothing_is_asked_about_once() -> None:
    chat = Chat(says({"negative": 0.9, "none": 0.1}, EVEN, {"1": 1.0}))
    for text in ("It broke.", "It broke again."):
        found = decide(chat, facet(MOOD), pack(facet(MOOD), text), "en")
        assert found is not None and found.value == "negative"
    assert chat.usage.llm_calls == 3


def test_snippets_that_add_nothing_show_nothing() -> None:
    found = decided(facet(MOOD), says(EVEN, EVEN, {"1": 1.0}), "I bought a lamp.")
    assert found is not None and found.value is None
    assert {chance for _, chance in found.chances} | {found.nothing} == {0.25}


def test_no_json_is_written_for_what_one_token_tells() -> None:
    about = facet({"enum": ["low", "high", None]})
    even = dict.fromkeys(("low", "high", "none"), 1 / 3)
    model = says({"high": 0.9, "none": 0.1}, even, {"2": 0.8, "1": 0.2})
    (draft,) = draft_facet(Chat(model), pack(about, "Hello.", "It broke."), 0, "en")
    assert (draft.value, [hit.snippet.text for hit in draft.cited]) == ("high", ["It broke."])
    assert draft.probability is not None and draft.probability > 0.8 and draft.nothing is None
    assert len(model.asked) == 3


def test_which_words_sound_most_like_a_mood_is_not_for_the_model_to_say() -> None:
    about = facet(MOOD)
    model = says({"negative": 0.9, "none": 0.1}, EVEN, {})
    (draft,) = draft_facet(Chat(model), pack(about, "Hello.", "It broke."), 0, "en")
    assert draft.value == "negative" and len(draft.cited) == 2 and len(model.asked) == 2


@pytest.mark.parametrize("tokens", [{"Hello": 0.9, "positive": 0.1}, {"yes": 0.9, "no": 0.1}])
def test_an_answer_that_is_none_of_the_words_is_not_counted(tokens: Mapping[str, float]) -> None:
    about = facet(MOOD)
    model = says(tokens, tokens, {"1": 1.0})
    assert decided(about, model, "It broke.") is None
    (draft,) = draft_facet(Chat(model), pack(about, "It broke."), 0, "en")
    assert draft.value == "neutral"  # drafted as JSON


def test_a_model_that_tells_no_probabilities_drafts_as_json() -> None:
    about = facet(MOOD)
    mute = ScriptedChat(script=lambda _s, _u, schema: '{"evidence":[1],"value":"neutral"}' if schema else "positive")
    (draft,) = draft_facet(Chat(mute), pack(about, "It broke."), 0, "en")
    assert draft.value == "neutral" and len(mute.asked) == 2


@pytest.mark.parametrize(
    ("options", "language", "lettered"),
    [
        (["low", "high"], "en", False),
        (["get a pass", "get a seat"], "en", True),
        (["none", "mild", "severe"], "en", True),
        ([1, 2, 3], "en", False),
        ([1, 5, 10], "en", True),
        (["经济型", "舒适型"], "zh", False),
        (["未婚", "未知"], "zh", True),
    ],
)
def test_options_that_begin_alike_get_letters(options: list[Any], language: Language, lettered: bool) -> None:
    marks = list("ABC")[: len(options)] if lettered else [str(each) for each in options]
    model = says({marks[0]: 0.1, marks[1]: 0.9}, {marks[0]: 0.6, marks[1]: 0.4}, {"1": 1.0})
    found = decided(facet({"enum": options}, language), model, "x", language=language)
    assert found is not None and found.value == options[1]
    assert (f"\nB. {options[1]}\n" in model.asked[0][1]) == lettered


@pytest.mark.parametrize(("language", "yes", "no"), [("en", "yes", "no"), ("zh", "是", "否")])
def test_booleans_are_asked_in_words(language: Language, yes: str, no: str) -> None:
    model = says({no: 0.7, yes: 0.2, "none": 0.1}, {no: 0.3, yes: 0.3, "none": 0.4}, {"1": 1.0})
    found = decided(facet({"type": ["boolean", "null"]}, language), model, "x", language=language)
    assert found is not None and found.value is False and found.chance_of(False) > found.chance_of(True)


def test_options_are_those_of_the_schema_without_null() -> None:
    assert options_of(facet({"enum": ["a", None]})) == ["a"] and options_of(facet({"const": 3})) == [3]
    assert options_of(facet({"type": "boolean"})) == [True, False]


def test_more_options_than_letters_are_drafted() -> None:
    model = says({"a": 1.0}, {"a": 1.0}, {"1": 1.0})
    assert decided(facet({"enum": [f"option {n}" for n in range(20)]}), model, "x") is None and not model.asked


def test_a_snippet_that_says_the_option_in_words_is_cited() -> None:
    about = facet({"enum": ["book a flight", "change seat"]})
    model = says({}, {}, {"3": 0.3, "2": 0.3, "1": 0.2})
    shown = pack(about, "I want to change my seat.", "My name is Bo.", "Thank you.")
    assert [hit.rank for hit in cited_for(Chat(model), about, "change seat", shown, "en")] == [1]
    assert [hit.rank for hit in cited_for(Chat(model), about, "book a flight", shown, "en")] == [2, 3]


def test_of_many_snippets_the_number_that_is_said_is_cited() -> None:
    about = facet(MOOD)
    shown = pack(about, *(f"Message {n}." for n in range(1, 13)))
    model = ScriptedChat(script=lambda *_: "[12]")
    assert [hit.rank for hit in cited_for(Chat(model), about, "negative", shown, "en")] == [12]
