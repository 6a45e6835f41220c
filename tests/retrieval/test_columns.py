import pytest

from retrieval.columns import check_columns, match_columns
from retrieval.errors import UsageError


def test_the_usual_english_names() -> None:
    found = ["User ID", "snippet_id", "createdAt", "Source", "from", "Message", "stars"]
    assert match_columns(found) == {
        "user_id": "User ID",
        "event_id": "snippet_id",
        "timestamp": "createdAt",
        "channel": "Source",
        "speaker": "from",
        "text": "Message",
    }


def test_the_usual_chinese_names() -> None:
    assert match_columns(["用户ID", "消息id", "时间", "渠道", "发言人", "内容"]) == {
        "user_id": "用户ID",
        "event_id": "消息id",
        "timestamp": "时间",
        "channel": "渠道",
        "speaker": "发言人",
        "text": "内容",
    }


def test_the_more_telling_name_goes_first() -> None:
    assert match_columns(["id", "event_id", "user", "user_id", "review", "text"]) == {
        "user_id": "user_id",
        "event_id": "event_id",
        "text": "text",
    }


def test_a_mapped_column_goes_before_the_usual_one_or_there_is_none() -> None:
    assert match_columns(["user_id", "text", "body"], {"text": "BODY"}) == {"user_id": "user_id", "text": "body"}
    assert match_columns(["user_id", "text"], {"text": "gone"}) == {"user_id": "user_id"}


def test_one_column_serves_one_field() -> None:
    assert match_columns(["id", "text"], {"user_id": "id"}) == {"user_id": "id", "text": "text"}


def test_the_exact_name_goes_before_a_similar_one() -> None:
    assert match_columns(["Text", "text"], {"text": "text"})["text"] == "text"


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'body' is not a field .*user_id, event_id"):
        check_columns({"body": "text"})
