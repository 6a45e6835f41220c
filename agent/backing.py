"""Finds the snippets that an answer rests on, and what in it rests on none. By code: no model is asked.

The smallest set of snippets that holds every item of an answer is cited, so that a reader checks little.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agent.covering import covers
from agent.evidence import line_of
from agent.reading import Weighed
from agent.restating import MOST_ANSWER_CHARS, asked_words, only_repeats
from agent.wording import missing_numbers, normalise, said_share
from retrieval import Hit
from retrieval.focus import MONTHS
from retrieval.telling import mostly_asks

__all__ = [
    "Backed",
    "as_said",
    "back",
    "items_of",
    "says_yes",
    "settles_yes_or_no",
    "unsupported",
    "without_items",
]

_ENOUGH: Final = 0.5
_LEAST: Final = 0.3
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_ITEMS: Final = re.compile(r"\s*[,，、；;]\s*(?:and\s+)?|\s+and\s+")
_YES_NO: Final = re.compile(r"(?:yes|no)\b|是|不是|否|对|不对|有|没有|会|不会|能|不能", re.IGNORECASE)
_YES: Final = re.compile(r"yes\b|(?:是|对|有|会|能|喜欢)的?(?:$|[，,。])", re.IGNORECASE)
_NO: Final = re.compile(r"no\b|(?:不|没|否)", re.IGNORECASE)
_ASKS_YES_NO: Final = re.compile(
    r"^(?:is|are|am|was|were|do|does|did|has|have|had|can|could|would|will|should)\b"
    r"|吗|是不是|有没有|会不会|能不能|是否|对不对",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"(?<=\w )(?!I['’])[A-Z][\w-]*[a-z][\w-]*")  # within an item; not what is all capitals
_CALENDAR: Final = frozenset([*MONTHS, "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
_ASKING: Final = 0.3  # how much more of a question's words a snippet that asks has to hold, to be what a yes rests on
_MOST_CITED: Final = 4
_SHARE_NEEDED: Final = 0.4


@dataclass(frozen=True, slots=True)
class Backed:
    """The snippets to cite, best first, and the share, 0 to 1, of the answer's items that they hold.

    ``answer`` is the answer without items that no snippet holds, where they hold others.
    """

    hits: tuple[Hit, ...]
    share: float
    answer: str


def items_of(answer: str) -> list[str]:
    """The single things that an answer lists."""
    return [item for item in _ITEMS.split(answer) if normalise(item)] or [answer]


def without_items(answer: str, kept: Sequence[str]) -> str:
    """An answer of which only some items are ``kept``."""
    return ("、" if _HAN.search(answer) else ", ").join(kept)


def settles_yes_or_no(question: str, answer: str) -> bool:
    """Whether a question asks for a yes or a no and the answer is one: no snippet holds it as a word."""
    return _ASKS_YES_NO.search(question.strip()) is not None and _YES_NO.match(answer.strip()) is not None


def says_yes(answer: str) -> bool | None:
    """Whether an answer is a yes (True) or a no (False); None for all others."""
    if _NO.match(answer):
        return False
    return True if _YES.match(answer) else None


def back(answer: str, question: str, read: Sequence[Weighed]) -> Backed:
    """What of ``read`` (the weightiest first) holds the items of ``answer``; the first alone where none does.

    Words of the question do not count: an answer that only repeats it rests on nothing. A yes or no is said by no
    snippet: it rests on the one that holds most of the question.
    """
    if settles_yes_or_no(question, answer):
        about = max(read, key=lambda each: covers(question, [each.hit]) - _ASKING * mostly_asks(each.hit.snippet.text))
        return Backed((about.hit,), 0.0, answer)
    asked = asked_words(question)
    items = items_of(answer)
    holders: dict[str, tuple[float, list[Hit]]] = {}
    single: dict[str, str] = {}  # one that is said twice is said once
    for each in items:
        single.setdefault(normalise(each), each)
    for item in single.values():
        added = " ".join(word for word in normalise(item).split() if word not in asked) or item
        held = [(_held(item, added, one.hit), one.hit) for one in read]
        best = max((share for share, _ in held), default=0.0)
        holders[item] = best, [hit for share, hit in held if share == best]
    kept = [item for item, (best, _) in holders.items() if best >= _LEAST]
    kept = [item for item in kept if not only_repeats(question, item)] or kept
    if 0 < len(kept) < len(items):
        holders = {item: holders[item] for item in kept}
        answer = without_items(answer, kept)
    chosen: list[Hit] = []
    for best, hits in holders.values():
        if best >= _ENOUGH and not any(hit in chosen for hit in hits):
            chosen.append(hits[0])
    cited = chosen[:_MOST_CITED] or [one.hit for one in read[:1]]
    return Backed(tuple(cited), sum(best for best, _ in holders.values()) / len(holders), answer)


def _held(item: str, added: str, hit: Hit) -> float:
    line = line_of(hit)
    if missing_numbers(item, f"{line} {hit.event.timestamp or ''}") or _missing_name(item, added, line):
        return 0.0
    number = normalise(item).replace(" ", "").isdecimal()
    if number and not missing_numbers(item, hit.snippet.text):  # "8", of "eight people"; not of the line's date
        return 1.0
    return max(said_share(added, line), said_share(item, line))


def _missing_name(item: str, added: str, line: str) -> bool:
    """Whether a word that an item writes as a name, and that the question does not hold, is not in the line: "Ngugi
    Washington", of "Ngugi's works". Words that begin alike do ("German", "Germany")."""
    begun = {word[:4] for word in normalise(line).split()}
    named = {word for name in _NAME.findall(item) for word in normalise(name).split()} & set(added.split())
    return any(word[:4] not in begun for word in named - _CALENDAR)


def as_said(answer: str, hits: Iterable[Hit]) -> str:
    """``answer`` spelled as the cited words spell it, where the two differ only in spaces, case and half a word."""
    letters = [re.escape(character) for character in answer if not character.isspace()]
    pattern = r"(?<![a-z])" + r"\s*".join(letters)
    texts = [" ".join(hit.snippet.text.split()) for hit in hits]
    whole = (re.search(pattern + r"(?![a-z])", text, re.IGNORECASE) for text in texts)
    begun = (re.search(pattern + "[a-z0-9]*", text, re.IGNORECASE) for text in texts)
    return next((match.group() for match in (*whole, *begun) if match), answer)


def unsupported(answer: str, question: str, cited: Sequence[Hit], share: float) -> str | None:
    """Why an answer is refused by code: a number or words that the cited snippets do not hold.

    A count of the things that an answer lists is the model's own work and is let through up to 31 (days, too).
    """
    words = " ".join([question, *(f"{hit.event.timestamp or ''} {line_of(hit)}" for hit in cited)])
    missing = [n for n in missing_numbers(answer, words) if not (n.isdigit() and int(n) <= 31)]
    if missing:
        return f"the number {missing[0]} is not in the cited words"
    if len(answer) > MOST_ANSWER_CHARS:
        return "it copies the messages instead of answering"
    if settles_yes_or_no(question, answer):
        return None
    if only_repeats(question, answer):
        return "it only repeats the question"
    if share < _SHARE_NEEDED:
        return "the cited words do not say it"
    return None
