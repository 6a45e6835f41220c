"""Words the results of counting, in English and Chinese, with the period that was counted spelled out.

Knows nothing of events.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from agent.amounts import Amount, shown_amounts
from agent.asked_times import Span, last_day
from agent.event_forms import Kind
from prompts import Language
from retrieval.focus import period_of

__all__ = ["average_of", "channels_of", "count_of", "days_of", "most_bought", "sum_of", "time_of", "times_of"]

_ENGLISH: Final[dict[Kind, str]] = {
    "order": "order", "ticket": "ticket", "email": "email", "chat": "chat", "review": "review", "call": "call",
    "search": "search", "message": "message", "contact": "contact",
}  # fmt: skip
_CHINESE: Final[dict[Kind, str]] = {
    "order": "笔订单", "ticket": "张工单", "email": "封邮件", "chat": "次聊天", "review": "条评价", "call": "次通话",
    "search": "次搜索", "message": "条消息", "contact": "次联系",
}  # fmt: skip


def count_of(count: int, kind: Kind, period: Span | None, in_all: int, language: Language) -> str:
    """ "3 tickets in 2024", "0 tickets in 2025 (14 in all)", "3 张工单（2024年）"."""
    if language == "zh":
        notes = [_period_zh(period)] if period else []
        notes += [f"总共 {in_all} {_CHINESE[kind][0]}"] if period and not count else []
        return f"{count} {_CHINESE[kind]}{_bracketed(notes)}"
    all_told = f" ({in_all} in all)" if period and not count else ""
    return f"{_several(count, kind)}{_period_en(period)}{all_told}"


def times_of(count: int, period: Span | None, language: Language) -> str:
    """ "5 times in 2024"."""
    if language == "zh":
        return f"{count} 次{_bracketed([_period_zh(period)] if period else [])}"
    return f"{count} {'time' if count == 1 else 'times'}{_period_en(period)}"


def days_of(days: int, messages: int, period: Span | None, language: Language) -> str:
    """ "on 5 days (12 messages) in 2024": where conversations are not told apart."""
    if language == "zh":
        return f"在 {days} 天里联系过，共 {messages} 条消息{_bracketed([_period_zh(period)] if period else [])}"
    on = f"on {days} {'day' if days == 1 else 'days'}"
    return f"{on}{_period_en(period)}, with {_several(messages, 'message')}"


def time_of(timestamp: str) -> str:
    """The day, and the minute where it is known."""
    return timestamp[:16].replace("T", " ")


def sum_of(
    spent: Sequence[Amount], refunded: Sequence[Amount], orders: int, silent: int, period: Span | None, lang: Language
) -> str:
    """ "$320.50 for 4 orders in 2024, after refunds of $20.00; 1 of them states no amount"."""
    if lang == "zh":
        notes = [_period_zh(period)] if period else []
        notes += [f"已扣除退款 {shown_amounts(refunded, '、')}"] if refunded else []
        notes += [f"其中 {silent} 笔没有金额"] if silent else []
        return f"{shown_amounts(spent, '、') or '0'}，共 {orders} 笔订单{_bracketed(notes)}"
    text = f"{shown_amounts(spent, ' and ') or '0'} for {_several(orders, 'order')}{_period_en(period)}"
    text += f", after refunds of {shown_amounts(refunded, ' and ')}" if refunded else ""
    return text + (f"; {silent} of them {'states' if silent == 1 else 'state'} no amount" if silent else "")


def average_of(average: Amount, orders: int, period: Span | None, language: Language) -> str:
    """ "$80.13 on average over 4 orders"."""
    if language == "zh":
        notes = [_period_zh(period)] if period else []
        return f"平均 {shown_amounts([average], '')}，共 {orders} 笔订单{_bracketed(notes)}"
    return f"{shown_amounts([average], '')} on average over {_several(orders, 'order')}{_period_en(period)}"


def most_bought(names: Sequence[str], times: int, orders: int, period: Span | None, language: Language) -> str:
    """ "lamp (in 2 of 4 orders)"; that nothing was bought twice is told so."""
    if language == "zh":
        notes = [f"{orders} 笔订单中的 {times} 笔" if times > 1 else f"共 {orders} 笔订单"]
        notes += [_period_zh(period)] if period else []
        return f"{'、'.join(names) if times > 1 else '没有重复购买的商品'}{_bracketed(notes)}"
    if times > 1:
        return f"{', '.join(names)} (in {times} of {_several(orders, 'order')}{_period_en(period)})"
    return f"nothing more than once ({_several(orders, 'order')}{_period_en(period)})"


def channels_of(channels: Sequence[tuple[str, int]], language: Language) -> str:
    """ "email (12), chat (3)", the most used first."""
    if language == "zh":
        return "、".join(f"{name}（{count} 条）" for name, count in channels)
    return ", ".join(f"{name} ({count})" for name, count in channels)


def _several(count: int, kind: Kind) -> str:
    word = _ENGLISH[kind]
    return f"{count} {word if count == 1 else word + ('es' if word.endswith('h') else 's')}"


def _bracketed(notes: Sequence[str]) -> str:
    return f"（{'，'.join(notes)}）" if notes else ""


def _period_en(period: Span | None) -> str:
    if period is None:
        return ""
    if (named := _named(period)) is not None:
        return f" {'on' if len(named) == 10 else 'in'} {named}"
    first, last = _ends(period)
    return f" before {last}" if first is None else f" since {first}" if last is None else f" from {first} to {last}"


def _period_zh(period: Span) -> str:
    if (named := _named(period)) is not None:
        year, *rest = named.split("-")
        return year + "年" + "".join(f"{int(part)}{unit}" for part, unit in zip(rest, "月日", strict=False))
    first, last = _ends(period)
    return f"{last} 之前" if first is None else f"{first} 起" if last is None else f"{first} 至 {last}"


def _named(period: Span) -> str | None:
    """``2024``, ``2024-03`` or ``2024-03-01`` where the period is just that."""
    if min(map(abs, period)) == float("inf") or max(map(abs, period)) == float("inf"):
        return None
    day = datetime.fromtimestamp(period.start, UTC).date().isoformat()
    return next((name for name in (day[:4], day[:7], day) if tuple(period_of(name)) == tuple(period)), None)


def _ends(period: Span) -> tuple[str | None, str | None]:
    """The first and the last day; of an open period the last is the first day after it."""
    if period.start == -float("inf"):
        return None, datetime.fromtimestamp(period.end, UTC).date().isoformat()
    first = datetime.fromtimestamp(period.start, UTC).date().isoformat()
    return first, None if period.end == float("inf") else last_day(period.end)
