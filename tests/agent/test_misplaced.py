import pytest

from agent.misplaced import is_misplaced, may_tell

FAMILY = "family: family members and partner of the user"
POST = "occupation: what the user does for a living"


@pytest.mark.parametrize(
    ("value", "text", "attribute"),
    [
        ("朋友", "谢谢你的帮助，朋友！", "用户的家人和伴侣"),
        ("friend", "My friend came along.", FAMILY),
        ("my friends", "I went with my friends.", FAMILY),
        ("同事", "今天和同事吃饭。", "家庭成员"),
        ("画家", "我学到了很多关于古代画家的画作的故事。", "职业：用户从事的工作"),
        ("painter", "I love the old painter's works.", POST),
        ("Russell Crowe", "Russell Crowe does an amazing job in that role.", "name"),
        ("Anna", "Hi Anna, where is my parcel?", "name: the user's own name"),
        ("Russell Crowe", "Russell Crowe does an amazing job in that role.", "name: the name of the user"),
        ("周杰伦", "周杰伦的演唱会门票终于买到了。", "用户本人的姓名"),
        ("王芳", "您好王芳，我的快递还没到。", "姓名"),
        ("Mia", "Mia has 3 cats and a very old dog", "name"),
        ("Tom", "Anna met Tom 2 years ago in Paris", "name"),
    ],
)
def test_words_for_somebody_else(value: str, text: str, attribute: str) -> None:
    assert is_misplaced(value, text, attribute)


@pytest.mark.parametrize(
    ("value", "text", "attribute"),
    [
        ("妻子", "我的妻子是老师。", "用户的家人和伴侣"),
        ("女朋友", "我女朋友喜欢猫。", "用户的家人和伴侣"),
        ("daughter", "My daughter turned five.", FAMILY),
        ("girlfriend", "My girlfriend moved in.", FAMILY),
        ("Anna", "My sister Anna came.", FAMILY),
        ("friend", "My friend came along.", "friends and family"),
        ("朋友", "和朋友去爬山。", "兴趣爱好"),
        ("画家", "我是一名画家，画家的生活很苦。", "职业"),
        ("教师", "我喜欢教师的工作。", "职业"),
        ("设计师", "我是做设计师的。", "职业"),
        ("nurse", "As a nurse's aide I work nights.", POST),
        ("painter", "I love the old painter's works.", "interests"),
        ("Sofia Li", "Certainly, my name is Sofia Li, and I live in the zip code 78260.", "name the user's own name"),
        ("Sofia Li", "It should be under Sofia Li.", "name"),
        ("viswa", "viswa", "name"),
        ("Viswa Nathan", "Sure, Viswa Nathan here", "full name"),
        ("Sofia", "Please send it again.\nBest,\nSofia", "first name"),
        ("Nicholas Torres", "Nicholas Torres: True, the winters here can be quite something.", "name"),
        ("Sofia Li", "customer name: Sofia Li", "name"),
        ("王芳", "我叫王芳，昨天下的单。", "姓名"),
        ("王芳", "我是王芳，请帮我查一下订单。", "用户本人的姓名"),
        ("王芳", "王芳，13800000000", "姓名"),
        ("Dana Arno", "Dana Arno 0724 Marsha Garden Suite 978 West Gertrude 82171 ph 6979587463", "name"),
        ("kelly", "kelly j 87 g 54", "name"),
        ("Cat", "myself Cat ssn 9173 credit card 8974 7525", "name"),
        ("rojer", "yes rojer and my ssn 7416", "full name"),
        ("王芳", "王芳 13800000000 北京市朝阳区建国路88号", "姓名"),
        ("Russell Crowe", "Russell Crowe does an amazing job in that role.", "favorite actors"),
        ("Acme", "Acme makes the best anvils in town.", "company name"),
        ("Acme", "Acme makes the best anvils in town.", "name of the employer"),
        ("Acme", "Acme makes the best anvils in town.", "name: the name of the firm"),
        (None, "x", POST),
        (3, "x", POST),
    ],
)
def test_words_for_the_one_that_is_asked_for(value: object, text: str, attribute: str) -> None:
    assert not is_misplaced(value, text, attribute)


@pytest.mark.parametrize(
    ("text", "attribute", "may"),
    [
        ("我穿的运动鞋是亚瑟士的Gel-Kayano26。", "用户本人的姓名", False),
        ("Russell Crowe does an amazing job in that role.", "name: the user's own name", False),
        ("Russell Crowe does an amazing job in that role.", "favorite actors", True),
        ("我住的那个小区叫绿洲家园。", "姓名", True),
        ("The parcel that I have been waiting for should be under Sofia Li.", "name", True),
        ("Please send the whole order to my office again.\nBest,\nSofia", "first name", True),
        ("好的，王芳，昨天在你们店里下的那一单到现在都没有发货。", "姓名", True),
        ("我的下属他们家是北京的。", "用户的家人和伴侣", False),
        ("我的下属他们家是北京的。", "用户的家人和朋友", True),
        ("My boss is from Rome.", FAMILY, False),
        ("My boss is Anna's friend.", FAMILY, True),
        ("My boss is my uncle.", FAMILY, True),
        ("My boss and I have dinner with Emma.", FAMILY, True),
        ("She is five now.", FAMILY, True),
    ],
)
def test_a_text_that_can_only_name_somebody_else_need_not_be_read(text: str, attribute: str, may: bool) -> None:
    assert may_tell(text, attribute, {"Anna": "sister"}) is may
