import pytest

from retrieval.replies import question_for


@pytest.mark.parametrize(
    ("reply", "before", "question"),
    [
        ("Since May.", "Nice! Are you a vegan?", "Are you a vegan?"),
        ("Yes, and I have been one ever since I moved to this town.", "Are you a vegan?", None),
        ("Ann: Not yet", "Ben: Have you seen it?", "Have you seen it?"),
        ("没有。", "你好。您有孩子吗？", "您有孩子吗？"),
        ("I have been a vegan ever since I moved to this rather small town.", "Are you a vegan?", None),
        ("Since May.", "I like May.", None),
        ("hgt 458", "Sure! Please share your booking number.", "Please share your booking number."),
        ("Leeds", "Thanks. Tell me your city", "Tell me your city"),
        ("88471023", "您好，麻烦提供一下您的订单号。", "您好，麻烦提供一下您的订单号。"),
        ("OK", "I can give you a refund.", None),
        ("好的", "请稍等。", None),
        ("Since May.", "Is it? I like May.", None),
        ("Since May.", "Why? " + "x" * 300 + "?", "x" * 99 + "?"),
    ],
)
def test_a_reply_and_its_question(reply: str, before: str, question: str | None) -> None:
    assert question_for(reply, before) == question
