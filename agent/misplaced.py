"""Tells values that are words for a person, but not for the one that an attribute asks for.

"A friend" is no member of the family, and who learned of "an ancient painter's works" (古代画家的画作) is no painter.
Pure text code for Chinese and English.
"""

import re
from typing import Any, Final

from agent.persons import is_kin, is_relation

__all__ = ["is_misplaced"]

_FAMILY: Final = re.compile(r"\bfamil|\brelatives?\b|家人|家庭成员|亲属|亲戚", re.IGNORECASE)
_NOT_ONLY: Final = re.compile(r"friend|contact|people|acquaint|朋友|联系人|人际", re.IGNORECASE)
_POST: Final = re.compile(r"\b(?:occupation|profession|job)s?\b|职业|职务|职位|工种", re.IGNORECASE)
_OWNS: Final = re.compile(
    r"的(?!工作|职业|身份|岗位|活|职务|职位|生涯|经历|资格)(?=[\u3400-\u9fff])"
    r"|['’]s\s+(?!(?:job|work|post|position)\b)\w"
)
_OWN_POST: Final = re.compile(
    r"(?:是|当|做|作为|身为|担任|成为|成了)(?:了|过|着)?(?:一?[名个位])?$|\b(?:am|['’]m|as|became|become|was|been)\s+(?:an?\s+)?$",
    re.IGNORECASE,
)
_REACH: Final = 16


def is_misplaced(value: Any, text: str, attribute: str) -> bool:
    """Whether a value names somebody, but not whom the attribute asks for.

    Args:
        value: as it was drafted.
        text: the words that it was found in.
        attribute: name and description.
    """
    if not isinstance(value, str) or not value.strip():
        return False
    if _FAMILY.search(attribute) and not _NOT_ONLY.search(attribute):
        return is_relation(value) and not is_kin(value)
    if not _POST.search(attribute):
        return False
    places = [match.span() for match in re.finditer(re.escape(value), text, re.IGNORECASE)]
    return bool(places) and all(_is_owner(text, *place) for place in places)


def _is_owner(text: str, start: int, end: int) -> bool:
    """Whether what stands there owns what follows, and is not said of the one who speaks."""
    return _OWNS.match(text, end) is not None and not _OWN_POST.search(text[max(0, start - _REACH) : start])
