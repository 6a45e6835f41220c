"""Reads snippets for a question: how likely each one tells the answer, and what the best of them say together.

A small model that is shown ten snippets answers from any of them; shown one, it knows well whether that one tells
(map and rerank, as LangChain's MapRerankDocumentsChain). The question comes first there, so that all snippets share the
prompt's prefix, and one token is enough. Knows the prompts, not the graph.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.asked_days import of_asked_day
from agent.asking_why import asks_why
from agent.chat import Chat
from agent.covering import covers
from agent.evidence import in_time_order
from agent.exchanges import exchange_of
from agent.progress import OnStep, Step, ignore
from agent.wording import is_placeholder
from prompts import Language, render
from retrieval import Hit

__all__ = [
    "NOTHING",
    "Reading",
    "Weighed",
    "chance_of_nothing",
    "in_balance",
    "read",
    "weigh",
    "weightiest",
    "with_their_messages",
]

_TOKENS = 80
NOTHING = ("none", "无", "没有")
_DOUBT = 0.7  # what each place further down the ranking counts against, in nats by its logarithm
_LEAST = 0.01
_COVERS = 1.0  # what all words of the question count, in nats
_OF_DAY = 1.0  # "on May 4th": what is of that day comes first
_SECOND_HAND = 1.0  # an agent repeats what a customer wants, or guesses it; what holds the question's words answers it
_ASKS_AGENT = re.compile(
    r"\b(?:agents?|assistant|support|staff|service|you|told|advised?|suggest\w*|recommend\w*|promised?|offer\w*|answered)\b"
    r"|客服|助手|坐席|工作人员|你|建议|推荐|承诺|答应|回复|答复",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^\s*(?:agent|user|system)\s*[,:：]\s*")  # it stands before each line of a prompt
_MOST_READ = 5
_LIGHTER = 1.5  # how much less than the weightiest one, in nats, a snippet may weigh and still be read with it


@dataclass(frozen=True, slots=True)
class Weighed:
    """A snippet with the probability, 0 to 1, that it tells the answer, and its place in the search, from 1.

    ``second_hand``: it is an agent's, and the question is not about what an agent said. ``of_day``: it is of the day,
    week or month that the question names. ``covers``: which share, 0 to 1, of what the question asks about it holds.
    """

    hit: Hit
    tells: float
    rank: int
    second_hand: bool = False
    of_day: bool = False
    covers: float = 0.0

    @property
    def weight(self) -> float:
        """What it counts against other snippets: what the model says of it, what search does, what it is about, who
        speaks, and when."""
        said = -math.log(1 - self.tells + _LEAST) - _DOUBT * math.log(self.rank) + _COVERS * self.covers
        return said - _SECOND_HAND * self.second_hand * (1 - self.covers) + _OF_DAY * self.of_day


@dataclass(frozen=True, slots=True)
class Reading:
    """What snippets say together. ``text`` is None when they say nothing.

    ``nothing`` is the probability of "none" at the answer's first token; ``probability`` the mean one of its tokens,
    None where the model does not tell.
    """

    text: str | None
    nothing: float
    probability: float | None


def weigh(
    chat: Chat,
    question: str,
    hits: Sequence[Hit],
    language: Language,
    *,
    first_rank: int = 1,
    on_step: OnStep = ignore,
) -> list[Weighed]:
    """How likely each snippet tells the answer by itself, the weightiest first; ``hits`` are in the search's order."""
    system = _system("weigh_system", question, language)
    told = []
    for done, hit in enumerate(hits):
        on_step(Step("weigh", done, len(hits)))
        said = chat.say(system, render("weigh", language, question=question, messages=exchange_of(hit)), max_tokens=1)
        told.append((hit, 1 - chance_of_nothing(said.first, said.text)))
    return in_balance(question, told, first_rank=first_rank)


def in_balance(question: str, told: Iterable[tuple[Hit, float]], *, first_rank: int = 1) -> list[Weighed]:
    """Snippets, in the search's order, with how likely each tells the answer: the weightiest first."""
    told, about_agent = list(told), _ASKS_AGENT.search(question) is not None
    of_day = of_asked_day(question, [hit for hit, _ in told])
    weighed = [
        Weighed(hit, tells, rank, hit.snippet.role == "agent" and not about_agent, fits, covers(question, [hit]))
        for rank, ((hit, tells), fits) in enumerate(zip(told, of_day, strict=True), start=first_rank)
    ]
    return sorted(weighed, key=lambda each: -each.weight)


def weightiest(weighed: Sequence[Weighed]) -> list[Weighed]:
    """The snippets to read together: the weightiest, and those that weigh about as much; at most five."""
    return [each for each in weighed[:_MOST_READ] if each.weight >= weighed[0].weight - _LIGHTER]


def with_their_messages(chosen: Sequence[Weighed], weighed: Iterable[Weighed]) -> list[Weighed]:
    """``chosen``, and what else was weighed of the same messages."""
    messages = {each.hit.event.event_id for each in chosen}
    return [*chosen, *(each for each in weighed if each.hit.event.event_id in messages and each not in chosen)]


def read(chat: Chat, question: str, hits: Sequence[Hit], language: Language, *, whole: bool = False) -> Reading:
    """What the snippets, in time order, say to the question; ``whole``: in a sentence."""
    lines = "\n".join(exchange_of(hit) for hit in in_time_order(hits))
    said = chat.say(
        render("tell_system", language) if whole else _system("read_system", question, language),
        render("read", language, question=question, messages=lines),
        max_tokens=_TOKENS,
    )
    text = _unquoted(_LABEL.sub("", said.text))
    nothing = chance_of_nothing(said.first, text)
    return Reading(None if is_placeholder(text) else text, nothing, said.probability)


def _unquoted(text: str) -> str:
    """A reply without the quotation marks around the whole of it, nor one that is opened or closed only; those of each
    of several things stay."""
    text = text.strip()
    if sum(text.count(mark) for mark in '"“”') <= 2:
        return text.strip(' "“”')
    at = text.rfind('"')
    return text if text.count('"') % 2 == 0 else text[:at] + text[at + 1 :]


def _system(name: str, question: str, language: Language) -> str:
    """What the model is told; of a question for a reason, that a reason is wanted."""
    return render(f"why_{name}" if asks_why(question) else name, language)


def chance_of_nothing(first: Sequence[tuple[str, float]], text: str) -> float:
    """The probability of "none"; by the word itself where the model tells no probabilities."""
    if not first:
        return float(_is_nothing(text))
    return min(1.0, sum(chance for token, chance in first if _is_nothing(token)))


def _is_nothing(token: str) -> bool:
    return unicodedata.normalize("NFKC", token).strip(" .。").casefold() in NOTHING
