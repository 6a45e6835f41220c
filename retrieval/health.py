"""How a store stands: what the record holds, and what the index has of it. Knows no way to repair it."""

from dataclasses import dataclass

__all__ = ["Health"]


@dataclass(frozen=True, slots=True)
class Health:
    """Where record and index are, and how far they agree.

    ``version``: of the tables. ``vectors`` are in the index, of ``wanted``; ``owed`` are known to be missing.
    ``embedder`` made the index; None when nothing did yet. ``encrypted``: by limner, not by a disk or server.
    """

    record: str
    index: str
    version: int
    wanted: int
    vectors: int
    owed: int
    embedder: str | None
    encrypted: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the index has as many vectors as the record wants."""
        return self.vectors == self.wanted and not self.owed
