"""The command ``limner mcp``. Knows what people type, nothing of the protocol."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import options
from agent.cli_keeping import login_name
from agent.errors import StoreBusy, UsageError
from agent.options import Door
from agent.terminal import Watch, say

if TYPE_CHECKING:
    from agent.limner import Limner
    from agent.mcp.caller import Caller
    from agent.options import OpenLimner

__all__ = ["mcp"]


@click.command()
@click.option("--write", is_flag=True, help="Offer add_event and correct_claim, too.")
@click.option("--erase", is_flag=True, help="With --write: offer forget_user, too.")
@click.option("--by", default=None, metavar="NAME", help="Who makes corrections.  [default: the login name]")
@click.option("--schema", "sources", multiple=True, metavar="F", help="Offer this JSON Schema file, too (repeatable).")
@options.calibration
@options.purpose
@options.store_and_models
@click.pass_obj
def mcp(
    open_limner: "OpenLimner",
    /,
    write: bool,
    erase: bool,
    by: str | None,
    sources: Sequence[str],
    **settings: Any,
) -> int:
    """Tools for programs with a language model (MCP), on stdin and stdout.

    Such a program starts this by itself: see docs/mcp.md. It may only read, unless --write is given.
    """
    if erase and not write:
        raise UsageError("--erase offers the erasure of users, and nothing may be written", hint="Add --write")
    _check_installed()
    from agent.mcp.stdio import run_stdio

    door = Door(open_limner, as_json=False, **settings)
    _check_not_served(door.store, write)
    if sys.stdin.isatty():
        say("speaks MCP on stdin and stdout, for programs; Ctrl-D ends it")
    with Watch() as watch, door.limner(watch, steps=False) as limner:
        caller = _caller(limner, door.store, write=write, erase=erase, by=by, sources=sources)
        run_stdio(replace(caller, purpose=door.purpose))
    return 0


def _caller(
    limner: "Limner", store: Path, *, write: bool, erase: bool, by: str | None, sources: Sequence[str]
) -> "Caller":
    from agent.mcp.caller import Caller
    from agent.schema import load_schema
    from agent.service import DEFAULT_TENANT, Scope, Service

    given: dict[Scope, bool] = {"read": True, "write": write, "erase": erase}
    return Caller(
        service=Service(limner, store),
        tenant=DEFAULT_TENANT,
        scopes=frozenset(scope for scope, wanted in given.items() if wanted),
        by=f"{by or login_name()} (MCP)" if write else "",
        remedy="Whoever runs `limner mcp` may start it with --write, and for erasures with --write --erase",
        schemas={each.name: each for each in map(load_schema, sources)},
    )


def _check_not_served(store: Path, write: bool) -> None:
    """Two processes may read a store; what is written goes through the server, where there is one."""
    from agent.service.hosting import server_of

    where = server_of(store)
    if write and where is not None:
        raise StoreBusy(
            f"the store {str(store)!r} is served at {where.url} (process {where.pid})",
            hint=f"Let the program use {where.url}/mcp with an API key, or leave --write out",
        )


def _check_installed() -> None:
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise UsageError("limner mcp needs the package mcp", hint="Install it: pip install 'limner[serve]'")
