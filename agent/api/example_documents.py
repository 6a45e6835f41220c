"""Examples of the documents of the HTTP API, about two invented users: u42, and 张伟. Plain data.

Quotes are cut from the texts, so that they are what they say they are.
"""

from collections.abc import Mapping
from typing import Any, Final

from agent.api.cursors import cursor_of
from agent.api.documents import (
    BadLineDocument,
    Compacted,
    ConsentEntry,
    Consents,
    CorrectionLines,
    EventDocument,
    Events,
    Export,
    Genuine,
    Health,
    HitDocument,
    IngestDocument,
    JobDocument,
    Jobs,
    KeyInfo,
    PolicyDocument,
    Preview,
    Ready,
    Receipt,
    Receipts,
    SchemaCheck,
    SchemaDocument,
    SchemaList,
    SearchDocument,
    StoredEvent,
    User,
    Users,
    VersionEntry,
    VersionList,
)
from agent.api.problem_types import TYPES
from agent.changes import Change
from agent.chat import Usage
from agent.corrections import Correction, training_line
from agent.documents import AnswerDocument, Claim, ClaimRef, Evidence, ModelNames, ProfileDocument
from agent.explanations import Alternative, Explanation, LeftOut, Quote
from agent.meanwhile import BeingRead, Part
from agent.plain import plain_of

__all__ = ["DOCUMENTS", "METRICS", "UPLOADING"]


def _event(
    user_id: str, event_id: str, text: str, day: str, epoch: float, channel: str, language: str
) -> EventDocument:
    return {
        "user_id": user_id, "event_id": event_id, "text": text, "timestamp": day, "epoch": epoch, "channel": channel,
        "speaker": None, "role": "user", "raw": None, "metadata": {}, "language": language, "copy_of": None,
    }  # fmt: skip


def _cited(event: EventDocument, quote: str) -> Evidence:
    start, event_id = event["text"].index(quote), event["event_id"]
    where = (start, start + len(quote), quote, event["timestamp"], event["speaker"], event["channel"])
    return Evidence(event_id, f"{event_id}#0", *where)


def _hit(event: EventDocument, score: float) -> HitDocument:
    return {
        "rank": 1, "score": score, "text": event["text"], "event_id": event["event_id"],
        "snippet_id": f"{event['event_id']}#0", "start": 0, "end": len(event["text"]),
        "timestamp": event["timestamp"], "speaker": event["speaker"], "role": event["role"],
        "channel": event["channel"], "language": event["language"],
    }  # fmt: skip


_HAMBURG = _event("u42", "e1", "I live in Hamburg. I teach music.", "2024-03-01", 1709251200.0, "email", "en")
_MUNICH = _event("u42", "e2", "I moved to Munich last week.", "2024-04-01", 1711929600.0, "email", "en")
_HANGZHOU = _event("张伟", "e7", "我上个月搬到了杭州，现在还没找到房子。", "2024-05-02", 1714608000.0, "chat", "zh")
_IN_HAMBURG = _cited(_HAMBURG, "I live in Hamburg.")
_IN_MUNICH = _cited(_MUNICH, "I moved to Munich last week.")
_IN_HANGZHOU = _cited(_HANGZHOU, "我上个月搬到了杭州")

_MODEL = ModelNames("embedded", "embedded:multilingual-e5-small-q4", "3161cd107dbf", calibrated=True)
_HISTORY = {"total": 57, "shown": 12, "left_out": 45}
_NOTHING = Usage()
_SCHEMA: Final = {"name": "mine", "hash": "fc0b1a9e7eab"}

_USER: User = {
    "user_id": "u42", "events": 31, "snippets": 57, "first": "2024-03-01", "last": "2024-05-17",
    "languages": {"en": 29, "zh": 2},
}  # fmt: skip
_CHINESE_USER: User = {
    "user_id": "张伟", "events": 12, "snippets": 20, "first": "2024-04-09", "last": "2024-05-02",
    "languages": {"zh": 12},
}  # fmt: skip

_BAD: BadLineDocument = {
    "file": "upload", "line": 3, "reason": "broken JSON at character 1: Expecting value", "kind": "unreadable",
}  # fmt: skip
_LOADED: IngestDocument = {
    "files": 1, "read": 3, "added": 2, "updated": 0, "unchanged": 0, "repeated": 0, "forgotten": 0, "expired": 0,
    "snippets": 2, "bad_count": 1, "erased": 0, "bad": [_BAD], "left_out": {},
    "reasons": {"unreadable": {"count": 1, "chars": 0}}, "personal_data": {"policy": "off", "found": {}},
}  # fmt: skip
_ONE: IngestDocument = {**_LOADED, "read": 1, "added": 1, "snippets": 1, "bad_count": 0, "bad": [], "reasons": {}}
_STORED: StoredEvent = {"user_id": "张伟", "event_id": "e7", **_ONE}
_STORED_BEFORE: StoredEvent = {**_STORED, "added": 0, "unchanged": 1, "snippets": 0}

