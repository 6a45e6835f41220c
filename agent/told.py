"""What became of one question: an intermediate result of the ask graph, and how several are put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.documents import Computed, Rejected, Withheld
from prompts import Language
from retrieval import Hit

__all__ = ["Told", "mute", "texts_of", "together"]


@dataclass(slots=True)
class Told:
    """What became of one question."""

    answer: str | None
    cited: list[Hit] = field(default_factory=list)
    confidence: float = 0.0
    signals: dict[str, float] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    read: list[Hit] = field(default_factory=list)
    computed: Computed | None = None
    withheld: Withheld | None = None

    def concealed(self, reason: Withheld) -> "Told":
        """The same without what it says: not in the steps either."""
        rejected = [Rejected("/answer", None, reason.reason)]
        return Told(None, [], 0.0, {}, rejected, mute(self.steps), self.read, withheld=reason)


def mute(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Steps without what was read in them."""
    return [{name: each[name] for name in each if name not in ("answer", "told", "options")} for each in steps]


def texts_of(told: Told) -> list[object]:
    """What a result says: the answer, what was rejected, and what its steps found."""
    steps = [value for step in told.steps for name in ("answer", "told") if (value := step.get(name)) is not None]
    return [told.answer or "", *(each.value or "" for each in told.rejected), *steps]


def together(answers: Sequence[str], language: Language) -> str | None:
    """Several answers as one; None where there is none."""
    ends = "。；;." if len(answers) > 1 else ""
    return ("；" if language == "zh" else "; ").join(answer.rstrip(ends) for answer in answers) or None
