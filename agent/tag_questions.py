"""Questions that say something and ask whether it is so: "I don't like comedies, right?", 我不喜欢看喜剧片，对吗？

Each is asked plainly, without its negation ("Do I like comedies?"), and the answer is turned back. Pure text code for
Chinese and English; knows no models.
"""

import re
from typing import NamedTuple

__all__ = ["Tagged", "tagged_in"]

_TAG = re.compile(
    r"^(?P<said>[^?？]+?)[,，] *(?:right|correct|is that (?:right|correct|so|true)|isn't (?:that|it)(?: (?:right|so))?"
    r"|(?:do|does|did|am|is|are|was|were|have|has|can)(?:n['’]t)? (?:i|you|he|she|they|it)(?: not)?) *[?？]$"
    r"|^(?P<said_zh>[^?？]+?)[,，] *(?:对吗|对吧|对不对|是吗|是吧|是不是|没错吧|对么|是么) *[?？]?$",
    re.IGNORECASE,
)
_SUBJECT = r"(?P<subject>i|you|we|they|he|she|it|(?:the|my|our|his|her|their) \w+|[A-Z]\w+)"
_WITH_NOT = re.compile(
    rf"^{_SUBJECT} (?:(?P<verb>do|does|did|is|are|was|were|has|have|had|can|could|will|would|should)(?:n't|n’t| not)"
    r"|(?P<am>am) not|(?P<cannot>can)(?:not|'t|’t)|(?P<will>wo)n['’]t) (?P<rest>.+)$",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    rf"^{_SUBJECT} (?P<verb>am|is|are|was|were|can|could|will|would|should) (?P<rest>.+)$", re.IGNORECASE
)
_SHORT = {
    "i'm": "I am",
    "you're": "you are",
    "he's": "he is",
    "she's": "she is",
    "it's": "it is",
    "they're": "they are",
}
_PRONOUNS = frozenset({"i", "you", "we", "they", "he", "she", "it"})
_NOT_ZH = re.compile(r"从来?不|从来?没有?|没有|没|不(?!错|同|久|但|少|仅|管|过|时|满|安|幸|一样)")


class Tagged(NamedTuple):
    """``plain`` asks whether what was said is so; ``negated`` where it was said with "not"."""

    plain: str
    negated: bool

    def settled(self, yes: bool, *, chinese: bool) -> str:
        """Yes or no to what was said, of an answer to ``plain``."""
        holds = yes is not self.negated
        return ("对" if holds else "不对") if chinese else "Yes" if holds else "No"


def tagged_in(question: str) -> Tagged | None:
    """What a question says and asks to be confirmed; None for all other questions."""
    match = _TAG.match(question.strip(" \"'“”"))
    if match is None:
        return None
    if said := match["said_zh"]:
        plain = _NOT_ZH.sub("", said, count=1)
        return Tagged(f"{plain}吗？", plain != said)
    said = re.sub(r"^\S+", lambda first: _SHORT.get(first[0].casefold().replace("’", "'"), first[0]), match["said"])
    if found := _WITH_NOT.match(said):
        verb = found["verb"] or found["am"] or found["cannot"] or "will"
        return Tagged(_asked(verb, found["subject"], found["rest"]), negated=True)
    if found := _PLAIN.match(said):
        return Tagged(_asked(found["verb"], found["subject"], found["rest"]), negated=False)
    return None


def _asked(verb: str, subject: str, rest: str) -> str:
    if subject.casefold() in _PRONOUNS or " " in subject:
        subject = "I" if subject.casefold() == "i" else subject[0].lower() + subject[1:]
    return f"{verb.capitalize()} {subject} {rest}?"
