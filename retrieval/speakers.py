"""Tells who speaks: the user, an agent, a machine, or somebody else.

Knows only names, not what was said.
"""

from collections.abc import Collection
from functools import lru_cache

from retrieval.events import Role

__all__ = ["role_of", "same_name"]


def _names(listing: str) -> frozenset[str]:
    return frozenset(listing.split("|"))


_USER = _names(
    "user|customer|client|me|buyer|consumer|guest|visitor|shopper|human|caller|"
    "用户|客户|顾客|买家|我|本人|消费者|访客|来访者|会员|使用者|使用者本人"
)
_AGENT = _names(
    "agent|assistant|bot|chatbot|support|ai|ai assistant|human agent|live agent|operator|staff|representative|rep|"
    "seller|merchant|advisor|support agent|customer service|customer support|service agent|virtual assistant|"
    "客服|助手|机器人|坐席|商家|卖家|店家|店主|人工客服|在线客服|智能客服|客服人员|客服专员|智能助手|小助手|ai助手|助理|"
    "销售|顾问|导购|服务员|工作人员"
)
_SYSTEM = _names(
    "system|order|orders|shop|store|platform|notification|log|tool|function|automatic reply|auto reply|"
    "系统|订单|平台|系统消息|系统通知|通知|店铺|自动回复|日志"
)


def role_of(speaker: str | None, user_id: str, self_names: Collection[str] = ()) -> Role:
    """The role of ``speaker`` in the history of ``user_id``.

    No speaker at all means the user: reviews, searches and orders have no such column. The user is also known by the
    user id, by its last path segment (``personabench/Jennifer_Moran`` is "Jennifer Moran") and by ``self_names``. Case,
    and whether words are joined by ``_``, ``-`` or a space, make no difference.
    """
    name = _key(speaker or "")
    if not name:
        return "user"
    if name in (_key(user_id), _key(user_id.rstrip("/").rpartition("/")[2])):
        return "user"
    if any(name == _key(own) for own in self_names):
        return "user"
    if name in _USER:
        return "user"
    if name in _AGENT:
        return "agent"
    if name in _SYSTEM:
        return "system"
    return "other"


def same_name(one: str | None, other: str | None) -> bool:
    """Whether two names are the same but for case and for how their words are joined."""
    return _key(one or "") == _key(other or "")


@lru_cache(maxsize=4096)
def _key(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
