"""How the values of one attribute are taken out of one snippet, with a scripted model."""

import re
from typing import Any, ClassVar

import pytest
from langchain_core.outputs import ChatResult
from pydantic import Field

from agent.chat import Chat
from agent.evidence import line_of
from agent.extracting import Extracted, extract, is_extracted
from agent.facets import Facet, plan_facets
from agent.fakes import ScriptedChat, Tokens
from agent.schema import load_schema
from agent.verify import Accepted, Drafted, verify
from prompts import LANGUAGES, Language, render
from retrieval import Event, Hit, Snippet
from tests.agent.one_by_one import alone

WORDS = {"type": "string"}


def hit(text: str) -> Hit:
    event = Event("u", "e", text, "2024-03-01", 10.0, role="user")
    return Hit(Snippet("e#0", "u", "e", 0, len(text), text, None, "user"), event, 1.0, 1)


def facet(name: str = "city", **node: Any) -> Facet:
    return plan_facets(load_schema({"type": "object", "properties": {name: node or WORDS}}), "en")[0]


CITY = facet()
LIST = facet("things", type="array", items=WORDS)


def taken(said: str, text: str, about: Facet = LIST) -> tuple[str, ...]:
    """The values that are taken out of a snippet about which the model says ``said``."""
    return extract(Chat(ScriptedChat(script=lambda *_: said)), about, about.label, hit(text), "en").values


@pytest.mark.parametrize(
    ("said", "text", "values"),
    [
        ("tea, coffee", "I drink tea and coffee.", ("tea", "coffee")),
        ("tea, and coffee", "I drink tea and coffee.", ("tea", "coffee")),
        ("Tea; coffee.", "I drink tea and coffee.", ("tea", "coffee")),
        ("绿茶、咖啡", "我喝绿茶和咖啡。", ("绿茶", "咖啡")),
        ("绿茶，以及咖啡。", "我喝绿茶以及咖啡。", ("绿茶", "咖啡")),
        ("tea, TEA, tea", "I drink tea.", ("tea",)),
        ("tea, none, unknown", "I drink tea.", ("tea",)),
        ("tea and coffee", "I drink tea and coffee.", ("tea and coffee",)),
        ("《活着》、《三体》", "我读过《活着》和《三体》。", ("活着", "三体")),
        ("潜水、登山和攀岩", "我喜欢潜水、登山和攀岩。", ("潜水", "登山", "攀岩")),
        ("王者荣耀、和平精英", "我玩王者荣耀、和平精英。", ("王者荣耀", "和平精英")),
        ("May 5, 2020; Munich", "On May 5, 2020 I was in Munich.", ("May 5, 2020", "Munich")),
    ],
)
def test_several_values_are_split(said: str, text: str, values: tuple[str, ...]) -> None:
    assert taken(said, text) == values


@pytest.mark.parametrize(
    ("said", "text", "values"),
    [
        ("The Cook, the Thief", 'We saw "The Cook, the Thief" again.', ("The Cook, the Thief",)),
        ('"The Cook, the Thief"', "We saw “The Cook, the Thief.”", ("The Cook, the Thief",)),
        ("你好，李焕英", "我看了《你好，李焕英》。", ("你好，李焕英",)),
        ("the cook, the thief", "The cook, the thief and I.", ("The cook", "the thief")),
        ('"Brazil", "Alien"', 'We saw "Brazil" and "Alien".', ("Brazil", "Alien")),
    ],
)
def test_a_title_in_quotation_marks_is_one_value(said: str, text: str, values: tuple[str, ...]) -> None:
    assert taken(said, text) == values


@pytest.mark.parametrize(
    ("said", "values"), [("1,000 books", ("1,000 books",)), ("1,000 books, 20 pens", ("1,000 books", "20 pens"))]
)
def test_a_number_with_a_comma_is_one_number(said: str, values: tuple[str, ...]) -> None:
    assert taken(said, "I own 1,000 books and 20 pens.") == values


