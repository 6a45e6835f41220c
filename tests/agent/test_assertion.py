"""How a sentence says a value: by hand, Chinese and English."""

import pytest

from agent.asked_for import accepted_manners
from agent.assertion import gives_up, manner_of

SAID = [
    ("refund", "Should I get a refund?"),
    ("Rome", "I am in Rome, should I take the bus?"),
    ("Munich", "I live in Munich."),
    ("coffee", "I can't live without coffee."),
    ("coffee", "Not only coffee but tea, too."),
    ("sushi", "I can't get enough of sushi!"),
    ("tea", "It's not that I don't like tea."),
    ("tennis", "I haven't played tennis lately."),
    ("tennis", "I didn't play tennis today."),
    ("tea", "I don't like coffee, but I love tea."),
    ("tea", "I don't drink coffee, tea is what I have."),
    ("Berlin", "If you need me, I live in Berlin."),
    ("Berlin", "If I remember right, I told you that I live in Berlin."),
    ("vegan", "No wonder, I'm a vegan."),
    ("Munich", "I used to live in Hamburg, but now I live in Munich."),
    ("piano", "I used to play the piano, and still do."),
    ("Munich", "I moved from Hamburg to Munich."),
    ("early mornings", "I'm used to early mornings."),
    ("smoking", "I am trying to quit smoking."),
    ("Sapiens", 'My favourite book is "Sapiens".'),
    ("Munich", 'I said: "I live in Munich."'),
    ("not married", "I am not married"),
    ("jazz", "Nothing beats jazz."),
    ("pasta", "I can never resist the pasta."),
    ("pasta", "Who doesn't love pasta?"),
    ("火锅", "谁不爱火锅呢"),
    ("hiking", "Why don't we go hiking? It is my favourite."),
    ("咖啡", "我不仅喝咖啡，还喝茶。"),
    ("咖啡", "我每天都离不开咖啡。"),
    ("咖啡", "不是我不喜欢咖啡。"),
    ("网球", "我好久没打网球了。"),
    ("茶", "我不喝咖啡，只喝茶。"),
    ("杭州", "如果我没记错，我跟你说过我住在杭州。"),
    ("上海", "我以前住在北京，现在住在上海。"),
    ("上海", "我从北京搬到上海。"),
    ("钢琴", "我以前弹钢琴，现在还弹钢琴。"),
    ("篮球", "你喜不喜欢篮球？我喜欢篮球。"),
    ("火锅", "没想到火锅这么好吃，我特别喜欢火锅。"),
    ("不吃辣", "我不吃辣"),
    ("杭州", "我说：“我住在杭州。”"),
]
NEGATED = [
    ("vegan", "I'm not a vegan."),
    ("coffee", "I don't drink coffee."),
    ("coffee", "I have never liked coffee"),
    ("tea", "I don't like coffee, tea or beer."),
    ("beer", "I don't like coffee, tea or beer."),
    ("doctor", "I am no doctor."),
    ("kids", "We have no kids."),
    ("jazz", "Jazz isn't my thing."),
    ("Paris", "I do not live in Paris."),
    ("glasses", "I don't wear glasses."),
    ("car", "I don't need a car"),
    ("vegetarians", "We are neither vegetarians nor rich."),
    ("咖啡", "我不喝咖啡。"),
    ("咖啡", "我从来不喝咖啡"),
    ("咖啡", "咖啡我从来不喝。"),
    ("老师", "我并不是老师。"),
    ("孩子", "我没有孩子。"),
    ("上海", "我不住在上海，我住在苏州。"),
    ("啤酒", "我不喝咖啡和啤酒。"),
]
FORMER = [
    ("smoke", "I used to smoke."),
    ("Berlin", "I used to live in Berlin but now I live in Munich."),
    ("Berlin", "I no longer live in Berlin."),
    ("tennis", "I don't play tennis any more."),
    ("tennis", "We don't play tennis anymore, sadly."),
    ("smoking", "I quit smoking last year."),
    ("Hamburg", "I moved from Hamburg to Munich."),
    ("Google", "I left my job at Google in 2021."),
    ("Berlin", "I lived in Berlin until 2020."),
    ("Acme", "My previous employer was Acme."),
    ("咖啡", "我已经不喝咖啡了。"),
    ("北京", "我以前住在北京，现在住在上海。"),
    ("网球", "我不打网球了。"),
    ("烟", "我去年把烟戒了。"),
    ("北京", "我从北京搬到上海。"),
    ("游泳", "我再也不游泳"),
    ("老师", "我曾经是一名老师"),
]
SUPPOSED = [
    ("Rome", "Should I move to Rome?"),
    ("罗马", "我要不要搬去罗马？"),
    ("Berlin", "I might move to Berlin."),
    ("Berlin", "If I lived in Berlin, I would go out more."),
    ("Berlin", "I am thinking of moving to Berlin."),
    ("nurse", "Maybe I should become a nurse."),
    ("Berlin", "I'll move to Berlin next month."),
    ("上海", "我可能会搬到上海。"),
    ("上海", "要是我住在上海就好了。"),
    ("上海", "我打算搬去上海。"),
    ("医生", "如果我是医生，就不会这样了。"),
]
WISHED = [
    ("Berlin", "I'd love to live in Berlin."),
    ("pilot", "I want to be a pilot."),
    ("Tesla", "I wish I had a Tesla."),
    ("dog", "It would be nice to have a dog."),
    ("日本", "我想去日本。"),
    ("医生", "我想当医生。"),
    ("狗", "真想养一只狗。"),
]
QUOTED = [
    ("Paris", "She said: 'I live in Paris.'"),
    ("Paris", 'Tom wrote, "I live in Paris and love it."'),
    ("巴黎", "他说：“我住在巴黎。”"),
    ("巴黎", "小王跟我说「我住在巴黎」"),
]
JOKED = [
    ("astronaut", "I'm an astronaut. Just kidding!"),
    ("king", "I am the king of France, lol jk"),
    ("queues", "I just love queues /s"),
    ("traffic", "Yeah, right, I love traffic."),
    ("亿万富翁", "我是亿万富翁，开玩笑的。"),
    ("加班", "我最爱加班了，才怪"),
]
ALL = {
    "said": SAID, "negated": NEGATED, "former": FORMER, "supposed": SUPPOSED, "wished": WISHED, "quoted": QUOTED,
    "joked": JOKED,
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text", "manner"), [(value, text, manner) for manner, rows in ALL.items() for value, text in rows]
)
def test_how_a_sentence_says_a_value(value: str, text: str, manner: str) -> None:
    assert manner_of(value, text) == manner


