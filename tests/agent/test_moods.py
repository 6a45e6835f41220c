"""Moods of periods: one token a period, nothing where nothing changed, and nothing where they are not asked for."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent import Limner
from agent.chat import Chat
from agent.facets import plan_facets
from agent.fakes import ScriptedChat
from agent.moods import MOST_PERIODS, periods_of, with_telling_quotes
from agent.schema import load_schema
from agent.verify import Drafted
from retrieval import Event, HashingEmbedder, Hit, Snippet
from retrieval.policies import make_policy
from retrieval.timestamps import parse_timestamp

MOOD = {"enum": ["positive", "neutral", "negative", None], "description": "overall mood"}
SCHEMA: dict[str, Any] = {"title": "small", "type": "object", "properties": {"mood": MOOD}}
ROWS = [
    ("a", "2024-01-03", "user", "I love this shop, thank you!"),
    ("b", "2024-01-20", "user", "Where is the manual?"),
    ("c", "2024-03-05", "user", "I am angry, the kettle is broken!"),
    ("d", "2024-03-05", "agent", "I love that you tell us."),
    ("e", "2024-05-09", "user", "Ok."),
]
NEUTRAL = ("neutral", "中性")
FEELS = {"love": ("positive", "积极", "开心"), "angry": ("negative", "消极", "生气")}


def is_about_moods(asked: str) -> bool:
    return asked.endswith(("positive, neutral or negative.", "积极、中性或消极。"))


def epoch_of(day: str | None) -> float | None:
    found = parse_timestamp(day)
    return None if found is None else found.epoch


def script(system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
    if schema is not None:
        return "[]"
    if not is_about_moods(user):
        return "none"
    at = 1 if "情绪" in user else 0
    quotes = user.partition(":\n" if at == 0 else "：\n")[2]
    word = next((words[at] for key, words in FEELS.items() if key in quotes or words[2] in quotes), NEUTRAL[at])
    return [{word: 0.75, "unsure": 0.15, "neutral" if word != "neutral" else "negative": 0.1}]


class Desk:
    """A store of one user, and a model that counts what it is asked about moods."""

    def __init__(self, folder: Path, script: Any = script) -> None:
        self.model = ScriptedChat(script=script)
        self.limner = Limner(folder / "store", llm=self.model, embedder=HashingEmbedder())
        self.load(*ROWS)

    def load(self, *rows: tuple[str, str | None, Any, str]) -> None:
        self.limner.ingest_events(
            Event("u", each, text, timestamp=when, epoch=epoch_of(when), role=role) for each, when, role, text in rows
        )

    def read(self, *, moods: bool, **more: Any) -> tuple[list[tuple[str, str, str]], int]:
        """What the profile says of periods, and how many moods were asked for."""
        before = len(self.model.asked)
        document = self.limner.profile("u", SCHEMA, moods=moods, **more)
        asked = sum(is_about_moods(user) for _, user in self.model.asked[before:])
        return [(each.since, each.until, each.value) for each in document.moods], asked


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


WHOLE = [
    ("2024-01-03", "2024-01-20", "positive"),
    ("2024-03-05", "2024-03-05", "negative"),
    ("2024-05-09", "2024-05-09", "neutral"),
]


def test_each_period_is_read_once_and_rests_on_the_users_own_words(desk: Desk) -> None:
    assert desk.read(moods=False) == ([], 0), "they cost, so that they are not read unless asked for"
    assert desk.read(moods=True) == (WHOLE, 3)
    assert desk.read(moods=True) == desk.read(moods=False) == (WHOLE, 0)
    document = desk.limner.latest("u", SCHEMA)
    assert document.version == 1, "the values are the same"
    quotes = [[each.quote for each in mood.evidence] for mood in document.moods]
    assert quotes == [["I love this shop, thank you!", "Where is the manual?"], [ROWS[2][3]], ["Ok."]]
    assert document.moods[0].probability == pytest.approx(0.75 / 0.85, abs=1e-3)
    assert {each.pointer for each in document.moods} == {"/mood"}


def test_what_is_new_costs_one_call_and_what_is_gone_is_not_told(desk: Desk) -> None:
    desk.read(moods=True)
    desk.load(("f", "2024-05-20", "user", "I am angry again."))
    assert desk.read(moods=False) == (WHOLE[:2], 0), "the last period is another one now"
    assert desk.read(moods=True) == ([*WHOLE[:2], ("2024-05-09", "2024-05-20", "negative")], 1)
    desk.limner.forget("u", events=["c"])
    found, asked = desk.read(moods=True)
    assert [each[2] for each in found] == ["positive", "negative"] and asked <= 2
    assert desk.read(moods=True, fresh=True) == (found, 2)


def test_they_are_read_in_the_language_of_the_history_in_the_words_of_the_schema(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.load(
        *(
            (f"z{n}", f"2024-0{n + 1}-02", "user", "这件衣服我穿着很开心，非常喜欢，谢谢你们一直这么用心！")
            for n in range(4)
        )
    )
    found, asked = desk.read(moods=True)
    assert asked == len(found) and {"positive"} <= {each[2] for each in found} <= {"positive", "neutral", "negative"}
    assert any("积极、中性或消极" in user for _, user in desk.model.asked)


def test_a_schema_without_a_mood_and_words_that_may_not_be_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    other = {"title": "o", "type": "object", "properties": {"status": {"enum": ["open", "closed", None]}}}
    assert desk.limner.profile("u", other, moods=True).moods == ()
    desk.limner.store.set_policy(make_policy([], [], [], require_consent=False))
    desk.load(("g", "2024-05-11", "user", "I am angry, my diabetes is worse."))
    found, _ = desk.read(moods=True)
    assert found == WHOLE, "nothing is concluded from what the policy does not allow to be shown"


def test_a_model_that_tells_no_probabilities_says_a_word(tmp_path: Path) -> None:
    said = {"love": "Positive.", "angry": "**negative**"}

    def words(system: str, user: str, schema: Mapping[str, Any] | None) -> Any:
        if schema is not None:
            return "[]"
        return next((word for key, word in said.items() if key in user), "who knows?")

    found, asked = Desk(tmp_path, words).read(moods=True)
    assert found == WHOLE[:2] and asked == 4, "what says none of the words is asked for a longer reply, once"


def test_words_are_known_by_the_token_that_they_begin_with() -> None:
    def chances(*tokens: Mapping[str, float]) -> dict[str, float]:
        chat = Chat(ScriptedChat(script=lambda *_: [dict(each) for each in tokens]))
        return {word: round(chance, 2) for word, chance in chat.choose("", "?", ("积极", "中性", "消极")).items()}

    assert chances({"积": 0.5, "消极": 0.25, " ": 0.2}) == {"积极": 0.67, "中性": 0.0, "消极": 0.33}
    assert chances({"“中性": 0.9, "极": 0.1}) == {"积极": 0.0, "中性": 1.0, "消极": 0.0}
    assert chances({"好": 1.0}) == {}


@pytest.mark.parametrize(
    ("days", "starts"),
    [
        (["2024-01-01", "2024-01-06"], ["2024-01-01", "2024-01-06"]),
        (["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-07"], ["2024-01-01", "2024-01-02", "2024-01-07"]),
        (["2024-01-01", "2024-01-07", "2024-01-08", "2024-01-31"], ["2024-01-01", "2024-01-08", "2024-01-31"]),
        (["2024-01-31", "2024-02-01", "2024-04-30"], ["2024-01-31", "2024-02-01", "2024-04-30"]),
        (
            [f"20{n:02}-07-01" for n in range(24)],
            ["2000-07-01", "2005-07-01", "2010-07-01", "2015-07-01", "2020-07-01"],
        ),
        ([], []),
    ],
)
def test_periods_are_those_of_the_calendar(days: list[str], starts: list[str]) -> None:
    hits = []
    for number, day in enumerate([*days, None]):
        event = Event("u", f"e{number}", "words", timestamp=day, epoch=epoch_of(day))
        hits.append(Hit(Snippet.cut(event, 0, 0, 5, None, "user"), event, 0.0, 0))
    found = periods_of(hits)
    assert [each.since for each in found] == starts and len(found) <= MOST_PERIODS
    assert sum(len(each.hits) for each in found) == len(days)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", each.until) for each in found)


def test_a_mood_is_shown_with_the_words_that_sound_most_like_it(desk: Desk) -> None:
    store, facet = desk.limner.store, plan_facets(load_schema(SCHEMA), "en")[0]
    events = {each.event_id: each for each in store.events("u")}
    hits = {s.event_id: Hit(s, events[s.event_id], 0.0, 0) for s in store.history("u")}
    pool = tuple(hits[event] for event in "acd")
    wrong = {"positive": "c", "negative": "d", "neutral": "e"}
    drafted = [Drafted(facet, mood, (hits[event],), pool, 0.9) for mood, event in wrong.items()]
    cited = {
        each.value: [hit.event.event_id for hit in each.cited] for each in with_telling_quotes(store, "u", drafted)
    }
    assert cited == {"positive": ["a"], "negative": ["c"], "neutral": ["e"]}
    others = replace(facet, item={"enum": ["low", "high"]})
    kept = [
        Drafted(others, "high", (hits["e"],), pool, 0.9),
        Drafted(facet, "positive", (hits["d"],), (hits["d"],), 0.9),
    ]
    assert with_telling_quotes(store, "u", kept) == kept
