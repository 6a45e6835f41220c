"""Questions that say something and ask whether it is so."""

import pytest

from agent.tag_questions import Tagged, tagged_in


@pytest.mark.parametrize(
    ("question", "plain", "negated"),
    [
        ("I don't like watching comedy movies, right?", "Do I like watching comedy movies?", True),
        ('"I don’t like working out, right?"', "Do I like working out?", True),
        ("She isn't a vegan, is she?", "Is she a vegan?", True),
        ("I'm a nurse, correct?", "Am I a nurse?", False),
        ("I'm not a nurse, am I?", "Am I a nurse?", True),
        ("Anna can't swim, can she?", "Can Anna swim?", True),
        ("My sister doesn't live in Leeds, right?", "Does my sister live in Leeds?", True),
        ("I won't go, right?", "Will I go?", True),
        ("我不喜欢看喜剧片，对吗？", "我喜欢看喜剧片吗？", True),
        ("我没有去过北京，对吧？", "我去过北京吗？", True),
        ("他不是律师，是吗", "他是律师吗？", True),
        ("我喜欢户外运动，对不对？", "我喜欢户外运动吗？", False),
        ("我觉得不错，对吗？", "我觉得不错吗？", False),
    ],
)
def test_it_is_asked_plainly(question: str, plain: str, negated: bool) -> None:
    assert tagged_in(question) == Tagged(plain, negated)


@pytest.mark.parametrize(
    "question",
    [
        "Turn right?",
        "Which one is right?",
        "I recommended a film before, what was it?",
        "You recommended a city, which one is it?",
        "He works in Leeds, right?",  # "Does he works": left as it is
        "Do I like comedies?",
        "我是不是喜欢猫？",
        "我喜欢什么，是猫还是狗？",
    ],
)
def test_other_questions_are_left_alone(question: str) -> None:
    assert tagged_in(question) is None


@pytest.mark.parametrize(
    ("yes", "negated", "en", "zh"),
    [(True, True, "No", "不对"), (False, True, "Yes", "对"), (True, False, "Yes", "对"), (False, False, "No", "不对")],
)
def test_the_answer_is_turned_back(yes: bool, negated: bool, en: str, zh: str) -> None:
    tagged = Tagged("", negated)
    assert (tagged.settled(yes, chinese=False), tagged.settled(yes, chinese=True)) == (en, zh)
