"""Version 5: what was forgotten, as keyed hashes, and the receipts for it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.operations import Operations

__all__ = ["down_revision", "revision", "upgrade"]

revision = "5"
down_revision = "4"


def upgrade(op: "Operations") -> None:
    """Make the two tables."""
    from sqlalchemy import Column, Float, Integer, String, Text

    op.create_table(
        "tombstones",
        Column("mark", String(64), primary_key=True),
        Column("kind", String(8), nullable=False),
        Column("until", Float(53)),
    )
    op.create_table(
        "erasures",
        Column("number", Integer, primary_key=True),
        Column("subject", String(64), nullable=False),
        Column("state", String(8), nullable=False),
        Column("receipt", Text, nullable=False),
    )
    op.create_index("ix_erasures_subject", "erasures", ["subject"])
