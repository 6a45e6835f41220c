"""The documents of the HTTP API as types, plain dicts at run time; what a newer server sends besides is kept.

Written by ``tests/agent/api/make_client_documents.py`` from the OpenAPI document.
"""

from typing import Any, Literal, NotRequired, TypedDict

__all__ = [
    "Alternative",
    "AnswerDocument",
    "BadLineDocument",
    "BeingRead",
    "Change",
    "ChangesDocument",
    "Claim",
    "ClaimRef",
    "Compacted",
    "Computation",
    "Computed",
    "ConsentEntry",
    "Consents",
    "Corrected",
    "Correction",
    "CorrectionLines",
    "Entry",
    "EventDocument",
    "Events",
    "Evidence",
    "Explanation",
    "Export",
    "Found",
    "Genuine",
    "Health",
    "HitDocument",
    "IngestDocument",
    "JobDocument",
    "Jobs",
    "KeyInfo",
    "LeftOut",
    "ModelNames",
    "Mood",
    "Now",
    "Part",
    "PersonalData",
    "PolicyDocument",
    "Preview",
    "ProblemDocument",
    "ProblemMeaning",
    "ProfileDocument",
    "Quote",
    "ReadAlone",
    "Ready",
    "Reason",
    "Receipt",
    "Receipts",
    "Rejected",
    "SchemaCheck",
    "SchemaDocument",
    "SchemaEntry",
    "SchemaList",
    "SchemaMistake",
    "SchemaRef",
    "SearchDocument",
    "Signature",
    "StepDocument",
    "StoredEvent",
    "Turn",
    "Usage",
    "User",
    "Users",
    "VersionEntry",
    "VersionList",
    "Withheld",
]


class User(TypedDict):
    """How much the store holds of a user; ``languages`` counts the events in each language."""

    user_id: str
    events: int
    snippets: int
    first: str | None
    last: str | None
    languages: dict[str, int]


class Users(TypedDict):
    """Users, and the cursor of the next page (null on the last one)."""

    users: list[User]
    next: str | None


class ProblemDocument(TypedDict):
    """A problem (RFC 9457); ``type`` is an address that tells what it means. Some types have more members."""

    type: str
    title: str
    status: int
    detail: str
    hint: NotRequired[str]
    errors: NotRequired[list[dict[str, Any]]]
    problems: NotRequired[dict[str, str]]
    pointer: NotRequired[str]
    keyword: NotRequired[str | None]


class Found(TypedDict):
    """Which ranker found a snippet, by which query, and where."""

    ranker: str
    query: str
    rank: int
    score: float


class HitDocument(TypedDict):
    """A snippet that was found: ``text`` is its event's from ``start`` to ``end``."""

    rank: int
    score: float
    text: str
    event_id: str
    snippet_id: str
    start: int
    end: int
    timestamp: str | None
    speaker: str | None
    role: Literal["user", "agent", "system", "other"]
    channel: str | None
    language: str | None
    also: NotRequired[list[str]]
    asked: NotRequired[str]
    dates: NotRequired[list[dict[str, Any]]]
    found: NotRequired[list[Found]]


class SearchDocument(TypedDict):
    """Ranked evidence; the same as of `limner search --json`."""

    user_id: str
    query: str
    hits: list[HitDocument]


class BadLineDocument(TypedDict):
    """A line that held no event, and why."""

    file: str
    line: int
    reason: str
    kind: str


class Reason(TypedDict):
    """Why texts were left out or cut: how often, and how many characters."""

    count: int
    chars: int


class PersonalData(TypedDict):
    """What was done about personal data: the policy, and how much of each kind was found."""

    policy: str
    found: dict[str, int]


class IngestDocument(TypedDict):
    """What became of the lines of an upload; the same as of `limner ingest --json`."""

    files: int
    read: int
    added: int
    updated: int
    unchanged: int
    repeated: int
    forgotten: int
    expired: int
    snippets: int
    bad_count: int
    erased: int
    bad: list[BadLineDocument]
    left_out: dict[str, int]
    reasons: dict[str, Reason]
    personal_data: PersonalData


class StoredEvent(TypedDict):
    """What became of one event, and its id (made from its content where none was given)."""

    files: int
    read: int
    added: int
    updated: int
    unchanged: int
    repeated: int
    forgotten: int
    expired: int
    snippets: int
    bad_count: int
    erased: int
    bad: list[BadLineDocument]
    left_out: dict[str, int]
    reasons: dict[str, Reason]
    personal_data: PersonalData
    user_id: str
    event_id: str


