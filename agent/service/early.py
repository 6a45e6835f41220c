"""What a job tells before it is done: what is being read, as it is at the moment, and parts that are finished.

Knows nothing of what the work is.
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

__all__ = ["Early", "EarlyKind", "with_early"]

EarlyKind = Literal["reading", "part"]


class Early(NamedTuple):
    """A JSON document with a number, greater than those of all that the job told before."""

    serial: int
    kind: EarlyKind
    document: dict[str, Any]


def with_early(told: Iterable[Early], one: Early) -> tuple[Early, ...]:
    """All that counts with one more. It takes the place of what was being read before; parts stay."""
    return (*(each for each in told if each.kind == "part"), one)
