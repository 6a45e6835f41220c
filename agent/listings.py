"""The JSON documents of the commands that no model has a part in: ``users``, ``search`` and ``ingest``.

Knows nothing of files or terminals.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retrieval import relative_dates

if TYPE_CHECKING:
    from retrieval.history import UserSummary
    from retrieval.ingest import IngestReport
    from retrieval.keeping import VersionNote
    from retrieval.search import Hit

__all__ = ["ingest_document", "search_document", "users_document", "versions_document"]


def users_document(users: "Sequence[UserSummary]") -> dict[str, Any]:
    """Who is in the store."""
    return {"users": [user._asdict() for user in users]}


def versions_document(user_id: str, versions: "Sequence[VersionNote]") -> dict[str, Any]:
    """The versions of a user's profiles, oldest first."""
    listed = [
        {
            "schema": {"name": each.schema, "hash": each.schema_hash},
            "version": each.number,
            "made_at": each.made_at,
            "purpose": each.purpose,
        }
        for each in versions
    ]
    return {"user_id": user_id, "versions": listed}


def search_document(user_id: str, query: str, hits: "Sequence[Hit]", *, explain: bool = False) -> dict[str, Any]:
    """Ranked evidence; ``event.text[start:end] == text``, and ``score`` is 1 for what every ranker puts first.

    ``also`` are the other snippets that say the same, where there are any, ``asked`` the question that a reply
    answers, and ``dates`` the days, weeks, months or years that relative phrases in the text mean, where there are any.
    With ``explain`` each hit has ``found``: which ranker found it for which query, at which rank and score.
    """
    return {"user_id": user_id, "query": query, "hits": [_hit(hit, explain) for hit in hits]}


def _hit(hit: "Hit", explain: bool) -> dict[str, Any]:
    snippet, event = hit.snippet, hit.event
    dates = [
        {"start": snippet.start + each.start, "end": snippet.start + each.end, "resolved": each.resolved}
        for each in relative_dates(snippet.text, event.timestamp)
    ]
    found = [{**each._asdict(), "score": round(each.score, 6)} for each in hit.found]
    return {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "text": snippet.text,
        **hit.where(),
        **({"also": list(hit.also)} if hit.also else {}),
        **({"asked": hit.asked} if hit.asked else {}),
        **({"dates": dates} if dates else {}),
        **({"found": found} if explain else {}),
    }


def ingest_document(report: "IngestReport") -> dict[str, Any]:
    """What became of the rows; ``bad`` lists the first bad lines, ``bad_count`` counts all.

    ``left_out`` counts, by suffix, the files of other kinds in the folders that were given; ``reasons`` counts what was
    dropped, cut or marked as a copy of an earlier message, by reason, with the characters that went.
    ``personal_data`` has what the store does with it, and how many places were found, by kind.
    """
    counts = ("files", "read", "added", "updated", "unchanged", "repeated", "forgotten", "expired", "snippets",
              "bad_count", "erased")  # fmt: skip
    bad = [line._asdict() for line in report.bad]
    reasons = {reason: {"count": report.reasons[reason], "chars": report.chars[reason]} for reason in report.reasons}
    return {
        **{name: getattr(report, name) for name in counts},
        "bad": bad,
        "left_out": report.left_out,
        "reasons": dict(sorted(reasons.items())),
        "personal_data": {"policy": report.policy, "found": dict(sorted(report.personal.items()))},
    }