class EventDocument(TypedDict):
    """An event. ``text`` is what quotes are cut from; ``raw`` what it was before it was cleaned, where that differs."""

    user_id: str
    event_id: str
    text: str
    timestamp: str | None
    epoch: float | None
    channel: str | None
    speaker: str | None
    role: Literal["user", "agent", "system", "other"]
    raw: str | None
    metadata: dict[str, Any]
    language: str | None
    copy_of: str | None


class Events(TypedDict):
    """Events of a user, and the cursor of the next page (null on the last one)."""

    user_id: str
    events: list[EventDocument]
    next: str | None


class Evidence(TypedDict):
    """Words of the history: ``quote == event.text[start:end]``, in characters."""

    event_id: str
    snippet_id: str
    start: int
    end: int
    quote: str
    timestamp: str | None
    speaker: str | None
    channel: str | None


class Corrected(TypedDict):
    """Who said of a value that it is right or wrong, and when; ``action``: ``confirm``, ``correct`` or ``forbid``."""

    by: str
    at: str
    action: str
    note: str | None


class Rejected(TypedDict):
    """A value that the model drafted, or a person forbade, and that is not in the profile, with the reason."""

    pointer: str
    value: Any
    reason: str
    evidence: NotRequired[list[Evidence]]
    corrected: NotRequired[Corrected | None]


class ModelNames(TypedDict):
    """What made a document. ``calibrated`` says whether confidences were fitted on labelled data for this model."""

    llm: str
    embedder: str
    prompts: str
    calibrated: NotRequired[bool]


class Usage(TypedDict):
    """What the model was asked for so far; ``prompt_tokens`` includes ``cached_tokens``. ``seconds`` is wall time."""

    llm_calls: NotRequired[int]
    prompt_tokens: NotRequired[int]
    cached_tokens: NotRequired[int]
    completion_tokens: NotRequired[int]
    seconds: NotRequired[float]


class Computed(TypedDict):
    """An answer that code made from the events, and from how many; the evidence quotes only the first few of them."""

    question: str
    answer: str
    events: int


class Withheld(TypedDict):
    """What was not asked or is not told, since the store's policy does not allow these categories of sensitive data."""

    pointer: str
    categories: list[str]
    reason: str


class AnswerDocument(TypedDict):
    """The answer to a question about one user; ``answer`` is None when the history does not tell."""

    user_id: str
    question: str
    answer: str | None
    answered: bool
    confidence: float
    evidence: list[Evidence]
    rejected: list[Rejected]
    history: dict[str, int]
    model: ModelNames
    usage: NotRequired[Usage]
    unanswered: NotRequired[list[str]]
    signals: NotRequired[dict[str, float]]
    steps: NotRequired[list[dict[str, Any]]]
    computed: NotRequired[list[Computed]]
    purpose: NotRequired[str | None]
    basis: NotRequired[str | None]
    sensitive: NotRequired[list[str]]
    withheld: NotRequired[list[Withheld]]


class StepDocument(TypedDict):
    """How far a job is: ``done`` of ``total`` of a stage."""

    stage: str
    done: int
    total: int


class JobDocument(TypedDict):
    """Work of the language model. ``ahead``: how many other jobs come first. ``result`` when it is done, ``problem``
    when it failed; lists have neither."""

    job_id: str
    kind: Literal["ask", "profile", "explain"]
    user_id: str
    schema: str | None
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    ahead: int
    step: StepDocument | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    result: NotRequired[dict[str, Any]]
    problem: NotRequired[ProblemDocument]


class BeingRead(TypedDict):
    """The quotes that the answer to a question is being read from, the weightiest first. They are no answer yet."""

    question: str
    number: int
    total: int
    evidence: list[Evidence]


class Part(TypedDict):
    """The answer to one of several questions in a text, as verified as the document's own, before the others are."""

    question: str
    number: int
    total: int
    answer: str
    confidence: float
    evidence: list[Evidence]
    computed: NotRequired[bool]
    sensitive: NotRequired[list[str]]


class Turn(TypedDict):
    """A message of the history."""

    event_id: str
    timestamp: str | None
    speaker: str | None
    text: str


class Quote(TypedDict):
    """A quote, what stands ``before`` and ``after`` it in its own message, and the message before that one in the same
    conversation: on its channel, and of its session where the metadata tell one."""

    evidence: Evidence
    before: str
    after: str
    turn_before: Turn | None
    judge_without: NotRequired[float | None]


class Alternative(TypedDict):
    """Another value that could have been written in the same place, measured in the same way."""

    value: Any
    probability: float
    per_token: float


class LeftOut(TypedDict):
    """What happens when snippets are left out: the value's probability then, and that of nothing."""

    removed: Literal["cited", "all cited", "similar", "others", "some others"]
    snippets: list[str]
    probability: float | None
    per_token: float | None
    nothing: float | None
    instead: list[Any] | None


