"""Parts what a model thinks aloud from what it answers, in text and in tokens.

Knows the marks that chat models put around their thoughts, nothing of JSON, prompts or servers.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["spoken", "without_thinking"]

_NAMES = "think|thinking|thought|thoughts|reasoning|reflection|seed:think"
_OPENED = re.compile(rf"<(?:{_NAMES})>|\[THINK\]|◁think▷", re.IGNORECASE)
_CLOSED = re.compile(rf"</(?:{_NAMES})>|\[/THINK\]|◁/think▷", re.IGNORECASE)
# gpt-oss (https://cookbook.openai.com/articles/openai-harmony): channels, of which the one named "final" is the answer
_FINAL = re.compile(r"<\|channel\|>\s*final\b[^<]*<\|message\|>")
_CHANNEL = re.compile(r"<\|channel\|>")
_END = re.compile(r"<\|(?:return|end|start|call)\|>")
_PLAIN_CHANNELS = re.compile(r"\A\s*analysis(?=\S).*?assistant\s*final", re.DOTALL)  # where a server drops the marks


def without_thinking(text: str) -> tuple[str, bool]:
    """The answer in ``text``, and whether there were thoughts beside it; a thought that is never closed has no answer.

    The opening mark may be missing: some chat templates put it into the prompt.
    """
    if _CHANNEL.search(text):
        finals = list(_FINAL.finditer(text))
        return (_END.split(text[finals[-1].end() :])[0].strip(), True) if finals else ("", True)
    plain = _PLAIN_CHANNELS.match(text)
    if plain:
        return text[plain.end() :].strip(), True
    closed = list(_CLOSED.finditer(text))
    rest = text[closed[-1].end() :] if closed else text
    opened = _OPENED.search(rest)
    if opened:
        rest = rest[: opened.start()]
    return rest.strip(), bool(closed or opened)


def spoken(tokens: Sequence[Mapping[str, Any]], answer: str) -> list[Mapping[str, Any]]:
    """The tokens that hold ``answer``, the last time that it stands there; none when it does not.

    Servers tell the tokens of thoughts and of prose around an answer, too, whether or not these are in the text.
    """
    pieces = [_bytes(token) for token in tokens]
    wanted, whole = answer.strip().encode(), b"".join(pieces)
    at = whole.rfind(wanted) if wanted else -1
    if at < 0:
        return []
    starts = [0, *itertools.accumulate(map(len, pieces))]
    end = at + len(wanted)
    return [
        token
        for token, piece, start in zip(tokens, pieces, starts, strict=False)
        if start < end and start + len(piece) > at
    ]


def _bytes(token: Mapping[str, Any]) -> bytes:
    given = token.get("bytes")
    return str(token["token"]).encode() if given is None else bytes(given)
