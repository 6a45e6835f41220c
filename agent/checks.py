"""What a check of the installation found, and how many of them become one verdict. Knows nothing of what is checked."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.errors import LimnerError

__all__ = ["Check", "Status", "exit_code_of", "failed"]

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """``seen`` is what was found, ``remedy`` what to do about it, ``details`` the same for programs.

    ``exit_code`` is that of the command when this failed.
    """

    name: str
    status: Status
    seen: str
    remedy: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        told = {"name": self.name, "status": self.status, "seen": self.seen, "remedy": self.remedy}
        return {**told, "details": self.details}


def failed(name: str, error: LimnerError) -> Check:
    """A check that ended with one of our errors."""
    message, hint = str(error), error.hint
    seen = message.removesuffix(f". {hint}") if hint else message
    return Check(name, "failed", seen, hint, exit_code=error.exit_code)


def exit_code_of(checks: Iterable[Check]) -> int:
    """Of the first check that failed; 0 when none did."""
    return next((check.exit_code for check in checks if check.status == "failed"), 0)
