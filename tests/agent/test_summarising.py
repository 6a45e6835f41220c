import json
from typing import Any

import pytest

from agent.chat import Chat
from agent.documents import Claim, Evidence, Rejected
from agent.errors import SchemaError
from agent.facets import plan_facets
from agent.fakes import ScriptedChat
from agent.schema import load_schema
from agent.summarising import summarise
from agent.verify import Accepted

TEXT = {"type": "string", "maxLength": 300, "x-from-claims": True}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "likes": {"type": "array", "items": {"type": "string"}}, "about": TEXT},
}


def claim(pointer: str, value: Any, **more: Any) -> Claim:
    evidence = Evidence(f"e-{value}", f"e-{value}#0", 0, 1, "x", "2024-01-02", None, None)
    fields = {"status": "current", "origin": "stated", "confidence": 0.9, "evidence": (evidence,), **more}
    return Claim(pointer=pointer, value=value, valid_from=None, valid_to=None, **fields)


CLAIMS = (
    claim("/city", "Munich", confidence=0.7),
    claim("/city", "Berlin", status="superseded"),
    claim("/likes/0", "tea"),
    claim("/likes/1", "chess"),
)


def run(text: str | None, *claims: Claim) -> tuple[Any, ScriptedChat]:
    facets = plan_facets(load_schema(SCHEMA), "en")
    model = ScriptedChat(script=lambda *_: json.dumps({"evidence": [1], "value": text}))
    return summarise(Chat(model), facets[2], claims or CLAIMS, facets, "en"), model


def test_a_text_rests_on_the_claims_that_it_uses() -> None:
    text, model = run("The user lives in the city Munich. The user likes chess.")
    assert isinstance(text, Accepted)
    assert (text.value, text.confidence) == ("The user lives in the city Munich. The user likes chess.", 0.7)
    assert [e.event_id for e in text.evidence] == ["e-Munich", "e-chess"]
    told = model.asked[0][0]
    assert "[1] city: Munich\n[2] likes: tea\n[3] likes: chess" in told and "Berlin" not in told


@pytest.mark.parametrize(
    "said",
    [
        "The user works at a bank as an accountant.",
        "The user likes 3 teas.",
        "Likes tea, likes tea, likes tea, likes tea.",
    ],
)
def test_what_goes_beyond_the_claims_is_left_out(said: str) -> None:
    assert isinstance(run(said)[0], Rejected)
    assert run(f"The user likes tea. {said}")[0].value == "The user likes tea."


def test_too_few_claims_need_no_model() -> None:
    nothing, model = run("x", CLAIMS[0], CLAIMS[1], claim("/likes/0", "tea", origin="computed"))
    assert nothing is None and model.asked == []


def test_the_model_may_have_nothing_to_say() -> None:
    assert run(None)[0] is None


@pytest.mark.parametrize("node", [{"type": "string", "x-from-claims": True}, {**TEXT, "x-from-claims": "yes"}])
def test_only_texts_are_written_from_claims(node: dict[str, Any]) -> None:
    with pytest.raises(SchemaError) as raised:
        plan_facets(load_schema({"type": "object", "properties": {"about": node}}), "en")
    assert raised.value.pointer == "/properties/about/x-from-claims"


def test_a_value_of_two_attributes_is_told_once() -> None:
    text, model = run("The user likes chess.", *CLAIMS, claim("/city", "Chess"), claim("/likes/2", "go"))
    assert "[3] likes: chess\n[4] likes: go" in model.asked[0][0] and "Chess" not in model.asked[0][0]
    assert isinstance(text, Accepted)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("The user likes tea, chess, tea.", "The user likes tea, chess."),
        ("The user likes tea, chess, and tea. Tea, chess.", "The user likes tea, chess."),
        (
            "The user likes tea and chess, tea and chess in Munich.",
            "The user likes tea and chess, tea and chess in Munich.",
        ),
    ],
)
def test_a_value_is_not_listed_again(said: str, told: str) -> None:
    assert run(said)[0].value == told


def test_a_value_is_not_listed_again_in_chinese() -> None:
    likes = [claim(f"/likes/{n}", value) for n, value in enumerate(("爬山", "潜水", "滑雪"))]
    text, _ = run("该用户喜欢爬山、潜水、滑雪、潜水、滑雪、住在慕尼黑。", claim("/city", "慕尼黑"), *likes)
    assert text.value == "该用户喜欢爬山、潜水、滑雪、住在慕尼黑。"


def test_parts_of_an_object_have_their_names() -> None:
    _, model = run("x", *CLAIMS, claim("/likes/2", {"issue": "broken kettle", "status": "open", "since": None}))
    assert "likes: broken kettle (status: open)" in model.asked[0][0]
