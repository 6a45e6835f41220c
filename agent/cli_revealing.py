"""The command ``reveal``. Knows what people type and what they get back, nothing of how anything is opened."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import options
from agent.options import Door
from agent.terminal import Watch
from agent.work import print_result

if TYPE_CHECKING:
    from rich.console import Console

    from agent.options import OpenLimner
    from retrieval import Revealed

__all__ = ["reveal"]


@click.command()
@click.argument("user")
@click.option("--event", "events", multiple=True, metavar="ID", help="Only of this event (repeatable).")
@options.token_key
@options.store
@options.as_json
@click.pass_obj
def reveal(
    open_limner: "OpenLimner", /, user: str, events: tuple[str, ...], key_file: Path | None, **settings: Any
) -> int:
    """What the pseudonyms in a user's history stand for, for those who have the key; prints personal data."""
    from retrieval.personal.keys import read_key

    key = None if key_file is None else read_key(key_file)
    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        found = limner.reveal(user, events=events or None, key=key)
    document = {"user_id": user, "revealed": [each._asdict() for each in found]}
    print_result(door, lambda: document, lambda console: _print(console, found))
    return 0


def _print(console: "Console", found: "list[Revealed]") -> None:
    from agent.render_tables import add_row, new_table

    if not found:
        console.print("No pseudonyms.")
        return
    table = new_table()
    for name in ("event", "field", "pseudonym", "words"):
        table.add_column(name, overflow="fold")
    for each in found:
        add_row(table, each.event_id, each.field, each.token, each.words)
    console.print(table)
