"""Shows to people what was forgotten, and what a proof found. Knows nothing of stores."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from agent.render import print_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["counts", "print_preview", "print_proof", "print_receipt", "print_receipts"]

_NAMES: Final = {
    "events": "events",
    "raw_forms": "raw forms",
    "snippets": "snippets",
    "vectors": "vectors",
    "profile_versions": "versions of profiles",
    "corrections": "corrections",
    "corrections_cut": "corrections of which only the right value stays",
}
_PLACES_SHOWN: Final = 20


def print_preview(console: "Console", document: Mapping[str, Any]) -> None:
    """How much would be erased."""
    print_line(console, f"would erase {_scope(document['scope'])}: {counts(document['erased'])}", "bold")
    _stays(console, document["erased"])


def print_receipt(console: "Console", receipt: Mapping[str, Any]) -> None:
    """The receipt, with what it leaves to others."""
    print_line(console, f"erased {_scope(receipt['scope'])}: {counts(receipt['erased'])}", "bold")
    _stays(console, receipt["erased"])
    print_line(console, receipt["meaning"])
    for each in receipt["leftover"]:
        print_line(console, f"left to do: {each}")
    print_line(console, receipt["elsewhere"], "dim")
    at = receipt["completed_at"] or receipt["erased_at"]
    signature = receipt["signature"]
    signed = f"signed {signature['algorithm']} {signature['value'][:16]}…; --json has all of it"
    print_line(console, f"receipt {receipt['number']} of {at}, subject {receipt['subject'][:16]}…, {signed}", "dim")


def print_receipts(console: "Console", receipts: Sequence[Mapping[str, Any]]) -> None:
    """One line a receipt."""
    if not receipts:
        print_line(console, "No erasure.")
    for each in receipts:
        line = (
            f"receipt {each['number']}, {each['erased_at']}, subject {each['subject'][:16]}…: {_scope(each['scope'])}"
        )
        print_line(console, f"{line}, {counts(each['erased'])}; {each['state']}")


def print_proof(console: "Console", proof: Mapping[str, Any]) -> None:
    """What was looked for and what was found."""
    looked = (
        f"{proof['texts']} texts and {proof['vectors']} vectors in {proof['files']} files ({proof['bytes']:,} bytes)"
    )
    print_line(console, f"{'nothing is left' if proof['clean'] else 'something is left'}: {looked}", "bold")
    if proof["still_there"]:
        print_line(console, f"{proof['still_there']} of these events are in the store: they were not erased")
    elif proof["user_stays"]:
        print_line(console, "the store has other events of this user")
    for each in proof["found"][:_PLACES_SHOWN]:
        print_line(console, f"{each['file']}, byte {each['offset']}: {each['name']} ({each['form']})")
    if proof["found_count"] > _PLACES_SHOWN:
        print_line(console, f"… and {proof['found_count'] - _PLACES_SHOWN} more places")
    if proof["shared"]:
        print_line(console, f"{proof['shared']} places hold words that other events hold, too: they prove nothing")
    if proof["too_short"]:
        print_line(console, f"{proof['too_short']} texts are too short to be told from chance, and were not looked for")
    if proof["servers"]:
        print_line(console, "a part of the store is on servers, whose files were not read")
    if proof["receipt_genuine"] is not None:
        word = "is" if proof["receipt_genuine"] else "is NOT"
        print_line(console, f"the receipt {word} one that this store signed for this user")


def _scope(scope: Mapping[str, Any]) -> str:
    if scope["kind"] == "user":
        return "all of the user"
    if scope["kind"] == "events":
        return "single events"
    if scope["kind"] == "retention":
        return f"what was too old, of {scope['users']} users"
    return "what is " + ", ".join(f"{name} {scope[name]}" for name in ("since", "until", "channel") if name in scope)


def counts(erased: Mapping[str, int]) -> str:
    """What was erased, in words."""
    return ", ".join(f"{erased[name]} {label}" for name, label in _NAMES.items() if erased[name]) or "nothing"


def _stays(console: "Console", erased: Mapping[str, int]) -> None:
    if erased["events_left"]:
        undated = f", {erased['undated']} of them since they have no time" if erased["undated"] else ""
        print_line(console, f"{erased['events_left']} events stay{undated}")
