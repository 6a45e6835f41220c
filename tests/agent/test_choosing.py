import pytest

from agent.choosing import choice_in


@pytest.mark.parametrize(
    ("question", "about", "options", "count"),
    [
        (
            "which term can better describe my personality? please choose between A: Uninterested or B: Curious. "
            "Answer with the option's letter from the given choices directly.",
            "which term can better describe my personality?",
            ("Uninterested", "Curious"),
            1,
        ),
        (
            "Which terms? Please choose 2 options from A: Calm, B: Detail-oriented, C: Open to new things.",
            "Which terms?",
            ("Calm", "Detail-oriented", "Open to new things"),
            2,
        ),
        ("我的性格更接近哪一个？A. 好奇 B. 冷淡", "我的性格更接近哪一个？", ("好奇", "冷淡"), 1),
        ("哪两项最像我？请从 A：耐心、B：急躁、C：外向 中选择两项。", "哪两项最像我？", ("耐心", "急躁", "外向"), 2),
        ("Which plan do I have, A) Basic or B) Premium?", "Which plan do I have", ("Basic", "Premium"), 1),
        ("Which plan do I have: (A) Basic, (B) Premium", "Which plan do I have", ("Basic", "Premium"), 1),
        ("她住在哪里？选一个：A、上海；B、北京", "她住在哪里？", ("上海", "北京"), 1),
    ],
)
def test_options_are_taken_apart(question: str, about: str, options: tuple[str, ...], count: int) -> None:
    choice = choice_in(question)
    assert choice is not None
    assert (choice.options, choice.count) == (options, count) and choice.about == about


@pytest.mark.parametrize(
    "question",
    [
        "Where did I fly to?",
        "Did I go from A to B?",
        "Did I take vitamin A: yes or no?",
        "Which plan, B: Basic or C: Premium?",
        "Did I take the U.S.A. tour?",
        "我的 A 轮融资怎么样了？",
        "",
    ],
)
def test_what_gives_no_options(question: str) -> None:
    assert choice_in(question) is None


def test_a_question_that_says_nothing_before_its_options_is_kept_whole() -> None:
    question = "请从 A：耐心、B：急躁 中选一个最像我的。"
    choice = choice_in(question)
    assert choice is not None and choice.about == question and choice.options == ("耐心", "急躁")


def test_more_are_not_asked_for_than_there_are() -> None:
    choice = choice_in("Which? Choose five from A: red, B: green")
    assert choice is not None and choice.count == 2
