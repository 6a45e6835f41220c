"""Which words are taken for sensitive, and which attributes of a schema: English and Chinese, and false alarms."""

from typing import Any

import pytest

from agent.allowing import speaks_for_oneself, unstated
from agent.errors import SchemaError
from agent.facets import plan_facets
from agent.schema import built_in_schemas, load_schema
from agent.sensitive import asked_about, said_about, terms_in
from retrieval import Event, Hit, Snippet

TEXT = {"type": ["string", "null"]}


@pytest.mark.parametrize(
    ("asked", "category"),
    [
        ("allergies", "health"),
        ("medicalHistory", "health"),
        ("current_medication", "health"),
        ("blood pressure", "health"),
        ("过敏情况", "health"),
        ("病史", "health"),
        ("用户是否怀孕", "health"),
        ("她得了什么病？", "health"),
        ("religion", "religion"),
        ("What does she believe in? Which church?", "religion"),
        ("宗教信仰", "religion"),
        ("political_views", "politics"),
        ("How did he vote in the elections?", "politics"),
        ("政治面貌", "politics"),
        ("union_member", "union"),
        ("trade union", "union"),
        ("是否工会会员", "union"),
        ("ethnicity", "ethnicity"),
        ("race", "ethnicity"),
        ("民族", "ethnicity"),
        ("sexual orientation", "sexuality"),
        ("性取向", "sexuality"),
        ("children", "children"),
        ("ages of the kids", "children"),
        ("子女情况", "children"),
        ("未成年人监护人", "children"),
        ("fingerprint template", "biometrics"),
        ("人脸特征", "biometrics"),
        ("dna", "genetics"),
        ("基因检测结果", "genetics"),
        ("bank account", "finances"),
        ("征信", "finances"),
        ("location history", "whereabouts"),
        ("行踪轨迹", "whereabouts"),
        ("immigration_status", "identity"),
        ("特定身份", "identity"),
        ("criminal record", "crime"),
        ("犯罪前科", "crime"),
    ],
)
def test_what_is_asked_about(asked: str, category: str) -> None:
    assert category in asked_about(asked)


@pytest.mark.parametrize(
    "asked",
    [
        "name of the health insurance company that employs the user",
        "健康保险公司名称",
        "儿童玩具订单",
        "orders of children's toys",
        "city where the user lives",
        "所在城市",
        "favourite dishes",
        "job, employer or field of study",
        "political science degree",
        "tracking number of the parcel",
        "package weight",
        "商品重量",
        "page orientation",
        "European Union VAT number",
        "credit union newsletter",
        "minor issues",
        "race results",
        "how the user wants to pay",
        "银行卡支付方式",
        "民族风服装尺码",
        "欧盟增值税号",
        "gps watch model",
        "产品定位",
        "物流轨迹",
        "battery health",
        "mood of the messages",
        "流失风险",
        "满意度",
        "兴趣爱好",
        "What was wrong with the bicycle?",
        "When will the parcel arrive?",
        "快递什么时候到？",
        "Does she like the colour?",
        "What sparked James' passion for gaming when he was a kid?",
        "What did she play as a child?",
        "他还是个孩子的时候喜欢玩什么？",
    ],
)
def test_false_alarms_of_what_is_asked(asked: str) -> None:
    assert asked_about(asked) == ()


@pytest.mark.parametrize(
    ("value", "category"),
    [
        ("chemotherapy", "health"),
        ({"topic": "insulin pump", "n": 2}, "health"),
        (["高血压"], "health"),
        ("ＤＩＡＢＥＴＥＳ", "health"),
        ("has two sons", "children"),
        ("5-year-old daughter", "children"),
        ("女儿三岁", "children"),
        ("practising Muslim", "religion"),
        ("信佛多年", "religion"),
        ("gay", "sexuality"),
        ("同性恋", "sexuality"),
        ("IG Metall member", "union"),
        ("加入工会", "union"),
        ("voted for the greens", "politics"),
        ("中共党员", "politics"),
        ("Hispanic", "ethnicity"),
        ("维吾尔族", "ethnicity"),
        ("bankrupt", "finances"),
        ("被执行人", "finances"),
        ("on probation", "crime"),
        ("服刑", "crime"),
    ],
)
def test_what_a_value_says(value: Any, category: str) -> None:
    assert category in said_about(value)


@pytest.mark.parametrize(
    "value",
    [
        "Air Purifier",
        "Jigsaw Puzzle",
        "kids' shoes",
        "children's book",
        "儿童座椅",
        "儿童玩具",
        "童装",
        "nurse",
        "software engineer",
        "broken kettle",
        "blind date",
        "Johnson",
        "personal trainer",
        "Christmas",
        "Munich",
        "慕尼黑",
        "旅游",
        "sales race car",
        "minor damage",
        "damaged bicycle",
        "指纹锁",
        "fingerprint lock",
        "window blinds",
        "retail therapy",
        "union square hotel",
        "Christian Dior perfume",
        "gay-friendly travel guide",
        "婴儿湿巾",
        "",
        None,
        42,
        True,
    ],
)
def test_false_alarms_of_what_is_said(value: Any) -> None:
    assert said_about(value) == ()


