"""The JSON documents of the HTTP API, as OpenAPI describes them. Those of profiles and answers are ``agent.documents``.

Plain types; what makes the documents is elsewhere, and the tests compare the two.
"""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from agent.changes import Change
from agent.chat import Usage
from agent.documents import Claim, ModelNames, Mood, Rejected, Withheld
from agent.explanations import Explanation
from agent.service import JobKind, JobState
from retrieval import Role

__all__ = [
    "BadLineDocument",
    "ChangesDocument",
    "Compacted",
    "ConsentEntry",
    "Consents",
    "CorrectionLines",
    "EventDocument",
    "Events",
    "Explanation",
    "Export",
    "Genuine",
    "Health",
    "HitDocument",
    "IngestDocument",
    "JobDocument",
    "Jobs",
    "KeyInfo",
    "PolicyDocument",
    "Preview",
    "ProblemDocument",
    "ProblemMeaning",
    "Ready",
    "Receipt",
    "Receipts",
    "SchemaCheck",
    "SchemaDocument",
    "SchemaList",
    "SearchDocument",
    "StoredEvent",
    "User",
    "Users",
    "VersionEntry",
    "VersionList",
]


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


class ProblemMeaning(TypedDict):
    """What a type of problem means, and what to do."""

    type: str
    title: str
    statuses: list[int]
    meaning: str
    remedy: str


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


class EventDocument(TypedDict):
    """An event. ``text`` is what quotes are cut from; ``raw`` what it was before it was cleaned, where that differs."""

    user_id: str
    event_id: str
    text: str
    timestamp: str | None
    epoch: float | None
    channel: str | None
    speaker: str | None
    role: Role
    raw: str | None
    metadata: dict[str, Any]
    language: str | None
    copy_of: str | None


class Events(TypedDict):
    """Events of a user, and the cursor of the next page (null on the last one)."""

    user_id: str
    events: list[EventDocument]
    next: str | None


class BadLineDocument(TypedDict):
    """A line that held no event, and why."""

    file: str
    line: int
    reason: str
    kind: str


class _Reason(TypedDict):
    """Why texts were left out or cut: how often, and how many characters."""

    count: int
    chars: int


class _PersonalData(TypedDict):
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
    reasons: dict[str, _Reason]
    personal_data: _PersonalData


class StoredEvent(IngestDocument):
    """What became of one event, and its id (made from its content where none was given)."""

    user_id: str
    event_id: str


class _Found(TypedDict):
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
    role: Role
    channel: str | None
    language: str | None
    also: NotRequired[list[str]]
    asked: NotRequired[str]
    dates: NotRequired[list[dict[str, Any]]]
    found: NotRequired[list[_Found]]


class SearchDocument(TypedDict):
    """Ranked evidence; the same as of `limner search --json`."""

    user_id: str
    query: str
    hits: list[HitDocument]


class _SchemaRef(TypedDict):
    """Names a schema; ``hash`` is over its document."""

    name: str
    hash: str


class VersionEntry(TypedDict):
    """A version of a profile."""

    schema: _SchemaRef
    version: int
    made_at: str
    purpose: str | None


class VersionList(TypedDict):
    """Versions, oldest first, as of `limner versions --json`, and the cursor of the next page (null on the last)."""

    user_id: str
    versions: list[VersionEntry]
    next: str | None


class ChangesDocument(TypedDict):
    """A version with what changed since the one before; the same as of `limner profile --diff --json`."""

    user_id: str
    schema: _SchemaRef
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


class _StepDocument(TypedDict):
    """How far a job is: ``done`` of ``total`` of a stage."""

    stage: str
    done: int
    total: int


class JobDocument(TypedDict):
    """Work of the language model. ``ahead``: how many other jobs come first. ``result`` when it is done, ``problem``
    when it failed; lists have neither."""

    job_id: str
    kind: JobKind
    user_id: str
    schema: str | None
    state: JobState
    ahead: int
    step: _StepDocument | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    result: NotRequired[dict[str, Any]]
    problem: NotRequired[ProblemDocument]


class Jobs(TypedDict):
    """The jobs that are remembered, oldest first, and the cursor of the next page (null on the last one)."""

    jobs: list[JobDocument]
    next: str | None


class CorrectionLines(TypedDict):
    """What people said of values, as of `limner corrections --json`, and the cursor of the next page."""

    corrections: list[dict[str, Any]]
    next: str | None


class SchemaDocument(TypedDict):
    """A schema for profiles."""

    name: str
    hash: str
    built_in: bool
    document: dict[str, Any]


class _SchemaEntry(TypedDict):
    """A schema in a list."""

    name: str
    hash: str
    built_in: bool


class SchemaList(TypedDict):
    """The schemas that can be used, by name, and the cursor of the next page (null on the last one)."""

    schemas: list[_SchemaEntry]
    next: str | None


class _SchemaMistake(TypedDict):
    """Where a schema cannot be filled, or a profile does not satisfy it, and why."""

    at: Literal["schema", "profile"]
    pointer: str
    keyword: str | None
    message: str


class SchemaCheck(TypedDict):
    """Whether a schema can be filled, and whether a profile satisfies it."""

    valid: bool
    hash: str | None
    errors: list[_SchemaMistake]


class _Signature(TypedDict):
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
    signature: _Signature


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


class PolicyDocument(TypedDict):
    """What a tenant allows; the same as of `limner policy show --json`."""

    purposes: list[str]
    require_consent: bool
    sensitive: Literal["all"] | list[str]
    inferred: list[str]


class _Entry(TypedDict):
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


class ConsentEntry(_Entry):
    """What was recorded; ``profile_versions``: how many versions of profiles a withdrawal dropped."""

    profile_versions: int


class _Now(TypedDict):
    """What counts now for a purpose."""

    allowed: bool
    basis: str | None
    until: str | None
    sensitive: list[str]


class Consents(TypedDict):
    """What was recorded of a user, and what counts now, by purpose, as of `limner consent list --json`; and the cursor
    of the next page of what was recorded."""

    user_id: str
    consents: list[_Entry]
    now: dict[str, _Now]
    next: str | None