class Computation(TypedDict):
    """How code found a value: the rule (a name of ``x-compute``) and from how many events."""

    rule: str
    events: int


class ClaimRef(TypedDict):
    """Names another claim of the same document."""

    pointer: str
    value: Any


class Claim(TypedDict):
    """One value of the profile, where it stands (RFC 6901) and what it rests on."""

    pointer: str
    value: Any
    status: Literal["current", "superseded", "disputed"]
    origin: Literal["stated", "reported", "inferred", "computed", "corrected"]
    confidence: float
    valid_from: str | None
    valid_to: str | None
    evidence: list[Evidence]
    signals: NotRequired[dict[str, float]]
    superseded_by: NotRequired[ClaimRef | None]
    disputed_with: NotRequired[list[ClaimRef]]
    corrected: NotRequired[Corrected | None]
    sensitive: NotRequired[list[str]]


class ReadAlone(TypedDict):
    """What the model read in one snippet that stood alone in the prompt."""

    evidence: Evidence
    values: list[str]
    tells: float
    sure: float | None


class Explanation(TypedDict):
    """Why a claim or an answer is what it is."""

    user_id: str
    subject: str
    kind: Literal["drafted", "computed", "summary", "given", "unknown", "answer", "unanswered"]
    value: Any
    origin: Literal["stated", "reported", "inferred", "computed", "corrected"] | None
    confidence: float | None
    valid_from: str | None
    valid_to: str | None
    quotes: list[Quote]
    is_prose: bool
    probability: float | None
    per_token: float | None
    nothing: float | None
    alternatives: list[Alternative]
    judged: float | None
    without: list[LeftOut]
    computed: Computation | None
    rests_on: list[Claim]
    others: list[Claim]
    rejected: list[Rejected]
    queries: list[str]
    shown: list[Evidence]
    note: str | None
    model: ModelNames
    usage: Usage
    made_with: Usage
    readings: NotRequired[list[ReadAlone]]
    sensitive: NotRequired[list[str]]
    status: NotRequired[Literal["current", "superseded", "disputed"] | None]


class SchemaRef(TypedDict):
    """Names a schema; ``hash`` is over its document."""

    name: str
    hash: str


class VersionEntry(TypedDict):
    """A version of a profile."""

    schema: SchemaRef
    version: int
    made_at: str
    purpose: str | None


class VersionList(TypedDict):
    """Versions, oldest first, as of `limner versions --json`, and the cursor of the next page (null on the last)."""

    user_id: str
    versions: list[VersionEntry]
    next: str | None


class Mood(TypedDict):
    """How the user sounded in a period, ``since`` and ``until`` the days of the first and last own message in it."""

    pointer: str
    since: str
    until: str
    value: str
    probability: float
    evidence: list[Evidence]


class ProfileDocument(TypedDict):
    """A profile that validates against the user's schema, and the explanation beside it."""

    user_id: str
    schema: dict[str, str]
    profile: dict[str, Any]
    claims: list[Claim]
    unknown: list[str]
    rejected: list[Rejected]
    history: dict[str, int]
    model: ModelNames
    usage: Usage
    generated_at: str
    version: NotRequired[int | None]
    purpose: NotRequired[str | None]
    basis: NotRequired[str | None]
    withheld: NotRequired[list[Withheld]]
    moods: NotRequired[list[Mood]]


class Change(TypedDict):
    """One value that changed; ``pointer`` is that of the attribute."""

    pointer: str
    kind: Literal["added", "removed", "changed", "superseded", "evidence"]
    before: Any
    after: Any
    why: Literal[
        "corrected",
        "new events",
        "event gone",
        "schema",
        "model",
        "prompts",
        "limner",
        "other corrections",
        "other events",
        "made anew",
    ]
    reason: str | None
    evidence: list[Evidence]


class ChangesDocument(TypedDict):
    """A version with what changed since the one before; the same as of `limner profile --diff --json`."""

    user_id: str
    schema: SchemaRef
    profile: dict[str, Any]
    claims: list[Claim]
    unknown: list[str]
    rejected: list[Rejected]
    history: dict[str, int]
    model: ModelNames
    usage: Usage
    generated_at: str
    version: int
    purpose: str | None
    basis: str | None
    withheld: list[Withheld]
    moods: list[Mood]
    since: int | None
    changes: list[Change]


class Correction(TypedDict):
    """What a person said of the value at ``pointer``."""

    user_id: str
    schema: str
    pointer: str
    attribute: str
    action: Literal["confirm", "correct", "forbid"]
    value: Any
    before: Any
    drafted: bool
    by: str
    at: str
    note: str | None
    description: str
    evidence: list[Evidence]
    version: int | None


