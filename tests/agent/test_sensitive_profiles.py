"""Sensitive matters in profiles and answers: stated ones are marked, others neither shown nor kept."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent import Limner, ProfileInvalid, UsageError
from agent.cli import main
from agent.documents import Claim, ProfileDocument, Rejected
from agent.fakes import ScriptedChat
from retrieval import HashingEmbedder
from retrieval.policies import Policy
from tests.agent.test_main_job import answering

TEXT = {"type": ["string", "null"]}
LIST = {"type": "array", "items": {"type": "string"}}
SAID = [
    ("u", "a", "user", "I am a Muslim and I live in Munich."),
    ("u", "b", "user", "My daughter Lea plays chess. I spend my evenings at the mosque."),
    ("u", "c", "user", "After the chemotherapy I like hiking."),
    ("u", "d", "agent", "I am a Buddhist. Your insulin pump was sent."),
    ("张三", "e", "user", "我信佛，有糖尿病。"),
    ("张三", "f", "user", "我喜欢下棋，常去医院看医生。"),
]
SCHEMA = {
    "title": "s", "type": "object",
    "properties": {"religion": TEXT, "city": TEXT, "illness": TEXT, "hobbies": LIST},
}  # fmt: skip
VALUES: dict[str, list[tuple[str, Any]]] = {
    "religion": [("Muslim", "Muslim"), ("信佛", "信佛")],
    "city": [("Munich", "Munich")],
    "illness": [("chemotherapy", "cancer patient"), ("糖尿病", "糖尿病")],
    "hobbies": [
        ("hiking", "hiking"),
        ("hiking", "chemotherapy"),
        ("chess", "chess"),
        ("下棋", "下棋"),
        ("医院", "慢性病"),
    ],
}
Open = Callable[..., tuple[Limner, ScriptedChat]]


@pytest.fixture
def open_(tmp_path: Path) -> Iterator[Open]:
    made: list[Limner] = []

    def make(
        values: Mapping[str, Any] = VALUES, policy: Policy | None = None, summary: str = ""
    ) -> tuple[Limner, ScriptedChat]:
        rows = tmp_path / f"rows{len(made)}.jsonl"
        lines = [{"user_id": u, "id": i, "speaker": who, "text": text} for u, i, who, text in SAID]
        rows.write_text("".join(json.dumps(each) + "\n" for each in lines), "utf-8")
        script = answering(values)

        def with_summary(system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
            if schema is not None and summary and user.startswith(("Write about", "写")):
                return json.dumps({"evidence": [1], "value": summary})
            return script(system, user, schema)

        model = ScriptedChat(script=with_summary)
        made.append(Limner(tmp_path / f"store{len(made)}", llm=model, embedder=HashingEmbedder()))
        made[-1].ingest(rows)
        if policy is not None:
            made[-1].store.set_policy(policy)
        return made[-1], model

    yield make
    for each in made:
        each.close()


def claimed(document: ProfileDocument) -> dict[str, tuple[Any, str, tuple[str, ...]]]:
    return {each.pointer: (each.value, each.origin, each.sensitive) for each in document.claims}


def refused(rejected: Sequence[Rejected]) -> list[tuple[str, Any, str]]:
    return [(each.pointer, each.value, each.reason) for each in rejected]


def everything(limner: Limner, user: str) -> str:
    """All that is kept of what was made of a user."""
    kept = limner.export(user)
    return json.dumps([kept["profiles"], kept["corrections"]], ensure_ascii=False)


def test_stated_ones_are_marked_and_inferred_ones_are_not_kept(open_: Open) -> None:
    limner, _ = open_()
    document = limner.profile("u", SCHEMA)
    assert document.profile == {
        "religion": "Muslim",
        "city": "Munich",
        "illness": None,
        "hobbies": ["chemotherapy", "hiking"],
    }
    claims = claimed(document)
    assert claims["/religion"] == ("Muslim", "stated", ("religion",)) and claims["/city"][2] == ()
    assert {value: marked for value, _, marked in claims.values() if value in document.profile["hobbies"]} == {
        "hiking": (), "chemotherapy": ("health",),
    }  # fmt: skip
    assert [each for each in refused(document.rejected) if each[0] == "/illness"] == [
        ("/illness", None, "the cited words do not say it (they hold 0% of it); about health: the value is not kept")
    ]
    assert "cancer" not in everything(limner, "u") and (document.purpose, document.basis, document.withheld) == (
        None,
        None,
        (),
    )
    limner.store.keeping.version("u", "s", 1)
    assert limner.store.keeping.versions("u")[0].sensitive == "health,religion"


def test_in_chinese(open_: Open) -> None:
    limner, _ = open_()
    document = limner.profile("张三", SCHEMA)
    claims = claimed(document)
    assert claims["/religion"] == ("信佛", "stated", ("religion",)) and claims["/illness"] == (
        "糖尿病",
        "stated",
        ("health",),
    )
    assert document.profile["hobbies"] == ["下棋"] and "慢性病" not in everything(limner, "张三")


def test_a_paraphrase_that_the_judge_believes_is_still_none(open_: Open) -> None:
    values = {
        **VALUES,
        "religion": [("evenings at the mosque", "evenings at a mosque")],
        "illness": [("chemotherapy", "chemotherapy cancer")],
    }
    limner, _ = open_(values)
    document = limner.profile("u", SCHEMA)
    assert document.profile["religion"] is None is document.profile["illness"]
    assert {each[1] for each in refused(document.rejected) if each[0] in ("/religion", "/illness")} == {None}
    kept = everything(limner, "u")
    assert "at a mosque" not in kept and "cancer" not in kept


_FAITHS = {"enum": ["Muslim", "Buddhist", "Christian", None]}
CHOICES: dict[str, Any] = {
    "type": "object",
    "properties": {"faith": _FAITHS, "diabetic": {"type": ["boolean", "null"]}},
}


@pytest.mark.parametrize("faith", ["Muslim", "Christian"])
def test_what_is_chosen_from_a_list_has_to_be_said_too(open_: Open, faith: str) -> None:
    limner, _ = open_({"faith": [("Muslim", faith)], "diabetic": [("chemotherapy", True)]})
    document = limner.profile("u", CHOICES)
    assert document.profile == {"faith": faith if faith == "Muslim" else None, "diabetic": None}
    if faith == "Muslim":
        assert claimed(document)["/faith"] == ("Muslim", "stated", ("religion",))


def test_what_others_say_is_no_statement_of_the_user(open_: Open) -> None:
    limner, _ = open_({"religion": [("Buddhist", "Buddhist")], "hobbies": [("insulin", "insulin pump")]})
    document = limner.profile("u", SCHEMA)
    assert document.profile["religion"] is None and "hobbies" not in document.profile


def test_a_policy_withholds_before_the_model_is_asked(open_: Open) -> None:
    limner, model = open_(policy=Policy(sensitive=("religion",)))
    document = limner.profile("u", SCHEMA)
    assert document.profile == {"religion": "Muslim", "city": "Munich", "illness": None, "hobbies": ["hiking"]}
    assert document.unknown == ("/illness",)
    reason = "about health, which the policy of this store does not allow"
    withheld = [{"pointer": "/illness", "categories": ["health"], "reason": reason}]
    assert document.as_json()["withheld"] == withheld
    assert ("/hobbies", None, f"{reason}: the value is not kept") in refused(document.rejected)
    assert not any("illness" in system + user for system, user in model.asked)
    assert not any(each.value == "chemotherapy" for each in (*document.claims, *document.rejected))
    all_asked = len(model.asked)
    free, other = open_()
    free.profile("u", SCHEMA)
    assert len(other.asked) > all_asked


def test_another_policy_hides_earlier_profiles_and_makes_another(open_: Open) -> None:
    limner, model = open_()
    assert limner.profile("u", SCHEMA).version == 1
    limner.store.set_policy(Policy(sensitive=()))
    assert limner.versions("u") == []
    document = limner.profile("u", SCHEMA)
    assert (document.version, document.profile["religion"]) == (2, None)
    assert {"/religion", "/illness"} <= set(document.unknown) and "/religion" not in claimed(document)
    model.asked.clear()
    assert limner.profile("u", SCHEMA).version == 2 and model.asked == []
    limner.store.set_policy(Policy())
    assert limner.profile("u", SCHEMA).profile["religion"] == "Muslim"


def test_what_the_schema_requires_may_be_withheld(open_: Open) -> None:
    limner, _ = open_(policy=Policy(sensitive=()))
    schema = {"type": "object", "properties": {"religion": {"type": "string"}, "city": TEXT}, "required": ["religion"]}
    with pytest.raises(ProfileInvalid, match="about religion, which the policy of this store does not allow"):
        limner.profile("u", schema)


def test_inferring_needs_a_schema_that_asks_and_a_store_that_allows(open_: Open) -> None:
    def schema(**more: Any) -> dict[str, Any]:
        return {"type": "object", "properties": {"faith": {"enum": ["Muslim", "Christian", None], **more}}}

    values = {"faith": [("mosque", "Christian")]}
    marked, plain = schema(**{"x-sensitive": "religion"}), schema()
    for policy, asked, told in (
        (Policy(), marked, None),
        (Policy(inferred=("religion",)), plain, None),
        (Policy(inferred=("health",)), marked, None),
        (Policy(inferred=("religion",)), marked, "Christian"),
    ):
        limner, _ = open_(values, policy)
        document = limner.profile("u", asked)
        assert document.profile["faith"] == told, policy
        if told:
            assert claimed(document)["/faith"] == ("Christian", "inferred", ("religion",))


def test_a_summary_says_no_more_of_it_than_the_values(open_: Open) -> None:
    summary = {"type": "string", "maxLength": 200, "x-from-claims": True}
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "summary": summary}}  # type: ignore[dict-item]
    text = "The user is Muslim, likes hiking in Munich. The user is a Muslim and hiking cancer."
    values = {**VALUES, "hobbies": [("hiking", "hiking")]}
    limner, _ = open_(values, summary=text)
    document = limner.profile("u", schema)
    assert document.profile["summary"] == "The user is Muslim, likes hiking in Munich."
    assert claimed(document)["/summary"][2] == ("religion",)
    limner, _ = open_(values, Policy(sensitive=()), text)
    assert "summary" not in limner.profile("u", schema).profile


def test_a_text_of_the_model_says_nothing_of_it(open_: Open) -> None:
    schema = {"type": "object", "properties": {"story": {"type": "string", "maxLength": 200}}}
    text = "The user likes hiking. The user had cancer."
    limner, _ = open_({"story": [("hiking", text)]})
    document = limner.profile("u", schema)
    assert document.profile == {"story": "The user likes hiking."} and "cancer" not in everything(limner, "u")


def test_what_a_person_says_is_shown_where_it_is_allowed(open_: Open) -> None:
    limner, _ = open_()
    limner.profile("u", SCHEMA)
    limner.correct("u", "/illness", "correct", "asthma", by="Ann", schema=SCHEMA)
    limner.correct("u", "/hobbies/-", "correct", "depression support group", by="Ann", schema=SCHEMA)
    document = limner.profile("u", SCHEMA)
    assert claimed(document)["/illness"] == ("asthma", "corrected", ("health",))
    assert "depression support group" in document.profile["hobbies"]
    limner.store.set_policy(Policy(sensitive=("religion",)))
    told = json.dumps(limner.profile("u", SCHEMA).as_json())
    assert "asthma" not in told and "depression" not in told


def asking(words: str, value: str) -> dict[str, list[tuple[str, str]]]:
    return {"question": [(words, value)]}


def test_answers_are_told_where_the_user_said_so(open_: Open) -> None:
    for question, answer, told, about in (
        ("What is her religion?", ("Muslim", "Muslim"), "Muslim", ("religion",)),
        ("Is she a Muslim?", ("Muslim", "Yes"), "Yes", ("religion",)),
        ("Is she a Christian?", ("mosque", "No"), None, ("religion",)),
        ("Which illness does she have?", ("chemotherapy", "cancer"), None, ("health",)),
        ("What does she like?", ("hiking", "hiking"), "hiking", ()),
    ):
        limner, _ = open_(asking(*answer))
        document = limner.ask("u", question)
        assert (document.answer, document.sensitive) == (told, about), question
        if told is None:
            document_text = json.dumps({**document.as_json(), "evidence": [], "question": ""})
            assert '"cancer"' not in document_text and document.rejected[-1].value is None


def test_a_question_that_the_policy_forbids_is_declined_unread(open_: Open) -> None:
    limner, model = open_(asking("Muslim", "Muslim"), Policy(sensitive=("health",)))
    for user, question in (("u", "What is her religion?"), ("张三", "他信什么教？")):
        document = limner.ask(user, question)
        assert (document.answered, document.answer, document.evidence, model.asked) == (False, None, (), [])
        assert document.as_json()["withheld"] == [
            {
                "pointer": "/answer",
                "categories": ["religion"],
                "reason": "about religion, which the policy of this store does not allow",
            }
        ]
    limner, model = open_(asking("live in Munich", "Munich"), Policy(sensitive=("health",)))
    both = limner.ask("u", "What is her religion? Which city does she live in?")
    assert (both.answer, len(both.withheld), both.unanswered) == ("Munich", 1, ("What is her religion?",))
    assert model.asked and not any("religion" in user for _, user in model.asked)


def test_an_answer_that_the_policy_forbids_is_not_told(open_: Open) -> None:
    limner, _ = open_(asking("chemotherapy", "the chemotherapy"), Policy(sensitive=()))
    document = limner.ask("u", "Why was she tired?")
    assert document.answer is None and document.withheld[0].categories == ("health",)
    assert "chemotherapy" not in json.dumps(document.as_json())


def test_explanations_show_no_guesses(open_: Open) -> None:
    limner, _ = open_()
    found = limner.explain("u", "/religion", SCHEMA)
    assert (found.value, found.sensitive, found.alternatives, found.readings, found.without) == (
        "Muslim",
        ("religion",),
        (),
        (),
        (),
    )
    assert [each.evidence.event_id for each in found.quotes] == ["a"] and "is not shown" in (found.note or "")
    nothing = limner.explain("u", "/illness", SCHEMA)
    assert nothing.value is None and "cancer" not in json.dumps(nothing.as_json())
    plain = limner.explain("u", "/city", SCHEMA)
    assert plain.sensitive == () and plain.readings
    limner.store.set_policy(Policy(sensitive=()))
    with pytest.raises(UsageError, match="'/religion' is not told: it is about religion"):
        limner.explain("u", "/religion", SCHEMA)
    declined = limner.explain_answer("u", "What is her religion?")
    assert (declined.value, declined.kind, declined.shown) == (None, "unanswered", ())


def test_people_see_it(open_: Open, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limner, model = open_()
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA), "utf-8")

    def run(*words: str) -> str:
        def again(store: Path, **options: Any) -> Limner:
            return Limner(store, llm=model, embedder=HashingEmbedder())

        assert main([*words, "--store", str(limner.store.path)], again) == 0
        return " ".join(capsys.readouterr().out.split())

    told = run("profile", "u", "--schema", str(tmp_path / "s.json"))
    assert "Muslim [1]" in told and "· religion" in told
    assert run("policy", "set", "--sensitive", "none").endswith("stated: none inferred, where a schema marks it: none")
    assert "Not asked for, since the store's policy does not allow it: religion, illness" in run(
        "profile", "u", "--schema", str(tmp_path / "s.json")
    )
    assert run("ask", "u", "What is her religion?").startswith(
        "Not answered: the store's policy does not allow answers about religion."
    )
    assert run("ask", "张三", "他信什么教？").startswith("不回答：本库策略不允许回答有关宗教信仰的问题。")


def test_claims_of_earlier_versions_are_read_without_the_field() -> None:
    from agent.plain import plain_of, restored

    claim = Claim("/a", 1, "current", "computed", 1.0, None, None, ())
    plain = {name: value for name, value in plain_of(claim).items() if name != "sensitive"}
    assert restored(Claim, plain) == claim
