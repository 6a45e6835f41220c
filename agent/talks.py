"""Questions for what one conversation was about: "What did we talk about on May 4th?", 第一次对话聊了什么话题？

A search finds what is said about something; a conversation is found by when it was. Only questions are taken of which
every word is understood ("… about hiking" is not: that is searched for). Pure text code for Chinese and English.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from prompts import Language
from retrieval import Event, Hit, Snippet
from retrieval.focus import named_periods
from retrieval.views import session_of

__all__ = ["Talk", "snippets_of", "talk_in", "topics_of"]

_MOST = 12
_SPEAKERS = ("user", "other")
_WHOSE = "(?:(?:our|the|my|his|her|their) )?"
_MEETING = "(?:conversation|chat|talk|call|contact|session|ticket|message|time)"
_WHO = "(?:you and i|we|i|you|he|she|they|the (?:customer|user|client)(?: and the agent)?)"
_TALKED = "(?:talk|chat|discuss|mention|contact|call)(?:ed)?|speak|spoken?|write|wrote|say|said|tell|told"
_WHEN = (
    rf"(?:(?:on|in|at|during|from) )?(?:\x00|{_WHOSE}(?:very )?(?P<{{0}}>first|last|latest|most recent|previous)"
    rf"(?: {_MEETING})?(?: (?:that )?{_WHO} (?:{_TALKED})(?: (?:us|with (?:us|you|me)))?)?)"
)
_ENGLISH = re.compile(
    r"(?:(?:do you (?:still )?remember|(?:can|could) you tell me|please|tell me) )*"
    rf"(?:(?:{_WHEN.format('side1')},? )?what(?:'s| was| were)?(?: the)?(?: topics?| subjects?| things?)?(?: that)?"
    rf"(?: did| have| had)? {_WHO} (?:{_TALKED})(?: (?:(?:to|with) )?(?:us|me|you))?(?: about)?"
    rf"(?: {_WHEN.format('side2')})?"
    rf"|what (?:was|were) {_WHEN.format('side3')}(?: \x00| on \x00)? about)"
)
_FILLER_ZH = re.compile(
    r"^(?:请问|你?还?记得|你?知道|(?:能|可以)?告诉我)+(?:吗)?|我们|咱们|你和我|我和你|(?:这个|那个)?(?:客户|用户)|[他她我你]|(?:这|那)(?:一?天|次)"
    r"|的?时候|时|之间|[在都，,。？?“”\"\s]"
)
_CHINESE = re.compile(
    r"(?:\x00|(?P<side1>第一次|首次|最初一?次?|上一?次|最近一次|最后一次|最新一次)的?)"
    r"(?:对话|聊天|谈话|交流|联系|沟通|通话|来电)?的?[里中]?"
    r"(?:(?:聊|谈|说|讲|讨论|交流|沟通|咨询)(?:了|过|到|的)*些?(?:是|关于)*(?:什么|哪些|啥)(?:方面)?(?:的)?"
    r"(?:话题|内容|事情?|东西|问题)?|(?:主题|话题|内容)?是?(?:关于)?(?:什么|哪些|啥)(?:的|话题|内容)?)(?:呢|吗|啊|呀|来着)*"
)
_LAST = frozenset({"last", "latest", "most recent", "previous"})
_LAST_ZH = ("上", "最近", "最后", "最新")


class Talk(NamedTuple):
    """One conversation: the first or the last one, or those of the time that the question names."""

    which: Literal["first", "last", "then"]
    question: str


def talk_in(question: str) -> Talk | None:
    """The conversation that a question asks about as a whole; None for all other questions."""
    named = named_periods(question, datetime.now(UTC))
    if len(named) > 1:
        return None
    text = question
    for each in named:
        text = f"{question[: each.start]}\x00{question[each.end :]}"
    plain = " ".join(text.casefold().strip(" \"“”'?？.").split())
    match = _ENGLISH.fullmatch(plain) or _CHINESE.fullmatch(_FILLER_ZH.sub("", plain))
    if match is None:
        return None
    side = next((value for name, value in match.groupdict().items() if name.startswith("side") and value), None)
    if (side is None) == (not named):  # neither a day nor "the last time", or both
        return None
    return Talk("then" if side is None else "last" if side in _LAST or side.startswith(_LAST_ZH) else "first", question)


def topics_of(language: Language) -> str:
    """What is asked about a conversation when it has been found, however it was worded."""
    return "我们聊了哪些话题？" if language == "zh" else "What topics did we talk about?"


def snippets_of(talk: Talk, snippets: Sequence[tuple[Snippet, Event]], now: datetime | None = None) -> list[Hit]:
    """What persons, no agents, said in a conversation, in time order; of a long one twelve snippets, evenly.

    Args:
        talk: which one.
        snippets: of a user, in time order.
        now: from when "yesterday" is seen (None: today), if anything was said then; else it is the newest snippet's.
    """
    said = [(snippet, event) for snippet, event in snippets if snippet.role in _SPEAKERS and event.epoch is not None]
    if not said:
        return []
    if talk.which == "then":
        chosen = _said_then(talk.question, said, now or datetime.now(UTC))
    else:
        _, event = said[-1 if talk.which == "last" else 0]
        chosen = [each for each in said if _conversation(each[1]) == _conversation(event)]
    step = max(1.0, len(chosen) / _MOST)
    spread = [chosen[int(number * step)] for number in range(min(len(chosen), _MOST))]
    return [Hit(*each, score=1.0, rank=rank) for rank, each in enumerate(spread, start=1)]


def _said_then(question: str, said: list[tuple[Snippet, Event]], now: datetime) -> list[tuple[Snippet, Event]]:
    newest = max(event.epoch or 0.0 for _, event in said)
    for seen_from in (now, datetime.fromtimestamp(newest, UTC)):
        periods = [each.period for each in named_periods(question, seen_from)]
        if chosen := [each for each in said if any(period.holds(each[1].epoch) for period in periods)]:
            return chosen
    return []


def _conversation(event: Event) -> tuple[str | None, str]:
    """What events of one conversation share: its number, or the day."""
    return event.channel, session_of(event) or (event.timestamp or "")[:10]
