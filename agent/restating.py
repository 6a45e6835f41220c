"""Tells what an answer only repeats of its question, and takes it off. Pure text code for Chinese and English."""

import re
from typing import Final

from agent.asking_why import asks_why, only_reason
from agent.wording import normalise, sentences

__all__ = ["MOST_ANSWER_CHARS", "asked_words", "bare", "only_repeats", "shortened", "without_examples"]

MOST_ANSWER_CHARS: Final = 200
"""A longer answer copies the messages."""

_CHOOSES: Final = re.compile(r"\bor\b|还是|或者|哪(?:一?个|位|家|种|场)?|\bwhich\b|谁", re.IGNORECASE)
_FOR_EXAMPLE: Final = re.compile(
    r"\be\.?\s?g\b\.?|\bfor (?:example|instance)\b|\bsuch as\b|比如|例如|譬如", re.IGNORECASE
)
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_TOLD: Final = re.compile(  # up to a clause that tells something else: "规模是五千人，地点是北京"
    r"(?P<asked>[\u3400-\u9fff]{2})(?:是|为|[：:])"
    r"(?P<told>[^，,；;。]+(?:[，,](?![^，,；;。是：:]{1,8}(?:是|[：:]))[^，,；;。]+)*)"
)
_BEGUN: Final = re.compile(r"(?<=[\u3400-\u9fff]{2})(?:是|为|[：:])")  # "那个……的活动，主要内容是"
_TOLD_EN: Final = re.compile(r"(?P<asked>[^,;]+?)\s+(?:is|was|are|were)\s+(?P<told>.+)", re.IGNORECASE)
_LITTLE: Final = frozenset({"a", "an", "the", "my", "your", "his", "her", "our", "their", "its", "s"})
_NOBODY: Final = frozenset({"a", "an", "the", "user", "s"})
_WORD_EN: Final = re.compile(r"\w[\w'’-]*")
_SMALL_WORDS: Final = (
    "i me you he him she they them it we us user of in on at to for from by with about and or is are was "
    "were be been has have had does did do that this these those as some"
)
_SMALL: Final = _LITTLE | frozenset(_SMALL_WORDS.split())
_LINK: Final = re.compile(
    r"^[\s,:;]*(?:(?:including|like|such as|namely|in|on|at|for|by|with|from|of|is|are|was|were)\b\s*)?", re.I
)
_CLAUSE_END: Final = re.compile(r"[，；]|[,;]\s")
_REPEATED: Final = 2


def without_examples(question: str) -> str:
    """A question without the examples of answers that it gives ("e.g., employed, retired")."""
    return _FOR_EXAMPLE.split(question, maxsplit=1)[0]


def only_repeats(question: str, answer: str) -> bool:
    """Whether an answer adds no word to its question; what the question names as a choice or an example may well be
    the answer."""
    said, asked = set(normalise(answer).split()), asked_words(question)
    added = said - asked - (_NOBODY if said & asked else set())
    added = {word for word in added if not any(_same_stem(word, each) for each in asked)}
    return not added and _CHOOSES.search(question) is None


def asked_words(question: str) -> set[str]:
    """The words of a question, without the examples of answers that it gives ("e.g., employed, retired")."""
    return set(normalise(without_examples(question)).split())


def bare(question: str, answer: str) -> str:
    """``answer`` without the words of the question that it begins with, as in "the duration is eight days".

    In Chinese the two characters before 是 must stand in the question ("活动的规模是五千人"), or all that is before it
    begin it; in other languages every word before "is". Of a question for a reason, what stands before "because" goes,
    too.
    """
    if asks_why(question):
        answer = only_reason(answer)
    if not _HAN.search(answer) and len(answer) <= MOST_ANSWER_CHARS:  # longer ones are refused as they are
        answer = _goes_on(question, answer)
    begun = max((m.end() for m in _BEGUN.finditer(answer) if question.startswith(answer[: m.end()])), default=0)
    if begun and not only_repeats(question, answer[begun:]):
        return answer[begun:].strip()
    if found := _TOLD.search(answer):
        repeated = found["asked"] in question
    elif found := _TOLD_EN.fullmatch(answer.strip()):
        repeated = set(normalise(found["asked"]).split()) <= asked_words(question) | _LITTLE
    if not found or not repeated or only_repeats(question, found["told"]):
        return answer
    return found["told"].strip()


def shortened(question: str, answer: str) -> str:
    """``answer``, of which only what says most about the question is left where it is longer than an answer may be.

    That is, in their order, the sentences that hold most of the question's words; of a single one that is too long,
    the clauses that it begins with. As it is where not even a clause is short enough.
    """
    if len(answer) <= MOST_ANSWER_CHARS:
        return answer
    asked = asked_words(question)
    said = sentences(answer)
    rest, kept = MOST_ANSWER_CHARS, []
    for each in sorted(said, key=lambda sentence: -len(asked & set(normalise(sentence).split()))):
        if len(each) + 1 <= rest:
            kept.append(each)
            rest -= len(each) + 1
    if kept:
        return ("" if _HAN.search(answer) else " ").join(each for each in said if each in kept)
    ends = [found.start() for found in _CLAUSE_END.finditer(said[0], 0, MOST_ANSWER_CHARS)]
    return said[0][: ends[-1]] if ends else answer


def _goes_on(question: str, answer: str) -> str:
    """An English sentence without its beginning, as long as that is words of the question: "Rita signed the ball to
    show her thanks", to "Why did Rita sign the ball?", goes on with "to show her thanks". Whole where little of it is
    repeated.
    """
    asked = asked_words(question)
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