def test_what_an_attribute_asks_for_may_be_said_so() -> None:
    for attribute in ("city where the user lives (its name, not a zip code)", "occupation 用户的职业、单位或专业"):
        assert accepted_manners(attribute) == {"said"}
    assert {"wished", "supposed"} <= accepted_manners("dream job") & accepted_manners("plans") & accepted_manners(
        "想要"
    )
    assert "negated" in accepted_manners("dislikes") & accepted_manners("allergies") & accepted_manners("忌口")
    assert "former" in accepted_manners("previous occupation") & accepted_manners("籍贯")
    assert "wished" in accepted_manners("table requests") & accepted_manners("酒店 评分")


def test_what_one_hates_is_denied_to_likes_only() -> None:
    assert manner_of("coffee", "I hate coffee", "favorite drinks") == "negated"
    assert manner_of("nurse", "I hate my job as a nurse", "occupation") == "said"
    assert manner_of("香菜", "我讨厌香菜", "喜欢的食物") == "negated"


def test_a_plain_statement_anywhere_counts() -> None:
    assert manner_of("tea", "I don't drink tea at work. At home I drink tea.") == "said"
    assert manner_of("green tea", "I don't drink any kind of tea.") == "negated"
    assert manner_of(3, "I don't have 3 cats") == "negated"
    assert manner_of("", "x") == manner_of("İ", "İ İ") == "said"


@pytest.mark.parametrize(
    ("value", "text", "given_up"),
    [
        ("tennis", "I don't play tennis any more, my knee hurts.", True),
        ("coffee", "I don't drink coffee.", True),
        ("coffee", "I don't drink coffee after five.", False),
        ("coffee", "I drink coffee.", False),
        ("网球", "我不打网球了。", True),
        ("咖啡", "我不喝咖啡。", True),
        ("tea", "nothing", False),
    ],
)
def test_giving_up(value: str, text: str, given_up: bool) -> None:
    assert gives_up(value, text) is given_up


def test_only_the_words_in_the_span_count() -> None:
    text = "I drink tea. I don't drink coffee. Just kidding!"
    assert manner_of("coffee", text, span=(13, 34)) == "joked"
    assert manner_of("tea", text, span=(13, 34)) == "said"


def test_a_text_without_an_end_takes_no_time() -> None:
    for word, value in (("not", "tea"), ("tea", "tea"), ("不", "茶"), ('"', "tea")):
        assert manner_of(value, f"{word} " * 5000 + value)
