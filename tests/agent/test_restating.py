"""What an answer repeats of its question."""

import pytest

from agent.restating import MOST_ANSWER_CHARS, bare, only_repeats, shortened


@pytest.mark.parametrize(
    ("question", "answer", "repeats"),
    [
        ("What counseling is she interested in?", "counseling", True),
        ("Is it tea or coffee?", "tea", False),
        ("Where does she live?", "in Munich", False),
        ("他喜欢茶还是咖啡？", "茶", False),
        ("书桌怎么样？", "书桌", True),
        ("What is her standing? E.g., employed, self-employed, retired", "self employed", False),
        ("他现在的状态是什么？比如在职、退休", "退休", False),
        ("How is the desk, e.g., the drawers?", "the desk", True),
        ("What did I buy on Monday?", "The user did buy on Monday.", True),
        ("Whom did I see?", "the user", False),
    ],
)
def test_repeating_the_question_is_no_answer(question: str, answer: str, repeats: bool) -> None:
    assert only_repeats(question, answer) is repeats


@pytest.mark.parametrize(
    ("question", "answer", "told"),
    [
        ("那个活动的持续时间是什么？", "创新峰会，持续时间是八天", "八天"),
        ("活动的规模是什么？", "购物节的规模是五千人", "五千人"),
        ("活动的规模是什么？", "购物节的规模是五千人，地点是北京", "五千人"),
        ("活动的内容是什么？", "年会的内容是回顾成果，展望未来", "回顾成果，展望未来"),
        ("那个活动是峰会的活动，主要内容是什么？", "那个活动是峰会的活动，主要内容是探索，合作", "探索，合作"),
        ("他喜欢的是什么？", "他喜欢的是什么", "他喜欢的是什么"),
        ("活动在什么时候？", "周四 09:00", "周四 09:00"),
        ("她喜欢什么？", "书法是她的爱好", "书法是她的爱好"),
        ("她的教育背景是什么？", "教育背景：硕士", "硕士"),
        ("What is her favourite book?", "Her favourite book is Emma", "Emma"),
        ("What is her favourite book?", "The one she was given", "The one she was given"),
        ("What is the duration?", "the duration", "the duration"),
        (
            "Where did Ben buy his desk?",
            "Ben bought his desk at the IKEA in Leeds.",
            "Ben bought his desk at the IKEA in Leeds.",
        ),
        (
            "Which desk did Ben choose for the study?",
            "Ben chooses the oak desk for the study.",
            "oak desk for the study",
        ),
        ("What troubles did Ben have with his boat?", "Ben had troubles with his boat, including a leak.", "a leak"),
        ("Why did Rita sign the ball?", "Rita signed the ball to show her thanks", "to show her thanks"),
        ("What did Rita sign?", "Rita signed it.", "Rita signed it."),
        ("What helps Ben to stay motivated?", "motivational quotes", "motivational quotes"),
    ],
)
def test_the_words_of_the_question_are_no_part_of_the_answer(question: str, answer: str, told: str) -> None:
    assert bare(question, answer) == told


@pytest.mark.parametrize(
    ("question", "answer", "left"),
    [
        ("How is Ben?", "He is fine.", "He is fine."),
        ("How does Ben sleep?", f"Hi {'x' * 190}. Ben sleeps well. He reads.", "Ben sleeps well. He reads."),
        ("What is it about?", f"a driver and his passengers, and {'life ' * 40}", "a driver and his passengers"),
        ("他睡得好吗？", f"你好{'啊' * 195}。他睡得很好。他看书。", "他睡得很好。他看书。"),
        ("What is it about?", "x" * 300, "x" * 300),
    ],
)  # fmt: skip
def test_of_a_long_answer_what_is_about_the_question_is_left(question: str, answer: str, left: str) -> None:
    assert shortened(question, answer) == left
    assert len(left) <= MOST_ANSWER_CHARS or left == answer
