"""Tells values that are words for a person, but not for the one that an attribute asks for.

"A friend" is no member of the family, who learned of "an ancient painter's works" (古代画家的画作) is no painter, and
whoever finds that an actor "does an amazing job" does not bear his name. Pure text code for Chinese and English.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from agent.persons import is_about_outsiders, is_kin, is_relation
from agent.wording import normalise
from retrieval.lexical import STOP_WORDS

__all__ = ["is_misplaced", "may_tell"]

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
_OWN_NAME: Final = re.compile(
    r"^(?:(?:full|first|last|given|family|middle|user|customer|real|own)\s+)*name\b|\bown (?:full )?name\b"
    r"|^(?:用户|客户|本人|真实)?(?:的)?(?:姓名|名字|全名)|本人的(?:姓名|名字)",
    re.IGNORECASE,
)
_THEIR_NAME: Final = re.compile(r"\bnames? of (?!(?:the )?(?:user|customer|client)\b)", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"[，,。;；:：!！?？\n()（）|]+|\.(?!\w)")
_INTRODUCES: Final = re.compile(
    r"\b(?:names?|named|called?|signed|under|i['’]?m|i am|it['’]?s|it is|this is|here is)\b"
    r"|[叫姓]|名字|署名|我是|本人|这里是",
    re.IGNORECASE,
)
_GREETS: Final = re.compile(
    r"^\s*(?:hi|hello|hey|dear|thanks?(?: you)?|你好|您好|谢谢|感谢)\b\s*(?:to\s+)?$", re.IGNORECASE
)
_CARD: Final = re.compile(
    r"^(?P<who>[^\d]*?)(?:\s+(?:and\s+my|ssn|tel|ph|phone|mobile|电话|手机号?)\b|[\s,，:：-]+(?=[^\s\d]{0,3}\d))",
    re.IGNORECASE,
)
_BESIDE: Final = frozenset({"yes", "sure", "ok", "okay", "myself", "me", "mr", "mrs", "ms", "是", "是的", "好", "好的"})
_FEW: Final = 3  # words that may stand beside a name that is given in reply: "Yes, Sofia Li here"
_LONGEST: Final = 5  # words, in Chinese characters, of a name that nothing introduces


def is_misplaced(value: Any, text: str, attribute: str) -> bool:
    """Whether a value names somebody, but not whom the attribute asks for.

    Args:
        value: as it was drafted.
        text: the words that it was found in.
        attribute: name and description.
    """
    if not isinstance(value, str) or not value.strip():
        return False
    if _asks_family(attribute):
        return is_relation(value) and not is_kin(value)
    if _asks_own_name(attribute):
        return not _gives_name(value, text)
    if not _POST.search(attribute):
        return False
    places = [match.span() for match in re.finditer(re.escape(value), text, re.IGNORECASE)]
    return bool(places) and all(_is_owner(text, *place) for place in places)


def may_tell(text: str, attribute: str, people: Mapping[str, str]) -> bool:
    """Whether a text may hold a value that is not misplaced: one's own name must be introduced, or stand by itself, and
    what is only about a boss or a colleague tells no family.

    ``attribute`` is name and description, as of :func:`is_misplaced`; ``people`` are those whom the user speaks of,
    with what they are to the user.
    """
    if _asks_family(attribute):
        return not is_about_outsiders(text, people)
    if not _asks_own_name(attribute) or _INTRODUCES.search(text):
        return True
    if any(0 < len(normalise(clause).split()) <= _FEW + _LONGEST for clause in _CLAUSE.split(text)):
        return True
    return 0 < len(_heading(text)) <= _LONGEST


def _asks_family(attribute: str) -> bool:
    return _FAMILY.search(attribute) is not None and not _NOT_ONLY.search(attribute)


def _asks_own_name(attribute: str) -> bool:
    return _OWN_NAME.search(attribute.strip()) is not None and not _THEIR_NAME.search(attribute)


def _is_owner(text: str, start: int, end: int) -> bool:
    """Whether what stands there owns what follows, and is not said of the one who speaks."""
    return _OWNS.match(text, end) is not None and not _OWN_POST.search(text[max(0, start - _REACH) : start])


def _gives_name(value: str, text: str) -> bool:
    """Whether a name is given as one's own, or by itself: not greeted, and not what a sentence is about."""
    name = re.compile(rf"\s*{re.escape(value)}\s*", re.IGNORECASE)
    heading = _heading(text)
    if heading and heading == _words(value):
        return True
    clauses = [(clause, match) for clause in _CLAUSE.split(text) if (match := name.search(clause))]
    return not clauses or any(_is_given(clause[: match.start()], clause[match.end() :]) for clause, match in clauses)


def _heading(text: str) -> list[str]:
    """The words by themselves before the first number, as a name stands above an address: "Raj 146 H Erode"."""
    card = _CARD.match(text.strip())
    return [] if card is None else _words(card["who"])


def _words(text: str) -> list[str]:
    """A text's words but those that an answer begins with, and initials; empty when they make a sentence."""
    words = [
        word for word in normalise(text).split() if word not in _BESIDE and not (word.isascii() and len(word) == 1)
    ]
    return [] if STOP_WORDS.intersection(words) else words


def _is_given(before: str, after: str) -> bool:
    if _GREETS.match(before):
        return False
    return _INTRODUCES.search(before) is not None or len(normalise(f"{before} {after}").split()) <= _FEW
