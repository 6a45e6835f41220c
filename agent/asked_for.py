"""Tells from an attribute's name and description in which manner its values may be said.

Rules of thumb over words, Chinese and English; knows nothing of texts or models.
"""

import re
from typing import Literal

__all__ = ["Manner", "accepted_manners", "asks_for_likes"]

Manner = Literal["said", "former", "negated", "supposed", "wished", "quoted", "joked"]
"""How words say a value, from the plainest to what says the least."""

_ASKS_WISHES = re.compile(
    r"dream|desire|wish|goal|want|aspir|hope|ambition|future|bucket|need|looking for|request|interest|plan|intent"
    r"|churn"
    r"|risk|prefer|favou?rite|like|enjoy|love|joy|purpose|想|愿望|梦想|目标|希望|计划|打算|意图|意向|需求|需要|兴趣|喜欢|喜好|偏好"
    r"|流失|风险|推荐",
    re.IGNORECASE,
)
_ASKS_LIFE = re.compile(
    r"\bliv(?:es?|ing)\b|city|country|location|address|home|resid|\bjob|occupation|profession|work|employ|compan"
    r"|career|title|role"
    r"|\bpets?\b|vehicle|\bcars?\b|\bown|\bhas\b|hobb|sport|skill|language|instrument|educat|school|degree|status"
    r"|marital"
    r"|famil|relation|child|\bage\b|diet|smok|health|condition|居住|住处|城市|国家|住址|职业|工作"
    r"|单位|公司|职位|宠物|车辆|拥有|爱好|运动"
    r"|技能|语言|乐器|学历|学校|婚|家庭|年龄|姓名|饮食|健康|状况",
    re.IGNORECASE,
)
_ASKS_NEGATIONS = re.compile(
    r"dislike|hate|avoid|allerg|intoleran|restrict|\bnot\b|never|without|pain|complain|issue|problem|concern|worr"
    r"|fear"
    r"|lack|missing|churn|objection|sentiment|weakness|churn|needs?\b|忌口|过敏|讨厌|不喜欢|避免|禁忌|问题|投诉"
    r"|抱怨|困扰|缺|担心|害怕|限制|不满|弱点",
    re.IGNORECASE,
)
_ASKS_PAST = re.compile(
    r"previous|former|\bpast\b|\bex\b|earlier|before|histor|\bborn\b|birth|grew|hometown|native|origin|educat|school|degree"
    r"|\bmajor\b|graduat"
    r"|universit|college|experience|career|bought|purchas|order|product|travel|visited|event|issue|problem|name"
    r"|gender"
    r"|nationality|以前|曾|过去|前任|出生|籍贯|家乡|故乡|老家|学历|学校|毕业|教育|专业|经历|历史|买过|去过|事件"
    r"|订单|产品|商品|问题|姓名|性别|国籍",
    re.IGNORECASE,
)
_ASKS_LIKES = re.compile(
    r"favou?rite|\blikes?\b|likes or|prefer|hobb|interest|enjoy|喜欢|喜好|偏好|爱好|兴趣|口味", re.IGNORECASE
)


def accepted_manners(attribute: str) -> frozenset[Manner]:
    """How a value of an attribute may be said, by what its name and description ask for.

    "dream_job", "plans" and 想要 take wishes, "dislikes", "allergies" and 忌口 negations, "previous_job" and 籍贯 what
    is past. A wish is refused only where an attribute asks for somebody's life (city, job, pets), not for requests.
    """
    found: set[Manner] = {"said"}
    if _ASKS_WISHES.search(attribute):
        found |= {"wished", "supposed"}
    elif not _ASKS_LIFE.search(attribute):
        found.add("wished")  # "I'd like a table by the window" is what a request is made of
    if _ASKS_NEGATIONS.search(attribute):
        found.add("negated")
    if _ASKS_PAST.search(attribute):
        found.add("former")
    return frozenset(found)


def asks_for_likes(attribute: str) -> bool:
    """Whether an attribute asks for what somebody likes, so that what one hates is none of its values."""
    return _ASKS_LIKES.search(attribute) is not None and not _ASKS_NEGATIONS.search(attribute)
