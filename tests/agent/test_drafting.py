"""What the judge is asked."""

from typing import Any

import pytest

from agent.chat import Chat
from agent.documents import Evidence
from agent.drafting import judge_claim
from agent.facets import plan_facets
from agent.fakes import ScriptedChat
from agent.schema import load_schema

ISSUE = {
    "type": "object",
    "description": "a problem the user reported",
    "properties": {"issue": {"type": "string"}, "status": {"enum": ["open", "resolved"]}},
}
QUOTE = Evidence("e", "e#0", 0, 8, "It broke", None, None, None)


@pytest.mark.parametrize(
    ("node", "value", "asked"),
    [
        (
            {"type": "array", "items": ISSUE, "description": "all problems"},
            {"issue": "it broke", "status": "open"},
            '"it broke" is a problem the user reported?',
        ),
        ({"type": "array", "items": {"type": "string"}, "description": "hobbies"}, "tea", '"tea" is hobbies?'),
        ({"enum": ["low", "high"], "description": "the risk"}, "high", '"high" is the risk?'),
        ({"type": "boolean"}, True, '"True" is the user\'s thing?'),
        ({"type": "string"}, "tea", '"tea" is the user\'s thing?'),
    ],
)
def test_the_judge_is_asked_for_what_must_be_said(node: dict[str, Any], value: Any, asked: str) -> None:
    facet = plan_facets(load_schema({"type": "object", "properties": {"thing": node}}), "en")[0]
    model = ScriptedChat(script=lambda *_: 0.7)
    assert judge_claim(Chat(model), facet, value, [QUOTE], "en", record=False) == pytest.approx(0.7)
    assert f"Does the message say that {asked} Answer yes or no." in model.asked[0][1]