def test_the_words_themselves() -> None:
    assert terms_in("Asthma, and a broken kettle") == ["asthma"]
    assert terms_in("is she a muslim?") == ["muslim"] and terms_in("her religion?") == []
    assert terms_in("her religion?", topics=True) == ["religion"]


def test_the_built_in_schemas_ask_for_nothing_sensitive() -> None:
    for name in built_in_schemas():
        for language in ("en", "zh"):
            assert [each.pointer for each in plan_facets(load_schema(name), language) if each.sensitive] == []  # type: ignore[arg-type]


def planned(**properties: Any) -> dict[str, tuple[tuple[str, ...], bool]]:
    schema = load_schema({"type": "object", "properties": properties})
    return {each.pointer: (each.sensitive, each.marked) for each in plan_facets(schema, "en")}


def test_a_schema_marks_and_unmarks() -> None:
    group = {"type": "object", "properties": {"a": TEXT, "b": {**TEXT, "x-sensitive": False}}}
    assert planned(
        diet={**TEXT, "x-sensitive": "health"},
        symptoms={**TEXT, "description": "symptoms of the defect", "x-sensitive": False},
        faith={**TEXT, "x-sensitive": ["ethnicity", "religion"]},
        notes={"type": "array", "items": {**TEXT, "x-sensitive": "crime"}},
        background={**group, "x-sensitive": "identity"},
        about={"type": "string", "maxLength": 300, "x-from-claims": True, "description": "health and religion"},
    ) == {
        "/diet": (("health",), True), "/symptoms": ((), False), "/faith": (("religion", "ethnicity"), True),
        "/notes": (("crime",), True), "/background/a": (("identity",), True), "/background/b": ((), False),
        "/about": ((), False),
    }  # fmt: skip


def test_what_sounds_sensitive_is_marked_in_any_language_and_at_any_depth() -> None:
    assert planned(
        group={"enum": ["muslim", "christian", None]},
        info={**TEXT, "description": "tell it", "x-description-zh": "用户的病史"},
        visits={"type": "array", "items": {"type": "object", "properties": {"diagnosis": TEXT}}},
        health={"type": "object", "properties": {"since": TEXT}},
    ) == {
        "/group": (("religion",), False), "/info": (("health",), False), "/visits": (("health",), False),
        "/health/since": (("health",), False),
    }  # fmt: skip


@pytest.mark.parametrize("given", ["helth", True, [], ["health", 5], {"a": 1}, None])
def test_a_category_that_is_none_is_refused(given: Any) -> None:
    with pytest.raises(SchemaError, match="'x-sensitive' at '/properties/a/x-sensitive'"):
        planned(a={**TEXT, "x-sensitive": given})


@pytest.mark.parametrize(
    ("question", "answer", "said", "is_told"),
    [
        ("When did she go to the clinic?", "7 May 2023", "Yesterday I was at the clinic.", True),
        ("How many children does she have?", "3", "My two girls and my son are great kids.", True),
        ("医疗创新高峰会什么时候开？", "4月15日", "医疗创新高峰会下周一开。", True),
        ("Which illness does she have?", "diabetes", "I fetch my insulin at the clinic.", False),
        ("What is her political leaning?", "liberal", "I go to every demonstration.", False),
        ("她得了什么病？", "糖尿病", "我每天要打针，去医院拿药。", False),
        ("What did she learn at the charity race?", "patience", "It taught me to wait.", True),
    ],
)
def test_an_answer_is_no_inference_where_the_user_speaks_of_it(
    question: str, answer: str, said: str, is_told: bool
) -> None:
    assert (unstated(question, answer, [said], yes_or_no=False) is None) == is_told


@pytest.mark.parametrize(
    ("role", "speaker", "is_own"),
    [
        ("user", "Ann", True),
        ("user", None, True),
        ("other", "Melanie Roe", True),
        ("other", "Bob", False),
        ("other", None, False),
        ("agent", "Melanie", False),
    ],
)
def test_whose_words_state_what_is_asked_about_melanie(role: Any, speaker: str | None, is_own: bool) -> None:
    event = Event("u", "e", "My kids are fine.", "2024-03-01", 10.0, role=role, speaker=speaker)
    hit = Hit(Snippet("e#0", "u", "e", 0, 17, event.text, None, role), event, 1.0, 1)
    assert speaks_for_oneself(hit, "How are Melanie's kids?") is is_own


@pytest.mark.parametrize(
    ("question", "answer", "is_told"),
    [
        ("Where does she go with her kids?", "the zoo", True),
        ("他要带孩子去哪里玩？", "动物园", True),
        ("How old is her kid?", "her kid is six", False),
        ("Which illness does she have?", "the zoo", False),
    ],
)
def test_an_agent_may_say_what_is_asked_with_children(question: str, answer: str, is_told: bool) -> None:
    said = unstated(question, answer, [], ["I booked the zoo for the kid, 动物园."], yes_or_no=False)
    assert (said is None) is is_told
