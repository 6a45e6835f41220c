"""Tells whether two values say the same in other words, as far as code can: spelling, width, order, more words around.

Knows nothing of meaning: a synonym, a translation or another script ("Munich", "慕尼黑") is another value to it.
"""

import re
from typing import Any

from agent.wording import normalise
from retrieval.lexical import terms

__all__ = ["same_wording", "value_key"]

_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_MINUS = re.compile(r"(?<![\w.])[-−](?=\d)")
_CJK = re.compile(r"[\u3400-\u9fff]")
_DENIED = re.compile(
    r"\b(?:no|not|non|never|without|neither|nor|cannot|\w+n['’]t)\b|[不没無无未非别]|\b(?:dis|un)like", re.IGNORECASE
)
_FEWEST_CHARS = 2
_UNITS = [
    (re.compile(rf"(?<=\d)\s*(?:{words})(?![a-z])", re.IGNORECASE), unit)
    for words, unit in (
        ("厘米|公分|centimet(?:er|re)s?", "cm"),
        ("公斤|千克|kilos?|kilograms?", "kg"),
        ("公里|千米|kilomet(?:er|re)s?", "km"),
        ("周岁", "岁"),
    )
]
_DAY = re.compile(r"(?<!\d)0?(\d{1,2})\s*月\s*0?(\d{1,2})\s*[日号](?!\d)")


def value_key(value: Any) -> str:
    """What makes two values the same: letters and digits, with the signs and points of numbers.

    Units and days of the year are the same in other words: 177厘米 and 177cm, 03月24日 and 3月24号.
    """
    text = f"{value:g}" if isinstance(value, float) else str(value)
    for pattern, unit in _UNITS:
        text = pattern.sub(unit, text)
    text = _DAY.sub(r"\1月\2日", text)
    return normalise(_MINUS.sub("minus", _POINT.sub("point", text))).replace(" ", "")


def same_wording(one: Any, other: Any, *, exact: bool = False) -> bool:
    """Whether a value is the other one, perhaps written in another way or with more words around it.

    Upper and lower case, full and half width, spaces and punctuation, English inflection and the order of words count
    for nothing; a negation in one of them makes another value, and so does another number. Objects are the same when
    all that both of them tell is. ``exact``: only the same letters and digits will do, as for one of an enum.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        both = [key for key in one if one[key] is not None and other.get(key) is not None]
        return bool(both) and all(same_wording(one[key], other[key], exact=exact) for key in both)
    if value_key(one) == value_key(other):
        return True
    if exact or not isinstance(one, str) or not isinstance(other, str):
        return False
    if bool(_DENIED.search(one)) != bool(_DENIED.search(other)):
        return False
    return _is_within(one, other) or _is_within(other, one)


def _is_within(shorter: str, longer: str) -> bool:
    bare = value_key(shorter)
    if len(bare) < _FEWEST_CHARS or bare.isdigit():
        return False
    if _CJK.search(shorter):
        return bare in value_key(longer)
    wanted = set(terms(shorter))
    return f" {normalise(shorter)} " in f" {normalise(longer)} " or (bool(wanted) and wanted <= set(terms(longer)))
