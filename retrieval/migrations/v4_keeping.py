"""Version 4: versions of profiles, and corrections."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.operations import Operations

__all__ = ["down_revision", "revision", "upgrade"]

revision = "4"
down_revision = "3"


def upgrade(op: "Operations") -> None:
    """Make the two tables."""
    from sqlalchemy import Column, Integer, String, Text, UniqueConstraint

    op.create_table(
        "versions",
        Column("pk", Integer, primary_key=True),
        Column("user_key", String(64), nullable=False),
        Column("schema_key", String(64), nullable=False),
        Column("number", Integer, nullable=False),
        Column("user_id", Text, nullable=False),
        Column("schema", Text, nullable=False),
        Column("schema_hash", String(64), nullable=False),
        Column("made_at", String(32), nullable=False),
        Column("content", String(64), nullable=False),
        Column("document", Text, nullable=False),
        Column("private", Text, nullable=False),
        UniqueConstraint("user_key", "schema_key", "number"),
    )
    op.create_table(
        "corrections",
        Column("pk", Integer, primary_key=True),
        Column("user_key", String(64), nullable=False),
        Column("user_id", Text, nullable=False),
        Column("schema_key", String(64), nullable=False),
        Column("schema", Text, nullable=False),
        Column("document", Text, nullable=False),
    )
    op.create_index("ix_corrections_user_key", "corrections", ["user_key"])