class CorrectionLines(TypedDict):
    """What people said of values, as of `limner corrections --json`, and the cursor of the next page."""

    corrections: list[dict[str, Any]]
    next: str | None


class PolicyDocument(TypedDict):
    """What a tenant allows; the same as of `limner policy show --json`."""

    purposes: list[str]
    require_consent: bool
    sensitive: Literal["all"] | list[str]
    inferred: list[str]


class Entry(TypedDict):
    """What was recorded of what a user allowed, or withdrew."""

    user_id: str
    purpose: str
    action: Literal["grant", "withdraw"]
    basis: str | None
    until: str | None
    sensitive: list[str]
    at: str
    by: str
    source: str | None


class Now(TypedDict):
    """What counts now for a purpose."""

    allowed: bool
    basis: str | None
    until: str | None
    sensitive: list[str]


class Consents(TypedDict):
    """What was recorded of a user, and what counts now, by purpose, as of `limner consent list --json`; and the cursor
    of the next page of what was recorded."""

    user_id: str
    consents: list[Entry]
    now: dict[str, Now]
    next: str | None


class ConsentEntry(TypedDict):
    """What was recorded; ``profile_versions``: how many versions of profiles a withdrawal dropped."""

    user_id: str
    purpose: str
    action: Literal["grant", "withdraw"]
    basis: str | None
    until: str | None
    sensitive: list[str]
    at: str
    by: str
    source: str | None
    profile_versions: int


class Jobs(TypedDict):
    """The jobs that are remembered, oldest first, and the cursor of the next page (null on the last one)."""

    jobs: list[JobDocument]
    next: str | None


class SchemaEntry(TypedDict):
    """A schema in a list."""

    name: str
    hash: str
    built_in: bool


class SchemaList(TypedDict):
    """The schemas that can be used, by name, and the cursor of the next page (null on the last one)."""

    schemas: list[SchemaEntry]
    next: str | None


class SchemaDocument(TypedDict):
    """A schema for profiles."""

    name: str
    hash: str
    built_in: bool
    document: dict[str, Any]


class SchemaMistake(TypedDict):
    """Where a schema cannot be filled, or a profile does not satisfy it, and why."""

    at: Literal["schema", "profile"]
    pointer: str
    keyword: str | None
    message: str


class SchemaCheck(TypedDict):
    """Whether a schema can be filled, and whether a profile satisfies it."""

    valid: bool
    hash: str | None
    errors: list[SchemaMistake]


class Signature(TypedDict):
    """By which of the store's keys a receipt is signed."""

    algorithm: str
    key: str
    value: str


class Receipt(TypedDict):
    """The signed receipt of an erasure; it names nobody. ``state`` says whether the bytes are gone."""

    receipt: int
    store: str
    number: int
    subject: str
    scope: dict[str, Any]
    erased: dict[str, int]
    erased_at: str
    completed_at: str | None
    limner: str
    state: Literal["due", "deferred", "done"]
    meaning: str
    leftover: list[str]
    elsewhere: str
    signature: Signature


class Preview(TypedDict):
    """How much would be erased."""

    dry_run: Literal[True]
    scope: dict[str, Any]
    erased: dict[str, int]


class Receipts(TypedDict):
    """Receipts, oldest first, and the cursor of the next page (null on the last one)."""

    receipts: list[Receipt]
    next: str | None


class Genuine(TypedDict):
    """Whether this store signed the receipt as it is."""

    genuine: bool


class Compacted(TypedDict):
    """The receipts that are complete now."""

    completed: list[Receipt]


class Export(TypedDict):
    """Everything that the store holds about a user; the same as of `limner export`."""

    export: int
    user_id: str
    exported_at: str
    events: list[dict[str, Any]]
    snippets: list[dict[str, Any]]
    profiles: list[dict[str, Any]]
    corrections: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    receipts: list[Receipt]


class Health(TypedDict):
    """The process answers."""

    status: Literal["ok"]


class Ready(TypedDict):
    """How the server stands; ``waiting`` counts jobs before the model."""

    status: Literal["ok"]
    waiting: int
    model_busy: bool
    model_loaded: bool
    embedder_loaded: bool


class KeyInfo(TypedDict):
    """What a key is good for."""

    key_id: str
    tenant: str
    scopes: list[str]
    purposes: list[str]
    label: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None


class ProblemMeaning(TypedDict):
    """What a type of problem means, and what to do."""

    type: str
    title: str
    statuses: list[int]
    meaning: str
    remedy: str
