"""The commands of the server: ``limner serve`` and ``limner keys``. Knows what people type and what they get back."""

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from agent import options
from agent.errors import UsageError, shorten
from agent.options import Door
from agent.terminal import Watch, say
from agent.work import print_result

if TYPE_CHECKING:
    from rich.console import Console

    from agent.options import OpenLimner
    from agent.service import ApiKey, Keys

__all__ = ["add_key", "keys", "list_keys", "revoke_key", "serve"]

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

_tenants = click.option(
    "--tenants",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="LIMNER_TENANTS",
    show_envvar=True,
    metavar="FOLDER",
    help="Serve many tenants: each has its own store in a folder of this one.",
)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True, help="Where to listen.")
@click.option("--dev", is_flag=True, help="No keys: whoever reaches this machine's loopback may do everything.")
@click.option(
    "--waiting", type=click.IntRange(min=1), default=64, show_default=True, help="So much waits for the model."
)
@click.option("--rate", default=None, metavar="RATE", help="Requests that a key may make.  [default: 1200/minute]")
@click.option(
    "--hostname", "hosts", multiple=True, metavar="NAME", help="A name that requests may use for it (repeatable)."
)
@click.option("--origin", "origins", multiple=True, metavar="URL", help="Whose pages may call it (CORS; repeatable).")
@click.option("--no-warm", "cold", is_flag=True, help="Load the embedder at the first search, not after the start.")
@_tenants
@click.option(
    "--token-keys",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="LIMNER_TOKEN_KEYS",
    show_envvar=True,
    metavar="FOLDER",
    help="The tenants' own keys of pseudonyms, NAME.key each; without, LIMNER_TOKEN_KEY is everybody's.",
)
@options.calibration
@options.store_and_models
@click.pass_obj
def serve(
    open_limner: "OpenLimner",
    /,
    host: str,
    port: int,
    dev: bool,
    waiting: int,
    rate: str | None,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    cold: bool,
    tenants: Path | None,
    token_keys: Path | None,
    **settings: Any,
) -> int:
    """The HTTP API and the console, on one port.

    The model is loaded when it is first needed. SIGTERM and Ctrl-C end it when running requests are done.
    """
    if dev and host not in _LOOPBACK:
        raise UsageError(
            f"--dev asks for no keys, and {shorten(host)} is not this machine's loopback", hint="Leave --dev out"
        )
    if dev and tenants:
        raise UsageError("--dev serves one store, --tenants many", hint="Leave one of them out")
    if token_keys and not tenants:
        raise UsageError(
            "--token-keys has the keys of --tenants, and there are none",
            hint="Give the key of one store with LIMNER_TOKEN_KEY",
        )
    _check_installed()
    from agent.serving import Serving, run_server
    from retrieval.embedder_process import EmbedderProcess
    from retrieval.index_process import IndexProcess

    door = Door(open_limner, as_json=False, **settings)
    serving = Serving(host, port, dev, waiting, tenants, hosts, origins, rate, not cold, token_keys)
    with Watch() as watch, closing(IndexProcess()) as index, closing(EmbedderProcess()) as embedder:
        limner = door.limner(watch, steps=False, alone=True, index_process=index, embedder_process=embedder)
        run_server(limner, door.store, serving)
    return 0


def _check_installed() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("fastapi", "uvicorn", "limits", "prometheus_client") if find_spec(name) is None]
    if missing:
        raise UsageError(f"the server needs {' and '.join(missing)}", hint="Install them: pip install 'limner[serve]'")


@click.group()
def keys() -> None:
    """Make, list and revoke the API keys of a server."""


@keys.command("add")
@click.option("--tenant", default="default", show_default=True, metavar="NAME", help="Whose data it is good for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("read",),
    show_default=True,
    type=click.Choice(["read", "write", "erase", "admin"]),
    help="What it is good for (repeatable).",
)
@click.option(
    "--purpose", "purposes", multiple=True, metavar="P", help="It is good for this purpose only (repeatable)."
)
@click.option("--label", default="", metavar="TEXT", help="Who has it, for the list.")
@click.option("--days", type=click.IntRange(min=1), default=None, metavar="N", help="It expires after so many days.")
@_tenants
@options.store_folder
@options.as_json
def add_key(
    tenant: str,
    scopes: Sequence[str],
    purposes: Sequence[str],
    label: str,
    days: int | None,
    tenants: Path | None,
    store: Path,
    as_json: bool,
) -> int:
    """Make a key. It is shown once; only its hash is kept."""
    secret, key = _keys(store, tenants).make(tenant, scopes, label=label, days=days, purposes=purposes)

    def show(console: "Console") -> None:
        console.print(secret, soft_wrap=True)

    _print(as_json, {"key": secret, **key.as_json()}, show)
    if not as_json:
        say("this is the only time that the key is shown")
    return 0


@keys.command("list")
@_tenants
@options.store_folder
@options.as_json
def list_keys(tenants: Path | None, store: Path, as_json: bool) -> int:
    """List the keys, without what would let somebody use them."""
    found = _keys(store, tenants).all()
    _print(as_json, {"keys": [each.as_json() for each in found]}, lambda console: _print_keys(console, found))
    return 0


@keys.command("revoke")
@click.argument("key_id")
@_tenants
@options.store_folder
@options.as_json
def revoke_key(key_id: str, tenants: Path | None, store: Path, as_json: bool) -> int:
    """Make a key worthless, at once."""
    revoked = _keys(store, tenants).revoke(key_id)
    _print(as_json, revoked.as_json(), lambda console: console.print(f"{key_id} is revoked"))
    return 0


def _print(as_json: bool, document: dict[str, Any], show: Any) -> None:
    door = Door(open_limner=None, store=Path(os.curdir), as_json=as_json)  # type: ignore[arg-type]  # opens nothing
    print_result(door, lambda: document, show)


def _keys(store: Path, tenants: Path | None) -> "Keys":
    from agent.service.book import Book
    from agent.service.keys import Keys
    from agent.service.service import BOOK

    return Keys(Book((tenants or store) / BOOK))


def _print_keys(console: "Console", found: "Sequence[ApiKey]") -> None:
    from agent.render_tables import add_row, new_table

    table = new_table()
    for name in ("key", "tenant", "scopes", "purposes", "label", "made", "ends"):
        table.add_column(name, no_wrap=name == "key", overflow="fold")
    for key in found:
        ends = f"revoked {key.revoked_at}" if key.revoked_at else key.expires_at or ""
        purposes = " ".join(key.purposes) or "all"
        scopes = " ".join(key.as_json()["scopes"])
        add_row(table, key.key_id, key.tenant, scopes, purposes, key.label, key.created_at, ends)
    console.print(table)
