"""What can be done about an error by who uses a server: the remedies of errors name commands and options of limner,
which needs the machine; here they name operations of the HTTP API, or things of the console.

Knows the words of remedies, nothing of requests or pages.
"""

import re
from typing import Final, Literal, NamedTuple

from agent.errors import LimnerError

__all__ = ["NOTHING_LOADED", "OPERATOR", "REMEDIES", "Door", "remedy_of", "told"]

Door = Literal["api", "console"]
"""Where an error is told."""

OPERATOR: Final = "Whoever runs the server: "
"""Before a remedy that needs the machine of the server."""

NOTHING_LOADED: Final = "Load a history with: limner ingest"
"""The remedy of there being no store."""


class _Words(NamedTuple):
    """Words of a remedy on the command line, and what takes their place."""

    command: re.Pattern[str]
    api: str
    console: str


def _words(command: str, api: str, console: str) -> _Words:
    return _Words(re.compile(command), api, console)


REMEDIES: Final = (
    _words("`limner users` lists who is there", "GET /v1/users lists who is there", "The list of customers has them"),
    _words(
        "`limner versions USER` lists them",
        "GET /v1/users/{user_id}/profiles lists them",
        "The customer's page lists them",
    ),
    _words(
        "`limner policy show` shows the policy", "GET /v1/policy shows the policy", "Whoever runs the server set it"
    ),
    _words(NOTHING_LOADED, "POST /v1/events loads one", "Whoever runs the server loads one"),
    _words(
        r"limner consent grant USER --purpose (\S+)",
        r"POST /v1/users/{user_id}/consents with the purpose \1",
        r"POST /v1/users/{user_id}/consents with the purpose \1, or whoever runs the server",
    ),
    _words(
        "Make the profile first, or give the right value with --value",
        "POST /v1/users/{user_id}/profiles makes a profile; or give the right value with correct",
        "Make the profile first, or give the right value",
    ),
    _words(
        ", or --forbid where the value is wrong", ", or forbid the value that is wrong", ", or forbid the wrong one"
    ),
    _words("Give --by NAME", "Give by", "Give your name"),
    _words(
        "It needs a consent that names it: --basis consent --sensitive …",
        "It needs a consent that names it: the basis consent, and sensitive",
        "It needs a consent that names it",
    ),
    _words("Add --purpose, e.g. support", "Add purposes, e.g. support", "Add a purpose"),
    _words("Allow it, too: --sensitive (.+)", r"Allow it, too: sensitive \1", r"Allow it, too: \1"),
    _words("Leave --event out", "Leave events out", "Name no message"),
    _words("Correct --map", "Correct map", "Correct it"),
    _words("Name it with --map text=COLUMN", "Name it with map=text=COLUMN", "Name it"),
    _words("with --user ID", "with user=ID", "by its id"),
)
_OF_MACHINE: Final = re.compile(r"\blimner \w|(?<![\w-])--[a-z]|\bpip install\b|\bLIMNER_[A-Z]")


def told(error: LimnerError, door: Door) -> tuple[str, str | None]:
    """What is wrong, without the remedy, and the remedy as whoever is at this door can do it, if there is one."""
    message = str(error)
    if not error.hint:
        return message, None
    return message.removesuffix(f". {error.hint}"), remedy_of(error.hint, door)


def remedy_of(hint: str, door: Door) -> str:
    """A remedy of an error in the words of a door; what needs the machine of the server is left to who runs it."""
    for each in REMEDIES:
        hint = each.command.sub(each.api if door == "api" else each.console, hint)
    return f"{OPERATOR}{hint}" if _OF_MACHINE.search(hint) else hint
