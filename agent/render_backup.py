"""Shows what is in a backup, and what became of a restore, to people and to programs. Knows nothing of stores."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.render import print_line
from retrieval.files import is_encrypted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from retrieval.archives import Manifest
    from retrieval.restoring import Restored

__all__ = ["backup_document", "print_backup", "print_restored", "restored_document"]


def backup_document(file: Path, manifest: "Manifest") -> dict[str, Any]:
    """What is in a backup, as JSON types."""
    told = {"file": str(file), "bytes": file.stat().st_size, "encrypted": is_encrypted(manifest)}
    return {**told, **manifest.as_json()}


def print_backup(console: "Console", file: Path, manifest: "Manifest") -> None:
    """What is in a backup."""
    print_line(console, f"{str(file)!r}, {file.stat().st_size:,} bytes: {_counts(manifest.counts)}", "bold")
    each = f"{len(manifest.files)} files, each with its SHA-256; read back and found equal"
    print_line(console, f"the store as of {manifest.made_at}, limner {manifest.limner}; {each}")
    if is_encrypted(manifest):
        print_line(console, "It is encrypted with the store's key; only what is printed here can be read.", "dim")
    else:
        print_line(console, "It holds everything in plain form: keep it as safe as the store.", "dim")


def restored_document(done: "Restored") -> dict[str, Any]:
    """What became of a restore, as JSON types."""
    backup = {"made_at": done.manifest.made_at, "limner": done.manifest.limner, "store": done.manifest.store}
    again = done.again._asdict()
    return {"backup": backup, "replaced": done.replaced, "forgotten_again": again, "holds": done.counts}


def print_restored(console: "Console", done: "Restored") -> None:
    """What became of a restore."""
    print_line(console, f"restored the state of {done.manifest.made_at}: {_counts(done.counts)}", "bold")
    if any(done.replaced.values()):
        print_line(console, f"replaced: {_counts(done.replaced)}")
    again = done.again
    if again.users:
        made = f"{again.profile_versions} versions of profiles, {again.corrections} corrections"
        what = f"{again.events} events of {again.users} users, {made}"
        print_line(console, f"forgotten since the backup was made, and left out: {what}")
    elif done.replaced["tombstones"] or done.replaced["receipts"]:
        print_line(console, "what the store had forgotten is remembered; nothing of it was in the backup")
    else:
        print_line(
            console,
            f"whoever was forgotten after {done.manifest.made_at} in another store is back: forget them again",
        )


def _counts(counts: "Mapping[str, int]") -> str:
    shown = ("users", "events", "snippets", "profile_versions", "corrections", "receipts")
    return ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in shown if counts.get(name)) or "nothing"
