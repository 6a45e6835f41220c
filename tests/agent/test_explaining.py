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
from tests.agent.explained import HISTORY, SCHEMA, label_of, number_of, script
from tests.agent.one_by_one import alone


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


def test_a_value_what_each_snippet_says_and_what_would_stand_there_without_its_quote(limner: Limner) -> None:
    found = limner.explain("u", "/city", SCHEMA)
    assert (found.kind, found.value, found.origin) == ("drafted", "Munich", "stated")
    assert (found.probability, found.nothing) == (pytest.approx(0.95 * 0.8), pytest.approx(0.05))
    read = {each.evidence.snippet_id: (each.values, each.tells, each.sure) for each in found.readings}
    assert read["e1#0"] == (("Munich",), 0.95, pytest.approx(0.76))
    assert read["e3#0"] == ((), pytest.approx(0.3), None)
    lost = without(found, "cited")
    assert (lost.snippets, lost.probability, lost.instead) == (("e1#0",), 0.0, ())
    assert found.usage.llm_calls == len(found.shown) == len(found.readings)
    assert found.judged is None  # the words are literally there: no second look


def test_a_quote_stands_in_its_message_and_after_the_one_before(limner: Limner) -> None:
    (quote,) = limner.explain("u", "/city", SCHEMA).quotes
    assert (quote.before.strip(), quote.evidence.quote, quote.after.strip()) == (
        "Thanks for asking.", "I live in Munich now.", "It is nice here."
    )  # fmt: skip
    assert quote.turn_before is not None
    assert (quote.turn_before.event_id, quote.turn_before.text) == ("e0", "Where do you live, please?")