_ANSWER = AnswerDocument(
    "u42", "Where does she live?", "Munich", True, 0.93, (_IN_MUNICH,), (), _HISTORY, _MODEL,
    Usage(4, 1885, 1210, 17, 3.42),
    signals={"tells": 0.98, "judge": 0.95},
    steps=({"step": "search", "question": "Where does she live?", "found": 12, "by_others": 0},),
)  # fmt: skip
_CHINESE_ANSWER = AnswerDocument(
    "张伟", "他住在哪里？", "杭州", True, 0.91, (_IN_HANGZHOU,), (), {"total": 20, "shown": 8, "left_out": 12}, _MODEL,
    Usage(4, 1402, 866, 12, 2.87),
    signals={"tells": 0.97, "judge": 0.94},
)  # fmt: skip
_NO_ANSWER = AnswerDocument(
    "u42", "Does she have a dog?", None, False, 0.04, (), (), _HISTORY, _MODEL, Usage(2, 1490, 1210, 6, 1.9)
)

_LIVED = Claim(
    "/city", "Hamburg", "superseded", "stated", 0.94, "2024-03-01", "2024-04-01", (_IN_HAMBURG,),
    superseded_by=ClaimRef("/city", "Munich"),
)  # fmt: skip
_LIVES = Claim("/city", "Munich", "current", "stated", 0.93, "2024-04-01", None, (_IN_MUNICH,), {"judge": 0.95})
_PROFILE = ProfileDocument(
    "u42", _SCHEMA, {"city": "Munich", "job": None}, (_LIVES, _LIVED), ("/job",), (), _HISTORY, _MODEL,
    Usage(9, 5210, 3875, 48, 11.4), "2024-05-20T08:30:00Z", version=2, purpose="support", basis="contract",
)  # fmt: skip
_CHANGE = Change("/city", "superseded", "Hamburg", "Munich", "new events", None, (_IN_MUNICH,))
_CHANGES: Final = {**_PROFILE.as_json(), "since": 1, "changes": [plain_of(_CHANGE)]}

_EXPLANATION = Explanation(
    "u42", "/city", "drafted", "Munich", "stated", 0.93, "2024-04-01", None,
    quotes=(Quote(_IN_MUNICH, "", "", None),),
    is_prose=False,
    probability=0.96, per_token=0.98, nothing=0.01,
    alternatives=(Alternative("Hamburg", 0.02, 0.14),),
    judged=0.95,
    without=(LeftOut("cited", ("e2#0",), 0.03, 0.17, 0.05, ("Hamburg",)),),
    computed=None, rests_on=(), others=(_LIVED,), rejected=(), queries=("I live in", "my city"),
    shown=(_IN_MUNICH, _IN_HAMBURG), note=None, model=_MODEL, usage=Usage(6, 2310, 1650, 21, 5.1), made_with=_NOTHING,
)  # fmt: skip

_CORRECTION = Correction(
    "u42", "mine", "/city", "/city", "correct", "Augsburg", "Munich", True, "Jo", "2024-05-21T10:00:00Z",
    "She told us on the phone.", "where they live", (_IN_MUNICH,), 2,
)  # fmt: skip

_VERSIONS: list[VersionEntry] = [
    {"schema": {"name": "mine", "hash": "fc0b1a9e7eab"}, "version": number, "made_at": made, "purpose": "support"}
    for number, made in ((1, "2024-03-02T09:00:00Z"), (2, "2024-05-20T08:30:00Z"))
]

_QUEUED: JobDocument = {
    "job_id": "JkVnXtN7Pz1I0sT3", "kind": "profile", "user_id": "u42", "schema": "mine", "state": "queued",
    "ahead": 1, "step": None, "created_at": "2024-05-20T08:29:40.538Z", "started_at": None, "ended_at": None,
}  # fmt: skip
_RUNNING: JobDocument = {
    **_QUEUED, "state": "running", "ahead": 0, "step": {"stage": "draft", "done": 3, "total": 12},
    "started_at": "2024-05-20T08:29:48.112Z",
}  # fmt: skip
_DONE: JobDocument = {
    **_RUNNING, "state": "done", "step": {"stage": "verify", "done": 1, "total": 1},
    "ended_at": "2024-05-20T08:30:00.004Z", "result": _PROFILE.as_json(),
}  # fmt: skip

