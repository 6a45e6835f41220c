import pytest

from retrieval.queries import parts_of
from retrieval.talking import without_talking


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("Can you list the plants I mentioned throughout our conversations?", "the plants ?"),
        ("Can you give me a quick summary of my garden plans?", "my garden plans?"),
        ("What job did I mention I have?", "What job I have?"),
        ("the order in which I brought up my hobbies, in order.", "my hobbies ."),
        ("我之前提到过的那本书叫什么？", "那本书叫什么？"),
        ("请总结一下我的爱好", "我的爱好"),
        ("按时间顺序列出我去过的城市", "列出我去过的城市"),
    ],
)
def test_what_is_said_of_the_conversations_is_left_out(question: str, about: str) -> None:
    assert without_talking(question) == about


@pytest.mark.parametrize(
    "question",
    [
        "Where do I live?",
        "list price of my order 17",
        "Did Anna give a talk at my school?",
        "Was my parcel in order?",
        "What did I say?",
        "年终总结盛典的地点是什么？",
        "",
    ],
)
def test_other_questions_stay_as_they_are(question: str) -> None:
    assert without_talking(question) == question


def test_parts_are_of_what_is_left() -> None:
    assert parts_of("Can you list the pets and plants we talked about in our chats? Be brief.") == [
        "the pets and plants ?",
        "the pets and plants ? Be brief.",
    ]