def test_the_message_before_is_of_the_same_conversation(tmp_path: Path) -> None:
    rows = [
        {"event_id": "a", "session": 1, "text": "Where do you live?"},
        {"event_id": "b", "session": 2, "text": "Where is my order?"},
        {"event_id": "c", "session": 1, "channel": "mail", "text": "Hello."},
        {"event_id": "d", "session": 1, "text": "I live in Munich now."},
    ]
    for day, row in enumerate(rows, start=1):
        row |= {
            "user_id": "v",
            "timestamp": f"2024-03-0{day}",
            "speaker": "user" if row["event_id"] == "d" else "agent",
        }
    (path := tmp_path / "talks.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with Limner(tmp_path / "store", llm=ScriptedChat(script=script), embedder=HashingEmbedder()) as limner:
        limner.ingest(path)
        (quote,) = limner.explain("v", "/city", SCHEMA).quotes
        assert quote.turn_before is not None and quote.turn_before.event_id == "a"


def test_chinese_histories_are_explained_in_the_same_way(limner: Limner) -> None:
    found = limner.explain("张三", "/city", SCHEMA)
    assert (found.value, found.probability) == ("慕尼黑", pytest.approx(0.64))
    assert without(found, "cited").instead == ()


def test_the_alternatives_of_a_choice_are_the_other_choices(limner: Limner) -> None:
    found = limner.explain("u", "/mood", SCHEMA)
    assert [(each.value, round(each.probability, 1)) for each in found.alternatives] == [("low", 0.2)]
    assert (round(found.probability or 0, 1), round(found.nothing or 0, 1)) == (0.7, 0.1)


def by_one_token(system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
    """The script, but moods are told by the probabilities of words, and anger is snippet 2's."""
    if label_of(user) != "mood" or schema is not None:
        return script(system, user, schema)
    if "number only" in user:
        return [{str(number_of(system, "angry")): 0.9, "1": 0.1}]
    return [{"high": 0.6, "low": 0.3, "none": 0.1} if "angry" in system else {"low": 0.5, "high": 0.2, "none": 0.3}]


def test_a_choice_is_explained_by_the_probabilities_of_one_token(open_limner: Callable[..., Limner]) -> None:
    limner = open_limner(by_one_token)
    assert limner.profile("u", SCHEMA).profile["mood"] == "high"
    found = limner.explain("u", "/mood", SCHEMA)
    odds = {"high": 1.5 / 0.25, "low": (3 / 7) / 1.0, "none": (1 / 9) / (3 / 7)}
    chances = {option: each / sum(odds.values()) for option, each in odds.items()}
    assert (found.probability, found.nothing) == (
        pytest.approx(chances["high"], abs=1e-3), pytest.approx(chances["none"], abs=1e-3)
    )  # fmt: skip
    assert [(each.value, each.probability) for each in found.alternatives] == [
        ("low", pytest.approx(chances["low"], abs=1e-3))
    ]
    lost = without(found, "cited")
    assert (lost.snippets, lost.probability, lost.instead) == (("e2#0",), pytest.approx(1 / 3, abs=1e-3), ())


def test_an_item_of_a_list(limner: Limner) -> None:
    with pytest.raises(UsageError, match="/hobbies/0, /hobbies/1"):
        limner.explain("u", "/hobbies", SCHEMA)
    found = limner.explain("u", "/hobbies/1", SCHEMA)
    assert (found.value, found.probability, found.nothing) == ("chess", pytest.approx(0.64), pytest.approx(0.2))
    assert [each.value for each in found.alternatives] == ["hiking"]
    assert without(found, "cited").instead == ()


def alone_in(words: str, reply: list[Mapping[str, float]]) -> Callable[..., Any]:
    """The script, but for the city in a snippet that holds ``words``."""

    def ask(system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
        asked = alone(system, user) if schema is None else None
        return reply if asked and asked.label == "city" and words in asked.line else script(system, user, schema)

    return ask


def test_without_a_snippet_another_value_appears(open_limner: Callable[..., Limner], tmp_path: Path) -> None:
    limner = open_limner(alone_in("moved", [{"Berlin": 0.9, "none": 0.1}]))
    later = tmp_path / "later.jsonl"
    row = {"user_id": "u", "id": "e9", "timestamp": "2024-05-01", "text": "We moved and live in Berlin now."}
    later.write_text(json.dumps(row), encoding="utf-8")
    limner.ingest(later)
    found = limner.explain("u", "/city", SCHEMA)
    assert (found.value, [each.value for each in found.others]) == ("Berlin", ["Munich"])
    assert [(each.value, each.probability) for each in found.alternatives] == [("Munich", pytest.approx(0.76))]
    assert without(found, "cited").instead == ("Munich",)


def test_of_two_quotes_each_alone_is_enough(open_limner: Callable[..., Limner]) -> None:
    found = open_limner(alone_in("Munich is cold", [{"Munich": 0.9, "none": 0.1}])).explain("u", "/city", SCHEMA)
    assert {each.evidence.event_id for each in found.quotes} == {"e1", "e3"}
    each = {one.snippets[0]: (one.probability, one.instead) for one in found.without if one.removed == "cited"}
    assert each == {"e1#0": (pytest.approx(0.81), None), "e3#0": (pytest.approx(0.76), None)}
    assert without(found, "all cited").instead == ()


def test_what_a_person_forbade_does_not_come_back_in_its_place(open_limner: Callable[..., Limner]) -> None:
    limner = open_limner(alone_in("is cold", [{"cold": 0.9, "none": 0.1}]))
    assert limner.profile("u", SCHEMA).profile["city"] == "cold"
    assert without(limner.explain("u", "/city", SCHEMA), "cited").instead == ("Munich",)
    limner.correct("u", "/city", "forbid", by="ann", schema=SCHEMA)
    found = limner.explain("u", "/city", SCHEMA)
    assert (found.value, without(found, "cited").instead) == ("Munich", ())


def test_a_number_is_measured_over_all_snippets_in_one_prompt(limner: Limner) -> None:
    found = limner.explain("u", "/age", SCHEMA)
    assert (found.value, found.readings) == (30, ())
    assert (found.probability, found.nothing) == (pytest.approx(0.8, abs=0.01), pytest.approx(0.05, abs=0.01))
    lost = without(found, "cited")
    assert lost.snippets == ("e2#0",)
    assert (lost.probability, lost.nothing) == (pytest.approx(0.02, abs=0.01), pytest.approx(0.9, abs=0.01))
    assert lost.instead == ()
    assert found.judged == pytest.approx(0.9)


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
    assert (found.kind, found.value, found.quotes, found.queries) == ("unknown", None, (), ("phone",))
    assert found.nothing == pytest.approx(0.45)
    assert [(each.value, each.probability) for each in found.alternatives] == [("late", pytest.approx(0.3025))]
    assert found.rejected[0].reason == "the words seem not to tell it (P=0.45 that they tell nothing)"
    assert found.shown


def test_what_was_refused_is_told_with_the_reason(open_limner: Callable[..., Limner]) -> None:
    strict = open_limner(alone_in("Munich", [{"Munich": 0.1, "none": 0.05, "Rome": 0.09}]))
    found = strict.explain("u", "/city", SCHEMA)
    assert (found.kind, found.value) == ("unknown", None)
    assert [(each.value, "P=0.10" in each.reason) for each in found.rejected] == [("Munich", True)]
    assert [each.value for each in found.alternatives] == ["Munich"]


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
    ("user", "question", "answer", "event"),
    [
        ("u", "Where does the user live?", "Munich", "e1"),
        ("u", "Where do the user and her friend live?", "Munich", "e1"),
        ("张三", "用户住在哪里？", "慕尼黑", "c1"),
    ],
)
def test_answers(limner: Limner, user: str, question: str, answer: str, event: str) -> None:
    found = limner.explain_answer(user, question)
    assert (found.kind, found.subject, found.value, found.is_prose) == ("answer", question, answer, True)
    assert (found.per_token, found.judged, found.nothing) == (pytest.approx(0.9), pytest.approx(0.9), 0.1)
    assert [quote.evidence.event_id for quote in found.quotes] == [event]
    tells = {each.evidence.event_id: each.tells for each in found.readings}
    assert tells[event] == pytest.approx(0.9) and sum(tells.values()) < 2
    assert without(found, "cited").instead == ()
    assert found.usage.llm_calls == 1  # read again without the quote; nothing is weighed again


def test_another_snippet_may_answer_instead(limner: Limner, tmp_path: Path) -> None:
    row = {"user_id": "u", "id": "e8", "timestamp": "2024-01-01", "text": "I live in Munich now, I told you so."}
    (tmp_path / "more.jsonl").write_text(json.dumps(row), encoding="utf-8")
    limner.ingest(tmp_path / "more.jsonl")
    lost = without(limner.explain_answer("u", "Where does the user live?"), "cited")
    assert lost.instead is None


def test_questions_that_have_no_answer_and_texts_with_several(limner: Limner) -> None:
    found = limner.explain_answer("u", "Who is the user's dentist?")
    assert (found.kind, found.value, found.without, found.usage.llm_calls) == ("unanswered", None, (), 0)
    assert len(found.shown) == len(found.readings) > 0 and found.nothing == pytest.approx(0.9)
    with pytest.raises(UsageError, match="2 questions"):
        limner.explain_answer("u", "Where does the user live? What does the user like?")


def silent(told: Any) -> Any:
    """A reply in the same words, without probabilities."""
    if isinstance(told, Mapping):
        return max(told, key=lambda each: told[each])
    return "".join(max(each, key=lambda token: each[token]) for each in told) if isinstance(told, list) else told


def test_readings_of_a_model_without_probabilities(open_limner: Callable[..., Limner]) -> None:
    found = open_limner(lambda *asked: silent(script(*asked))).explain("u", "/city", SCHEMA)
    assert (found.value, found.probability, found.alternatives) == ("Munich", None, ())
    assert found.note is not None and "no probabilities" in found.note
    assert (without(found, "cited").probability, without(found, "cited").instead) == (None, ())


@pytest.mark.parametrize("refuses", [False, True])
def test_a_model_without_probabilities(open_limner: Callable[..., Limner], refuses: bool) -> None:
    """It answers freely only; and where it enforces no schema, a forced reply is not given."""

    def mute(system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
        forced = schema is not None and "prefixItems" in schema
        return "sorry" if forced and refuses else silent(script(system, user, schema))

    found = open_limner(mute).explain("u", "/age", SCHEMA)
    assert found.note is not None and "no probabilities" in found.note
    assert (found.probability, found.nothing, found.alternatives) == (None, None, ())
    lost = without(found, "cited")
    assert (lost.probability, lost.instead) == (None, ())
    assert without(found, "others").instead is None


def test_ablations_are_few_and_leave_the_last_snippets_out_first(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    rows = [
        {"user_id": "u", "id": f"e{n}", "timestamp": f"2024-03-{n + 1:02}", "text": f"Age {n} of 30"} for n in range(20)
    ]
    rows[5]["text"] = "My age is 30, I am angry."
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    model = ScriptedChat(script=script)
    steps: list[Step] = []
    limner = Limner(tmp_path / "store", llm=model, embedder=HashingEmbedder(), on_step=steps.append)
    limner.ingest(path)
    found = limner.explain("u", "/age", SCHEMA)
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
    assert document["usage"]["llm_calls"] >= 3 and document["readings"] and document["made_with"]["llm_calls"] > 0


def test_other_snippets_that_matter_are_found_by_halving(tmp_path: Path, history: Path) -> None:
    path = tmp_path / "more.jsonl"
    rows = [
        {"user_id": "u", "id": f"m{n}", "timestamp": "2024-04-01", "text": f"Of my age, part {n}."} for n in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    def needs_m1(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float | Mapping[str, float]:
        told = script(system, user, schema)
        missed = isinstance(told, Mapping) and label_of(user) == "age" and "part 1" not in system
        return {"[]": 1.0} if missed else told

    limner = Limner(tmp_path / "store", llm=ScriptedChat(script=needs_m1), embedder=HashingEmbedder())
    limner.ingest([history, path])
    found = limner.explain("u", "/age", SCHEMA)
    assert without(found, "others").instead == ()
    blamed = [each.snippets for each in found.without if each.removed == "some others" and each.instead is not None]
    assert blamed[-1] == ("m1#0",)
    assert len(found.without) <= MOST_ABLATIONS
