"""Questions about what is described instead of named."""

import pytest

from agent.described import described_in, names_in


@pytest.mark.parametrize(
    ("question", "who", "about"),
    [
        ("那个生日是11月08日的人，家乡是什么？", "生日是11月08日的人叫什么名字？", "李明的家乡是什么？"),
        ("那个当厨师的人有多高来着？", "当厨师的人叫什么名字？", "李明有多高来着？"),
        ("那个喜欢戏剧的，是在哪儿工作的呀？", "喜欢戏剧的人叫什么名字？", "李明是在哪儿工作的呀？"),
        ("那个30岁的同事，他的邮箱地址是多少？", "30岁的同事叫什么名字？", "李明的邮箱地址是多少？"),
        ("杭州西湖医院的那个人平时喜欢干些什么呀？", "杭州西湖医院的人叫什么名字？", "李明平时喜欢干些什么呀？"),
        ("那个地点是北京的活动，规模是什么？", "地点是北京的活动叫什么名字？", "李明的规模是什么？"),
        (
            "How old is the friend who plays the cello?",
            "What is the name of the friend who plays the cello?",
            "How old is 李明?",
        ),
        (
            "What is the phone number of the colleague whose birthday is 5 May?",
            "What is the name of the colleague whose birthday is 5 May?",
            "What is the phone number of 李明?",
        ),
        (
            "The friend who works in Leeds, what is her job?",
            "What is the name of The friend who works in Leeds?",
            "what is 李明's job?",
        ),
    ],
)
def test_a_description_is_asked_for_its_name_first(question: str, who: str, about: str) -> None:
    described = described_in(question)
    assert described is not None
    assert (described.who, described.about("李明")) == (who, about)
    assert described_in(described.who) is None  # nor is the name's own question taken apart


def test_braces_in_a_question_are_text() -> None:
    described = described_in("What is the {size} of the course that I took?")
    assert described is not None and described.about("Sailing 1") == "What is the {size} of Sailing 1?"


@pytest.mark.parametrize(
    "question",
    [
        "我参观的那个公园怎么样啊？",
        "那个叫张伟的人的邮箱地址能告诉我一下吗？",
        "那个当警察的人叫什么名字来着？",
        "那个规模是四千人的活动，我要参加的活动是什么？",
        "她喜欢的活动是什么？",
        "我认识的人多吗？",
        "广州之旅与临床医技提升班的活动，哪一个的持续时间更长？",
        "What is my job?",
        "Who is the friend who plays the cello?",
        "What is the name of the friend who plays the cello?",
        "What did she buy after moving?",
    ],
)
def test_other_questions_are_left_alone(question: str) -> None:
    assert described_in(question) is None


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("李明", ["李明"]),
        ("王宇轩：4月10号", ["王宇轩"]),
        ("Rita, Ben", ["Rita", "Ben"]),
        (None, []),
        ("the one who told me at length how she had moved to Leeds", []),
    ],
)
def test_a_name_is_short(answer: str | None, names: list[str]) -> None:
    assert names_in(answer) == names
