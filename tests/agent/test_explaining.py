"""Explanations with a real store and a scripted model that tells the probabilities of its replies."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent import Limner, UsageError
from agent.errors import ModelReplyError
from agent.explanations import Explanation, LeftOut
from agent.fakes import ScriptedChat
from agent.measuring import MOST_ABLATIONS
from agent.progress import Step
from retrieval import HashingEmbedder, UnknownUser
from tests.agent.explained import HISTORY, SCHEMA, entries, label_of, number_of, script
from tests.agent.one_by_one import one_by_one


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "h.jsonl"
    path.write_text("\n".join(map(json.dumps, HISTORY)), encoding="utf-8")
    return path


@pytest.fixture
def open_limner(tmp_path: Path, history: Path) -> Callable[..., Limner]:
    def make(script: Callable[..., Any] = script, **settings: Any) -> Limner:
        model = ScriptedChat(script=script)
        limner = Limner(tmp_path / "store", llm=model, embedder=HashingEmbedder(), **settings)
        limner.ingest(history)
        return limner

    return make


@pytest.fixture
def limner(open_limner: Callable[..., Limner]) -> Limner:
    return open_limner()


def without(found: Explanation, removed: str) -> LeftOut:
    (one,) = (each for each in found.without if each.removed == removed)
    return one


def test_a_value_its_probability_alternatives_and_what_happens_without_its_quote(limner: Limner) -> None:
    found = limner.explain("u", "/city", SCHEMA)
    assert (found.kind, found.value, found.origin) == ("drafted", "Munich", "stated")
    assert found.probability == pytest.approx(0.8, abs=0.01)
    assert found.nothing == pytest.approx(0.05, abs=0.01)
    assert [each.value for each in found.alternatives] == ["Hamburg"]
    assert found.alternatives[0].probability == pytest.approx(0.15, abs=0.01)
    lost = without(found, "cited")
    assert lost.snippets == ("e1#0",)
    assert lost.probability == pytest.approx(0.02, abs=0.01)
    assert lost.nothing == pytest.approx(0.9, abs=0.01)
    assert lost.instead == ()
    assert without(found, "similar").instead is None
    assert found.judged == pytest.approx(0.9)


def test_a_quote_stands_in_its_message_and_after_the_one_before(limner: Limner) -> None:
    (quote,) = limner.explain("u", "/city", SCHEMA).quotes
    assert (quote.before.strip(), quote.evidence.quote, quote.after.strip()) == (
        "Thanks for asking.", "I live in Munich now.", "It is nice here."
    )  # fmt: skip
    assert quote.turn_before is not None
    assert (quote.turn_before.event_id, quote.turn_before.text) == ("e0", "Where do you live, please?")


def test_chinese_histories_are_explained_in_the_same_way(limner: Limner) -> None:
    found = limner.explain("张三", "/city", SCHEMA)
    assert (found.value, [each.value for each in found.alternatives]) == ("慕尼黑", ["柏林"])
    assert found.probability == pytest.approx(0.8, abs=0.01)
    assert without(found, "cited").instead == ()


def test_the_alternatives_of_a_choice_are_the_other_choices(limner: Limner) -> None:
    found = limner.explain("u", "/mood", SCHEMA)
    assert [(each.value, round(each.probability, 1)) for each in found.alternatives] == [("low", 0.2)]
    assert (round(found.probability or 0, 1), round(found.nothing or 0, 1)) == (0.7, 0.1)


def test_an_item_of_a_list_is_measured_after_those_before_it(limner: Limner) -> None:
    with pytest.raises(UsageError, match="/hobbies/0, /hobbies/1"):
        limner.explain("u", "/hobbies", SCHEMA)
    found = limner.explain("u", "/hobbies/1", SCHEMA)
    assert (found.value, round(found.probability or 0, 2), round(found.nothing or 0, 2)) == ("chess", 0.6, 0.4)


def test_without_a_snippet_another_value_appears(open_limner: Callable[..., Limner]) -> None:
    def mistaken(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float | Mapping[str, float]:
        if schema is not None and label_of(user) == "city" and number_of(system, "live in M") is None:
            number = number_of(system, "Munich is cold")
            return {entries((number, "Cold City"), (number, "cold city")): 0.9, "[]": 0.1}
        return script(system, user, schema)

    lost = without(open_limner(mistaken).explain("u", "/city", SCHEMA), "cited")
    assert lost.instead == ("Cold City",)


def test_values_that_no_model_read(limner: Limner) -> None:
    counted = limner.explain("u", "/event_count", SCHEMA)
    assert (counted.kind, counted.value, counted.usage.llm_calls) == ("computed", 4, 0)
    assert counted.computed is not None and (counted.computed.rule, counted.computed.events) == ("event_count", 4)
    written = limner.explain("u", "/summary", SCHEMA)
    assert (written.kind, written.usage.llm_calls) == ("summary", 0)
    assert [(claim.pointer, claim.value) for claim in written.rests_on] == [
        ("/city", "Munich"),
        ("/hobbies/0", "hiking"),
    ]


def test_what_is_unknown_has_a_best_guess_and_what_was_searched(limner: Limner) -> None:
    found = limner.explain("u", "/phone", SCHEMA)
    assert (found.kind, found.value, found.quotes) == ("unknown", None, ())
    assert found.nothing == pytest.approx(0.95, abs=0.01)
    assert (found.alternatives[0].value, found.queries) == ("4711", ("phone",))
    assert found.shown


def test_what_was_refused_is_told_with_the_reason(open_limner: Callable[..., Limner]) -> None:
    strict = open_limner(one_by_one(lambda *asked: 0.1 if asked[2] is None else script(*asked)))
    found = strict.explain("u", "/city", SCHEMA)
    assert (found.kind, found.value) == ("unknown", None)
    assert [(each.value, "P=0.10" in each.reason) for each in found.rejected] == [("Munich", True)]


def test_pointers_that_are_not_there(limner: Limner) -> None:
    with pytest.raises(UsageError, match=r"/town.*no attribute of the schema 'small'.*/city, /mood"):
        limner.explain("u", "/town", SCHEMA)
    with pytest.raises(UsageError, match="/hobbies/7"):
        limner.explain("u", "/hobbies/7", SCHEMA)
    with pytest.raises(UsageError, match=r"/phone/3.*not in the profile.*/city"):
        limner.explain("u", "/phone/3", SCHEMA)
    with pytest.raises(UnknownUser):
        limner.explain("nobody", "/city", SCHEMA)


@pytest.mark.parametrize(
    ("user", "question", "answer"),
    [("u", "Where does the user live?", "Munich"), ("张三", "用户住在哪里？", "慕尼黑")],
)
def test_answers(limner: Limner, user: str, question: str, answer: str) -> None:
    found = limner.explain_answer(user, question)
    assert (found.kind, found.subject, found.value, found.is_prose) == ("answer", question, answer, True)
    assert (found.probability, found.judged) == (pytest.approx(0.9, abs=0.01), pytest.approx(0.9))
    assert found.per_token is not None and found.per_token > 0.9
    assert without(found, "cited").instead == ()


def test_questions_that_have_no_answer_and_texts_with_several(limner: Limner) -> None:
    found = limner.explain_answer("u", "Who is the user's dentist?")
    assert (found.kind, found.value) == ("unanswered", None)
    assert found.shown and found.nothing is not None
    with pytest.raises(UsageError, match="2 questions"):
        limner.explain_answer("u", "Where does the user live? What does the user like?")


@pytest.mark.parametrize("refuses", [False, True])
def test_a_model_without_probabilities(open_limner: Callable[..., Limner], refuses: bool) -> None:
    """It answers freely only; and where it enforces no schema, a forced reply is not given."""

    def mute(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        told = script(system, user, schema)
        if not isinstance(told, Mapping):
            return told
        likeliest = max(told, key=lambda reply: told[reply])
        forced = schema is not None and "prefixItems" in schema
        return "sorry" if forced and refuses else likeliest

    found = open_limner(mute).explain("u", "/city", SCHEMA)
    assert found.note is not None and "no probabilities" in found.note
    assert (found.probability, found.nothing, found.alternatives) == (None, None, ())
    lost = without(found, "cited")
    assert (lost.probability, lost.instead) == (None, ())
    assert without(found, "others").instead is None


def test_ablations_are_few_and_leave_the_last_snippets_out_first(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    rows = [
        {"user_id": "u", "id": f"e{n}", "timestamp": f"2024-03-{n + 1:02}", "text": f"Munich {n}"} for n in range(20)
    ]
    rows[5]["text"] = "I live in Munich, really."
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    model = ScriptedChat(script=script)
    steps: list[Step] = []
    limner = Limner(tmp_path / "store", llm=model, embedder=HashingEmbedder(), on_step=steps.append)
    limner.ingest(path)
    found = limner.explain("u", "/city", SCHEMA)
    assert 2 <= len(found.without) <= MOST_ABLATIONS
    assert {name for each in found.without for name in each.snippets} == {each.snippet_id for each in found.shown}
    order = [each.snippet_id for each in found.shown]
    firsts = [min(order.index(name) for name in each.snippets) for each in found.without]
    assert firsts == sorted(firsts, reverse=True)
    told = [step for step in steps if step.stage == "explain"]
    assert told[0].done == 0 and told[-1].done == told[-1].total == len(found.without) + 1


def test_errors_of_the_model_pass(open_limner: Callable[..., Limner]) -> None:
    def broken(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
        raise ModelReplyError("the model's reply is not what was asked for")

    with pytest.raises(ModelReplyError):
        open_limner(broken).explain_answer("u", "Where does the user live?")


def test_the_document_is_json(limner: Limner) -> None:
    document = limner.explain("u", "/city", SCHEMA).as_json()
    assert json.loads(json.dumps(document)) == document
    assert document["quotes"][0]["evidence"]["quote"] == "I live in Munich now."
    assert document["usage"]["llm_calls"] > 3 and document["made_with"]["llm_calls"] > 0


def test_other_snippets_that_matter_are_found_by_halving(tmp_path: Path, history: Path) -> None:
    path = tmp_path / "more.jsonl"
    rows = [
        {"user_id": "u", "id": f"m{n}", "timestamp": "2024-04-01", "text": f"Where we met, part {n}."} for n in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    def needs_m1(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float | Mapping[str, float]:
        told = script(system, user, schema)
        missed = isinstance(told, Mapping) and label_of(user) == "city" and "part 1" not in system
        return {"[]": 1.0} if missed else told

    limner = Limner(tmp_path / "store", llm=ScriptedChat(script=needs_m1), embedder=HashingEmbedder())
    limner.ingest([history, path])
    found = limner.explain("u", "/city", SCHEMA)
    assert without(found, "others").instead == ()
    blamed = [each.snippets for each in found.without if each.removed == "some others" and each.instead is not None]
    assert blamed[-1] == ("m1#0",)
    assert len(found.without) <= MOST_ABLATIONS
