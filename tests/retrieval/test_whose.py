"""Questions that ask one speaker for what another one said."""

from collections.abc import Callable
from datetime import datetime

import pytest

from retrieval.events import Event
from retrieval.fakes import HashingEmbedder
from retrieval.history import UnknownUser
from retrieval.store import Store

Told = Callable[..., str | None]

EN = [
    ("Anna", "I saw dolphins on my sailing trip to the lighthouse in Crete."),
    ("Ben", "I repaired an old bicycle in the garage."),
    ("Ben", "My cat sleeps all day."),
]
ZH = [
    ("李娜", "上个月我坐帆船去海南岛看了海豚和灯塔。"),
    ("王强", "我在车库里修好了旧自行车。"),
    ("王强", "家里的猫整天睡觉。"),
]
ROLES = {"Me": "user", "Bot": "agent", "Shop": "system"}


@pytest.fixture
def told(open_store: Callable[..., Store]) -> Told:
    """What another one said, of the question and rows of speaker and text; None: nobody else."""

    def ask(question: str, rows: list[tuple[str, str]]) -> str | None:
        store = open_store(None, HashingEmbedder(512))
        store.ingest_events(
            Event("u", f"e{number}", text, day, epoch, "chat", speaker, ROLES.get(speaker, "other"))
            for number, (speaker, text) in enumerate(rows)
            for day in [f"2024-01-{number + 1:02}"]
            for epoch in [datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()]
        )
        hit = store.said_by_another("u", question)
        return None if hit is None else hit.snippet.text

    return ask


@pytest.mark.parametrize(
    ("question", "rows", "at"),
    [
        ("What did Ben see on his sailing trip to the lighthouse?", EN, 0),
        ("What did Anna see on her sailing trip to the lighthouse?", EN, None),
        ("Where did Anna repair her old bicycle?", EN, 1),
        ("Where did Ben repair his old bicycle?", EN, None),
        ("王强坐帆船去看了什么海豚？", ZH, 0),
        ("李娜坐帆船去看了什么海豚？", ZH, None),
        ("李娜在车库里修好了什么自行车？", ZH, 1),
    ],
)
def test_what_somebody_else_said_is_found(
    told: Told, question: str, rows: list[tuple[str, str]], at: int | None
) -> None:
    assert told(question, rows) == (None if at is None else rows[at][1])


@pytest.mark.parametrize(
    "question",
    [
        "What did I see on the sailing trip to the lighthouse?",
        "Who went sailing to the lighthouse in Crete?",
        "What did Anna and Ben see on the sailing trip to the lighthouse?",
        "What did Carla see on her sailing trip to the lighthouse?",
        "What did Ben see?",
    ],
)
def test_who_is_not_named_alone_or_asked_little_is_not_declined(told: Told, question: str) -> None:
    assert told(question, EN) is None


@pytest.mark.parametrize(
    ("speaker", "text"),
    [
        ("Anna", "Did the sailing trip to the lighthouse in Crete go well, and the dolphins?"),
        ("Anna", "Your sailing trip to the lighthouse in Crete was long."),
        ("Anna", "Great job on the sailing trip to the lighthouse in Crete!"),
        ("Anna", "Wow Ben, a sailing trip to the lighthouse in Crete must have been fun!"),
        ("Anna", "哇，a sailing trip to the lighthouse in Crete!"),
        ("Bot", "The sailing trip to the lighthouse in Crete is booked."),
        ("Shop", "Sailing trip to the lighthouse in Crete, one ticket."),
    ],
)
def test_who_asks_who_tells_another_and_who_serves_does_not_speak_of_himself(
    told: Told, speaker: str, text: str
) -> None:
    rows = [(speaker, text), *EN[1:]]
    assert told("What did Ben see on his sailing trip to the lighthouse?", rows) is None


@pytest.mark.parametrize(
    ("question", "rows"),
    [("What did Ben see on my sailing trip to the lighthouse?", EN), ("王强坐我的帆船去看了什么海豚？", ZH)],
)
def test_a_question_of_the_user_as_well_may_be_answered_by_the_user(
    told: Told, question: str, rows: list[tuple[str, str]]
) -> None:
    assert told(question, rows) == rows[0][1]
    assert told(question, [("Me", rows[0][1]), *rows[1:]]) is None


def test_of_who_hardly_speaks_others_may_tell(told: Told) -> None:
    question = "What did Ben see on his sailing trip to the lighthouse?"
    diary = [("Anna", f"Nothing happened on day {number}.") for number in range(9)]
    assert told(question, [*EN, *diary[:2]]) == EN[0][1]
    assert told(question, [*EN, *diary]) is None


def test_a_reply_to_what_the_other_one_said_does_not_hold_its_words(told: Told) -> None:
    rows = [EN[0], ("Ben", "That is lovely."), *EN[1:]]
    assert told("What did Ben see on his sailing trip to the lighthouse?", rows) == EN[0][1]


def test_an_unknown_user_is_an_error(open_store: Callable[..., Store], told: Told) -> None:
    store = open_store(None, HashingEmbedder(512))
    store.ingest_events([Event("u", "e", "text", None, None, "chat", "Ann", "user")])
    with pytest.raises(UnknownUser):
        store.said_by_another("nobody", "What did Ann see?")
