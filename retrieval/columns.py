"""Finds which column of a file holds which field of an event.

Knows the usual names in English and Chinese, not the values.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from retrieval.errors import UsageError, shorten

__all__ = ["FIELDS", "check_columns", "column_key", "match_columns", "shown_columns"]

_USUAL: Final[dict[str, str]] = {
    "user_id": "user_id user userid uid user_name username customer_id customer client_id client member_id buyer_id "
    "account_id 用户id 用户编号 用户 客户id 客户编号 客户 会员id 会员 买家id 买家 顾客id 顾客 用户名 账号",
    "event_id": "event_id snippet_id id message_id msg_id review_id comment_id uuid "
    "事件id 消息id 记录id 工单id 工单号 评论id 编号",
    "timestamp": "timestamp time datetime date created_at create_time created sent_at send_time event_time "
    "ts updated_at 时间 时间戳 日期 创建时间 发送时间 消息时间 评论时间 下单时间 发布时间",
    "channel": "channel source platform 渠道 来源 平台",
    "speaker": "speaker speaker_name sender sender_name from author role 发言人 说话人 发送者 发送人 发言者 角色 作者",
    "text": "text content message body comment review review_text query utterance "
    "内容 文本 正文 消息 消息内容 评论 评论内容 评价 评价内容 留言 对话内容 搜索词",
}

_NO_NAME: Final = re.compile(
    r"[!@。！？；，&<>\"“”\n\r]|[.,;?:]\s|[.;]$|^[\d\s:/.,TZ-]*\d[\d\s:/.,TZ-]*$|(?:\S+\s+){3}|.{41}"
)
"""In what is said and in what ids and times look like, but not in names of columns."""

FIELDS: Final = tuple(_USUAL)
"""The fields of an event that a column can be mapped to."""


def check_columns(columns: Mapping[str, str] | None) -> None:
    """Raises UsageError when ``columns`` (field -> column) names a field that events do not have."""
    for field in columns or {}:
        if field not in _USUAL:
            raise UsageError(f"{shorten(field)} is not a field of an event", hint=f"Map one of: {', '.join(FIELDS)}")


def match_columns(found: Collection[str], columns: Mapping[str, str] | None = None) -> dict[str, str]:
    """Field -> name of the column in ``found`` that holds it; fields without a column are left out.

    ``columns`` (field -> column) goes before the usual names: a field named there has that column or none. Case,
    spaces, hyphens and underscores make no difference, and one column never serves two fields.
    """
    by_key: dict[str, str] = {}
    for name in found:
        by_key.setdefault(column_key(name), name)
    wanted = columns or {}
    matched: dict[str, str] = {}
    for field, column in wanted.items():
        if column in found:
            matched[field] = column
        elif column_key(column) in by_key:
            matched[field] = by_key[column_key(column)]
    for field, keys in _KEYS.items():
        if field in wanted:
            continue
        free = (by_key[key] for key in keys if key in by_key and by_key[key] not in matched.values())
        if (usual := next(free, None)) is not None:
            matched[field] = usual
    return matched


def shown_columns(found: Collection[str]) -> str:
    """The columns as a message may show them: by name, unless some look like what people say, as without a header."""
    if any(_NO_NAME.search(name) for name in found):
        return f"{len(found)} columns that are not called like columns (is the header missing?)"
    return f"the columns {shorten(', '.join(found), 300)}"


def column_key(name: str) -> str:
    """``name`` without case, spaces, hyphens, underscores and byte order mark."""
    return "".join(char for char in name.casefold() if char not in " _-\t\ufeff\u3000")


def _keys(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column_key(name) for name in names))


_KEYS: Final = {field: _keys(names.split()) for field, names in _USUAL.items()}
