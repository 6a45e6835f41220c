"""Shows retention rules, and what they erase, to people and to programs. Knows nothing of stores."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent.render import print_line
from agent.render_forgetting import counts

if TYPE_CHECKING:
    from rich.console import Console

    from retrieval.retention import Expired, Rule

__all__ = ["expired_document", "print_rules", "print_set", "print_would", "rules_document"]


def rules_document(rules: "Sequence[Rule]") -> dict[str, Any]:
    """The rules, as JSON types."""
    return {"rules": [rule._asdict() for rule in rules]}


def expired_document(found: "Expired", rules: "Sequence[Rule]", *, dry_run: bool) -> dict[str, Any]:
    """What was, or would be, erased, as JSON types; ``receipt``: null when nothing was."""
    erased = {"dry_run": dry_run, "users": found.users, "erased": found.erased._asdict(), "receipt": found.receipt}
    return {**rules_document(rules), **erased}


def print_rules(console: "Console", rules: "Sequence[Rule]") -> None:
    """One line a rule."""
    for rule in rules:
        others = " without a rule of their own" if len(rules) > 1 else ""
        about = f"of all channels{others}" if rule.channel is None else f"of the channel {rule.channel!r}"
        print_line(console, f"events {about} are kept for {rule.days} days")
    if not rules:
        print_line(console, "No rule: everything is kept.")


def print_set(console: "Console", rules: "Sequence[Rule]", would: "Expired") -> None:
    """The rules, and what the next ingest erases by them."""
    print_rules(console, rules)
    print_would(console, would)


def print_would(console: "Console", found: "Expired") -> None:
    """What is too old."""
    if found.users:
        print_line(console, f"too old now, of {found.users} users: {counts(found.erased._asdict())}", "bold")
    else:
        print_line(console, "nothing is too old")
    if found.erased.undated:
        print_line(console, f"{found.erased.undated} events have no time, and stay")
