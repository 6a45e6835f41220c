"""What an agent's answer rests on: which events its tools returned, and which of these it cites.

Knows the documents of the tools, nothing of models or graphs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from agent.tools import inert

__all__ = ["CitedAnswer", "Source", "cited_answer", "ids_in", "sources_in"]

_ID: Final = re.compile(r"\[([^\[\]\n]{1,200})\]")


@dataclass(frozen=True, slots=True)
class Source:
    """Words of an event that a tool returned."""

    user_id: str
    event_id: str
    quote: str
    timestamp: str | None
    speaker: str | None


@dataclass(frozen=True, slots=True)
class CitedAnswer:
    """What an agent answers.

    Attributes:
        answer: None when the histories do not tell, or when nothing that a tool returned is cited for it.
        evidence: words of the cited events, as tools returned them.
        unsupported: what the model said without citing anything that a tool returned, or what limner's judge doubts.
        refused: ids that it cited and that no tool had returned.
        steps: the tools that it called, with what it gave them.
        judged: how sure limner's own model is that the cited words tell the answer, 0 to 1; None: it was not asked.
    """

    answer: str | None
    evidence: tuple[Source, ...] = ()
    unsupported: str | None = None
    refused: tuple[str, ...] = ()
    steps: tuple[dict[str, Any], ...] = ()
    judged: float | None = None

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self.answer is not None

    def as_json(self) -> dict[str, Any]:
        """The answer as JSON types."""
        plain = asdict(self)
        return {"answered": self.answered, **plain, "evidence": list(plain["evidence"]), "steps": list(self.steps)}


def sources_in(document: Mapping[str, Any]) -> Iterator[Source]:
    """The words of events in what a tool of :mod:`agent.tools` returned, as JSON types."""
    user_id = str(document.get("user_id"))
    claims = [each for each in document.get("claims", ()) if each["status"] == "current"]
    found = [(each, each["text"]) for each in document.get("hits", ())]
    quoted = [*document.get("evidence", ()), *(quote for each in claims for quote in each["evidence"])]
    for where, words in [*found, *((each, each["quote"]) for each in quoted)]:
        yield Source(user_id, where["event_id"], words, where["timestamp"], where["speaker"])


def ids_in(text: str) -> list[str]:
    """What stands in square brackets: how a model cites in prose."""
    return list(dict.fromkeys(match.strip() for match in _ID.findall(text)))


def cited_answer(
    said: str | None, cited: Iterable[str], returned: Sequence[Source], steps: Sequence[dict[str, Any]]
) -> CitedAnswer:
    """The answer, with what was returned of the events that it cites, and nothing else.

    An id counts as cited as it is, and as the tools show it.
    """
    wanted = list(dict.fromkeys(inert(each) for each in cited))
    known = {inert(each.event_id) for each in returned}
    refused = tuple(each for each in wanted if each not in known)
    evidence = tuple(dict.fromkeys(each for each in returned if inert(each.event_id) in wanted))
    words = (said or "").strip() or None
    if words is None:
        return CitedAnswer(None, refused=refused, steps=tuple(steps))
    if not evidence:
        return CitedAnswer(None, unsupported=words, refused=refused, steps=tuple(steps))
    return CitedAnswer(words, evidence, refused=refused, steps=tuple(steps))
