"""Which snippets an answer rests on."""

import pytest

from agent.backing import as_said, back, items_of, settles_yes_or_no
from agent.reading import Weighed
from retrieval import Event, Hit, Snippet


def weighed(*texts: str) -> list[Weighed]:
    """Snippets, the weightiest first."""
    found = []
    for rank, text in enumerate(texts, start=1):
        event = Event(
            user_id="u", event_id=f"e{rank}", text=text, timestamp="2024-03-01", epoch=0.0, channel="chat",
            speaker="u", role="user",
        )  # fmt: skip
        hit = Hit(Snippet.cut(event, 0, 0, len(text), "u", "user"), event, 1.0, rank)
        found.append(Weighed(hit, 0.99, rank))
    return found


def ids(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.event.event_id for hit in hits]


def test_the_fewest_snippets_that_hold_every_item_are_cited() -> None:
    read = weighed("I play the violin.", "Violin and clarinet, all day.", "The clarinet is new.")
    assert ids(back("violin", "What do I play?", read).hits) == ["e1"]
    assert ids(back("violin, clarinet", "What do I play?", read).hits) == ["e1", "e2"]
    assert ids(back("单簧管、小提琴", "我会什么乐器？", weighed("我拉小提琴，也吹单簧管。", "我吹单簧管。")).hits) == [
        "e1"
    ]


def test_items_that_no_snippet_holds_are_left_out() -> None:
    backed = back("reading, juggling", "What do I do?", weighed("I like reading."))
    assert (backed.answer, backed.share) == ("reading", 1.0)
    alone = back("juggling", "What do I do?", weighed("I like reading."))
    assert (alone.answer, alone.share, ids(alone.hits)) == ("juggling", 0.0, ["e1"])


def test_an_item_that_only_repeats_the_question_is_left_out_with_its_citation() -> None:
    read = weighed("I am Rita Moss.", "I read Murakami.")
    backed = back("Murakami, Rita Moss", "Who are the authors of Rita Moss?", read)
    assert (backed.answer, ids(backed.hits)) == ("Murakami", ["e2"])
    assert back("Rita Moss", "Who are the authors of Rita Moss?", read).answer == "Rita Moss"


@pytest.mark.parametrize(
    ("item", "is_held"),
    [
        ("Ngugi Washington", False),
        ("the Kenyan Ngugi", True),
        ("the week of Monday in May", True),
        ("works that I'm fond of", True),
        ("his works in HD", True),
        ("what Rita likes", True),
    ],
)
def test_a_name_within_an_item_must_be_said(item: str, is_held: bool) -> None:
    read = weighed("Ngugi's works tend to hold a special place in Kenya. I am fond of what I like in HD in the week.")
    assert (back(item, "What does Rita read?", read).share > 0) is is_held


def test_a_number_that_is_not_there_is_not_held() -> None:
    assert back("42 lamps", "How many lamps?", weighed("I bought 24 lamps.")).share == 0.0
    assert back("45 lamps", "How many lamps?", weighed("I bought forty-five lamps.")).share > 0.0
    assert back("45盏灯", "多少盏灯？", weighed("我买了四十五盏灯。")).share > 0.0


def test_answers_are_spelled_as_the_history_spells_them() -> None:
    hits = [each.hit for each in weighed("My phone is the OPPO Reno7.")]
    assert as_said("OPPOReno7", hits) == "OPPO Reno7"
    assert as_said("oppo reno7", hits) == "OPPO Reno7"
    assert as_said("phon", hits) == "phone" and as_said("one", hits) == "one"
    assert as_said("Mate 60", hits) == "Mate 60"
    assert as_said("OPPO", hits) == "OPPO" and as_said("OPPO R", hits) == "OPPO Reno7"


@pytest.mark.parametrize(
    ("question", "answer", "settles"),
    [
        ("Does she like tea?", "Yes", True),
        ("她喜欢茶吗？", "是的", True),
        ("What does she like?", "yes", False),
        ("Does she like tea?", "tea", False),
        ("Does she live in Norway?", "Norway", False),
    ],
)
def test_yes_and_no_answer_only_what_asks_for_them(question: str, answer: str, settles: bool) -> None:
    assert settles_yes_or_no(question, answer) is settles


def test_items() -> None:
    assert items_of("reading, cycling and chess") == ["reading", "cycling", "chess"]
    assert items_of("茶、咖啡") == ["茶", "咖啡"]
    assert items_of("Romania") == ["Romania"]


def test_what_is_said_twice_is_said_once_with_and_without_quotation_marks() -> None:
    read = weighed('I read "Emma" and Persuasion.')
    assert back('Emma, "Persuasion", "Emma", Persuasion', "What did I read?", read).answer == 'Emma, "Persuasion"'


def test_a_yes_rests_on_what_holds_most_of_the_question_not_on_the_word_yes() -> None:
    read = weighed("你是一个好朋友。", "我周末打羽毛球。")
    assert ids(back("是", "我打羽毛球吗？", read).hits) == ["e2"]
    read = weighed("No, thanks.", "I like comedies.")
    assert ids(back("no", "Do I like comedies?", read).hits) == ["e2"]


@pytest.mark.parametrize(
    ("answer", "text", "share"),
    [
        ("8", "About eight people.", 1.0),
        ("8", "八个人左右。", 1.0),
        ("8", "8 people", 1.0),
        ("9", "About eight people.", 0.0),
        ("3", "Many people.", 0.0),  # written in March
        ("1 hour", "I ran for an hour.", 0.5),
        ("2 hours", "I ran for an hour.", 0.0),
    ],
)
def test_a_number_is_said_by_its_word(answer: str, text: str, share: float) -> None:
    assert back(answer, "How many, how long?", weighed(text)).share == share
