"""The kinds of problems that the HTTP API tells of, what each means and what to do. Plain data."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from agent.errors import BackendUnavailable, ModelUnavailable, StoreBusy, StoreError, TokenKeyUnusable
from agent.service.defects import MEANINGS

__all__ = ["TYPES", "ProblemType"]


class ProblemType(NamedTuple):
    """A kind of problem; ``statuses`` are those that it is sent with."""

    statuses: tuple[int, ...]
    meaning: str
    remedy: str

    def as_json(self, name: str) -> dict[str, Any]:
        """What ``/v1/problems/{name}`` answers."""
        title = name.replace("-", " ").capitalize()
        return {"type": f"/v1/problems/{name}", "title": title, **self._asdict(), "statuses": list(self.statuses)}


TYPES: Final[Mapping[str, ProblemType]] = {
    "unauthorized": ProblemType(
        (401,),
        "The request has no API key, or one that is not known, revoked or expired.",
        "Send Authorization: Bearer KEY. Whoever runs the server makes one with `limner keys add`.",
    ),
    "forbidden": ProblemType(
        (403,), "The key is not good for this.", "Use a key with the scope, or for the purpose, that the detail names."
    ),
    "consent-missing": ProblemType(
        (403,),
        "Nothing may be made of this user's history, or told, for this purpose: the tenant's policy requires a consent "
        "or another legal basis, and none is recorded, or it ended or was withdrawn.",
        "Where there is one, record it: POST /v1/users/{user_id}/consents. GET tells what is recorded.",
    ),
    "cross-site": ProblemType(
        (403,),
        "A page of another site made the request: to a server without keys, where none keeps it out, or to MCP.",
        "Whoever runs the server serves it with keys, and names the page's origin with --origin.",
    ),
    "bad-host": ProblemType(
        (400,),
        "The Host header names another host than the server's.",
        "Use the server's own address. Whoever runs the server adds names with --hostname.",
    ),
    "not-found": ProblemType(
        (404,),
        "There is nothing at this address, or what it names (event, version, schema, job, receipt) is not there.",
        "Check the address; lists show what there is.",
    ),
    "unknown-user": ProblemType((404,), "The store holds nothing of this user.", "GET /v1/users lists who is there."),
    "unknown-tenant": ProblemType((404,), "The key's tenant is not served here.", "Use a key of this server."),
    "no-store": ProblemType((404,), "Nothing has been loaded yet.", "POST /v1/events loads histories."),
    "method-not-allowed": ProblemType(
        (405,), "The address does not know this method.", "The Allow header and /v1/openapi.json tell which it knows."
    ),
    "too-large": ProblemType((413,), "The request is larger than the server takes.", "Send it in parts."),
    "unsupported-media-type": ProblemType(
        (415,),
        "The request's body is of a kind that is not read here.",
        "Send JSON as application/json, and events as application/x-ndjson, not compressed.",
    ),
    "bad-request": ProblemType((400,), "The request cannot be read.", "Check that its body is JSON in UTF-8."),
    "invalid-request": ProblemType(
        (422,), "A parameter or a part of the body is missing or wrong; errors lists each place.", "Correct it."
    ),
    "usage-error": ProblemType((400,), "What is asked for makes no sense as it is.", "See detail and hint."),
    "input-error": ProblemType((422,), "A value in the request is not what can be used.", "See detail and hint."),
    "schema-error": ProblemType(
        (422,),
        "The profile schema is not valid JSON Schema, or uses what limner cannot fill.",
        "pointer and keyword tell where.",
    ),
    "profile-invalid": ProblemType(
        (422,),
        "The schema requires values that the user's history does not hold; problems maps JSON Pointers to reasons.",
        "Let them be null, or leave them out of required.",
    ),
    "other-request": ProblemType(
        (422,),
        "The Idempotency-Key was used for another request.",
        "Use a new key for each request, and the same only for repeating it.",
    ),
    "in-progress": ProblemType(
        (409,), "The request with this Idempotency-Key is being done right now.", "Wait, and repeat it."
    ),
    "cancelled": ProblemType((409,), "The work was cancelled before it was done; nothing of it is kept.", "Ask again."),
    "rate-limited": ProblemType(
        (429,), "The key made more requests than it may.", "Wait for Retry-After seconds; RateLimit tells what is left."
    ),
    "queue-full": ProblemType(
        (429, 503),
        "Too much waits for the language model: of this tenant (429), or of all (503).",
        "Try again after Retry-After seconds.",
    ),
    "shutting-down": ProblemType(
        (503,),
        "The server was told to end, and the request took longer than it waits for; it may be done all the same.",
        "Ask again when the server is back: what was done is there, and loading or erasing twice changes nothing.",
    ),
    "model-reply-error": ProblemType(
        (502,), "The language model answered with something that is not what was asked for.", "Use another model."
    ),
    "model-unavailable": ProblemType((503,), MEANINGS[ModelUnavailable], "The operator finds the reason in the log."),
    "backend-unavailable": ProblemType(
        (503,), MEANINGS[BackendUnavailable], "The operator finds the reason in the log."
    ),
    "store-busy": ProblemType((503,), MEANINGS[StoreBusy], "Try again after Retry-After seconds."),
    "store-error": ProblemType((500, 503), MEANINGS[StoreError], "The operator finds the reason in the log."),
    "token-key-unusable": ProblemType(
        (500,),
        MEANINGS[TokenKeyUnusable],
        "The operator finds the reason in the log.",
    ),
    "limner-error": ProblemType((500,), "The work failed.", "The operator finds the reason in the log."),
    "internal-error": ProblemType(
        (500,),
        "The server made an error that nobody foresaw; its log says where, without any data of users.",
        "Tell the operator; repeating the request may help.",
    ),
}
"""By name, which is the last part of a problem's ``type``."""
