"""Shows search results, users and what was ingested to people, as tables.

Text of a history is never taken for markup, and cannot command the terminal.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.footnotes import shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from retrieval.history import UserSummary
    from retrieval.ingest import IngestReport
    from retrieval.search import Hit

__all__ = ["print_hits", "print_report", "print_users"]


def print_hits(console: "Console", hits: "Sequence[Hit]") -> None:
    """Ranked snippets, best first."""
    if not hits:
        console.print("Nothing found.")
        return
    table = _table("#", "score")
    for name in ("date", "speaker", "channel"):
        table.add_column(name, overflow="fold")
    table.add_column("text", overflow="fold", ratio=1)
    for hit in hits:
        speaker = hit.snippet.speaker or hit.event.speaker or hit.snippet.role
        date = (hit.event.timestamp or "")[:10]
        _row(table, hit.rank, f"{hit.score:.3f}", date, speaker, hit.event.channel or "", hit.snippet.text)
    console.print(table)


def print_users(console: "Console", users: "Sequence[UserSummary]") -> None:
    """Who is in the store, with the days of the first and the last event."""
    if not users:
        console.print("The store is empty. Load a history with: limner ingest FILE")
        return
    table = _table()
    table.add_column("user", overflow="fold")
    for name in ("events", "snippets"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("first", no_wrap=True)
    table.add_column("last", no_wrap=True)
    for user in users:
        _row(table, user.user_id, user.events, user.snippets, (user.first or "")[:10], (user.last or "")[:10])
    console.print(table)


def print_report(console: "Console", report: "IngestReport") -> None:
    """What became of the rows."""
    files = "1 file" if report.files == 1 else f"{report.files} files"
    console.print(
        f"{report.read} rows of {files}: {report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
        f"{report.repeated} repeated, {report.bad_count} bad; {report.snippets} snippets"
    )


def _table(*numbers: str) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _row(table: "Table", *cells: object) -> None:
    from rich.text import Text

    table.add_row(*(Text(shown(cell)) for cell in cells))
