"""Finds the snippets that an answer rests on, and what in it rests on none. By code: no model is asked.

The smallest set of snippets that holds every item of an answer is cited, so that a reader checks little.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agent.asking_why import asks_why, only_reason
from agent.evidence import line_of
from agent.reading import Weighed
from agent.wording import missing_numbers, normalise, said_share
from retrieval import Hit, without_asking

__all__ = [
    "Backed",
    "as_said",
    "back",
    "bare",
    "covers",
    "items_of",
    "only_repeats",
    "settles_yes_or_no",
    "unsupported",
    "without_items",
]

_ENOUGH: Final = 0.5
_LEAST: Final = 0.3
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_ITEMS: Final = re.compile(r"\s*[,，、；;]\s*(?:and\s+)?|\s+and\s+")
_YES_NO: Final = re.compile(r"(?:yes|no)\b|是|不是|否|对|不对|有|没有|会|不会|能|不能", re.IGNORECASE)
_ASKS_YES_NO: Final = re.compile(
    r"^(?:is|are|am|was|were|do|does|did|has|have|had|can|could|would|will|should)\b"
    r"|吗|是不是|有没有|会不会|能不能|是否|对不对",
    re.IGNORECASE,
)
_CHOOSES: Final = re.compile(r"\bor\b|还是|或者|哪(?:一?个|位|家|种|场)?|\bwhich\b|谁", re.IGNORECASE)
_FOR_EXAMPLE: Final = re.compile(
    r"\be\.?\s?g\b\.?|\bfor (?:example|instance)\b|\bsuch as\b|比如|例如|譬如", re.IGNORECASE
)
_TOLD: Final = re.compile(  # up to a clause that tells something else: "规模是五千人，地点是北京"
    r"(?P<asked>[\u3400-\u9fff]{2})(?:是|为|[：:])"
    r"(?P<told>[^，,；;。]+(?:[，,](?![^，,；;。是：:]{1,8}(?:是|[：:]))[^，,；;。]+)*)"
)
_TOLD_EN: Final = re.compile(r"(?P<asked>[^,;]+?)\s+(?:is|was|are|were)\s+(?P<told>.+)", re.IGNORECASE)
_LITTLE: Final = frozenset({"a", "an", "the", "my", "your", "his", "her", "our", "their", "its", "s"})
_WORD_EN: Final = re.compile(r"\w[\w'’-]*")
_SMALL: Final = _LITTLE | set(
    [
        "i",
        "me",
        "you",
        "he",
        "him",
        "she",
        "they",
        "them",
        "it",
        "we",
        "us",
        "user",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "from",
        "by",
        "with",
        "about",
        "and",
        "or",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "has",
        "have",
        "had",
        "does",
        "did",
        "do",
        "that",
        "this",
        "these",
        "those",
        "as",
        "some",
    ]
)
_LINK: Final = re.compile(
    r"^[\s,:;]*(?:(?:including|like|such as|namely|in|on|at|for|by|with|from|of|is|are|was|were)\b\s*)?", re.I
)
_REPEATED: Final = 2
_NOBODY: Final = frozenset({"a", "an", "the", "user", "s"})
_MOST_CITED: Final = 4
_ANSWER_CHARS: Final = 200
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


def only_repeats(question: str, answer: str) -> bool:
    """Whether an answer adds no word to its question; what the question names as a choice or an example may well be
    the answer."""
    said, asked = set(normalise(answer).split()), _asked(question)
    added = said - asked - (_NOBODY if said & asked else set())
    added = {word for word in added if not any(_same_stem(word, each) for each in asked)}
    return not added and _CHOOSES.search(question) is None


def _asked(question: str) -> set[str]:
    """The words of a question, without the examples of answers that it gives ("e.g., employed, retired")."""
    return set(normalise(_FOR_EXAMPLE.split(question, maxsplit=1)[0]).split())


def covers(question: str, hits: Iterable[Hit]) -> float:
    """Which share, 0 to 1, of the words that a question asks about the snippets hold, with what each replies to.

    A snippet about something else, or of somebody else, holds few: of all that is known about an answer this tells
    best whether it is right (docs/faithfulness.md).
    """
    wanted = without_asking(_FOR_EXAMPLE.split(question, maxsplit=1)[0])
    return said_share(wanted, "\n".join(f"{hit.asked or ''}\n{line_of(hit)}" for hit in hits))


def bare(question: str, answer: str) -> str:
    """``answer`` without the words of the question that it begins with, as in "the duration is eight days".

    In Chinese the two characters before 是 must stand in the question ("活动的规模是五千人"); in other languages
    every word before "is". Of a question for a reason, what stands before "because" goes, too.
    """
    if asks_why(question):
        answer = only_reason(answer)
    if not _HAN.search(answer) and len(answer) <= _ANSWER_CHARS:  # longer ones are refused as they are
        answer = _goes_on(question, answer)
    if found := _TOLD.search(answer):
        repeated = found["asked"] in question
    elif found := _TOLD_EN.fullmatch(answer.strip()):
        repeated = set(normalise(found["asked"]).split()) <= _asked(question) | _LITTLE
    if not found or not repeated or only_repeats(question, found["told"]):
        return answer
    return found["told"].strip()


def _goes_on(question: str, answer: str) -> str:
    """An English sentence without its beginning, as long as that is words of the question: "Ben bought his desk at
    the IKEA", to "Where did Ben buy his desk?", goes on with "at the IKEA". Whole where little of it is repeated.
    """
    asked = _asked(question)
    repeated, end = 0, 0
    for word in _WORD_EN.finditer(answer):
        said = set(normalise(word.group()).split())
        if all(part in asked or any(_same_stem(part, each) for each in asked) for part in said):
            repeated, end = repeated + (not said <= _LITTLE), word.end()
        elif not said <= _SMALL:
            break
    left = _LINK.sub("", answer[end:]).rstrip(" .!")
    adds = any(word not in _SMALL for word in normalise(left).split())
    return left if repeated >= _REPEATED and adds else answer


def _same_stem(one: str, other: str) -> bool:
    return one.isalpha() and one[:4] == other[:4] and min(len(one), len(other)) >= 4 and abs(len(one) - len(other)) <= 2


def back(answer: str, question: str, read: Sequence[Weighed]) -> Backed:
    """What of ``read`` (the weightiest first) holds the items of ``answer``; the first alone where none does.

    Words of the question do not count: an answer that only repeats it rests on nothing.
    """
    chosen: list[Hit] = []
    asked = _asked(question)
    shares: dict[str, float] = {}
    items = items_of(answer)
    for item in dict.fromkeys(items):
        added = " ".join(word for word in normalise(item).split() if word not in asked) or item
        held = [(_held(item, added, each.hit), each) for each in read]
        best = max((share for share, _ in held), default=0.0)
        shares[item] = best
        holders = [each.hit for share, each in held if share == best]
        if best >= _ENOUGH and not any(hit in chosen for hit in holders):
            chosen.append(holders[0])
    if not chosen:
        chosen = [each.hit for each in read[:1]]
    kept = [item for item, share in shares.items() if share >= _LEAST]
    if 0 < len(kept) < len(items):  # one that is said twice is said once
        shares = {item: shares[item] for item in kept}
        answer = without_items(answer, kept)
    return Backed(tuple(chosen[:_MOST_CITED]), sum(shares.values()) / len(shares), answer)


def _held(item: str, added: str, hit: Hit) -> float:
    line = line_of(hit)
    if missing_numbers(item, f"{line} {hit.event.timestamp or ''}"):
        return 0.0
    return max(said_share(added, line), said_share(item, line))


def as_said(answer: str, hits: Iterable[Hit]) -> str:
    """``answer`` spelled as the cited words spell it, where the two differ only in spaces, case and half a word."""
    letters = [re.escape(character) for character in answer if not character.isspace()]
    pattern = r"(?<![a-z])" + r"\s*".join(letters)
    texts = [" ".join(hit.snippet.text.split()) for hit in hits]
    whole = (re.search(pattern + r"(?![a-z])", text, re.IGNORECASE) for text in texts)
    begun = (re.search(pattern + "[a-z]*", text, re.IGNORECASE) for text in texts)
    return next((match.group() for match in (*whole, *begun) if match), answer)


def unsupported(answer: str, question: str, cited: Sequence[Hit], share: float) -> str | None:
    """Why an answer is refused by code: a number or words that the cited snippets do not hold.

    A count of the things that an answer lists is the model's own work and is let through up to 31 (days, too).
    """
    words = " ".join([question, *(f"{hit.event.timestamp or ''} {line_of(hit)}" for hit in cited)])
    missing = [n for n in missing_numbers(answer, words) if not (n.isdigit() and int(n) <= 31)]
    if missing:
        return f"the number {missing[0]} is not in the cited words"
    if len(answer) > _ANSWER_CHARS:
        return "it copies the messages instead of answering"
    if settles_yes_or_no(question, answer):
        return None
    if only_repeats(question, answer):
        return "it only repeats the question"
    if share < _SHARE_NEEDED:
        return "the cited words do not say it"
    return None