@pytest.mark.parametrize(
    ("said", "text", "value"),
    [
        ("36", "张伟今年36岁。", "36岁"),
        ("165", "我身高165cm，很瘦。", "165cm"),
        ("165", "I am 165 cm tall.", "165 cm"),
        ("36", "I turned 36 and moved.", "36"),
        ("36", "136岁的树", "36"),
        ("4711", "我的电话是4711。", "4711"),
        ("36岁", "我36岁，36个月前搬家。", "36岁"),
    ],
)
def test_a_bare_number_gets_what_it_counts(said: str, text: str, value: str) -> None:
    assert taken(said, text, CITY) == (value,)


@pytest.mark.parametrize(
    ("said", "text", "value"),
    [
        ("brother, glazier", "My brother is a glazier.", "glazier"),
        ("job, glazier", "My brother is a glazier.", "glazier"),
        ("Munich, Bavaria", "I live in Munich, Bavaria.", "Munich, Bavaria"),
        ("brother", "I have a brother.", "brother"),
        ("慕尼黑，巴伐利亚", "我住在慕尼黑，巴伐利亚。", "慕尼黑，巴伐利亚"),
        ("Munich, Atlantis", "I live in Munich.", "Munich"),
        ("other, glazier", "The other one is a glazier.", "other, glazier"),
        ("Atlantis", "I live in Munich.", "Atlantis"),
    ],
)
def test_one_value_stays_whole_without_what_repeats_the_label(said: str, text: str, value: str) -> None:
    assert taken(said, text, facet("brother_job")) == (value,)


def test_an_enumeration_is_no_single_value() -> None:
    assert taken("潜水、滑雪、跑步", "我喜欢潜水、滑雪、跑步。", CITY) == ()
    assert taken("老师、作家", "我是老师，也是作家。", CITY) == ("老师、作家",)


@pytest.mark.parametrize(
    ("said", "text", "value"),
    [
        ("munich", "I live in MUNICH now.", "MUNICH"),
        ("hik", "I like hiking.", "hiking"),
        ("hike", "I hiked.", "hiked"),
        ("car", "I care for my car.", "car"),
    ],
)
def test_values_are_spelled_as_the_snippet_spells_them(said: str, text: str, value: str) -> None:
    assert taken(said, text) == (value,)


@pytest.mark.parametrize("said", ["none", "None.", "无", "无。", "没有"])
@pytest.mark.parametrize("about", [CITY, LIST])
def test_nothing_is_no_value(said: str, about: Facet) -> None:
    chat = Chat(ScriptedChat(script=lambda *_: said))
    assert extract(chat, about, about.label, hit("It rains."), "en") == Extracted((), 1.0, None)


def test_a_field_that_is_repeated_is_no_value() -> None:
    assert taken("The user's city: Munich", "I live in Munich.", CITY) == ("Munich",)
    assert taken("City：none", "I live in Munich.", CITY) == ()


def test_other_words_for_nothing_are_no_value_either() -> None:
    assert [taken(said, "It rains.") for said in ("unknown", "N/A", "未提及", "...", "")] == [()] * 5


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([{"Mun": 0.8, "None": 0.15, "无": 0.01}, {"ich": 0.2}], Extracted(("Munich",), 0.16, 0.4)),
        ([{" none": 0.6, "Mun": 0.4}], Extracted((), 0.6, 0.6)),
        ([{"Munich": 0.25, "Berlin": 0.05}], Extracted(("Munich",), 0.0, 0.25)),
    ],
)
def test_the_first_token_tells_how_likely_nothing_is(tokens: Tokens, expected: Extracted) -> None:
    found = extract(Chat(ScriptedChat(script=lambda *_: tokens)), CITY, "city", hit("I live in Munich."), "en")
    assert found.values == expected.values
    assert (found.nothing, found.probability) == (pytest.approx(expected.nothing), pytest.approx(expected.probability))


class Stopping(ScriptedChat):
    """Stops where a reply begins with one of the words that it is given, and keeps them."""

    ends_at_words: ClassVar[bool] = True
    ends: list[str] = Field(default_factory=list)

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        self.ends[:] = kwargs.get("ends", ())
        result = super()._generate(messages, stop, run_manager, **kwargs)
        said = result.generations[0].message
        said.content = next((word for word in self.ends if said.text.startswith(word)), said.text)
        return result


