"""Tells questions for a reason: "why …", "what made her …", 为什么; and takes the reason out of a sentence.

What inspired or sparked something is asked for like a thing ("a game", "a walk"), and so read better as one (measured:
docs/faithfulness.md). Pure text code for Chinese and English.
"""

import re
from typing import Final

__all__ = ["asks_why", "only_reason"]

_ASKS_WHY: Final = re.compile(
    r"^(?:(?:and|so|but|ok|okay|well|please|tell me|do you know|can you tell me|could you tell me)\b[\s,]*)*"
    r"(?:why\b|how come\b"
    r"|what(?:['’]s| is| was| were| are)? .{0,40}?\breasons?\b"
    r"|(?:for )?(?:what|which) reasons?\b"
    r"|what (?:made|makes)\b)"
    r"|为什么|为何|为啥|为嘛|怎么会|(?:什么|啥)原因|原因(?:是|有|何在)|的原因[？?]?$|是什么(?:让|使|促使)",
    re.IGNORECASE,
)
_BECAUSE: Final = re.compile(
    r"^.*?(?:\bbecause\s+(?:of\s+)?|(?:就?是)?(?:因为|由于))(?P<reason>.*\S.*)$", re.IGNORECASE | re.DOTALL
)


def asks_why(question: str) -> bool:
    """Whether a question asks for a reason, and not for a thing, a time or a place."""
    return _ASKS_WHY.search(question.strip()) is not None


def only_reason(answer: str) -> str:
    """An answer to a question for a reason without what stands before "because", which repeats the question."""
    found = _BECAUSE.match(answer)
    return found["reason"].strip() if found else answer
