"""Answers "which of the two is more …?" by asking about each of the two and comparing what is told, by code.

A small model that reads two facts guesses which is larger; it reads one fact well. Knows questions and amounts, Chinese
and English, nothing of stores or models.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from agent.quantities import quantity_of

__all__ = ["Comparison", "Outcome", "comparison_in"]

Outcome = Literal["first", "second", "same"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question about two things; ``questions`` ask for the compared attribute of each.

    ``more``: the larger, later, longer one is asked for.
    """

    things: tuple[str, str]
    questions: tuple[str, str]
    more: bool

    def decide(self, told: tuple[str, str]) -> Outcome | None:
        """Which of the two it is, by the answers to ``questions``; None when they cannot be compared."""
        first, second = (quantity_of(each) for each in told)
        if first is None or second is None or len({first.kind, second.kind} - {"number"}) > 1:
            return None
        if first.size == second.size:
            return "same"
        return "first" if (first.size > second.size) == self.more else "second"

    def answer(self, outcome: Outcome) -> str:
        """The outcome in the language of the question."""
        if outcome == "same":
            return "两者一样" if _HAN.search(self.questions[0]) else "both are the same"
        return self.things[0 if outcome == "first" else 1]


_HAN: Final = re.compile(r"[\u3400-\u9fff]")

# What an adjective asks for, and whether it asks for the larger one.
_ADJECTIVES_ZH: Final = {
    "年轻": ("年龄", False), "年长": ("年龄", True), "年纪大": ("年龄", True), "年纪小": ("年龄", False),
    "高": ("身高", True), "矮": ("身高", False), "低": ("身高", False), "大": ("年龄", True), "小": ("年龄", False),
    "重": ("体重", True), "轻": ("体重", False), "长": ("持续时间", True), "久": ("持续时间", True),
    "短": ("持续时间", False), "多": ("人数", True), "少": ("人数", False), "早": ("时间", False),
    "靠前": ("时间", False), "前面": ("时间", False), "前": ("时间", False), "先": ("时间", False),
    "晚": ("时间", True), "靠后": ("时间", True), "后": ("时间", True), "贵": ("价格", True), "便宜": ("价格", False),
    "庞大": ("规模", True), "远": ("距离", True), "近": ("距离", False),
}  # fmt: skip
_ADJECTIVE_ZH: Final = "|".join(sorted(_ADJECTIVES_ZH, key=len, reverse=True))
_THING_ZH: Final = r"(?P<one>[^，。？?]{1,30}?)(?:和|与|跟|同)(?P<other>[^，。？?]{1,30}?)"
_WHICH_ZH: Final = r"(?:谁|哪一?(?:个|位|场|家|件|部|次)(?P<noun>[^的更，。？?]{0,6}?))"
_MEASURED_ZH: Final = rf"(?:的?(?P<measured>[^的更比，。？?]{{1,8}}?))??(?:更加?|更为|比较|在)?(?P<how>{_ADJECTIVE_ZH})"
_END_ZH: Final = r"(?:一些|一点|些)?(?:的)?(?:呢|呀|啊)?[？?]?"
_TWO_ZH: Final = r"(?:这?两(?:个|位|场)\S{0,4}?中?)?(?:相比|比起来|之间|比)?[，,]?"
_OR_ZH: Final = r"(?P<one>[^，。？]{1,30}?)(?:还是|或者?)(?P<other>[^，。？]{1,30}?)"
_CHINESE: Final = (
    re.compile(rf"{_THING_ZH}{_TWO_ZH}{_WHICH_ZH}{_MEASURED_ZH}{_END_ZH}"),
    re.compile(rf"{_WHICH_ZH}{_MEASURED_ZH}[，,：:]?(?:是)?{_OR_ZH}{_END_ZH}"),
)

_ADJECTIVES_EN: Final = {
    "older": ("how old is {}?", True), "younger": ("how old is {}?", False), "taller": ("how tall is {}?", True),
    "shorter": ("how tall is {}?", False), "heavier": ("how heavy is {}?", True),
    "lighter": ("how heavy is {}?", False),
    "longer": ("how long does {} last?", True), "bigger": ("what is the size of {}?", True),
    "larger": ("what is the size of {}?", True), "smaller": ("what is the size of {}?", False),
    "earlier": ("when is {}?", False), "first": ("when is {}?", False), "later": ("when is {}?", True),
    "more expensive": ("how much does {} cost?", True), "cheaper": ("how much does {} cost?", False),
    "more people": ("how many people are at {}?", True), "fewer people": ("how many people are at {}?", False),
    "more participants": ("how many people are at {}?", True),
}  # fmt: skip
_ADJECTIVE_EN: Final = "|".join(sorted(_ADJECTIVES_EN, key=len, reverse=True))
_PAIR_EN: Final = r"(?:the )?(?P<one>[^,?]{2,50}?),? (?:or|and) (?:the )?(?P<other>[^,?]{2,50}?)"
_ASKED_EN: Final = rf"(?:who|which(?: \w+)?)(?: of (?:them|the two))? (?:\w+ ){{1,2}}?(?P<how>{_ADJECTIVE_EN})\b"
_ENGLISH: Final = (
    re.compile(rf"{_ASKED_EN}[^,:?]{{0,20}}[,:] {_PAIR_EN}\??", re.IGNORECASE),
    re.compile(rf"(?:of|between) {_PAIR_EN},? {_ASKED_EN}[^,?]{{0,20}}\??", re.IGNORECASE),
)


def comparison_in(question: str) -> Comparison | None:
    """The comparison of two named things that a question asks for; None when it asks for something else."""
    text = question.strip()
    for pattern in _CHINESE if _HAN.search(text) else _ENGLISH:
        if match := pattern.fullmatch(text):
            return _chinese(match) if pattern in _CHINESE else _english(match)
    return None


def _chinese(match: re.Match[str]) -> Comparison:
    implied, more = _ADJECTIVES_ZH[match["how"]]
    if implied == "年龄" and "谁" not in match.group() and "位" not in match.group():
        implied = "规模"  # of things
    measured = (match["measured"] or "").strip("的") or implied
    things = (_bare(match["one"]), _bare(match["other"]))
    first, second = (f"{thing}的{measured}是什么？" for thing in things)
    return Comparison(things, (first, second), more)


def _english(match: re.Match[str]) -> Comparison:
    asked, more = _ADJECTIVES_EN[match["how"].casefold()]
    things = (_bare(match["one"]), _bare(match["other"]))
    first, second = (asked.format(thing) for thing in things)
    return Comparison(things, (first, second), more)


def _bare(thing: str) -> str:
    return thing.strip(" 《》“”\"'的")
