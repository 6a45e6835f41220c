"""Finds the turns of a transcript: a text whose lines begin with the name of who speaks.

Does not know how a turn is cut into snippets.
"""

import re
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from retrieval.events import Event, Role
from retrieval.speakers import role_of, same_name

__all__ = ["Turn", "turns_of"]

_MIN_SHARE = 0.8  # of the lines that are not blank begin with a name
_MAX_WORDS = 4

_LINE = re.compile(r"[^\n]+")
_PREFIX = re.compile(
    r"\s*[\[【(（<#*]{0,2}\s*(?=[^:：\n]*[^\W\d_])([^\W_][^\n:：.。!！?？,，;；/\\|<>\[\]【】(){}（）#*\"“”=@]{0,39}?)"
    r"\s*[\]】)）>#*]{0,2}[:：](?!//)\**(?!\d\d\b)"
)


class Turn(NamedTuple):
    """One line of a transcript: ``text[start:end]`` with its ``Name:`` prefix, and who speaks."""

    start: int
    end: int
    speaker: str | None
    role: Role


def turns_of(event: Event, self_names: Collection[str] = ()) -> list[Turn]:
    """The turns of ``event`` when its text is a transcript, else an empty list.

    A transcript has at least two lines, at least 80 % of them begin with a short name and a colon, and the names are
    those of people talking: the event's speaker or the user is among them, or a user and an agent, or somebody speaks
    twice and somebody else speaks too. A form of "field: value" lines is not a transcript. A line without a name
    goes on with the turn before it.
    """
    lines = [line for line in _LINE.finditer(event.text) if not line[0].isspace()]
    names = [_name(line[0]) for line in lines]
    named = [name for name in names if name is not None]
    if len(lines) < 2 or len(named) < _MIN_SHARE * len(lines) or not _people(named, event, self_names):
        return []
    turns: list[Turn] = []
    speaker, role = event.speaker, event.role
    for line, name in zip(lines, names, strict=True):
        if name is not None:
            speaker = name
            known = bool(event.speaker) and same_name(name, event.speaker)
            role = event.role if known else role_of(name, event.user_id, self_names)
        turns.append(Turn(line.start(), line.end(), speaker, role))
    return turns


def _name(line: str) -> str | None:
    match = _PREFIX.match(line)
    if match is None or len(match[1].split()) > _MAX_WORDS:
        return None
    return match[1].strip()


def _people(names: list[str], event: Event, self_names: Collection[str]) -> bool:
    counts = Counter(names)
    roles = {name: role_of(name, event.user_id, self_names) for name in counts}
    if any(same_name(name, event.speaker) for name in counts):
        return True
    if {"user", "agent"} <= set(roles.values()):
        return True
    own = [name for name, role in roles.items() if role == "user"]
    if any(role_of(name, "") != "user" for name in own):  # known by the user's own name, not by a word like "customer"
        return True
    return len(counts) >= 2 and max(counts.values()) >= 2
