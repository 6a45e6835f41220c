"""Reads questions that are about the events of a history themselves: how many, when first and last, how much, by what.

A question is taken only when every word of it is understood ("How many orders did she place in March?"); one word more
("… with a lamp") and it is left to the model. Knows Chinese and English, not stores.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.asked_times import Span, take_period
from agent.event_forms import CHINESE, ENDS_EN, ENDS_ZH, ENGLISH, KINDS, Kind, What

__all__ = ["EventQuestion", "read"]

_POLITE = re.compile(
    r"^(?:请问|请告诉我|告诉我|你知道|please|(?:can|could) you tell me|(?:do you know|tell me)|and|so|,|，|\s)+"
)
_SPACES = re.compile(r"\s+")
_STOPS = re.compile(r"[?？。.!！,，]")


@dataclass(frozen=True, slots=True)
class EventQuestion:
    """What is asked of which events; ``speaker`` is "user", "agent", the name of somebody else, or None for all."""

    what: What
    kind: Kind
    speaker: str | None = None
    period: Span | None = None


def read(question: str, names: Mapping[str, str], now: datetime, newest: float | None) -> EventQuestion | None:
    """What a question asks of the events; None when it is not, or not wholly, about the events themselves.

    Args:
        question: one question.
        names: how somebody may be named in it, lower case -> "user" or the speaker's name.
        now: from when "this year" is seen.
        newest: the epoch of the newest event of the history.
    """
    if (taken := take_period(question.casefold().strip(), now, newest)) is None:
        return None
    text, period = taken
    text, speaker = _unnamed(text, names)
    text = _SPACES.sub(" ", _STOPS.sub(" ", text)).strip()
    text = _POLITE.sub("", text)
    for forms, end in ((ENGLISH, ENDS_EN), (CHINESE, ENDS_ZH)):
        said = text if forms is ENGLISH else text.replace(" ", "")
        for what, form in forms:
            if match := re.fullmatch(form + end, said):
                return _question(what, match.groupdict(), speaker, period)
    return None


def _unnamed(text: str, names: Mapping[str, str]) -> tuple[str, str | None]:
    """The text with one name replaced, and who bears it."""
    for name in sorted(names, key=len, reverse=True):
        found = re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])" if name.isascii() else re.escape(name), text)
        if found:
            return f"{text[: found.start()]}<who>{text[found.end() :]}", names[name]
    return text, None


def _question(
    what: What, groups: Mapping[str, str | None], speaker: str | None, period: Span | None
) -> EventQuestion | None:
    kind: Kind = next((each for each in KINDS if groups.get(each)), "order")
    has = groups.get("has") or (groups.get("acted") or "").startswith("有")
    if has and kind in ("email", "message"):  # sent, or received?
        return None
    if what == "channels":
        kind = "contact"
    if what == "first" and groups["last"]:
        what = "last"
    own = groups.get("user") or groups.get("acted")  # 三月份发了几条消息: who is not told is the user
    by = "agent" if groups.get("agent") else (speaker or "user") if own else speaker
    return EventQuestion(what, kind, by, period)
