"""The commands ``encryption new-key``, ``on``, ``off`` and ``rotate``.

Knows what people type and what they get back, nothing of how anything is encrypted.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import options
from agent.errors import UsageError
from agent.options import Door
from agent.progress import Step
from agent.terminal import Watch, say
from agent.work import print_result

if TYPE_CHECKING:
    from agent.options import OpenLimner
    from retrieval.encryption import StoreKey

__all__ = ["encryption"]


@click.group(cls=options.InOrder)
def encryption() -> None:
    """Encrypt the store on the disk, decrypt it, or give it another key.

    A new store is encrypted by giving any command a key. Other programs that have the store open must be stopped
    first. Backups keep the key that they were made with.
    """


@encryption.command("new-key")
@click.argument("file", type=click.Path(path_type=Path))
@options.as_json
@click.pass_obj
def _new_key(open_limner: "OpenLimner", /, file: Path, as_json: bool) -> int:
    """Write a new random key to a new file that only you may read."""
    from retrieval.encryption import make_key_file

    key = make_key_file(file)
    _print(Door(open_limner, Path(), as_json), {"file": str(file), "key": key.name}, f"{str(file)!r} holds a new key")
    say("keep a copy of the key in a safe place, not beside the store: whoever loses it loses the store")
    return 0


@encryption.command("on")
@options.store
@options.as_json
@click.pass_obj
def _on(open_limner: "OpenLimner", /, **settings: Any) -> int:
    """Encrypt a store that is there, with the key of --key-file."""
    key = _needed()
    return _change(Door(open_limner, **settings), None, key)


@encryption.command("off")
@options.store
@options.as_json
@click.pass_obj
def _off(open_limner: "OpenLimner", /, **settings: Any) -> int:
    """Decrypt the store, whose key is that of --key-file."""
    key = _needed()
    return _change(Door(open_limner, **settings), key, None)


@encryption.command("rotate")
@click.option(
    "--new-key-file",
    "new",
    type=click.Path(path_type=Path),
    required=True,
    metavar="F",
    help="The key from now on; limner encryption new-key makes one.",
)
@options.store
@options.as_json
@click.pass_obj
def _rotate(open_limner: "OpenLimner", /, new: Path, **settings: Any) -> int:
    """Write the store anew with another key."""
    from retrieval.encryption import read_store_key

    key = _needed()
    return _change(Door(open_limner, **settings), key, read_store_key(new))


def _needed() -> "StoreKey":
    from retrieval.encryption import HOW

    key = options.given_key()
    if key is None:
        raise UsageError("no key was given", hint=f"{HOW}. Make one with: limner encryption new-key FILE")
    return key


def _change(door: Door, old: "StoreKey | None", new: "StoreKey | None") -> int:
    from retrieval.converting import change_key

    with Watch() as watch:
        change_key(door.store, old, new, lambda stage, done, total: watch.step(Step(stage, done, total)))
    store = repr(str(door.store))
    said = f"{store} is encrypted with the key {new.name}" if new else f"{store} is not encrypted any more"
    _print(door, {"store": str(door.store), "encrypted": new is not None, "key": new.name if new else None}, said)
    if new is not None and old is None:
        say("the plain files are deleted, which does not overwrite the disk; backups from before are still plain")
    elif old is not None:
        say(f"backups from before can only be restored with the key {old.name}: keep it as long as them")
    return 0


def _print(door: Door, document: dict[str, Any], said: str) -> None:
    print_result(door, lambda: document, lambda console: console.print(said, soft_wrap=True, highlight=False))
