"""Tells which turns are replies that make no sense without their question: "Yes, since May", "没有". Pure text code."""

import re

__all__ = ["question_for"]

_SHORT = 40  # a letter counts 1, a Chinese character 2
_MOST_CHARS = 100
_HAN = re.compile(r"[\u3400-\u9fff]")
_NAME = re.compile(r"^[^:：\n]{1,40}[:：]\s*")
_QUESTION = re.compile(r"[^.。！？!?\n]*[?？][\"'”’)）]*\s*$")
_REQUEST = re.compile(
    r"[^.。！？!?\n]*(?:\b(?:please|kindly)\b[^.。！？!?\n]*\b(?:provide|share|tell|give|enter|confirm|specify|let)\b"
    r"|\b(?:provide|share|tell|give|enter|confirm|specify)\s+(?:me\s+|us\s+)?(?:with\s+)?your\b"
    r"|请(?!问).{0,6}(?:提供|告知|告诉|输入|填写|发|留|报|说)|(?:提供|报|说|发)一下)[^.。！？!?\n]*[.。!！]?\s*$",
    re.IGNORECASE,
)


def question_for(reply: str, before: str) -> str | None:
    """The question, or the request, that a reply needs to be understood, as it stands at the end of the turn before;
    None for none.

    A reply needs it when it is short: a longer one says of itself what it is about, and every question costs the model
    tokens. Lines of a transcript may begin with ``Name:``.
    """
    said = _NAME.sub("", reply.strip(), count=1)
    if len(said) + len(_HAN.findall(said)) > _SHORT or not (match := _asks(before.strip())):
        return None
    return _NAME.sub("", match.group().strip(), count=1)[-_MOST_CHARS:].strip() or None


def _asks(turn: str) -> re.Match[str] | None:
    return _QUESTION.search(turn) or _REQUEST.search(turn)
