import pytest

from retrieval.queries import parts_of, questions_in, without_asking


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Where do I live?", ["Where do I live?"]),
        ("Where do I live, and what is my job?", ["Where do I live", "what is my job?"]),
        ("I like tea. Which kind?", ["Which kind?", "I like tea. Which kind?"]),
        ("I like tea. I drink it", ["I like tea.", "I drink it"]),
        ("Does Dr. Who live in the U.S. now?", ["Does Dr. Who live in the U.S. now?"]),
        ("我住在哪里？另外，我的工作是什么？", ["我住在哪里？", "我的工作是什么？"]),
        ("张伟和李婷谁更年轻？", ["张伟谁更年轻？", "李婷谁更年轻？"]),
        ("rock and roll", ["rock and roll"]),
        ("?", ["?"]),
        (" hi ", ["hi"]),
        ("tea? tea?", ["tea?"]),
    ],
)
def test_parts(question: str, parts: list[str]) -> None:
    assert parts_of(question) == parts


def test_a_text_of_many_sentences_has_six_parts() -> None:
    assert len(parts_of("".join(f"Number {n}?" for n in range(50)))) == 6


@pytest.mark.parametrize(
    ("part", "about"),
    [
        ("Where do I live?", "I live"),
        ("What's my job?", "my job"),
        ("Please tell me how old I am", "I am"),
        ("我住在哪里？", "我住在"),
        ("请问我的职业是什么呢？", "我的职业是"),
        ("green tea", "green tea"),
        ("什么？", "什么？"),
    ],
)
def test_without_asking(part: str, about: str) -> None:
    assert without_asking(part) == about


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("Where do I live?", ["Where do I live?"]),
        ("Where do I live, and what is my job?", ["Where do I live", "what is my job?"]),
        ("It is hot today. Where do I live?", ["It is hot today. Where do I live?"]),
        ("张伟和李婷谁更年轻？", ["张伟和李婷谁更年轻？"]),
        ("我住在哪里？另外，我的工作是什么？", ["我住在哪里？", "我的工作是什么？"]),
        ("今天真热。我住在哪里？", ["今天真热。我住在哪里？"]),
        ("a1b? c1d? e1f? g1h?", ["a1b?", "c1d?", "e1f?"]),
        ("When I was in Rome, I read a novel. What was it?", ["When I was in Rome, I read a novel. What was it?"]),
        ("When I fell, what broke and who helped?", ["When I fell, what broke", "who helped?"]),
        ("When did I move? Who helped?", ["When did I move?", "Who helped?"]),
        ("I made fish. Do you remember the recipe?", ["I made fish. What is the recipe?"]),
        ("I was there. Do you still remember me saying what I saw?", ["I was there. what I saw?"]),
        ("Can you recall who called?", ["who called?"]),
        ("Do you remember?", ["Do you remember?"]),
        ("?", ["?"]),
    ],
)
def test_questions_in_a_text(text: str, questions: list[str]) -> None:
    assert questions_in(text) == questions


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("天气真好。想出去走走。抱歉，我真正想问的是：那位技术官的身高是什么？", ["那位技术官的身高是什么？"]),
        ("猫怎么样了呢？等等，我路过的公园怎么样？", ["我路过的公园怎么样？"]),
        ("Lovely weather. I slept well. Where did she buy the desk?", ["Where did she buy the desk?"]),
        ("Is it late? Sorry, what I really want to know is where she lives?", ["where she lives?"]),
        ("I moved in 2020. Where did I live before?", ["I moved in 2020. Where did I live before?"]),
        ("Which term fits me? Please choose between A: calm or B: loud.", None),
    ],
)  # fmt: skip
def test_small_talk_is_left_out_of_what_is_asked(text: str, asked: list[str] | None) -> None:
    assert questions_in(text) == (asked or [text])
