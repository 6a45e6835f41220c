from typing import Any

import pytest

from agent.persons import asked_of_others, is_about_others, names_of_others, said_of_other


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("hiking", "He likes hiking."),
        ("hiking", "I know that she likes hiking"),
        ("Munich", "My older sister lives in Munich."),
        ("vegan", "my friend Tom is vegan"),
        ("Victor", "Victor is my boss"),
        ("Anna", "I met Anna, my cousin"),
        ("旅游", "我知道他喜欢旅游"),
        ("记者", "我的上司是个记者。"),
        ("王磊", "王磊是我的上司，其姓名是王磊。"),
        ("36岁", "张伟是我的表弟，其年龄是36岁。"),
        ("律师", "今天我的一个下属跟我说他是律师。"),
        ("下棋", "下属喜欢下棋。"),
        ("广东深圳", "我的一个下属，他家是广东深圳的。"),
        ("慕尼黑", "我老师住在慕尼黑"),
    ],
)
def test_said_of_another(value: str, text: str) -> None:
    assert said_of_other(value, text)
    assert not said_of_other(value, f"{text} I too, {value}!") and not said_of_other(value, f"{text}我也是{value}。")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("hiking", "I like hiking."),
        ("hiking", "Likes hiking"),
        ("Munich", "I live with my sister in Munich"),
        ("Munich", "I and my wife live in Munich"),
        ("Munich", "I told my boss that I live in Munich"),
        ("history", "My favourite subject is history"),
        ("旅游", "我喜欢旅游"),
        ("上海", "我和妹妹住在上海"),
        ("上海", "我跟同事说我住在上海"),
        ("画画", "我是老师，喜欢画画"),
        ("北京", "其实我住在北京"),
        ("篮球", "我和其他人一起打篮球"),
        (3, "he has 3"),
        ("x", "nothing"),
        ("", "he"),
    ],
)
def test_said_of_the_user_or_of_nobody(value: Any, text: str) -> None:
    assert not said_of_other(value, text)


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("我的上司是个记者。", True),
        ("今天我的一个下属跟我说他是律师。", True),
        ("My mother lives in Rome.", True),
        ("我喜欢旅游。", False),
        ("I live with my sister.", False),
        ("It rains.", False),
        ("他说我很好", False),
    ],
)
def test_about_others(text: str, others: bool) -> None:
    assert is_about_others(text) is others


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("王思琪是我的上司，其生日是12月10日。", {"王思琪"}),
        ("今天很冷，李明是我同事。", {"李明"}),
        ("我的下属叫李婷。我同事的名字叫孙逸飞。", {"李婷", "孙逸飞"}),
        ("Victor is my boss. My older sister Anna likes tea", {"Victor", "Anna"}),
        ("I met Tom Brown, my cousin, and my friend called Zoe", {"Tom Brown", "Zoe"}),
        ("今天是我妈妈的生日。这位是我同事。", set()),
        ("我的上司是律师。我是张伟。 My brother lives in Rome. I am Tom.", set()),
    ],
)
def test_names_of_others(text: str, names: set[str]) -> None:
    assert names_of_others([text]) == names


def test_a_known_name_is_somebody_else() -> None:
    others = {"王思琪", "Anna"}
    assert said_of_other("王思琪", "王思琪的名字就是王思琪。", others)
    assert said_of_other("深圳", "王思琪的工作地在深圳。", others) and is_about_others("王思琪的工作地在深圳。", others)
    assert said_of_other("Rome", "Anna moved to Rome", others)
    assert not said_of_other("Rome", "Anna, I moved to Rome", others) and not is_about_others("Anna and I", others)
    assert not said_of_other("深圳", "张三的工作地在深圳。", others)


@pytest.mark.parametrize(
    ("value", "text", "asked"),
    [
        ("new recipes", "On a lighter note, have you tried any new recipes lately?", True),
        ("hobbies", "Any hobbies keeping you busy these days?", True),
        ("滑雪", "你喜欢滑雪吗？", True),
        ("tea", "I like tea, and you?", False),
        ("酒店", "我想找酒店，你能推荐吗？", False),
        ("tea", "Do you know? I like tea.", False),
        ("tea", "Is tea good?", False),
        ("tea", "You like tea.", False),
        (3, "you have 3?", False),
    ],
)
def test_what_is_asked_of_somebody_else_is_not_said(value: Any, text: str, asked: bool) -> None:
    assert asked_of_others(value, text) is asked
