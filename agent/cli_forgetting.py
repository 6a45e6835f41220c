"""The commands ``forget``, ``compact``, ``receipts``, ``verify-erasure`` and ``export``.

Knows what people type and what they get back, nothing of how anything is erased or found.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import options
from agent.errors import InputError, StoreBusy, StoreError
from agent.options import Door
from agent.progress import Step
from agent.terminal import Watch, say
from agent.work import print_json, print_result

if TYPE_CHECKING:
    from agent.options import OpenLimner

__all__ = ["compact", "export", "forget", "receipts", "verify_erasure"]


@click.command()
@click.argument("user")
@click.option("--event", "events", multiple=True, metavar="ID", help="Only this event (repeatable).")
@click.option("--since", metavar="TIME", help="Only events of this time and later.")
@click.option("--until", metavar="TIME", help="Only events of this time and earlier; of a date, the whole day.")
@click.option("--channel", metavar="C", help="Only events of this channel.")
@options.defer
@click.option("--dry-run", is_flag=True, help="Erase nothing, and show how much would be erased.")
@options.store
@options.as_json
@click.pass_obj
def forget(
    open_limner: "OpenLimner",
    /,
    user: str,
    events: tuple[str, ...],
    since: str | None,
    until: str | None,
    channel: str | None,
    defer: bool,
    dry_run: bool,
    **settings: Any,
) -> int:
    """Erase a user, or some of a user's events, and all that was made of them; prints a signed receipt.

    It does not come back when an old file is loaded again, unless with: limner ingest --force.
    """
    from agent.render_forgetting import print_preview, print_receipt

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        found = limner.forget(
            user,
            events=events or None,
            since=since,
            until=until,
            channel=channel,
            defer=defer,
            dry_run=dry_run,
            progress=lambda stage, done, total: watch.step(Step(stage, done, total)),
        )
    show = print_preview if dry_run else print_receipt
    print_result(door, lambda: found, lambda console: show(console, found))
    if found.get("state") == "due":
        say("erased, but another process keeps a file of the store in use: call `limner compact` when it has ended")
        return StoreBusy.exit_code
    return 0


@click.command()
@options.store
@options.as_json
@click.pass_obj
def compact(open_limner: "OpenLimner", /, **settings: Any) -> int:
    """Remove the bytes of what was erased: writes the record and the index anew, without embedding anything."""
    from agent.render_forgetting import print_receipts

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        done = limner.compact(lambda stage, count, total: watch.step(Step(stage, count, total)))
    print_result(door, lambda: {"completed": done}, lambda console: print_receipts(console, done))
    return 0


@click.command()
@click.argument("user", required=False)
@options.store
@options.as_json
@click.pass_obj
def receipts(open_limner: "OpenLimner", /, user: str | None, **settings: Any) -> int:
    """The receipts of erasures: all, or those of one user."""
    from agent.render_forgetting import print_receipts

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        found = limner.receipts(user)
    print_result(door, lambda: {"receipts": found}, lambda console: print_receipts(console, found))
    return 0


@click.command("verify-erasure")
@click.argument("user")
@click.option(
    "--texts",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="F",
    help="What was erased, as it was loaded: a history file; - is JSON Lines from stdin (repeatable).",
)
@click.option("--receipt", type=click.Path(path_type=Path), metavar="R.json", help="A receipt, to check its signature.")
@click.option("--no-vectors", is_flag=True, help="Look for words only; no embedder is loaded.")
@options.store
@options.embedder
@options.as_json
@click.pass_obj
def verify_erasure(
    open_limner: "OpenLimner",
    /,
    user: str,
    files: tuple[Path, ...],
    receipt: Path | None,
    no_vectors: bool,
    **settings: Any,
) -> int:
    """Look in every file of the store, byte by byte, for what was erased; exit code 5 when something is found."""
    from agent.render_forgetting import print_proof

    door = Door(open_limner, **settings)
    given = None if receipt is None else _read_receipt(receipt)
    with Watch() as watch, door.limner(watch) as limner:
        proof = limner.verify_erasure(user, files, vectors=not no_vectors)
        genuine = None if given is None else limner.is_genuine(given, user)
    document = {**proof.as_json(), "receipt_genuine": genuine}
    print_result(door, lambda: document, lambda console: print_proof(console, document))
    return 0 if proof.is_clean and genuine is not False else StoreError.exit_code


@click.command()
@click.argument("user")
@options.store
@options.as_json
@click.pass_obj
def export(open_limner: "OpenLimner", /, user: str, **settings: Any) -> int:
    """Everything about a user, as one JSON document on stdout: events, snippets, profiles, corrections."""
    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        print_json(limner.export(user))
    return 0


def _read_receipt(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"--receipt {str(path)!r} is no JSON file", hint="Give what `limner forget --json` wrote"
        ) from error
    if not isinstance(document, dict):
        raise InputError(f"--receipt {str(path)!r} is no receipt", hint="Give what `limner forget --json` wrote")
    return document
