import gzip
from pathlib import Path

import pytest

from retrieval.errors import InputError
from retrieval.loaders.chat_lines import parse_line
from tests.retrieval.loaders.loaded import FIXTURES, bad, events, said

ANDROID = FIXTURES / "WhatsApp Chat with Tom.txt"
IPHONE = FIXTURES / "_chat.txt"
CHINESE = FIXTURES / "与小明的 WhatsApp 聊天.txt"


def chat(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def times(path: Path, **options: str) -> list[str | None]:
    return [each.timestamp for each in events(path, user_id="Anna", **options)]


def test_android() -> None:
    found = events(ANDROID, user_id="u1", self_names=["anna"])
    assert [(each.timestamp, each.speaker, each.role, each.text) for each in found] == [
        ("2023-12-31T21:05", "Tom Baker", "other", "Are you coming tonight?"),
        ("2023-12-31T21:07", "Anna", "user", "Yes!\nI'll bring two things:\n- the cake\n- my guitar"),
        ("2023-12-31T21:09", "Anna", "user", "This is the cake"),
        ("2024-01-01T00:01", "Tom Baker", "other", "Happy new year: 2024!"),
        ("2024-01-01T00:03", "Anna", "user", "I want to learn Spanish this year"),
    ]
    assert {(each.user_id, each.channel, each.metadata["session"]) for each in found} == {("u1", "whatsapp", "Tom")}


def test_iphone(tmp_path: Path) -> None:
    folder = tmp_path / "WhatsApp Chat - Family"
    folder.mkdir()
    path = folder / "_chat.txt"
    path.write_bytes(IPHONE.read_bytes())
    found = events(path, user_id="home/Anna")
    assert [(each.timestamp, each.speaker, each.role, each.text) for each in found] == [
        ("2023-12-31T21:05:09", "Anna", "user", "See you\nat eight"),
        ("2024-01-01T00:00:10", "+49 170 1234567", "other", "Happy new year"),
        ("2024-01-01T00:02:00", "Ben", "other", "Thanks"),
    ]
    assert found[0].metadata["session"] == "Family"


def test_chinese_android() -> None:
    assert [(each.timestamp, each.role, each.text) for each in events(CHINESE, user_id="安娜")] == [
        ("2023-12-31T21:05", "other", "你明天来吗？"),
        ("2023-12-31T21:06", "user", "来，我带一只蛋糕。\n我不吃花生。"),
        ("2024-01-01T00:10", "other", "新年快乐"),
        ("2024-01-01T12:10", "user", "我搬到上海了"),
    ]


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("[2023/12/31 下午9:05:03] Anna: a", "2023-12-31T21:05:03"),
        ("[12/31/23, 9:05:03\u202fPM] Anna: a", "2023-12-31T21:05:03"),
        ("31.12.23, 21:05 - Anna: a", "2023-12-31T21:05"),
        ("31/12/2023, 9:05 p. m. - Anna: a", "2023-12-31T21:05"),
        ("31/12/2023, 12:05 am - Anna: a", "2023-12-31T00:05"),
        ("2023-12-31, 21:05 - Anna: a", "2023-12-31T21:05"),
        ("2023/12/31 凌晨12:05 - Anna: a", "2023-12-31T00:05"),
    ],
)
def test_stamps(tmp_path: Path, stamp: str, expected: str) -> None:
    assert times(chat(tmp_path / "a.txt", stamp)) == [expected]


def test_lines_that_start_no_message() -> None:
    for line in ("see 31/12/2023, 21:05 - Anna: no", "31/12/2023", "5/6: done", "- Anna: x", ""):
        assert parse_line(line) is None


def test_a_day_over_twelve_decides(tmp_path: Path) -> None:
    ours = chat(tmp_path / "a.txt", "3/4/23, 10:00 - Anna: a", "13/4/23, 10:00 - Anna: b")
    assert times(ours) == ["2023-04-03T10:00", "2023-04-13T10:00"]
    theirs = chat(tmp_path / "b.txt", "3/4/23, 10:00 - Anna: a", "3/14/23, 10:00 - Anna: b")
    assert times(theirs) == ["2023-03-04T10:00", "2023-03-14T10:00"]