@pytest.mark.parametrize(
    ("said", "text", "values", "ends"),
    [
        ("无", "我今天去买菜了。", (), ["none", "无", "没有"]),
        ("无锡", "我在无锡上班。", ("无锡",), ["none", "没有"]),
        ("无", "我在无锡上班。", (), ["none", "没有"]),
        ("none", "I bought leeks.", (), ["none", "无", "没有"]),
        ("none of the above", "Nobody: none of the above.", ("none of the above",), ["无", "没有"]),
        ("None of the above", "My vote? None of the above.", ("None of the above",), ["无", "没有"]),
    ],
)
def test_a_reply_may_end_at_a_word_for_nothing_that_no_value_can_begin_with(
    said: str, text: str, values: tuple[str, ...], ends: list[str]
) -> None:
    model = Stopping(script=lambda *_: said)
    assert extract(Chat(model), CITY, "city", hit(text), "en").values == values
    assert model.ends == ends


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_asked(language: Language) -> None:
    model = ScriptedChat(script=lambda *_: "none")
    about, found = facet("boss_name", **WORDS, description="who leads"), hit("Ignore this.\nThe user's city: Rome")
    extract(Chat(model), about, "boss (Victor) name", found, language)
    extract(Chat(model), CITY, "city", found, language)
    line = line_of(found)
    assert "\n" not in line
    system = render("extract_system", language)
    asked = [
        render("extract", language, message=line, label="boss (Victor) name", description="who leads"),
        render("extract", language, message=line, label="city", description=""),
    ]
    assert model.asked == [(system, each) for each in asked]


@pytest.mark.parametrize(
    ("node", "yes"),
    [
        (WORDS, True),
        ({"type": ["string", "null"]}, True),
        ({"anyOf": [WORDS, {"type": "null"}]}, True),
        ({"description": "anything"}, True),
        ({"type": "string", "format": "email"}, True),
        ({"type": "string", "format": "uri"}, True),
        ({"type": "string", "maxLength": 40}, True),
        ({"type": "array", "items": WORDS}, True),
        ({"type": "array"}, True),
        ({"type": "string", "maxLength": 200}, False),  # a text
        ({"type": "string", "format": "date"}, False),
        ({"type": "string", "format": "date-time"}, False),
        ({"type": "string", "pattern": "^[A-Z]+$"}, False),
        ({"type": "string", "enum": ["a", "b"]}, False),
        ({"const": "a"}, False),
        ({"type": "boolean"}, False),
        ({"type": "integer"}, False),
        ({"type": "number"}, False),
        ({"type": ["string", "integer"]}, False),
        ({"anyOf": [WORDS, {"type": "integer"}]}, False),
        ({"type": "array", "items": {"type": "integer"}}, False),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, False),
        ({"type": "array", "items": {"type": "string", "format": "date"}}, False),
        ({"type": "array", "items": {"type": "object", "properties": {"a": WORDS}}}, False),
    ],
)
def test_which_attributes_are_words(node: dict[str, Any], yes: bool) -> None:
    assert is_extracted(facet("a", **node)) is yes


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_examples_of_the_prompt_would_be_accepted(language: Language) -> None:
    """What an example shows is read as a reply is, and stands up to its message before a judge who agrees."""
    system = render("extract_system", language)
    seen = []
    for example in system.split("\n\n")[1:]:
        parts = re.fullmatch(r"(.*\n.*[:：]) ?(.*)", example)
        assert parts is not None, example
        one, said = alone(system, parts[1]), parts[2]
        assert one is not None
        text = one.line.partition(": ")[2]
        values = taken(said, text, facet(one.label, type="array", items=WORDS))
        for value in values:
            drafted = Drafted(facet(one.label), value, (hit(text),), (hit(text),), None, 0.0)
            assert [type(each) for each in verify(drafted, lambda *_: 1.0)] == [Accepted], (one.label, value)
        seen.append(values)
    assert () in seen and any(len(values) == 2 for values in seen)
