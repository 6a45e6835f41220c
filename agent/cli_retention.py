"""The commands ``retention set``, ``list``, ``remove`` and ``run``.

Knows what people type and what they get back, nothing of how anything is erased.
"""

from typing import TYPE_CHECKING, Any

import click

from agent import options
from agent.errors import StoreBusy
from agent.options import Door
from agent.terminal import Watch, say
from agent.work import print_result

if TYPE_CHECKING:
    from agent.options import OpenLimner

__all__ = ["retention"]

_CHANNEL_HELP = "Events of this channel, which then follows no other rule."


@click.group(cls=options.InOrder)
def retention() -> None:
    """For how many days events are kept: set, list, remove or run rules.

    Rules are kept in the store. Each ingest erases what is too old first, and does not load it.
    """


@retention.command("set")
@click.argument("days", type=int)
@click.option("--channel", metavar="C", help=_CHANNEL_HELP)
@options.store
@options.as_json
@click.pass_obj
def _set(open_limner: "OpenLimner", /, days: int, channel: str | None, **settings: Any) -> int:
    """Keep events for DAYS days; erases nothing yet, and tells how much the next ingest will erase."""
    from agent.render_retention import expired_document, print_set
    from retrieval.retention import Rule

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        would = limner.store.set_rule(Rule(days, channel))
        rules = limner.store.rules()
    print_result(
        door,
        lambda: expired_document(would, rules, dry_run=True),
        lambda console: print_set(console, rules, would),
    )
    return 0


@retention.command("list")
@options.store
@options.as_json
@click.pass_obj
def _list(open_limner: "OpenLimner", /, **settings: Any) -> int:
    """The rules of the store."""
    from agent.render_retention import print_rules, rules_document

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        rules = limner.store.rules()
    print_result(door, lambda: rules_document(rules), lambda console: print_rules(console, rules))
    return 0


@retention.command("remove")
@click.option("--channel", metavar="C", help="The rule of this channel; without it, that of all others.")
@options.store
@options.as_json
@click.pass_obj
def _remove(open_limner: "OpenLimner", /, channel: str | None, **settings: Any) -> int:
    """Remove a rule. What it erased stays out, as what `limner forget` erased does."""
    from agent.render_retention import print_rules, rules_document

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        limner.store.remove_rule(channel)
        rules = limner.store.rules()
    print_result(door, lambda: rules_document(rules), lambda console: print_rules(console, rules))
    return 0


@retention.command("run")
@click.option("--dry-run", is_flag=True, help="Erase nothing, and show how much would be erased.")
@options.defer
@click.option("--clock-is-right", is_flag=True, help="Go by this machine's clock, whatever the store has seen.")
@options.store
@options.as_json
@click.pass_obj
def _run(open_limner: "OpenLimner", /, dry_run: bool, defer: bool, clock_is_right: bool, **settings: Any) -> int:
    """Erase what is too old now, as each ingest does; prints the signed receipt, if anything was."""
    from agent.render_forgetting import print_receipt
    from agent.render_retention import expired_document, print_would

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        found = limner.retain(dry_run=dry_run, defer=defer, trust_clock=clock_is_right)
        rules = limner.store.rules()
    receipt = found.receipt
    print_result(
        door,
        lambda: expired_document(found, rules, dry_run=dry_run),
        lambda console: print_would(console, found) if receipt is None else print_receipt(console, receipt),
    )
    if receipt is not None and receipt["state"] == "due":
        say("erased, but another process keeps a file of the store in use: call `limner compact` when it has ended")
        return StoreBusy.exit_code
    return 0
