"""The document of an explanation: what was measured about one value of a profile, or one answer, and its sources.

Plain data; a field is None where it was not measured or does not apply.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from agent.chat import Usage
from agent.documents import Claim, Evidence, ModelNames, Origin, Rejected, Status

__all__ = ["Alternative", "Computation", "Explanation", "Kind", "LeftOut", "Quote", "ReadAlone", "Removed", "Turn"]

Kind = Literal["drafted", "computed", "summary", "given", "unknown", "answer", "unanswered"]
"""Where it comes from: the model read it in snippets; code counted it; the model wrote it from verified claims; a
person said it; nothing is known; the same for answers."""

Removed = Literal["cited", "all cited", "similar", "others", "some others"]
"""What was left out: a cited snippet, all cited ones, one that has words of the value, all the others together,
or some of them, where the others matter."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of the history."""

    event_id: str
    timestamp: str | None
    speaker: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote, what stands ``before`` and ``after`` it in its own message, and the message before that one in the
    same conversation: on its channel, and of its session where the metadata tell one.

    ``judge_without``: the judge's probability when this quote is left out (None for the only one).
    """

    evidence: Evidence
    before: str
    after: str
    turn_before: Turn | None
    judge_without: float | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another value that could have been written in the same place, measured in the same way."""

    value: Any
    probability: float
    per_token: float


@dataclass(frozen=True, slots=True)
class ReadAlone:
    """What the model read in one snippet that stood alone in the prompt.

    ``values`` are in the snippet's words, none where it tells nothing, or where only ``tells`` was asked: the
    probability, 0 to 1, that it tells something. ``sure``: that times the mean probability of the reply's tokens; None
    without values, and where the model tells no probabilities.
    """

    evidence: Evidence
    values: tuple[str, ...]
    tells: float
    sure: float | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What happens when snippets are left out: the value's probability then, and that of nothing.

    ``instead``: what stands there then, () for nothing; None where the value stays.
    """

    removed: Removed
    snippets: tuple[str, ...]
    probability: float | None
    per_token: float | None
    nothing: float | None
    instead: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Computation:
    """How code found a value: the rule (a name of ``x-compute``) and from how many events."""

    rule: str
    events: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a claim or an answer is what it is.

    ``subject`` is the pointer or the question. ``probability`` is that of the value given the snippets shown,
    ``per_token`` its geometric mean over the value's tokens, ``nothing`` that of no value. ``readings``: where snippets
    were read one by one, what each says; the probabilities are then those of the surest reading. ``judged`` is the
    judge's probability. ``others`` are other claims at the same place (``status`` is that of the claim itself),
    ``rests_on`` the claims that a summary was written from, ``queries`` what was searched, ``shown`` the snippets that
    the model was shown. ``sensitive``: the categories of sensitive data that it is about; what the model would guess is
    left out then.
    ``usage`` is that of explaining, ``made_with`` that of the profile or answer itself.
    """

    user_id: str
    subject: str
    kind: Kind
    value: Any
    origin: Origin | None
    confidence: float | None
    valid_from: str | None
    valid_to: str | None
    quotes: tuple[Quote, ...]
    is_prose: bool
    probability: float | None
    per_token: float | None
    nothing: float | None
    alternatives: tuple[Alternative, ...]
    judged: float | None
    without: tuple[LeftOut, ...]
    computed: Computation | None
    rests_on: tuple[Claim, ...]
    others: tuple[Claim, ...]
    rejected: tuple[Rejected, ...]
    queries: tuple[str, ...]
    shown: tuple[Evidence, ...]
    note: str | None
    model: ModelNames
    usage: Usage
    made_with: Usage
    readings: tuple[ReadAlone, ...] = ()
    sensitive: tuple[str, ...] = ()
    status: Status | None = None

    def as_json(self) -> dict[str, Any]:
        """The document as JSON types."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        for usage in (plain["usage"], plain["made_with"]):
            usage["seconds"] = round(usage["seconds"], 2)
        return plain
