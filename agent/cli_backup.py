"""The commands ``backup`` and ``restore``.

Knows what people type and what they get back, nothing of how anything is copied.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import options
from agent.options import Door
from agent.terminal import Watch
from agent.work import print_result

if TYPE_CHECKING:
    from agent.options import OpenLimner

__all__ = ["backup", "restore"]


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@options.store
@options.as_json
@click.pass_obj
def backup(open_limner: "OpenLimner", /, out: Path, force: bool, **settings: Any) -> int:
    """Write all of the store to one checksummed file, while others read and write it.

    The file of an encrypted store is encrypted with its key. Of any other, it holds everything in plain form, what
    signs its receipts too: keep it as safe as the store.
    """
    from agent.render_backup import backup_document, print_backup

    door = Door(open_limner, **settings)
    with Watch() as watch, door.limner(watch) as limner:
        made = limner.backup(out, force=force)
    print_result(door, lambda: backup_document(out, made), lambda console: print_backup(console, out, made))
    return 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a store that holds something; what it forgot stays forgotten.")
@click.option("--dry-run", is_flag=True, help="Check the file, show what is in it, and change nothing.")
@click.option(
    "--backup-key-file",
    "backup_key",
    type=click.Path(path_type=Path),
    metavar="F",
    help="The key of the backup, if it is another one than the store's.",
)
@options.store
@options.as_json
@click.pass_obj
def restore(
    open_limner: "OpenLimner", /, file: Path, force: bool, dry_run: bool, backup_key: Path | None, **settings: Any
) -> int:
    """Make the store from a backup, all or nothing."""
    from agent.render_backup import backup_document, print_backup, print_restored, restored_document
    from retrieval.encryption import read_store_key

    door = Door(open_limner, **settings)
    if dry_run:
        from retrieval.archives import check_archive

        found = check_archive(file)
        print_result(door, lambda: backup_document(file, found), lambda console: print_backup(console, file, found))
        return 0
    key = None if backup_key is None else read_store_key(backup_key)
    with Watch() as watch, door.limner(watch) as limner:
        done = limner.restore(file, force=force, backup_key=key)
    print_result(door, lambda: restored_document(done), lambda console: print_restored(console, done))
    return 0
