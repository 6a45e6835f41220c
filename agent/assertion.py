"""Tells how a text says a value: as a statement, or supposed, wished for, quoted, denied, given up, in jest.

The method is that of NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009): a trigger word colours what stands
in its scope, which ends with the clause or at a terminating word; look-alikes ("not only", "不但") colour nothing.
Chinese and English; the words are in ``triggers``. Knows nothing of models, and sees neither lies nor bare sarcasm.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, get_args

from agent import triggers
from agent.asked_for import Manner, asks_for_likes
from agent.wording import leaves, normalise

__all__ = ["REASONS", "gives_up", "manner_of", "strongest"]

REASONS: dict[Manner, str] = {
    "negated": "denied, not said",
    "former": "said of the past, no longer so",
    "supposed": "supposed, not said",
    "wished": "wished for, not said to be so",
    "quoted": "quoted from somebody else",
    "joked": "said in jest",
}
"""Why a value that is said so is no fact about the user."""

_SENTENCE_END = re.compile(r"[。！？!?\n]|\.(?=\s|$)|…")
_CLAUSE_END = re.compile(r"[，,;；:：。！？!?\n—]|\.(?=\s|$)")
_HARD_END = re.compile(r"[;；。！？!?\n]|\.(?=\s|$)")
_CJK = re.compile(r"[\u3400-\u9fff]")
_QUOTES = {"“": "”", "「": "」", "『": "』", '"': '"', "‘": "’", "'": "'"}
_OWN = re.compile(r"(?:^|\b)(?:i|we)$|^(?:我|咱|本人)|(?<![跟对和向给])我们?$", re.IGNORECASE)
_GOAL = re.compile(r"\b(?:to|for)\b|[到去来]")
_FEW_WORDS = 6
_FEW_CHARACTERS = 8
_NEAR = 4
_REACH = 300  # of a sentence without an end
_MOST_PLACES = 50
_QUOTE_REACH = 400
_SPEECH_REACH = 60
_JEST_REACH = 24


class _Place(NamedTuple):
    """Where a value stands: ``text[start:end]`` in its sentence ``text[first:last]``."""

    text: str
    first: int
    start: int
    end: int
    last: int

    @property
    def before(self) -> str:
        return self.text[self.first : self.start]

    @property
    def after(self) -> str:
        return self.text[self.end : self.last]


def manner_of(value: Any, text: str, attribute: str = "", span: tuple[int, int] | None = None) -> Manner:
    """How ``text`` says ``value``; "said" when it says it plainly anywhere, or does not hold its words.

    Args:
        value: only its strings and numbers are looked for.
        text: with what stands around the words that count ("just kidding" may come after them).
        attribute: name and description; what one hates is denied to an attribute that asks for likes.
        span: where in ``text`` the words that count stand; None: everywhere.
    """
    dislikes = asks_for_likes(attribute)
    manners = [_manner(place, _negates_itself(value), dislikes) for place in _places(value, text, span)]
    return manners[0] if manners and "said" not in manners else "said"


def gives_up(value: Any, text: str, span: tuple[int, int] | None = None) -> bool:
    """Whether a text says a value only to withdraw it: it is over ("any more"), or flatly denied, with no more said."""
    found = list(_places(value, text, span))
    manners = [_manner(place, _negates_itself(value), dislikes=False) for place in found]
    return bool(manners) and all(
        manner == "former" or (manner == "negated" and not normalise(place.after))
        for place, manner in zip(found, manners, strict=True)
    )


def strongest(manners: Iterable[Manner]) -> Manner:
    """Of several texts that say a value, how the best one says it."""
    return min(manners, key=list(get_args(Manner)).index, default="said")


def _negates_itself(value: Any) -> bool:
    return triggers.NEGATED.search(str(value)) is not None


def _places(value: Any, text: str, span: tuple[int, int] | None = None) -> Iterator[_Place]:
    """Where the value stands literally; else where the content words of it do that the text holds."""
    folded = text.casefold()
    if len(folded) != len(text):
        return
    wanted = [str(leaf).casefold().strip() for leaf in leaves(value) if not isinstance(leaf, bool)]
    found = [span for each in wanted for span in _spans(each, folded)]
    if not found:
        words = [w for each in wanted for w in normalise(each).split() if len(w) > 2 or _CJK.search(w)]
        found = [span for word in words for span in _spans(word, folded)] if not any(map(_CJK.search, words)) else []
    lowest, highest = span or (0, len(text))
    within = [(start, end) for start, end in found if lowest <= start and end <= highest]
    for start, end in within[:_MOST_PLACES]:
        ends = [m.end() for m in _SENTENCE_END.finditer(text, max(0, start - _REACH), start)]
        stop = _SENTENCE_END.search(text, end)
        first, last = ends[-1] if ends else 0, stop.end() if stop else len(text)
        yield _Place(text, max(first, start - _REACH), start, end, min(last, end + _REACH))


def _spans(wanted: str, folded: str) -> list[tuple[int, int]]:
    if not wanted:
        return []
    edge = r"(?<![^\W\d_\u3400-\u9fff])" if wanted[0].isascii() and wanted[0].isalnum() else ""
    tail = r"(?:e?s)?(?![^\W\d_\u3400-\u9fff])" if wanted[-1].isascii() and wanted[-1].isalnum() else ""
    return [match.span() for match in re.finditer(edge + re.escape(wanted) + tail, folded)]


def _manner(place: _Place, negates_itself: bool, dislikes: bool) -> Manner:
    if _is_joked(place):
        return "joked"
    if _is_quoted(place):
        return "quoted"
    for manner, pattern in (("supposed", triggers.SUPPOSED), ("wished", triggers.WISHED)):
        if _is_in_scope(place, pattern) and not triggers.DOUBTED.search(place.before):
            return manner  # type: ignore[return-value]  # the two literals of the line above
    negations = 0 if negates_itself else _negations(place, dislikes)
    if _is_former(place, negations % 2 == 1):
        return "former"
    return "negated" if negations % 2 == 1 and not triggers.OCCASIONAL.search(place.after) else "said"


def _is_joked(place: _Place) -> bool:
    """Whether a marker of jest stands in the sentence of the value, or opens the next one."""
    return any(
        not _HARD_END.search(place.text[place.last : match.start()]) and match.start() - place.last <= _JEST_REACH
        for match in triggers.JEST.finditer(place.text, place.first, place.last + 2 * _JEST_REACH)
    )


def _is_quoted(place: _Place) -> bool:
    """Whether the value stands in quotation marks after words for speaking of somebody else."""
    text = place.text
    for opening, closing in _QUOTES.items():
        for match in re.compile(re.escape(opening)).finditer(text, max(0, place.start - _QUOTE_REACH), place.start):
            close = text.find(closing, match.end())
            is_within = close == -1 or close >= place.end
            if is_within and (opening not in "'‘" or match.start() == 0 or not text[match.start() - 1].isalnum()):
                speech = triggers.SPEECH.search(text[max(0, match.start() - _SPEECH_REACH) : match.start()])
                if speech and not _OWN.search(speech["who"]):
                    return True
    return False


def _is_in_scope(place: _Place, pattern: re.Pattern[str]) -> bool:
    rest = [place.before[match.end() :] for match in pattern.finditer(place.before)]
    return any(
        len(each.split()) <= _FEW_WORDS
        and not (triggers.TERMINATED.search(each) or triggers.TAKEN_FOR_GRANTED.search(each))
        for each in rest
    )


def _negations(place: _Place, dislikes: bool) -> int:
    """How many negations rule the value: those before it in its clause, few words away, and one right after it."""
    before = place.before
    false = [match.span() for match in triggers.NOT_NEGATED.finditer(before + place.text[place.start : place.end])]
    found = list(triggers.NEGATED.finditer(before))
    if dislikes:
        found += triggers.DISLIKED.finditer(before)
    count = sum(
        not any(start <= match.start() < end for start, end in false) and _rules(match, place) for match in found
    )
    return count + (count == 0 and triggers.NEGATED_AFTER.search(place.after) is not None)


def _rules(trigger: re.Match[str], place: _Place) -> bool:
    """Whether a negation reaches the value: in one clause (or one list with "or"), no terminating word between."""
    between = place.before[trigger.end() :]
    if any(each.search(between) for each in (triggers.TERMINATED, triggers.OCCASIONAL, _HARD_END)):
        return False
    if _CLAUSE_END.search(between):
        tail = _CLAUSE_END.split(place.after)[0]
        if not re.search(r"\b(?:or|nor)\b|或者?|还是|和|、", between + tail):
            return False
    if _CJK.search(trigger.group()):
        return len(between) <= _FEW_CHARACTERS
    most = 2 if trigger.group().casefold() in ("no", "without") else _FEW_WORDS
    return len(between.split()) <= most


def _is_former(place: _Place, negated: bool) -> bool:
    """Whether the user says that it was so and is no longer."""
    if triggers.STILL.search(place.after):
        return False
    for match in triggers.FORMER.finditer(place.before):
        between = place.before[match.end() :]
        negation = triggers.NEGATED.search(place.before[max(0, match.start() - 12) : match.start()])
        is_near = len(_CLAUSE_END.split(between)) == 1 and not triggers.TERMINATED.search(between)
        if is_near and negation is None and not _is_far(between, leads=_leads(match)):
            return True
    after = triggers.FORMER_AFTER.search(place.after)
    if after and (negated or ("more" not in after.group() and "longer" not in after.group())):
        return True
    comes_from = re.search(r"从[^，。；]{0,2}$", place.before) is not None
    is_ended = triggers.ENDED_AFTER.search(place.after)
    return is_ended is not None and (comes_from or (negated and is_ended.group().endswith("了")))


def _leads(trigger: re.Match[str]) -> bool:
    """Whether a trigger takes its value right after it, as "moved from" does."""
    return re.search(r"from$|left$|sold|my |开|掉|去|别", trigger.group(), re.IGNORECASE) is not None


def _is_far(between: str, leads: bool) -> bool:
    if leads and _GOAL.search(between):
        return True
    length = len(between) if _CJK.search(between) else len(between.split())
    return length > (_NEAR if leads else 2 * _FEW_CHARACTERS if _CJK.search(between) else _FEW_WORDS)
