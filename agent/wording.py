"""Compares values with the words of a quote: what counts as said, which sentence says it, what means "nothing".

Pure text code for Chinese and English; knows nothing of models.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from retrieval.numerals import NUMERAL_EN, NUMERAL_ZH, NUMERALS_EN, NUMERALS_ZH

__all__ = [
    "is_placeholder",
    "leaves",
    "missing_numbers",
    "normalise",
    "quote_span",
    "repeats_itself",
    "said_share",
    "sentences",
    "whole_brackets",
]

_PLACEHOLDERS = {
    "", "null", "none", "nil", "n/a", "na", "unknown", "not stated", "not mentioned", "not specified", "not provided",
    "unspecified", "undefined", "no information", "not available", "value", "string", "user", "the user",
    "i", "me", "my", "your", "his", "our", "their", "我", "你", "您", "他", "她", "我们", "自己", "本人",
    "无", "没有", "未知", "不详", "未提及", "未提到", "没有提到", "未说明", "暂无", "空", "用户",
}  # fmt: skip
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CJK = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_CHINESE_DIGITS = str.maketrans("〇零一二两三四五六七八九", "001223456789")
_NUMERAL_EN = re.compile(rf"{NUMERAL_EN}(?![\w-])")
_NUMERAL_ZH = re.compile(NUMERAL_ZH)
_ONE = re.compile(r"\ban? (?:second|minute|hour|day|night|week|month|year)\b", re.IGNORECASE)
_STOP_WORDS = (
    "a an the of in on at to for and or is are was were be been my your his her our their i he she it we they with"
)
_STOP = frozenset(_STOP_WORDS.split())
_CLAUSE = re.compile(r"[，,；;。.!！?？、]")
_SENTENCE = re.compile(r"(?:[^。！？!?\n.]|\.(?!\s|$))*(?:[。！？!?\n]+|\.(?=\s|$))?")


def normalise(text: str) -> str:
    """NFKC, case folded, letters and digits only, single spaces; for comparing, never for showing."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORD.findall(folded))


def is_placeholder(value: Any) -> bool:
    """Whether a drafted value says "nothing" in words: null, "n/a", "未知", "...", an empty list."""
    if value is None or value == [] or value == {}:
        return True
    if isinstance(value, str):
        bare = unicodedata.normalize("NFKC", value).casefold().strip(" .。…\"'`-_<>[]()")
        return bare in _PLACEHOLDERS or not any(c.isalnum() for c in bare)
    if isinstance(value, dict):
        return all(is_placeholder(v) for v in value.values())
    return False


def leaves(value: Any) -> Iterator[Any]:
    """The scalars in a value."""
    if isinstance(value, dict):
        for child in value.values():
            yield from leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child)
    elif value is not None:
        yield value


def sentences(text: str) -> list[str]:
    """The sentences of a short text, without those that were cut off in the middle (a text of one sentence stays)."""
    found = [m.group().strip() for m in _SENTENCE.finditer(text) if m.group().strip()]
    whole = [each for each in found if each[-1] in '。！？!?.…”"']
    return whole or found


def repeats_itself(text: str) -> bool:
    """Whether a text says one clause three times or more, as a small model does when it runs on."""
    clauses = [normalise(part) for part in _CLAUSE.split(text)]
    return any(count > 2 for clause, count in Counter(clauses).items() if clause)


def said_share(value: Any, quote: str) -> float:
    """Which share of a value's words the quote holds, 0 to 1; 1 when it holds the value itself.

    Chinese is compared by character, other languages by word (a shared stem of four letters counts). The particle 的
    may stand in one of the two: 参加论坛 is said by 我参加的论坛.
    """
    text = str(value) if not isinstance(value, float) or not value.is_integer() else str(int(value))
    wanted, held = normalise(text), normalise(quote)
    if not wanted:
        return 0.0
    if f" {wanted} " in f" {held} " or (_CJK.search(wanted) and _bare(wanted) in _bare(held)):
        return 1.0
    words = [w for w in wanted.split() if w not in _STOP] or wanted.split()
    pool = set(held.split())
    stems = {w[:4] for w in pool if len(w) >= 4 and not _CJK.match(w)}
    hits = sum(w in pool or (len(w) >= 5 and w[:4] in stems) for w in words)
    return min(hits / len(words), 0.99)


def _bare(text: str) -> str:
    """A normalised Chinese text without spaces, and without 的 where other characters are left."""
    joined = text.replace(" ", "")
    return joined.replace("的", "") or joined


def missing_numbers(value: Any, quote: str) -> list[str]:
    """The numbers of ``value`` that the quote does not hold, in digits or words up to "ninety-nine" and 九十九
    ("an hour" is one); dates part by part."""
    held = unicodedata.normalize("NFKC", quote)
    said = [n for text in (held, held.translate(_CHINESE_DIGITS)) for n in _NUMBER.findall(text)]
    said += [str(NUMERALS_EN[word]) for word in _NUMERAL_EN.findall(held.casefold())]
    said += [str(NUMERALS_ZH[word]) for word in _NUMERAL_ZH.findall(held)]
    said += ["1"] if _ONE.search(held) else []
    pool = {_plain(n) for n in said} | {_plain(part) for n in said if n.count(".") > 1 for part in n.split(".")}
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return [n for n in _NUMBER.findall(unicodedata.normalize("NFKC", text)) if _plain(n) not in pool]


def _plain(number: str) -> str:
    return number.replace(",", "").lstrip("0") or "0"


def quote_span(text: str, values: list[Any]) -> tuple[int, int]:
    """The sentence of ``text`` that holds a value literally, as a span; all of ``text`` when none does.

    A span of several sentences is returned when the values stand in different ones.
    """
    spans = [m.span() for m in _SENTENCE.finditer(text) if m.group().strip()]
    chosen = [(a, b) for a, b in spans if any(said_share(v, text[a:b]) == 1.0 for v in values)]
    if not chosen:
        return 0, len(text)
    start, end = chosen[0][0], chosen[-1][1]
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))


def whole_brackets(value: str) -> str:
    """A value without a last bracket that is opened and never closed: the model's words were cut off there.

    "" when a bracket is closed that was never opened: such a value is cut out of the middle of something.
    """
    if re.match(r"[^(（]*[)）]", value):
        return ""
    opened = max(value.rfind("("), value.rfind("（"))
    if opened <= 0 or value.count("(") + value.count("（") <= value.count(")") + value.count("）"):
        return value
    return value[:opened].rstrip() or value
