"""Shows what the checks of the installation found to people, as a table. Knows nothing of how they are made."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.render_tables import add_row, new_table

if TYPE_CHECKING:
    from rich.console import Console

    from agent.checks import Check

__all__ = ["print_checks"]


def print_checks(console: "Console", checks: "Sequence[Check]") -> None:
    """One row a check, with the remedy below what was seen; then the verdict."""
    table = new_table()
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("seen", overflow="fold", ratio=1)
    for check in checks:
        add_row(table, check.name, check.status, check.seen)
        if check.remedy:
            add_row(table, "", "", f"→ {check.remedy}")
    console.print(table)
    count = {status: sum(check.status == status for check in checks) for status in ("failed", "warning")}
    if not any(count.values()):
        console.print("All is well.")
        return
    console.print(", ".join(f"{number} {_NOUNS[status][number != 1]}" for status, number in count.items() if number))


_NOUNS = {"failed": ("check failed", "checks failed"), "warning": ("warning", "warnings")}
