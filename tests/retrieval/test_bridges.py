import pytest

from retrieval.bridges import bridge_in, covers, rest_of


@pytest.mark.parametrize(
    ("question", "clue", "asked"),
    [
        ("那个时间是2024-04-11 9:00的活动，主要内容是什么？", "时间是2024-04-11 9:00", "主要内容"),
        ('那个内容是"分享经验，招纳贤才。"的活动，地点是什么？', '内容是"分享经验，招纳贤才。', "地点"),
        ("广州会计事务所的那个人，他的职位是什么来着？", "广州会计事务所", "职位"),
        ("那个当老师的，年纪有多大呀？", "当老师", "年纪有多大"),
        ("那个30岁的人是做什么职位的？", "30岁", "做 职位的"),
        ("实际上，那个姓名是张伟的人，年龄是什么？", "姓名是张伟", "年龄"),
        ("What is the job of the person who lives in Berlin?", "lives in Berlin", "the job of"),
        ("The friend whose email is a@b.de, how old is she?", "email is a@b.de", "how old is she"),
        ("How tall is the one from Wuhan?", "Wuhan", "tall is"),
    ],
)
def test_a_clue_and_what_is_asked(question: str, clue: str, asked: str) -> None:
    assert bridge_in(question) == (clue, asked)


@pytest.mark.parametrize(
    "question",
    ["Where do I live?", "我的同事叫什么？", "the person who lives in Berlin", "My friend, who is she?", "?"],
)
def test_most_questions_have_no_clue(question: str) -> None:
    assert bridge_in(question) is None


@pytest.mark.parametrize(
    ("clue", "text", "said"),
    [
        ("30岁", "我表哥今年30岁了。", True),
        ("30岁", "我表哥今年31岁了。", False),
        ("时间是下周三晚上七点", "购物节的时间是下周五下午两点。", False),
        ("lives in Berlin", "My cousin Tom moved to Berlin.", True),
        ("email is a@b.de", "Her email: a@b.de", True),
        ("email is a@b.de", "Her email: c@d.de", False),
        ("的", "我的", False),
    ],
)
def test_a_text_says_a_clue(clue: str, text: str, said: bool) -> None:
    assert covers(clue, text) is said


@pytest.mark.parametrize(
    ("text", "clue", "rest"),
    [
        ("我表姐在广州会计事务所上班。", "广州会计事务所", "我表姐在 上班"),
        ("交流会的主要内容是分享心得，探讨趋势。", "主要内容是分享心得，探讨趋势", "交流会的"),
        ("My cousin Tom moved to Berlin", "lives in Berlin", "My cousin Tom moved to"),
        ("Berlin", "in Berlin", ""),
    ],
)
def test_what_else_a_text_says(text: str, clue: str, rest: str) -> None:
    assert rest_of(text, clue) == rest
