import pytest

from retrieval.likeness import bare, keys_of, nearly_same

LETTER = (
    "Thanks for your help with the lamp that I bought in your shop in May. It still flickers when I switch it on in "
    "the evening, and I would like to have my money back as soon as that is possible"
)
LETTER_ZH = (
    "谢谢你们帮我处理台灯的事情，这台灯是我五月份在你们店里买的，晚上打开的时候还是会闪，"
    "我希望你们能尽快把钱退给我，另外请告诉我应该把坏了的灯寄到哪里去，运费由谁来出。"
)


def alike(one: str, other: str) -> bool:
    """Whether two texts would be put into one group: they find each other, and are nearly the same."""
    first, second = bare(one), bare(other)
    return bool(set(keys_of(first, "u")) & set(keys_of(second, "u"))) and nearly_same(first, second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I live in Munich.", "i live in  munich!"),
        ("我住在慕尼黑。", "我住在慕尼黑，"),
        ("Ｉ ｌｉｖｅ ｉｎ Ｍｕｎｉｃｈ", "I live in Munich"),
        (LETTER, f"Hello, {LETTER}"),
        (LETTER, LETTER.replace("as soon as that is possible", "as soon as possible")),
        (LETTER_ZH, f"{LETTER_ZH}谢谢"),
        (LETTER_ZH, LETTER_ZH.replace("另外请", "请")),
    ],
)
def test_the_same_again(one: str, other: str) -> None:
    assert alike(one, other) and alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I live in Munich", "I live in Madrid"),
        ("I live in Munich?", "I live in Munich"),
        ("I program in C all day", "I program in C++ all day"),
        ("My order is A-1234, please", "My order is A-1235, please"),
        ("It weighs 1.5 kg in the box", "It weighs 15 kg in the box"),
        ("我妈妈今年58岁了，住在北京", "我爸爸今年58岁了，住在北京"),
        ("我喜欢在周末的时候吃火锅", "我不喜欢在周末的时候吃火锅"),
        (LETTER, LETTER.replace("May", "March")),
        (LETTER, LETTER.replace("would like", "would not like")),
        (LETTER, f"{LETTER}, order 4711"),
        (LETTER, LETTER[:80]),
        (LETTER_ZH, LETTER_ZH.replace("五月", "六月")),
        (LETTER_ZH, LETTER_ZH.replace("希望", "不希望")),
        (LETTER_ZH, LETTER_ZH.replace("晚上", "早上")),
        ("Yes, please", "Yes, please"),
        ("好的", "好的"),
    ],
)
def test_another_fact(one: str, other: str) -> None:
    assert not alike(one, other) and not alike(other, one)


def test_users_and_speakers_share_no_keys() -> None:
    text = bare(LETTER)
    assert not set(keys_of(text, "u", "a")) & set(keys_of(text, "ua", ""))


def test_other_numbers_share_no_keys() -> None:
    first, second = (set(keys_of(bare(f"{LETTER}. Order {number}"), "u")) for number in (4711, 4712))
    assert not first & second
