"""Answers questions that give their answers to choose from: "A: Curious or B: Uninterested", "A. 好奇 B. 冷淡".

A small model that is asked for a letter says one that it saw last, or all of them in a row. It is asked about each
option by itself, as the judge asks about an answer, so that neither letters nor their order count.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.chat import Chat
from agent.evidence import line_of
from agent.wording import normalise
from prompts import Language, render
from retrieval import Hit
from retrieval.numerals import NUMERAL_EN, NUMERAL_ZH, NUMERALS_EN, NUMERALS_ZH

__all__ = ["Choice", "Option", "choice_in", "chosen", "judge_answer"]

_MOST: Final = 12
_LEAST: Final = 1e-4
_TELLS_NOTHING: Final[dict[Language, str]] = {"en": "user: The parcel came at nine.", "zh": "user: 快递九点送到了。"}
_LETTERS: Final = "ABCDEFGHIJKL"
_OPTION: Final = re.compile(
    r"(?<![\w'’])[(（]?(?P<letter>[A-L])\s*(?:[:：.)）、]|\s-)\s*(?P<text>[^\n]+?)"
    r"(?=\s*(?:[,，;；、/]|\bor\b|\band\b|或者?|还是|和|\s)\s*[(（]?[A-L]\s*(?:[:：.)）、]|\s-)|\s*[.。?？!！;；\n]|\s*$)"
)
_TAIL: Final = re.compile(r"\s*[中里]\s*[选挑].*$")
_SENTENCE_END: Final = re.compile(r"(?<=[?？])|[.。!！]\s")
_ENOUGH_ABOUT: Final = 4  # characters: "请从 A：…" says nothing of what is asked
_NUMBER: Final = re.compile(
    rf"\b(?:choose|pick|select|name)\s+(?:the\s+)?(?P<en>\d+|{NUMERAL_EN})\b"
    rf"|[选挑](?:择|出)?\s*(?P<zh>\d+|{NUMERAL_ZH})\s*[个项种]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a question is about, without its options; the options, in its order; how many of them are asked for."""

    about: str
    options: tuple[str, ...]
    count: int

    @property
    def question(self) -> str:
        """The question with its options, without their letters."""
        return f"{self.about} ({', '.join(self.options)})"


@dataclass(frozen=True, slots=True)
class Option:
    """An option with the probability that it is right, 0 to 1, over the snippets, and over nothing."""

    text: str
    sure: float
    anyway: float

    @property
    def gain(self) -> float:
        """What the snippets add, in log-odds."""
        return _log_odds(self.sure) - _log_odds(self.anyway)


def choice_in(question: str) -> Choice | None:
    """The options that a question gives, lettered from A on; None where it gives none or one."""
    found = list(_OPTION.finditer(question))
    letters = "".join(each["letter"] for each in found)
    options = tuple(_TAIL.sub("", each["text"]).strip(" \"'“”") for each in found)
    if not 1 < len(found) <= _MOST or letters != _LETTERS[: len(found)] or not all(map(normalise, options)):
        return None
    before = _SENTENCE_END.split(question[: found[0].start()].strip(), maxsplit=1)[0].strip(" :：,，(（")
    about = before if len(normalise(before).replace(" ", "")) >= _ENOUGH_ABOUT else question
    number = _NUMBER.search(question)
    count = 1 if number is None else _count(number["en"] or number["zh"])
    return Choice(about, options, max(1, min(count, len(options))))


def chosen(chat: Chat, choice: Choice, hits: Sequence[Hit], language: Language) -> list[Option]:
    """The options, in the question's order, that the snippets make likelier than it is without them, at most as many as
    are asked for: the ones that gain most.

    A model likes some words better than others, whatever was said: what it thinks of each option over a message that
    tells nothing is taken off (in log-odds; contextual calibration, Zhao et al. 2021, "Calibrate Before Use").

    Raises:
        ModelUnavailable: the model cannot be reached.
    """
    lines = "\n".join(line_of(hit) for hit in hits)
    judged = [
        Option(
            option,
            _sure(chat, choice.about, option, lines, language),
            _sure(chat, choice.about, option, _TELLS_NOTHING[language], language),
        )
        for option in choice.options
    ]
    best = sorted(judged, key=lambda each: -each.gain)[: choice.count]
    return [each for each in judged if each in best and each.gain > 0]


def judge_answer(chat: Chat, question: str, answer: str, hits: Sequence[Hit], language: Language) -> float:
    """How sure the model is that an answer is right according to these snippets alone, 0 to 1.

    Raises:
        ModelUnavailable: the model cannot be reached.
    """
    return _sure(chat, question, answer, "\n".join(line_of(hit) for hit in hits), language)


def _sure(chat: Chat, question: str, answer: str, lines: str, language: Language) -> float:
    quotes = lines.replace('"', "'")  # they stand in quotation marks
    return chat.probability_of_yes("", render("ask_judge", language, quotes=quotes, question=question, answer=answer))


def _log_odds(chance: float) -> float:
    bounded = min(1 - _LEAST, max(_LEAST, chance))
    return math.log(bounded / (1 - bounded))


def _count(number: str) -> int:
    return int(number) if number.isdigit() else (NUMERALS_EN | NUMERALS_ZH)[number.casefold()]
