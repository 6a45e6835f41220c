"""Completes what a person types for an argument of a prompt or resource: user ids, names of schemas, languages.

Only what the client's own tenant has, and no more than a page of it. Knows nothing of the protocol.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from agent.errors import NoStore, UsageError, shorten
from agent.mcp.caller import Caller
from agent.mcp.prompts import prompt_named
from agent.mcp.resources import TEMPLATES
from prompts import LANGUAGES

__all__ = ["MOST", "Completed", "arguments_of_prompt", "arguments_of_resource", "completed"]

MOST: Final = 100
"""No more values than these are given; the protocol's own bound."""

_LONGEST: Final = 1000  # of a user id that tools and prompts take


class Completed(NamedTuple):
    """Values that begin as what was typed, in whatever case, sorted; and whether there are ``more``."""

    values: list[str]
    more: bool


def arguments_of_prompt(name: str) -> list[str]:
    """The arguments of a prompt.

    Raises:
        UsageError: there is none of this name.
    """
    return list(prompt_named(name).given["properties"])


def arguments_of_resource(uri: str) -> list[str]:
    """The variables in the address of a resource template; none in a whole address.

    Raises:
        UsageError: it is not one of ours.
    """
    for each in TEMPLATES:
        if uri == each.uri:
            return [part[1:-1] for part in uri.split("/") if part.startswith("{")]
    forms = ", ".join(each.uri for each in TEMPLATES)
    raise UsageError(f"{shorten(uri)} is no resource template of limner", hint=f"There are {forms}")


def completed(caller: Caller, arguments: Iterable[str], name: str, typed: str) -> Completed:
    """What ``typed`` may become; nothing for arguments of which there is no list, such as questions and event ids.

    Raises:
        UsageError: there is no such argument.
    """
    known = list(arguments)
    if name not in known:
        raise UsageError(f"there is no argument {shorten(name)}", hint=f"There are: {', '.join(known)}")
    if name == "user_id":
        try:
            return Completed(*caller.limner.store.user_ids(typed, MOST, longest=_LONGEST))
        except NoStore:
            return Completed([], False)
    found = {"schema": caller.schema_names(), "language": LANGUAGES}.get(name, ())
    fitting = [each for each in found if each.casefold().startswith(typed.casefold())]
    return Completed(fitting[:MOST], len(fitting) > MOST)
