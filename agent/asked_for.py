"""Tells from an attribute's name and description in which manner its values may be said.

Rules of thumb over words, Chinese and English; knows nothing of texts or models.
"""

import re
from typing import Literal

__all__ = ["Manner", "accepted_manners", "asks_for_likes"]

Manner = Literal["said", "former", "negated", "supposed", "wished", "quoted", "joked"]
"""How words say a value, from the plainest to what says the least."""

_ASIDE = re.compile(r"[(（].*?[)）]")
"""What a description says in brackets is about the form of a value: "(its name, not a zip code)"."""
_ASKS_WISHES = re.compile(
    r"\bdream|desire|\bwish|\bgoals?\b|\bwants?\b|aspir|\bhopes?\b|ambition|future|bucket|\bneeds?\b|looking for"
    r"|request"
    r"|interest|\bplans?\b|planned|\binten[dt]|churn|\brisk|prefer|favou?rite|\blikes?\b|enjoy|\bloves?\b|joy|purpose"
    r"|想|愿望|梦想|目标|希望|计划|打算|意图|意向|需求|需要|兴趣|喜欢|喜好|偏好|流失|风险|推荐",
    re.IGNORECASE,
)
_ASKS_LIFE = re.compile(
    r"\bliv(?:es?|ing)\b|city|country|location|address|home|resid|\bjob|occupation|profession|work|employ|compan"
    r"|career"
    r"|title|role|\bpets?\b|vehicle|\bcars?\b|\bown|\bhas\b|hobb|sport|skill|language|instrument|educat|school|degree"
    r"|status|marital|famil|relation|child|\bage\b|\bdiet|smok|health|condition"
    r"|居住|住处|城市|国家|住址|职业|工作|单位|公司|职位|宠物|车辆|拥有|爱好|运动|技能|语言|乐器|学历|学校|婚|家庭"
    r"|年龄"
    r"|姓名|饮食|健康|状况",
    re.IGNORECASE,
)
_ASKS_NEGATIONS = re.compile(
    r"dislike|\bhate|avoid|allerg|intoleran|restrict|\bnever\b|without|\bpains?\b|complain|issue|problem|concern|worr"
    r"|\bfears?\b|\black|missing|churn|objection|sentiment|weakness"
    r"|忌口|过敏|讨厌|不喜欢|避免|禁忌|问题|投诉|抱怨|困扰|缺|担心|害怕|限制|不满|弱点",
    re.IGNORECASE,
)
_ASKS_PAST = re.compile(
    r"previous|former|\bpast\b|\bex\b|earlier|histor|\bborn\b|birth|\bgrew\b|hometown|native|origin|educat|school"
    r"|degree"
    r"|graduat|universit|college|experience|career|bought|purchas|\borders?\b|product|travel|visited|\bevents?\b"
    r"|issue"
    r"|problem|gender|nationality"
    r"|以前|曾|过去|前任|出生|籍贯|家乡|故乡|老家|学历|学校|毕业|教育|经历|历史|买过|去过|事件|订单|产品|商品|问题"
    r"|性别|国籍",
    re.IGNORECASE,
)
_ASKS_LIKES = re.compile(
    r"favou?rite|\blikes?\b|prefer|hobb|interest|enjoy|喜欢|喜好|偏好|爱好|兴趣|口味", re.IGNORECASE
)


def accepted_manners(attribute: str) -> frozenset[Manner]:
    """How a value of an attribute may be said, by what its name and description ask for.

    "dream_job", "plans" and 想要 take wishes, "dislikes", "allergies" and 忌口 negations, "previous_job" and 籍贯 what
    is past. A wish is refused only where an attribute asks for somebody's life (city, job, pets), not for requests.
    """
    asked = _ASIDE.sub("", attribute)
    found: set[Manner] = {"said"}
    if _ASKS_WISHES.search(asked):
        found |= {"wished", "supposed"}
    elif not _ASKS_LIFE.search(asked):
        found.add("wished")  # "I'd like a table by the window" is what a request is made of
    if _ASKS_NEGATIONS.search(asked):
        found.add("negated")
    if _ASKS_PAST.search(asked):
        found.add("former")
    return frozenset(found)


def asks_for_likes(attribute: str) -> bool:
    """Whether an attribute asks for what somebody likes, so that what one hates is none of its values."""
    return _ASKS_LIKES.search(attribute) is not None and not _ASKS_NEGATIONS.search(attribute)
