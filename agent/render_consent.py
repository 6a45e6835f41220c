"""Shows the policy of a store, and what users allowed, to people and to programs. Knows nothing of stores."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent.render import print_line

if TYPE_CHECKING:
    from rich.console import Console

    from retrieval.consents import Consent
    from retrieval.policies import Policy

__all__ = ["consents_document", "print_consents", "print_entry", "print_policy", "print_withdrawn"]


def consents_document(user_id: str, entries: "Sequence[Consent]") -> dict[str, Any]:
    """What was recorded of a user, and ``now``: what counts, by purpose."""
    return {"user_id": user_id, "consents": [each.as_json() for each in entries], "now": _now(entries)}


def _now(entries: "Sequence[Consent]") -> dict[str, dict[str, Any]]:
    from retrieval.consents import last_words

    return {
        purpose: {
            "allowed": entry.action == "grant" and not entry.has_ended(),
            "basis": entry.basis,
            "until": entry.until,
            "sensitive": list(entry.sensitive),
        }
        for purpose, entry in last_words(entries).items()
    }


def print_policy(console: "Console", policy: "Policy") -> None:
    """The policy in words."""
    named = ", ".join(policy.purposes)
    print_line(console, f"purposes: {named} (the first where none is named)" if named else "purposes: none are named")
    need = "needed: no profile and no answer without" if policy.require_consent else "not needed"
    print_line(console, f"consent: {need}")
    shown = "of all categories" if policy.sensitive is None else _list(policy.sensitive)
    print_line(console, f"sensitive data that users stated: {shown}")
    print_line(console, f"inferred, where a schema marks it: {_list(policy.inferred)}")


def print_entry(console: "Console", entry: "Consent") -> None:
    """An entry on a line."""
    print_line(console, _line(entry))


def print_withdrawn(console: "Console", entry: "Consent", dropped: int) -> None:
    """A withdrawal, and what it took."""
    print_line(console, _line(entry))
    print_line(console, f"{dropped} versions of profiles were dropped" if dropped else "there was no profile to drop")


def print_consents(console: "Console", user_id: str, entries: "Sequence[Consent]") -> None:
    """The log of a user, and what counts now."""
    from agent.footnotes import shown

    if not entries:
        print_line(console, f"nothing is recorded of {shown(user_id)}")
        return
    for each in entries:
        print_line(console, _line(each))
    for purpose, now in _now(entries).items():
        about = "all other purposes" if purpose == "*" and len(_now(entries)) > 1 else _purpose(purpose)
        print_line(console, f"now, for {about}: {'allowed' if now['allowed'] else 'not allowed'}", "bold")


def _line(entry: "Consent") -> str:
    from agent.footnotes import shown

    source = f" ({shown(entry.source)})" if entry.source else ""
    by = f"recorded by {shown(entry.by)}{source}"
    if entry.action == "withdraw":
        return f"{entry.at}  {shown(entry.user_id)}: withdrawn for {_purpose(entry.purpose)}, {by}"
    until = f" until {entry.until}" if entry.until else ""
    sensitive = f", with {_list(entry.sensitive)}" if entry.sensitive else ""
    return f"{entry.at}  {shown(entry.user_id)}: {entry.purpose}, {entry.basis}{until}{sensitive}, {by}"


def _purpose(purpose: str) -> str:
    return "all purposes" if purpose == "*" else purpose


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
