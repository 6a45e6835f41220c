import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.events import Event, Snippet
from retrieval.splitting import UNITS, _ends, split_event, split_text, windows_of

PLAIN = [
    "你好，世界。",
    "今天天气不错！",
    "Hello there. ",
    "Dr. Smith said 3.5, then left; ",
    "\n",
    "\n\n",
    " ",
    "1. ",
    "- ",
    "a",
    "字",
]
ODD = [
    "😀",
    "👩🏽‍⚕️",
    "𠮷",
    "e\u0301",
    "…",
    "”",
    "（二）",
    "x" * 300,
    "汉" * 150,
    "User: ",
    "客服：",
    "Anna: hi\n",
    "?!",
    "\r",
    "\u3000",
]
PIECES = st.sampled_from([*PLAIN, *ODD])
TEXTS = st.text() | st.lists(PIECES, max_size=80).map("".join)


def spans(text: str) -> list[str]:
    return [text[start:end] for start, end in split_text(text)]


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_spans_are_ordered_stripped_and_hold_every_character_that_is_not_space(text: str) -> None:
    last = 0
    for start, end in split_text(text):
        assert last <= start < end
        assert text[start:end] == text[start:end].strip()
        assert not text[last:start].strip()
        last = end
    assert not text[last:].strip()


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_a_snippet_is_exactly_its_span_of_the_event(text: str) -> None:
    event = Event("u", "e1", text, speaker="Anna")
    snippets = split_event(event)
    for ordinal, snippet in enumerate(snippets):
        assert snippet.snippet_id == f"e1#{ordinal}"
        assert snippet.text == text[snippet.start : snippet.end] != ""
        assert len(snippet.text) <= UNITS * 1.25
    assert "".join("".join(snippet.text.split()) for snippet in snippets) == "".join(text.split())


def test_a_short_text_is_one_span() -> None:
    text = " Line one. Line two!\nLine three? "
    assert split_text(text) == [(1, len(text) - 1)]
    assert split_text(" \n ") == []


def test_english_is_cut_between_sentences_not_at_abbreviations() -> None:
    first = (
        "I moved to Munich last year with Dr. Smith and his family because the rent in Hamburg was far too high for us."
    )
    second = (
        "We paid approx. 1,200.50 euros a month, and the landlord of that old place never repaired anything at all."
    )
    third = "Now I live near db.Column street and everything is fine."
    assert spans(f"{first} {second} {third}") == [f"{first} {second}", third]


def test_chinese_counts_double_and_is_cut_between_sentences() -> None:
    sentence = "我上个月从汉堡搬到了慕尼黑，因为那里的工作机会更多，生活也更方便一些。"
    parts = spans(sentence * 6)
    assert parts == [sentence * 3, sentence * 3]


def test_a_long_sentence_is_cut_at_clause_marks() -> None:
    parts = spans("，".join(["我喜欢在周末去山里徒步旅行"] * 20) + "。")
    assert all(part.endswith(("，", "。")) for part in parts)
    assert all(2 * len(part) <= UNITS for part in parts)


def test_a_long_run_is_cut_at_spaces_and_never_inside_an_emoji() -> None:
    assert all(part.startswith("word") and part.endswith("word") for part in spans("word " * 200))
    emoji = "👩🏽‍⚕️"
    assert all(len(part) % len(emoji) == 0 for part in spans(emoji * 100))


def test_offsets_hold_after_characters_outside_the_basic_plane() -> None:
    sentence = "😀 I love the 𠮷 restaurant so very much, it is the best place in town! "
    parts = spans(sentence * 8)
    assert len(parts) > 1
    assert all(part.startswith("😀") and part.endswith("!") for part in parts)


def test_a_list_mark_goes_with_its_item() -> None:
    item = "Ask the bank whether the transfer of last week has arrived and write down what they say about it."
    parts = spans("\n".join(f"{number}. {item}" for number in range(1, 9)))
    assert all(part[0].isdigit() and part.endswith(".") and part[-2].isalpha() for part in parts)


def test_a_heading_goes_with_what_follows() -> None:
    body = "This paragraph says quite a lot about the weather in spring and in summer. It has two sentences."
    assert spans(f"{body}\n\n# Next\n\n{body}\n\n# Last\n\n{body}") == [body, f"# Next\n\n{body}", f"# Last\n\n{body}"]


def test_a_million_characters_without_a_place_to_cut() -> None:
    assert len(split_text("汉" * 1_000_000)) >= 8000
    assert len(split_text("x" * 1_000_000)) >= 4000


def test_sentences_that_do_not_add_up_to_the_line_are_found_by_their_marks() -> None:
    line = "One. 二。Three! rest"
    assert _ends(line, ["One.", "二。"]) == [5, 7, 14, len(line)]


@pytest.mark.parametrize(
    ("count", "windows"),
    [(0, []), (2, []), (3, ["0-2"]), (5, ["0-4"]), (6, ["0-4", "3-5"]), (9, ["0-4", "3-7", "6-8"])],
)
def test_windows_cover_all_snippets(count: int, windows: list[str]) -> None:
    event = Event("u", "e", "\n".join(f"N{i % 2}: word {i}" for i in range(count)), role="user")
    snippets = [
        Snippet(f"e#{i}", "u", "e", 11 * i, 11 * i + 10, event.text[11 * i : 11 * i + 10]) for i in range(count)
    ]
    found = windows_of(event, snippets)
    assert [f"{w.text.split(chr(10))[0][-1]}-{w.text[-1]}" for w in found] == windows
    assert [w.snippet_id for w in found] == [f"e@{i}" for i in range(len(windows))]
    assert all(event.text[w.start : w.end] == w.text for w in found)
