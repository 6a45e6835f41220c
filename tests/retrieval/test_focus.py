from datetime import UTC, datetime

import pytest

from retrieval.focus import Period, anchor_in, asks_for_agent, asks_for_now, period_of, periods_in, speakers_in

NOW = datetime(2024, 5, 8, 12, tzinfo=UTC)  # a Wednesday


def days(start: str, end: str) -> Period:
    return Period(*(datetime.fromisoformat(f"{each}T00:00:00+00:00").timestamp() for each in (start, end)))


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What did Anna Berg paint?", {"Anna Berg"}),
        ("What did anna paint?", {"Anna Berg"}),
        ("What does Annabel like?", None),
        ("Where did I go to school?", set()),
        ("我住在哪里？", set()),
        ("李娜喜欢什么？", {"李娜"}),
        ("email: the user's e-mail address", set()),
        ("favourite colour", None),
    ],
)
def test_whom_a_question_names(question: str, named: set[str] | None) -> None:
    assert speakers_in(question, ["Anna Berg", "李娜", "我"]) == named


@pytest.mark.parametrize(
    ("question", "agent"),
    [
        ("What did you suggest for my back?", True),
        ("Which sneakers were in your recommendations?", True),
        ("What did the support team promise?", True),
        ("客服怎么说？", True),
        ("你上次推荐了哪本书？", True),
        ("你曾经给我推荐过哪些画家？", True),
        ("关于如何放松，你给了我什么建议？", True),
        ("You once recommended a game. What was its name?", True),
        ("我们给他推荐过哪些酒店？", True),
        ("我们答应了客户什么？", True),
        ("What did we promise her about the refund?", True),
        ("Have we told the customer when it ships?", True),
        ("我们聊过什么？", False),
        ("她给我们推荐过哪些酒店？", False),
        ("What did we talk about?", False),
        ("我曾经和你推荐过一部电影，它的名字是？", False),
        ("在5月6号，我给你推荐了哪些书？", False),
        ("请你告诉我，我住在哪里？", False),
        ("Can you tell me where I live?", False),
        ("你知道我住在哪里吗？", False),
        ("What is my job?", False),
    ],
)
def test_whether_an_agents_words_are_asked_for(question: str, agent: bool) -> None:
    assert asks_for_agent(question) is agent


@pytest.mark.parametrize(
    ("question", "periods"),
    [
        ("What happened in May 2023?", [("2023-05-01", "2023-06-01")]),
        ("on 7 May 2023", [("2023-05-07", "2023-05-08")]),
        ("on December 31st, 2023", [("2023-12-31", "2024-01-01")]),
        ("2024年2月买了什么？", [("2024-02-01", "2024-03-01")]),
        ("since 2024-02-29", [("2024-02-29", "2024-03-01")]),
        ("in 2023", [("2023-01-01", "2024-01-01")]),
        ("上周我说了什么？", [("2024-04-29", "2024-05-06")]),
        ("What did I buy last year?", [("2023-01-01", "2024-01-01")]),
        ("yesterday", [("2024-05-07", "2024-05-08")]),
        ("order 20231 and 31 June 2023", []),
        ("What is on today?", []),
        ("What did I cook on May 5th?", [("2024-05-05", "2024-05-06")]),
        ("the 9th of May", [("2023-05-09", "2023-05-10")]),
        ("5月4号我做了什么菜？", [("2024-05-04", "2024-05-05")]),
        ("生日是12月8日的人", [("2023-12-08", "2023-12-09")]),
        ("2月30日 and the 31st of June; whether i may 5 times", []),
    ],
)
def test_when_a_question_is_about(question: str, periods: list[tuple[str, str]]) -> None:
    assert periods_in(question, NOW) == [days(*each) for each in periods]


def test_a_week_is_seven_days() -> None:
    assert period_of("2024-02-26/2024-03-03") == days("2024-02-26", "2024-03-04")


@pytest.mark.parametrize(
    ("question", "now"),
    [
        ("Where do I live now?", True),
        ("目前住在哪里？", True),
        ("I know", False),
        ("最近好吗", True),
        ("Where?", False),
    ],
)
def test_now(question: str, now: bool) -> None:
    assert asks_for_now(question) is now


@pytest.mark.parametrize(
    ("question", "anchor"),
    [
        ("Where did I live before I moved to Rome?", ("before", "I moved to Rome")),
        ("What changed since the wedding?", ("after", "the wedding")),
        ("搬家之前我住在哪里？", ("before", "搬家")),
        ("毕业以后，我做什么工作？", ("after", "毕业")),
        ("the day before yesterday", None),
        ("Where do I live?", None),
    ],
)
def test_before_and_after(question: str, anchor: tuple[str, str] | None) -> None:
    assert anchor_in(question) == anchor
