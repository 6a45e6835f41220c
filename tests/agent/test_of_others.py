import pytest

from agent.of_others import of_those_asked_about, own_part
from agent.reading import Weighed
from tests.agent.test_reading import hit


@pytest.mark.parametrize(
    ("question", "answer", "text", "kept"),
    [
        ("Where does the user live?", "Atlantis", "My sister lives in Atlantis.", None),
        ("Where do I live?", "Atlantis", "He lives in Atlantis, I think.", None),
        ("用户住在哪里？", "蓬莱", "我姐姐住在蓬莱。", None),
        ("Where do I live?", "Leeds, Atlantis", "I live in Leeds. My sister lives in Atlantis.", "Leeds"),
        ("Where do I live?", "Leeds", "I live in Leeds with my sister.", "Leeds"),
        ("Where does my sister live?", "Atlantis", "My sister lives in Atlantis.", "Atlantis"),
        ("Who of those I know lives in Atlantis?", "my sister", "My sister lives in Atlantis.", "my sister"),
        ("03月04日是哪个人的生日？我想不起来", "李明辉", "李明辉是我的上司，其生日是03月04日。", "李明辉"),
        ("I saw a film with you. What is it about?", "a boxer", "He is a boxer.", "a boxer"),
        ("我看过一部电影，它讲了什么？", "拳击手", "我弟弟是拳击手。", "拳击手"),
        ("Where does John live?", "Leeds", "He lives in Leeds.", "Leeds"),
        ("我姐姐住在哪里？", "蓬莱", "我姐姐住在蓬莱。", "蓬莱"),
    ],
)
def test_what_is_said_of_somebody_else_is_no_answer_about_the_user(
    question: str, answer: str, text: str, kept: str | None
) -> None:
    assert own_part(question, answer, [hit(text)]) == kept


def test_what_an_agent_says_of_the_customer_stays() -> None:
    assert own_part("Where does the customer live?", "Leeds", [hit("He lives in Leeds.", "agent")]) == "Leeds"


@pytest.mark.parametrize(
    ("question", "texts", "kept"),
    [
        ("他的同学想吃什么？", ["我想吃素三鲜。", "我同学说想吃凯撒沙拉。"], [1]),
        ("What does her sister eat?", ["I eat rice.", "My sister eats.", "Anna eats plums.", "She eats."], [1, 2, 3]),
        ("What does her sister eat?", ["I eat rice."], [0]),
        ("What does she eat?", ["I eat rice.", "My sister eats fish."], [0, 1]),
    ],
)  # fmt: skip
def test_what_may_speak_of_whom_is_asked_about_is_read(question: str, texts: list[str], kept: list[int]) -> None:
    read = [Weighed(hit(text), 0.9, 1) for text in texts]
    assert of_those_asked_about(question, read, {"Anna": "sister"}) == [read[at] for at in kept]
