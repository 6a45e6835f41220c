"""Tells questions for a reason: "why …", "what made her …", 为什么. Pure text code for Chinese and English."""

import re
from typing import Final

__all__ = ["asks_why"]

_ASKS_WHY: Final = re.compile(
    r"^(?:(?:and|so|but|ok|okay|well|please|tell me|do you know|can you tell me|could you tell me)\b[\s,]*)*"
    r"(?:why\b|how come\b"
    r"|what(?:['’]s| is| was| were| are)? .{0,40}?\breasons?\b"
    r"|(?:for )?(?:what|which) reasons?\b"
    r"|what (?:made|makes|motivate[sd]?|inspire[sd]?|led|leads|prompt(?:ed|s)|drove|caused?|sparked|convinced)\b)"
    r"|为什么|为何|为啥|为嘛|怎么会|(?:什么|啥)原因|原因(?:是|有|何在)|的原因[？?]?$|是什么(?:让|使|促使)",
    re.IGNORECASE,
)


def asks_why(question: str) -> bool:
    """Whether a question asks for a reason, and not for a thing, a time or a place."""
    return _ASKS_WHY.search(question.strip()) is not None
