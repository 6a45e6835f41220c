"""Tells which turns are replies that make no sense without their question: "Yes, since May", "没有". Pure text code."""

import re

__all__ = ["question_for"]

_SHORT = 40  # a letter counts 1, a Chinese character 2
_MOST_CHARS = 160
_HAN = re.compile(r"[\u3400-\u9fff]")
_NAME = re.compile(r"^[^:：\n]{1,40}[:：]\s*")
_ANSWERS = re.compile(
    r"(?:yes|yeah|yep|yup|no|nope|nah|sure|exactly|absolutely|definitely|of course|not (?:yet|really|at all)|right"
    r"|correct|never|sometimes|both|neither|me too)\b|是的|是啊|对的|对啊|对[，。！,]|嗯|好的|没有|不是|可以|当然",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[^.。！？!?\n]*[?？][\"'”’)）]*\s*$")


def question_for(reply: str, before: str) -> str | None:
    """The question that a reply needs to be understood, as it stands at the end of the turn before; None for none.

    A reply needs it when it is short, or begins like an answer. Lines of a transcript may begin with ``Name:``.
    """
    said = _NAME.sub("", reply.strip(), count=1)
    short = len(said) + len(_HAN.findall(said)) <= _SHORT
    if not (short or _ANSWERS.match(said)) or not (match := _QUESTION.search(before.strip())):
        return None
    return _NAME.sub("", match.group().strip(), count=1)[-_MOST_CHARS:].strip() or None
