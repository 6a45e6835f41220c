from typing import Any

import pytest

from agent.persons import (
    asked_of_others,
    asks_about_others,
    is_about_others,
    may_speak_of,
    names_asked_for,
    people_in,
    said_of_other,
    with_names,
)

PEOPLE = {"王思琪": "上司", "李婷": "下属", "孙志宏": "同事", "孙逸飞": "同事", "Victor": "boss", "Anna": "sister"}


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
        ("寿司", "我喜欢日本料理，尤其是寿司"),
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
    assert set(people_in([text])) == names


@pytest.mark.parametrize(
    ("texts", "people"),
    [
        (["王思琪是我的上司，其生日是12月10日。"], {"王思琪": "上司"}),
        (["我的下属叫李婷。我同事的名字叫孙逸飞。"], {"李婷": "下属", "孙逸飞": "同事"}),
        (["张伟是我的表弟。"], {"张伟": "表弟"}),
        (["Victor is my boss.", "My older sister Anna likes tea"], {"Victor": "boss", "Anna": "sister"}),
        (["I met Tom Brown, my cousin, and my friend called Zoe"], {"Tom Brown": "cousin", "Zoe": "friend"}),
        (["My boss is called Carl."], {"Carl": "boss"}),
        (["Anna is my flatmate.", "Anna is my wife."], {"Anna": "wife"}),
        (["王思琪是我的同事。", "王思琪是我的上司。"], {"王思琪": "上司"}),
        (["今天是我妈妈的生日。这位是我同事。", "My brother lives in Rome. I am Tom. He is my boss."], {}),
    ],
)
def test_people_and_what_they_are_to_the_user(texts: list[str], people: dict[str, str]) -> None:
    assert people_in(texts) == people


@pytest.mark.parametrize(
    ("attribute", "names", "shown"),
    [
        ("上司 生日", ["王思琪"], "上司（王思琪） 生日"),
        ("同事 爱好", ["孙志宏", "孙逸飞"], "同事（孙志宏, 孙逸飞） 爱好"),
        ("boss birthday", ["Victor"], "boss (Victor) birthday"),
        ("Boss name", ["Victor"], "Boss (Victor) name"),
        ("sister's job", ["Anna"], "sister (Anna)'s job"),
        ("boss and sister", ["Victor", "Anna"], "boss (Victor) and sister (Anna)"),
        ("cousin job", [], "cousin job"),
        ("职业", [], "职业"),
        ("embossed letters", [], "embossed letters"),
    ],
)
def test_names_of_those_whom_an_attribute_is_about(attribute: str, names: list[str], shown: str) -> None:
    people = {name: relation for name, relation in PEOPLE.items() if name.isascii() == attribute.isascii()}
    assert names_asked_for(attribute, people) == names
    assert with_names(attribute, people) == shown
    assert names_asked_for(attribute, {}) == [] and with_names(attribute, {}) == attribute


@pytest.mark.parametrize(
    ("text", "attribute", "another"),
    [
        ("李婷喜欢画画。", "上司 爱好", True),
        ("我的同事是律师。", "上司 职业", True),
        ("王思琪喜欢画画。", "上司 爱好", False),
        ("我的上司是律师。", "上司 职业", False),
        ("我和同事去了上司家。", "上司 职业", False),
        ("今天下雨。", "上司 职业", True),
        ("今天下雨。", "上司", False),
        ("他的生日是4月10日。", "上司 生日", False),
        ("It rains in Rome.", "mother city", True),
        ("She lives in Rome.", "mother city", False),
        ("I got married in Rome.", "spouse", False),
        ("李婷喜欢画画。", "爱好", False),  # of nobody in particular
        ("Anna likes tea.", "boss hobbies", True),
        ("My brother is a cook.", "boss job", True),
        ("Victor likes tea.", "boss hobbies", False),
        ("Anna met Victor.", "boss hobbies", False),
        ("My Boss is a cook.", "boss job", False),
        ("I like tea.", "boss hobbies", True),
        ("He is a cook.", "boss job", False),
        ("My brother is a cook.", "family members", False),
        ("My friend Tom likes tea.", "friends", False),
        ("My wife is a nurse.", "spouse", False),
        ("My daughter is three.", "children", False),
        ("My daughter is three.", "son age", True),
        ("My mom works at night.", "mother job", False),
        ("My dad works at night.", "mother job", True),
        ("我妈是老师。", "妈妈 职业", False),
        ("我爸是老师。", "妈妈 职业", True),
        ("我哥哥是老师。", "弟弟 职业", True),
        ("我表妹今年36岁。", "表弟 年龄", True),
        ("我表妹今年36岁。", "家人 年龄", False),
        ("我老婆是老师。", "妻子 职业", False),
        ("My sister is a cook.", "siblings", False),
        ("My sister is a cook.", "brother job", True),
    ],
)
def test_texts_about_another_than_the_one_that_is_asked_about(text: str, attribute: str, another: bool) -> None:
    assert may_speak_of(text, attribute, PEOPLE) is not another


@pytest.mark.parametrize(
    "attribute",
    [
        "family", "relationships", "emergency contact", "pets", "mother's birthday", "dad job", "names of the kids",
        "siblings", "sisters", "fiancé", "grandma", "cousin age", "neighbour", "neighbor", "roommates", "co-workers",
        "boss name", "家庭成员", "宠物", "上司 生日", "表弟 年龄", "下属 爱好", "室友", "老板", "闺蜜", "全家",
    ],
)  # fmt: skip
def test_attributes_that_are_about_others_too(attribute: str) -> None:
    assert asks_about_others(attribute)


@pytest.mark.parametrize(
    "attribute",
    [
        "city", "hobbies", "kidney disease", "embossed cards", "sonatas", "personality", "job", "职业", "爱好", "城市",
        "用户居住的城市或国家", "家乡", "家具", "家电",
    ],
)  # fmt: skip
def test_attributes_that_are_about_the_user_alone(attribute: str) -> None:
    assert not asks_about_others(attribute)


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
