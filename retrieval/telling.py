"""Tells whether a snippet tells something, or mostly asks: "Any plans for the weekend?". Pure text code."""

import re

__all__ = ["mostly_asks"]

_MOST = 0.6  # of the letters
_NAME = re.compile(r"^[^:：\n]{1,40}[:：]\s*")
_SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]*")


def mostly_asks(text: str) -> bool:
    """Whether most of a text are questions; lines of a transcript may begin with ``Name:``."""
    if "?" not in text and "？" not in text:
        return False
    asked = told = 0
    for sentence in _SENTENCE.findall(_NAME.sub("", text.strip(), count=1)):
        if sentence.rstrip().endswith(("?", "？")):
            asked += len(sentence)
        else:
            told += len(sentence)
    return asked > _MOST * (asked + told)
