"""Thoughts, prose and fences around a reply, and what is taken out of them."""

import pytest

from agent.json_reply import find_json
from agent.thinking import spoken, without_thinking

LIST = {"type": "array", "items": {"type": "object"}}
OBJECT = {"type": "object"}
STRINGS = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('[{"a":1}]', [{"a": 1}]),
        ("```json\n[]\n```", []),
        ("Here:\n```\n[]\n```\nDone.", []),
        ('From [1] and [2] follows [{"a":1}].', [{"a": 1}]),
        ('He said {this}. [{"a":"]"}]', [{"a": "]"}]),
        ('["an array of the wrong kind is whole JSON"]', ["an array of the wrong kind is whole JSON"]),
    ],
)
def test_the_only_value_is_taken(text: str, value: object) -> None:
    found = find_json(text, LIST)
    assert (found.value, found.problem) == (value, "")
    assert found.text in text


@pytest.mark.parametrize(
    ("text", "schema", "why"),
    [
        ("", LIST, "not JSON"),
        ("Sorry, I cannot.", LIST, "not JSON"),
        ('[] or [{"a":1}]', LIST, "not JSON"),
        ("```\n[]\n```\n```\n[]\n```", LIST, "not JSON"),
        ("see [1]", LIST, "not JSON"),
        ('[{"a":1}]', OBJECT, ""),
        ('It is [{"a":1}]', OBJECT, "not JSON"),
        ('[{"a":1},{"a":', LIST, "cut off"),
        ('Here: [{"a":"Os', LIST, "cut off"),
        ('```json\n[{"a":[1],"b":"x', LIST, "cut off"),
        ('{"a":["x"', OBJECT, "cut off"),
        ('["a","b', STRINGS, "cut off"),
        ("[NaN]", LIST, "not JSON"),
    ],
)
def test_anything_else_is_none(text: str, schema: dict[str, object], why: str) -> None:
    found = find_json(text, schema)
    assert why in found.problem and bool(found.problem) == bool(why)


@pytest.mark.parametrize(
    ("text", "answer", "thought"),
    [
        ("yes", "yes", False),
        ("<think>no, no</think>yes", "yes", True),
        ("<think></think>\n\nyes", "yes", True),
        ("no, no</think>\nyes", "yes", True),
        ("<think>no <think>again</think> no</think> yes", "yes", True),
        ("<think>no, because", "", True),
        ("yes <think>or no", "yes", True),
        ("<THINKING>x</THINKING>yes", "yes", True),
        ("[THINK]x[/THINK]yes", "yes", True),
        (
            "<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>yes<|return|>",
            "yes",
            True,
        ),
        ("<|channel|>analysis<|message|>I think", "", True),
        ('analysisWe need JSON.assistantfinal["x"]', '["x"]', True),
        ("analysis of the case", "analysis of the case", False),
    ],
)
def test_thoughts_are_parted_from_the_answer(text: str, answer: str, thought: bool) -> None:
    assert without_thinking(text) == (answer, thought)


def test_the_tokens_of_the_answer_are_those_at_its_last_place() -> None:
    tokens = [{"token": each} for each in ("<think>", "yes", "?", "</think>", "\n", " yes", "<|im_end|>")]
    assert spoken(tokens, "yes") == [{"token": " yes"}]
    assert spoken(tokens, "no") == [] and spoken(tokens, "") == []
    half = [{"token": "\ufffd", "bytes": [0xE6]}, {"token": "\ufffd", "bytes": [0x98, 0xAF]}]
    assert spoken(half, "是") == half
