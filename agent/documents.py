"""The documents that limner hands out: profile and answer, with claims, evidence and what was rejected.

Plain data, the field names of ``DESIGN.md``; ``as_json`` gives what the command line prints.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from agent.chat import Usage
from retrieval import Event, Hit, Snippet

__all__ = [
    "NO_MODEL",
    "AnswerDocument",
    "Claim",
    "ClaimRef",
    "Computed",
    "Corrected",
    "Evidence",
    "ModelNames",
    "Mood",
    "Origin",
    "ProfileDocument",
    "Rejected",
    "Status",
    "Withheld",
    "cite",
    "cite_hits",
    "signals_of",
]

Status = Literal["current", "superseded", "disputed"]
Origin = Literal["stated", "reported", "inferred", "computed", "corrected"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of the history: ``quote == event.text[start:end]``, in characters."""

    event_id: str
    snippet_id: str
    start: int
    end: int
    quote: str
    timestamp: str | None
    speaker: str | None
    channel: str | None

    @property
    def key(self) -> tuple[str, str]:
        """Names its snippet, as :func:`agent.evidence.key_of` does of a hit."""
        return self.event_id, self.snippet_id


@dataclass(frozen=True, slots=True)
class ClaimRef:
    """Names another claim of the same document."""

    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Corrected:
    """Who said of a value that it is right or wrong, and when; ``action``: ``confirm``, ``correct`` or ``forbid``."""

    by: str
    at: str
    action: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """One value of the profile, where it stands (RFC 6901) and what it rests on.

    ``signals`` are the numbers that its confidence is made from, by name; none for what code computed.
    ``superseded_by`` names the claim that replaced a superseded one (none where the user only gave the value up),
    ``disputed_with`` those that contradict a disputed one at the same time.
    What a person said has ``corrected``, and no evidence where the history does not say it.
    ``sensitive``: the categories of sensitive data (docs/privacy.md) that its attribute or its words are about.
    """

    pointer: str
    value: Any
    status: Status
    origin: Origin
    confidence: float
    valid_from: str | None
    valid_to: str | None
    evidence: tuple[Evidence, ...]
    signals: dict[str, float] = field(default_factory=dict)
    superseded_by: ClaimRef | None = None
    disputed_with: tuple[ClaimRef, ...] = ()
    corrected: Corrected | None = None
    sensitive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A value that the model drafted, or a person forbade, and that is not in the profile, with the reason.

    ``value`` is None where it is sensitive and was not stated: then it is not kept; and where a question was declined
    for what somebody else said, which is the evidence.
    """

    pointer: str
    value: Any
    reason: str
    evidence: tuple[Evidence, ...] = ()
    corrected: Corrected | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """What was not asked or is not told, since the store's policy does not allow these categories of sensitive data."""

    pointer: str
    categories: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Mood:
    """How the user sounded in a period, ``since`` and ``until`` the days of the first and last own message in it.

    ``value`` is one of the words of the attribute at ``pointer``; ``probability`` is the model's, not calibrated, when
    it chooses among three words after reading the evidence.
    """

    pointer: str
    since: str
    until: str
    value: str
    probability: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class ModelNames:
    """What made a document. ``calibrated`` says whether confidences were fitted on labelled data for this model."""

    llm: str
    embedder: str
    prompts: str
    calibrated: bool = False


NO_MODEL = ModelNames(llm="none", embedder="none", prompts="none")
"""What made a document that is by code alone."""


@dataclass(frozen=True, slots=True)
class Computed:
    """An answer that code made from the events, and from how many; the evidence quotes only the first few of them."""

    question: str
    answer: str
    events: int


@dataclass(frozen=True, slots=True)
class ProfileDocument:
    """A profile that validates against the user's schema, and the explanation beside it.

    ``history`` counts the snippets: ``total``, ``shown`` to the model, and ``left_out``. ``version`` is None for a
    profile that is not kept. ``purpose`` and ``basis`` are what it was made for, and on which legal basis, where that
    is known; ``withheld`` are attributes that were not asked for, which are ``unknown``, too. ``moods``: those of the
    history's periods, where they were asked for. Fields that are added have defaults, so that older versions can
    be read.
    """

    user_id: str
    schema: dict[str, str]
    profile: dict[str, Any]
    claims: tuple[Claim, ...]
    unknown: tuple[str, ...]
    rejected: tuple[Rejected, ...]
    history: dict[str, int]
    model: ModelNames
    usage: Usage
    generated_at: str
    version: int | None = None
    purpose: str | None = None
    basis: str | None = None
    withheld: tuple[Withheld, ...] = ()
    moods: tuple[Mood, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The document as JSON types."""
        return _jsonable(asdict(self))


@dataclass(frozen=True, slots=True)
class AnswerDocument:
    """The answer to a question about one user; ``answer`` is None when the history does not tell.

    ``unanswered`` are those parts of a question of several parts that the history does not tell. ``signals`` are what
    the confidence is made of, ``steps`` what was done; ``computed`` are those that were answered by code, without a
    model. ``purpose`` and ``basis`` are as of profiles. ``sensitive``: the categories of sensitive data that question
    and answer are about; ``withheld``: why a question, or a part of it, is not answered for that.
    """

    user_id: str
    question: str
    answer: str | None
    answered: bool
    confidence: float
    evidence: tuple[Evidence, ...]
    rejected: tuple[Rejected, ...]
    history: dict[str, int]
    model: ModelNames
    usage: Usage = field(default_factory=Usage)
    unanswered: tuple[str, ...] = ()
    signals: dict[str, float] = field(default_factory=dict)
    steps: tuple[dict[str, Any], ...] = ()
    computed: tuple[Computed, ...] = ()
    purpose: str | None = None
    basis: str | None = None
    sensitive: tuple[str, ...] = ()
    withheld: tuple[Withheld, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The document as JSON types."""
        return _jsonable(asdict(self))


def _jsonable(document: dict[str, Any]) -> dict[str, Any]:
    document["usage"]["seconds"] = round(document["usage"]["seconds"], 2)
    plain: dict[str, Any] = json.loads(json.dumps(document))  # tuples become lists
    return plain


def cite(snippet: Snippet, event: Event, start: int | None = None, end: int | None = None) -> Evidence:
    """Evidence for a span of a snippet's event; the whole snippet without ``start`` and ``end``.

    Raises:
        ValueError: the span is not within the snippet, or the snippet is not of the event.
    """
    start = snippet.start if start is None else start
    end = snippet.end if end is None else end
    if not (snippet.start <= start < end <= snippet.end) or event.text[snippet.start : snippet.end] != snippet.text:
        raise ValueError(f"span {start}:{end} is not in snippet {snippet.snippet_id!r}")
    quote = event.text[start:end]
    return Evidence(
        event.event_id,
        snippet.snippet_id,
        start,
        end,
        quote,
        event.timestamp,
        snippet.speaker or event.speaker,
        event.channel,
    )


def cite_hits(hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """Evidence for whole snippets."""
    return tuple(cite(hit.snippet, hit.event) for hit in hits)


def signals_of(**signals: float | None) -> dict[str, float]:
    """The signals that are known, as a document carries them."""
    return {name: round(value, 4) for name, value in signals.items() if value is not None}
