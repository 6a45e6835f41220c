"""Tells which turns are replies that make no sense without their question: "Yes, since May", "没有". Pure text code."""

import re

__all__ = ["question_for"]

_SHORT = 40  # a letter counts 1, a Chinese character 2
_MOST_CHARS = 100
_HAN = re.compile(r"[\u3400-\u9fff]")
_NAME = re.compile(r"^[^:：\n]{1,40}[:：]\s*")
_QUESTION = re.compile(r"[^.。！？!?\n]*[?？][\"'”’)）]*\s*$")


def question_for(reply: str, before: str) -> str | None:
    """The question that a reply needs to be understood, as it stands at the end of the turn before; None for none.

    A reply needs it when it is short: a longer one says of itself what it is about, and every question costs the model
    tokens. Lines of a transcript may begin with ``Name:``.
    """
    said = _NAME.sub("", reply.strip(), count=1)
    if len(said) + len(_HAN.findall(said)) > _SHORT or not (match := _QUESTION.search(before.strip())):
        return None
    return _NAME.sub("", match.group().strip(), count=1)[-_MOST_CHARS:].strip() or None
