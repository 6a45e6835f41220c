"""Which events of a history are orders, tickets, e-mails …, and which of them are about the same one.

By the channel's name, the fields beside the text, and who speaks; knows nothing of questions or answers.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from agent.event_forms import Kind
from retrieval import Event
from retrieval.transcripts import turns_of

__all__ = ["is_kind", "things_in"]

_CHANNELS: Final[Mapping[Kind, tuple[frozenset[str], str]]] = {
    "order": (frozenset({"order", "orders", "purchase", "purchases"}), "订单|下单|购买"),
    "ticket": (frozenset({"ticket", "tickets", "zendesk"}), "工单"),
    "email": (frozenset({"email", "emails", "mail", "mails"}), "邮件"),
    "chat": (frozenset({"chat", "chats", "livechat", "intercom", "whatsapp"}), "聊天|会话|对话|微信|客服"),
    "review": (frozenset({"review", "reviews"}), "评价|评论|点评"),
    "call": (frozenset({"call", "calls", "phone"}), "电话|通话|来电"),
    "search": (frozenset({"search", "searches"}), "搜索"),
}
_TYPE_KEYS = frozenset({"type", "kind", "eventtype", "recordtype", "类型"})
_SESSION = frozenset({"session", "conversation", "thread", "dialogue", "dialog", "chat", "会话"})
_ID_KEYS: Final[Mapping[Kind, frozenset[str]]] = {
    "order": frozenset({"order", "ordernumber", "orderno", "订单", "订单号", "订单编号"}),
    "ticket": frozenset({"ticket", "ticketnumber", "case", "工单", "工单号"}) | _SESSION,
    "chat": _SESSION,
    "call": frozenset({"call"}) | _SESSION,
    "contact": frozenset({"ticket", "case"}) | _SESSION,
}
_ORDER_NUMBER = re.compile(
    r"(?:\border\b|订单)\s*(?:number|no\.?|id|号|编号)?\s*[:：#]?\s*(#?[A-Z]*\d[\w-]{2,})", re.IGNORECASE
)
_NOT_SAID: tuple[Kind, ...] = ("order", "review", "search")


def is_kind(event: Event, kind: Kind) -> bool:
    """Whether an event is one of these. "message", "contact": what persons said that is no order, review or search."""
    if kind in ("message", "contact"):
        return event.role != "system" and not any(is_kind(event, each) for each in _NOT_SAID)
    words, chinese = _CHANNELS[kind]
    named = [event.channel or "", *(str(value) for key, value in _fields(event).items() if key in _TYPE_KEYS)]
    if any(words & set(re.findall(r"[a-z]+", name.replace("e-mail", "email").casefold())) for name in named):
        return True
    if any(re.search(chinese, name) for name in named):
        return True
    return kind == "ticket" and (event.event_id.startswith("zendesk-") or "ticket" in _fields(event))


def things_in(events: Sequence[Event], kind: Kind) -> list[list[Event]] | None:
    """The events of a kind by the order, ticket or conversation that they are about, in time order.

    None when that cannot be told: chats without the number of their conversation; tickets and calls of which several
    speak without such a number. Where only one does, or an event is a transcript, each event is one of them.
    """
    single = [[event] for event in events]
    if kind == "message":
        return None if any(map(turns_of, events)) else single  # a transcript holds many
    if kind not in _ID_KEYS:
        return single
    ids = [_id_of(event, kind) for event in events]
    if kind == "order":
        ids = [known or f"event {event.event_id}" for known, event in zip(ids, events, strict=True)]
    if not any(ids):
        return single if _is_whole(events, kind) else None
    if not all(ids):
        return None
    things: dict[str, list[Event]] = {}
    for known, event in zip(ids, events, strict=True):
        things.setdefault(str(known), []).append(event)
    return list(things.values())


def _is_whole(events: Sequence[Event], kind: Kind) -> bool:
    """Whether each event is a whole ticket, call or chat, where no number tells."""
    one_sided = kind in ("ticket", "call") and len({event.role for event in events}) == 1
    return one_sided or all(map(turns_of, events))


def _id_of(event: Event, kind: Kind) -> str | None:
    fields = _fields(event)
    if known := next((str(fields[key]) for key in sorted(_ID_KEYS[kind]) if fields.get(key) not in (None, "")), None):
        return known
    match = _ORDER_NUMBER.search(event.text) if kind == "order" else None
    return match[1].lstrip("#").casefold() if match else None


def _fields(event: Event) -> dict[str, object]:
    """The fields beside the text, by their names without "id", case, spaces and hyphens."""
    return {re.sub(r"[\s_-]", "", key).casefold().removesuffix("id"): value for key, value in event.metadata.items()}