_ASKED: JobDocument = {**_RUNNING, "kind": "ask", "schema": None, "step": {"stage": "retrieve", "done": 0, "total": 1}}

_JSON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": ["string", "null"], "description": "where they live"},
        "job": {"type": ["string", "null"], "description": "what they do for a living"},
    },
}
_CHINESE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"所在城市": {"type": ["string", "null"], "description": "用户现在居住的城市"}},
}
_KEPT_SCHEMA: SchemaDocument = {"name": "mine", "hash": "fc0b1a9e7eab", "built_in": False, "document": _JSON_SCHEMA}

_POLICY: PolicyDocument = {
    "purposes": ["support", "marketing"], "require_consent": True, "sensitive": ["health"], "inferred": [],
}  # fmt: skip
_CONSENTS: Consents = {
    "user_id": "u42",
    "consents": [
        {
            "user_id": "u42", "purpose": "support", "action": "grant", "basis": "consent", "until": "2027-03-01",
            "sensitive": [], "at": "2024-03-01T09:15:00Z", "by": "Jo", "source": "web form of 2024-03-01",
        }
    ],
    "now": {"support": {"allowed": True, "basis": "consent", "until": "2027-03-01", "sensitive": []}},
    "next": None,
}  # fmt: skip
_CONSENT: ConsentEntry = {**_CONSENTS["consents"][0], "profile_versions": 0}
_WITHDRAWN: ConsentEntry = {
    **_CONSENT, "user_id": "张伟", "action": "withdraw", "basis": None, "until": None, "source": "客服热线",
    "at": "2024-05-21T10:00:00Z", "profile_versions": 2,
}  # fmt: skip

_ERASED = {
    "events": 31, "raw_forms": 4, "snippets": 57, "vectors": 57, "profile_versions": 2, "corrections": 1,
    "corrections_cut": 0, "events_left": 0, "undated": 0, "consents": 1,
}  # fmt: skip
_RECEIPT: Receipt = {
    "receipt": 1, "store": "29d19bdec7604c75bb5f5b5cc466c911", "number": 1,
    "subject": "bab98ab27be6544b1838e7ef49557bb57e2a4549756fe75d7ff659737b8aecf1", "scope": {"kind": "user"},
    "erased": _ERASED, "erased_at": "2024-06-01T12:00:00Z", "completed_at": "2024-06-01T12:00:00Z", "limner": "0.1.0",
    "state": "done", "meaning": "No byte of it is left in the files of the store.", "leftover": [],
    "elsewhere": "Not reached: backups and copies of the store, the history files that were loaded.",
    "signature": {
        "algorithm": "HMAC-SHA256", "key": "c5a58ccbee88b353",
        "value": "3a6b5a799a0060a54805941b4207be19d1a4bacdea97522fe081d28a52e091fe",
    },
}  # fmt: skip
_DUE: Receipt = {
    **_RECEIPT, "state": "due", "completed_at": None,
    "meaning": "Nothing of it can be found or read through limner. Its bytes go when nobody reads them any more.",
}  # fmt: skip
_PREVIEW: Preview = {
    "dry_run": True,
    "scope": {"kind": "part", "channel": "chat"},
    "erased": {**_ERASED, "consents": 0},
}
_EXPORT: Export = {
    "export": 1, "user_id": "u42", "exported_at": "2024-06-01T11:58:00Z",
    "events": [{key: value for key, value in _MUNICH.items() if key != "user_id"}],
    "snippets": [
        {
            "snippet_id": "e2#0", "event_id": "e2", "start": 0, "end": len(_MUNICH["text"]), "text": _MUNICH["text"],
            "speaker": None, "role": "user",
        }
    ],
    "profiles": [_PROFILE.as_json()], "corrections": [_CORRECTION.as_json()], "consents": [], "receipts": [],
}  # fmt: skip

_KEY: KeyInfo = {
    "key_id": "0feaaeebbd0a", "tenant": "default", "scopes": ["read", "write"], "purposes": ["support"],
    "label": "help desk", "created_at": "2024-03-01T08:00:00Z", "expires_at": "2025-03-01T08:00:00Z",
    "revoked_at": None,
}  # fmt: skip

DOCUMENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "AnswerDocument": {
        "answered": _ANSWER.as_json(),
        "answered in Chinese": _CHINESE_ANSWER.as_json(),
        "not told by the history": _NO_ANSWER.as_json(),
    },
    "BeingRead": {"read": plain_of(BeingRead("Where does she live?", 1, 1, (_IN_MUNICH, _IN_HAMBURG)))},
    "ChangesDocument": {"moved": _CHANGES},
    "Compacted": {"one": Compacted(completed=[_RECEIPT])},
    "ConsentEntry": {"granted": _CONSENT, "withdrawn": _WITHDRAWN},
    "Consents": {"one": _CONSENTS},
    "Correction": {"corrected": _CORRECTION.as_json()},
    "CorrectionLines": {"one": CorrectionLines(corrections=[training_line(_CORRECTION)], next=None)},
    "EventDocument": {"English": _MUNICH, "Chinese": _HANGZHOU},
    "Events": {
        "last page": Events(user_id="u42", events=[_HAMBURG, _MUNICH], next=None),
        "first page": Events(user_id="张伟", events=[_HANGZHOU], next=cursor_of(1714608000.0, 7)),
    },
    "Explanation": {"of a value": _EXPLANATION.as_json()},
    "Export": {"small": _EXPORT},
    "Genuine": {"genuine": Genuine(genuine=True)},
    "Health": {"up": Health(status="ok")},
    "IngestDocument": {"with a bad line": _LOADED},
    "JobDocument": {"running": _RUNNING, "done": _DONE},
    "JobDocument progress": {"asked": _ASKED},
    "JobDocument 202": {"queued": _QUEUED},
    "Jobs": {"one": Jobs(jobs=[_RUNNING], next=None)},
    "KeyInfo": {"help desk": _KEY},
    "Part": {"first of two": plain_of(Part("Where does she live?", 1, 2, "Munich", 0.93, (_IN_MUNICH,)))},
    "PolicyDocument": {"with consent": _POLICY},
    "Preview": {"a channel": _PREVIEW},
    "ProblemMeaning": {name: TYPES[name].as_json(name) for name in ("consent-missing", "unknown-user")},
    "ProfileDocument": {"second version": _PROFILE.as_json()},
    "Ready": {
        "ready": Ready(status="ok", waiting=0, model_busy=False, model_loaded=True, embedder_loaded=True),
    },
    "Receipt": {"done": _RECEIPT},
    "Receipt 202": {"due": _DUE},
    "Receipts": {"one": Receipts(receipts=[_RECEIPT], next=None)},
    "SchemaCheck": {
        "good": SchemaCheck(valid=True, hash="fc0b1a9e7eab", errors=[]),
        "wrong profile": SchemaCheck(
            valid=False,
            hash="fc0b1a9e7eab",
            errors=[
                {"at": "profile", "pointer": "/city", "keyword": None, "message": "does not satisfy type: 'string'"}
            ],
        ),
    },
    "SchemaDocument": {
        "English": _KEPT_SCHEMA,
        "Chinese": {**_KEPT_SCHEMA, "name": "客户", "document": _CHINESE_SCHEMA},
    },
    "SchemaList": {
        "built in and registered": SchemaList(
            schemas=[
                {"name": "customer", "hash": "90eb62dcad6c", "built_in": True},
                {"name": "mine", "hash": "fc0b1a9e7eab", "built_in": False},
            ],
            next=None,
        )
    },
    "SearchDocument": {
        "English": SearchDocument(user_id="u42", query="where does she live", hits=[_hit(_MUNICH, 0.81)]),
        "Chinese": SearchDocument(user_id="张伟", query="他住在哪里", hits=[_hit(_HANGZHOU, 0.78)]),
    },
    "StoredEvent": {"added": _STORED},
    "StoredEvent 200": {"there before": _STORED_BEFORE},
    "User": {"English": _USER, "Chinese": _CHINESE_USER},
    "Users": {
        "last page": Users(users=[_USER, _CHINESE_USER], next=None),
        "first page": Users(users=[_USER], next=cursor_of("u42")),
    },
    "VersionList": {
        "last page": VersionList(user_id="u42", versions=_VERSIONS, next=None),
        "first page": VersionList(user_id="u42", versions=_VERSIONS[:1], next=cursor_of(7)),
    },
}
"""Named examples, by the name of the document; with a status or a kind of events: those that come with it."""

UPLOADING: Final = {
    "read": 256,
    "added": 255,
    "updated": 0,
    "unchanged": 0,
    "repeated": 0,
    "forgotten": 0,
    "bad_count": 1,
}
"""The counts of an upload that is not done yet."""

METRICS: Final = """\
# HELP limner_http_requests_total Requests answered.
# TYPE limner_http_requests_total counter
limner_http_requests_total{method="GET",route="/v1/users",status="200"} 1.0
"""
