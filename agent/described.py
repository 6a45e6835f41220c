"""Questions about somebody or something that is described instead of named: "How old is the friend who plays the
cello?", 那个在青岛工作的人家乡是哪里？

The description stands in one message and what is asked often in another one, which knows the name only. Such a
question is two: what the described one is called, and the same question with the name (a bridge question of two hops:
Yang et al., HotpotQA, EMNLP 2018). Search has rules of its own for them (``retrieval.bridges``), which find the second
message by the words of the first one and ask nobody. Knows questions, Chinese and English, nothing of stores or models.
"""

import re
from dataclasses import dataclass
from typing import Final

from agent.backing import items_of

__all__ = ["Described", "described_in", "names_in"]


@dataclass(frozen=True, slots=True)
class Described:
    """``who`` asks what the described one is called; ``rest`` is the question with ``{}`` in place of the name."""

    who: str
    rest: str

    def about(self, name: str) -> str:
        """The question about the one of that name."""
        return self.rest.replace("{}", name)


_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_KIND_ZH: Final = r"人|家伙|老乡|朋友|同事|同学|亲戚|邻居|客户|男生|女生|先生|女士|活动|会议|聚会|展览|课程|旅行"
_CHINESE: Final = re.compile(  # 那 before the description, or after it
    rf"(?P<that>那(?:么|个|位|场|次)?)?(?P<told>[^，。？?]*?(?:[^，。？?的]|[\"“][^\"”]+[\"”]))的"
    rf"(?P<then>那(?:个|位|场|次)?)?(?P<kind>{_KIND_ZH})(?P<rest>[^？?。]+?)[？?]?"
)
_SHORT_ZH: Final = re.compile(  # 那个50岁的人, 那个当厨师的，他……: no noun after 的
    r"(?P<short>那(?:个|位))(?P<told>[^，。？?]*?[^，。？?的])的(?P<kind>)[，,](?P<rest>[^？?。]+?)[？?]?"
)
_NAMES_ZH: Final = re.compile(r"叫|我要参加的活动是|名字是|姓名是|^(?:我|你|他|她|它|谁|哪)[^是在做]*$")
_ASKS_NAME_ZH: Final = re.compile(
    r"名字|姓名|叫什么|是谁|是哪(?:个|位)|谁|我要参加的活动是|哪一|更|比|(?<!一下)(?<!什么)吗$"
)
_PRONOUN_ZH: Final = re.compile(r"^(?:[，,]?(?:他|她|它)们?的?|[，,]|的){0,2}")
_VERB_ZH: Final = re.compile(
    r"^(?:是|在|有|多|叫|做|干|平时|平常|喜欢|今年|来自|住|怎么|什么时候|什么(?:学历|专业)|哪|去|几|最近|现在|能|会|爱|都|今|上|从|毕业|用|需要|持续|举办)"
)

_KIND_EN: Final = (
    r"person|people|man|woman|guy|girl|boy|one|friend|colleague|co-?worker|neighbou?r|relative|cousin|brother|sister|"
    r"uncle|aunt|boss|teacher|customer|client|event|activity|trip|party|meeting|course|conference|show"
)
_WHO_EN: Final = r"(?:who(?:se)?|that|which|with)\s+"
_ENDS_EN: Final = re.compile(  # the description ends the question
    r"(?P<before>(?:(?:from|in|at|on|of|to|for|with)\s+)?(?:what|how|when|where|which|who)\b[^,?]*?"
    r"\b(?:of|is|was|about|for|with|from))\s+"
    rf"(?P<told>(?:the|my|her|his|their)\s+(?:\w+\s+)?(?:{_KIND_EN})\s+{_WHO_EN}[^?]+?)\s*\?*",
    re.IGNORECASE,
)
_BEGINS_EN: Final = re.compile(  # "the one who …: what is her job?"
    rf"(?:as for |about )?(?P<told>(?:the|my|her|his|their)\s+(?:\w+\s+)?(?:{_KIND_EN})\s+{_WHO_EN}[^?,:]+)[,:]\s+"
    r"(?P<before>(?:what|how|when|where|which)\b[^?]*?)\b(?P<pronoun>his|her|their|its|he|she|they|it)\b(?P<after>[^?]*)\?*",
    re.IGNORECASE,
)
_ASKS_NAME_EN: Final = re.compile(r"\b(?:names?|called|who)\b", re.IGNORECASE)
_MOST_NAME: Final = 30


def described_in(question: str) -> Described | None:
    """The description in a question and what is asked of the one described; None where one is named, where the name
    itself is asked for, and for other questions."""
    text = question.strip()
    return _chinese(text) if _HAN.search(text) else _english(text)


def _chinese(text: str) -> Described | None:
    match = _CHINESE.fullmatch(text) or _SHORT_ZH.fullmatch(text)
    if match is None or not any(match.groupdict().get(name) for name in ("that", "then", "short")):
        return None
    told, kind, rest = match["told"], match["kind"] or "人", _PRONOUN_ZH.sub("", match["rest"])
    if _NAMES_ZH.search(told) or _ASKS_NAME_ZH.search(rest) or len(rest) < 2:
        return None
    linked = "{}" if _VERB_ZH.match(rest) else "{}的"
    return Described(f"{told}的{kind}叫什么名字？", linked + rest + "？")


def _english(text: str) -> Described | None:
    if match := _ENDS_EN.fullmatch(text):
        rest = match["before"] + " {}?"
    elif match := _BEGINS_EN.fullmatch(text):
        possessive = "'s" if match["pronoun"].casefold() in {"his", "her", "their", "its"} else ""
        rest = f"{match['before']}{{}}{possessive}{match['after']}?"
    else:
        return None
    if _ASKS_NAME_EN.search(match["before"]):
        return None
    return Described(f"What is the name of {match['told']}?", rest)


def names_in(answer: str | None) -> list[str]:
    """What the described one, or several, are called by the answer to ``who``; nothing where it is no name."""
    names = [re.split(r"[：:(（]", item)[0].strip() for item in items_of(answer or "")]
    return [] if any(not 1 < len(name) <= _MOST_NAME for name in names) else list(dict.fromkeys(names))
