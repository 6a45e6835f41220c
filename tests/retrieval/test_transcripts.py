import pytest

from retrieval.events import Event, Role
from retrieval.splitting import split_event
from retrieval.transcripts import turns_of


def turns(text: str, speaker: str | None = None, role: Role = "user", *own: str) -> list[tuple[str | None, str]]:
    event = Event("data/Jennifer_Moran", "e", text, speaker=speaker, role=role)
    return [(turn.speaker, turn.role) for turn in turns_of(event, own)]


def test_each_line_has_its_own_speaker() -> None:
    text = "Jennifer Moran: How are you?\nSamuel Mills: Fine. And you?\n\nJennifer Moran: At 10:30 I leave: bye"
    assert turns(text, "Jennifer Moran") == [
        ("Jennifer Moran", "user"),
        ("Samuel Mills", "other"),
        ("Jennifer Moran", "user"),
    ]


def test_snippets_of_a_turn_include_the_name_and_carry_its_role() -> None:
    text = "user: I moved to Munich.\nassistant: Great!\nuser: Thanks"
    snippets = split_event(Event("u", "e", text, speaker="Jennifer", role="user"))
    assert [(snippet.text, snippet.role) for snippet in snippets] == [
        ("user: I moved to Munich.", "user"),
        ("assistant: Great!", "agent"),
        ("user: Thanks", "user"),
    ]


def test_chinese_names_and_colons() -> None:
    assert turns("客户：我要退货\n客服：好的，请稍等\n客户：谢谢") == [
        ("客户", "user"),
        ("客服", "agent"),
        ("客户", "user"),
    ]


def test_names_in_brackets() -> None:
    assert turns("[Agent]: Hello\n[Customer]: Hi\n**Agent:** Bye") == [
        ("Agent", "agent"),
        ("Customer", "user"),
        ("Agent", "agent"),
    ]


def test_the_events_speaker_keeps_the_events_role() -> None:
    assert turns("Sam: a\nJenny: b", "Sam", "system", "jenny") == [("Sam", "system"), ("Jenny", "user")]


def test_a_line_without_a_name_goes_on_with_the_turn_before() -> None:
    text = "User: my address is\nBot: yes?\nUser: well\nBot: go on\nMain Street 5, second floor"
    assert turns(text)[-1] == ("Bot", "agent")


@pytest.mark.parametrize(
    "text",
    [
        "Just one line: really",
        "Name: Anna\nPhone: 123\nCity: Munich",
        "姓名：张三\n电话：123\n城市：北京",
        "http://example.com/a\nhttp://example.com/b",
        "10:30 left home\n11:45 arrived",
        "I said this, and then: no\nShe said that, too: yes",
        "User: hello\nand then a lot\nof plain\nlines follow\nhere",
        "",
    ],
)
def test_other_texts_are_no_transcripts(text: str) -> None:
    assert turns(text, "someone") == []
