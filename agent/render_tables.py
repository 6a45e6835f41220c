"""Shows search results, users and what was ingested to people, as tables.

Text of a history is never taken for markup, and cannot command the terminal.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.footnotes import shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from agent.evaluation import RetrievalReport
    from retrieval.history import UserSummary
    from retrieval.ingest import IngestReport
    from retrieval.search import Hit

__all__ = ["add_row", "new_table", "print_hits", "print_report", "print_retrieval_report", "print_users"]

_CUTS = {
    "encoding": "broken encoding",
    "invisible": "invisible characters",
    "entities": "HTML entities",
    "html": "HTML",
    "quoted": "quoted replies",
    "signature": "signatures",
    "footer": "footers",
}


def print_hits(console: "Console", hits: "Sequence[Hit]", *, explain: bool = False) -> None:
    """Ranked snippets, best first; with ``explain``, at which rank which ranker found them for which query."""
    if not hits:
        console.print("Nothing found.")
        return
    table = new_table("#", "score")
    for name in ("date", "speaker", "channel"):
        table.add_column(name, overflow="fold")
    table.add_column("text", overflow="fold", ratio=1)
    if explain:
        table.add_column("found by", overflow="fold", ratio=1)
    for hit in hits:
        speaker = hit.snippet.speaker or hit.event.speaker or hit.snippet.role
        date = (hit.event.timestamp or "")[:10]
        found = "\n".join(f"{each.ranker} #{each.rank} ({each.score:.3f}): {each.query}" for each in hit.found)
        add_row(
            table, hit.rank, f"{hit.score:.3f}", date, speaker, hit.event.channel or "", hit.snippet.text,
            *([found] if explain else []),
        )  # fmt: skip
    console.print(table)


def print_retrieval_report(console: "Console", report: "RetrievalReport") -> None:
    """One row a measure, with 95 % intervals of the recalls; then recall by category."""
    console.print(f"{report.questions} questions of {report.data}, embedder {report.embedder}")
    if not report.methods:
        return
    table = new_table()
    table.add_column("measure", no_wrap=True)
    for method in report.methods:
        table.add_column(method, no_wrap=True)
    for name in next(iter(report.methods.values())):
        cells = []
        for method, values in report.methods.items():
            low, high = report.intervals[method].get(name, (None, None))
            cells.append(f"{values[name]:.3f}" + ("" if low is None else f" [{low:.2f}, {high:.2f}]"))
        add_row(table, name, *cells)
    console.print(table)
    table = new_table()
    table.add_column("category", overflow="fold")
    for method in report.categories:
        table.add_column(method, justify="right")
    for category in next(iter(report.categories.values())):
        add_row(table, category, *(f"{each[category]:.3f}" for each in report.categories.values()))
    console.print(table)


def print_users(console: "Console", users: "Sequence[UserSummary]") -> None:
    """Who is in the store, with the days of the first and the last event."""
    if not users:
        console.print("The store is empty. Load a history with: limner ingest FILE")
        return
    table = new_table()
    table.add_column("user", overflow="fold")
    for name in ("events", "snippets"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("first", no_wrap=True)
    table.add_column("last", no_wrap=True)
    for user in users:
        add_row(table, user.user_id, user.events, user.snippets, (user.first or "")[:10], (user.last or "")[:10])
    console.print(table)


def print_report(console: "Console", report: "IngestReport") -> None:
    """What became of the rows."""
    files = "1 file" if report.files == 1 else f"{report.files} files"
    console.print(
        f"{report.read} rows of {files}: {report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
        f"{report.repeated} repeated, {report.bad_count} bad; {report.snippets} snippets"
    )
    cuts = [f"{name} in {report.reasons[cut]}" for cut, name in _CUTS.items() if cut in report.reasons]
    if cuts:
        console.print(f"cut or mended: {', '.join(cuts)}")
    if report.forgotten:
        console.print(f"left out, since they were forgotten: {report.forgotten} (--force loads them)")
    if report.expired or report.erased:
        console.print(f"too old by the retention rules: {report.expired} left out, {report.erased} erased")
    if report.policy != "off":
        found = ", ".join(f"{kind} {count}" for kind, count in sorted(report.personal.items())) or "none"
        console.print(f"personal data ({report.policy}): {found}")
    if copies := report.reasons["copy"]:
        console.print(f"nearly the same as an earlier one, and marked: {copies}")


def new_table(*numbers: str) -> "Table":
    """A table with columns for numbers; others can be added."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def add_row(table: "Table", *cells: object) -> None:
    """Add a row of things that are shown as they are."""
    from rich.text import Text

    table.add_row(*(Text(shown(cell)) for cell in cells))
