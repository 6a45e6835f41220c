"""Questions that name what they ask about only by a clue: "the person who lives in Berlin", "那个30岁的人".

The clue is said in one message and the answer in another one, which shares only the subject with it: "my cousin Tom
moved to Berlin", "Tom is a nurse". What is searched for second is the rest of the first message with what is asked: "my
cousin Tom moved to, job". Pure text code for Chinese and English.
"""

import re
from difflib import SequenceMatcher
from typing import NamedTuple

from retrieval.lexical import STOP_WORDS
from retrieval.queries import without_asking

__all__ = ["Bridge", "bridge_in", "covers", "rest_of"]

_MOST_CHARS = 40
_COVERED_ZH, _COVERED_EN = 0.6, 0.5  # the share of a clue's characters, or of its words but stop words
_HAN = r"\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+(?:[.@_+&'’/:-]+[^\W_{_HAN}]+)*")
_HEAD_ZH = "(?:那个|那位|这个|这位)?(?:人|家伙|同事|同学|亲戚|朋友|客户|活动|会议|地方|东西|商品|订单)"
_ASKED_ZH = r"[，,]?\s*(?:他们|她们|他|她|它)?的?"
_CLUE_ZH = re.compile(
    rf"(?:那个|那位)(?P<quoted>.{{2,120}})的{_HEAD_ZH}[，,]\s*(?:他们|她们|他|她|它)?的?(?P<of_quoted>[^，,。！？]{{2,40}})"
    rf"|(?:那个|那位)?(?P<short>[^，,。！？]{{2,80}}?)的{_HEAD_ZH}{_ASKED_ZH}(?P<of_short>[^，,。！？]{{2,40}})"
    rf"|(?:那个|那位)(?P<bare>[^，,。！？]{{2,80}}?)的?[，,]\s*(?:他们|她们|他|她|它)?的?(?P<of_bare>[^，,。！？]{{2,40}})"
)
_POINTS_ZH = re.compile("那个|那位|的(?:那个|那位)?人")
_PARTICLES_ZH = re.compile("来着|[呀啊呢吧嘛]+$")
_CLUE_EN = re.compile(
    r"\b(?:the|that|my) (?:[a-z]+ ){0,2}?(?:person|people|one|man|woman|guy|girl|boy|friend|colleague|co-?worker|"
    r"cousin|relative|neighbou?r|boss|client|customer|event|meeting|place|company|product|order|item)s? "
    r"(?:who(?:se)?|that|which|with|from|named|called|at|in)\b(?P<clue>[^,?!]{3,80})(?P<after>,[^?!]*)?",
    re.IGNORECASE,
)


class Bridge(NamedTuple):
    """What is told of the one that is asked about, and what is asked."""

    clue: str
    asked: str


def bridge_in(question: str) -> Bridge | None:
    """The clue and what is asked, when a question has this form."""
    return _chinese(question) if re.search(f"[{_HAN}]", question) else _english(question)


def _chinese(question: str) -> Bridge | None:
    if not (points := _POINTS_ZH.search(question)):
        return None
    text = question[points.start() :] if points.group() in ("那个", "那位") else question
    if not (match := _CLUE_ZH.match(text) or _CLUE_ZH.search(text)):
        return None
    clue = match["quoted"] or match["short"] or match["bare"]
    asked = _PARTICLES_ZH.sub(" ", without_asking(match["of_quoted"] or match["of_short"] or match["of_bare"]))
    return Bridge(clue.strip("\"'“”‘’ "), asked.strip(" 是有")) if asked.strip(" 是有") else None


def _english(question: str) -> Bridge | None:
    if not (match := _CLUE_EN.search(question)):
        return None
    rest = f"{question[: match.start()]} {(match['after'] or '').lstrip(',')}".strip()
    asked = without_asking(rest)
    return Bridge(match["clue"].strip(), asked if len(asked) > 3 else rest) if rest else None


def covers(clue: str, text: str) -> bool:
    """Whether a text says most of a clue, and every number and address of it."""
    tokens, blocks = _shared(clue, text)
    said = {at for start, size in blocks for at in range(start, start + size)}
    wanted = {at for at, token in enumerate(tokens) if token not in STOP_WORDS}
    exact = {at for at in wanted if "@" in tokens[at] or any(map(str.isdigit, tokens[at]))}
    needed = _COVERED_ZH if re.search(f"[{_HAN}]", clue) else _COVERED_EN
    return bool(wanted) and len(said & wanted) >= needed * len(wanted) and exact <= said


def rest_of(text: str, clue: str) -> str:
    """What a text says beside a clue: its words outside the longest stretches that both share."""
    tokens, blocks = _shared(text, clue)
    spans = [match.span() for match in _TOKEN.finditer(text)]
    kept = [True] * len(tokens)
    for start, size in blocks:
        kept[start : start + size] = [False] * size
    pieces: list[str] = []
    for at, (start, end) in enumerate(spans):
        if kept[at]:
            apart = at > 0 and (not kept[at - 1] or text[spans[at - 1][1] : start] != "")
            pieces.append(f"{' ' if apart else ''}{text[start:end]}")
    return "".join(pieces).strip()[:_MOST_CHARS]


def _shared(text: str, other: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The tokens of ``text``, and where stretches of them stand in ``other`` too; one Chinese character is none."""
    tokens, others = ([token.casefold() for token in _TOKEN.findall(each)] for each in (text, other))
    blocks = SequenceMatcher(None, tokens, others, autojunk=False).get_matching_blocks()
    return tokens, [(a, size) for a, _, size in blocks if size > 1 or (size and not re.match(f"[{_HAN}]", tokens[a]))]
