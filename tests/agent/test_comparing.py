"""Questions that compare two things, and what code decides."""

import pytest

from agent.comparing import comparison_in


@pytest.mark.parametrize(
    ("question", "things", "asked", "more"),
    [
        ("张伟和陈浩谁的生日在前？", ("张伟", "陈浩"), "张伟的生日是什么？", False),
        ("李明与王磊谁更高？", ("李明", "王磊"), "李明的身高是什么？", True),
        ("吴杰明和王丽娟谁更年轻？", ("吴杰明", "王丽娟"), "吴杰明的年龄是什么？", False),
        ("交流会与登购之旅相比，哪个活动的持续时间更长？", ("交流会", "登购之旅"), "交流会的持续时间是什么？", True),
        ("书法展和《冠军》观影哪个规模更大？", ("书法展", "冠军》观影"), "书法展的规模是什么？", True),
        ("谁的学历更高，李明宇还是王志宏？", ("李明宇", "王志宏"), "李明宇的学历是什么？", True),
        ("Who is older, Anna or Ben?", ("Anna", "Ben"), "how old is Anna?", True),
        ("Of the trip and the fair, which one lasts longer?", ("trip", "fair"), "how long does trip last?", True),
        ("Which phone was cheaper: the Reno or the Mate?", ("Reno", "Mate"), "how much does Reno cost?", False),
    ],
)  # fmt: skip
def test_both_things_and_what_is_measured(question: str, things: tuple[str, str], asked: str, more: bool) -> None:
    comparison = comparison_in(question)
    assert comparison is not None
    assert (comparison.things, comparison.questions[0], comparison.more) == (things, asked, more)


@pytest.mark.parametrize(
    "question",
    [
        "我和妹妹谁做饭？", "他更喜欢茶还是咖啡？", "舅妈是做什么工作的呀？", "Does she like tea or coffee?",
        "Who went hiking with Anna and Ben?", "Which song motivates Caroline?", "Where do I live, and what is my job?",
    ],
)  # fmt: skip
def test_other_questions_are_left_to_the_model(question: str) -> None:
    assert comparison_in(question) is None


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (("169cm", "1.75米"), "second"),
        (("两天", "一个周"), "second"),
        (("36岁", "36"), "same"),
        (("硕士", "高中"), "first"),
        (("169cm", "36岁"), None),
        (("tall", "2 m"), None),
    ],
)
def test_code_decides_by_amounts(told: tuple[str, str], outcome: str | None) -> None:
    comparison = comparison_in("李明与王磊谁更高？")
    assert comparison is not None
    assert comparison.decide(told) == outcome


def test_the_answer_names_the_thing_or_says_that_both_are_the_same() -> None:
    chinese, english = comparison_in("李明与王磊谁更矮？"), comparison_in("Who is taller, Anna or Ben?")
    assert chinese is not None and english is not None
    assert chinese.decide(("169cm", "180cm")) == "first"
    assert chinese.answer("first") == "李明"
    assert (chinese.answer("same"), english.answer("same")) == ("两者一样", "both are the same")
    assert english.answer("second") == "Ben"