def test_time_that_would_run_back_decides(tmp_path: Path) -> None:
    path = chat(tmp_path / "a.txt", "3/4/23, 10:00 - Anna: a", "12/4/23, 10:00 - Anna: b", "1/5/23, 10:00 - Anna: c")
    assert times(path) == ["2023-04-03T10:00", "2023-04-12T10:00", "2023-05-01T10:00"]


def test_dates_that_may_be_read_two_ways_are_refused_until_one_says_which(tmp_path: Path) -> None:
    path = chat(tmp_path / "a.txt", "3/4/23, 10:00 - Anna: a", "5/6/23, 10:00 - Anna: b")
    with pytest.raises(InputError, match=r"line 1: the date '3/4/23' may be day/month or month/day.*whatsapp-dmy"):
        times(path)
    assert times(path, format="whatsapp-dmy") == ["2023-04-03T10:00", "2023-06-05T10:00"]
    assert times(path, format="whatsapp-mdy") == ["2023-03-04T10:00", "2023-05-06T10:00"]
    assert times(chat(tmp_path / "b.txt", "5/5/23, 10:00 - Anna: a")) == ["2023-05-05T10:00"]


def test_dates_in_both_orders_are_refused(tmp_path: Path) -> None:
    path = chat(tmp_path / "a.txt", "13/4/23, 10:00 - Anna: a", "4/13/23, 10:00 - Anna: b")
    with pytest.raises(InputError, match=r"line 2: the date '4/13/23' does not exist"):
        times(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("31/12/2023, 9:05 μ.μ. - Άννα: γεια σου", r"line 1: 'μ.μ.' beside the time is neither AM nor PM.*24-hour"),
        ("31‏/12‏/2023، 9:05 م - آنا: مرحبا", r"line 1: no message of a WhatsApp chat starts like this.*English or Chi"),
        ("2023년 12월 31일 오후 9:05, 안나 : 안녕", r"line 1: no message of a WhatsApp chat starts like this"),
        ("Dear diary, my secret", r"line 1: no message of a WhatsApp chat starts like this; known are"),
    ],
)
def test_an_unknown_language_is_an_error_with_line_and_remedy(tmp_path: Path, line: str, message: str) -> None:
    path = chat(tmp_path / "a.txt", line, "31/12/2023, 21:05 - Anna: hello")
    with pytest.raises(InputError, match=message) as caught:
        next(iter(events(path, user_id="Anna")))
    assert not any(word in str(caught.value) for word in ("γεια", "مرحبا", "안녕", "secret"))


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
def test_another_encoding_is_an_error(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text("2023/12/31 21:05 - Anna: 你好\n", encoding=encoding)
    with pytest.raises(InputError, match=r"a\.txt', after line 0: not UTF-8\. Convert it"):
        events(path, user_id="Anna")


def test_one_must_say_whose_chat_it_is_and_who_that_is_in_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Tom\.txt' is a WhatsApp chat, which has no user ids.*--user ID"):
        events(ANDROID)
    with pytest.raises(InputError, match=r"is the user 'u1'; there are 'Anna, Tom Baker'\. .*--self NAME"):
        events(ANDROID, user_id="u1")


def test_a_speaker_called_customer_is_not_the_user(tmp_path: Path) -> None:
    path = chat(
        tmp_path / "a.txt", "31/12/23, 21:05 - Anna: a", "31/12/23, 21:05 - Customer: b", "31/12/23, 21:06 - 客服: c"
    )
    assert [role for _, role, _, _ in said(path, user_id="Anna")] == ["user", "other", "agent"]


def test_a_packed_chat(tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat with Tom.txt.gz"
    path.write_bytes(gzip.compress(ANDROID.read_bytes()))
    assert events(path, user_id="Anna") == events(ANDROID, user_id="Anna")


def test_a_message_that_is_too_long_is_a_bad_line(tmp_path: Path) -> None:
    path = chat(tmp_path / "a.txt", "31/12/23, 21:05 - Anna: a", *["x" * 1000] * 1100, "31/12/23, 21:06 - Anna: b")
    ((line, reason),) = bad(path, user_id="Anna")
    assert line == 1 and reason.endswith("characters, more than 1,000,000. Split it")
    assert [each.text for each in events(path, user_id="Anna")] == ["b"]
