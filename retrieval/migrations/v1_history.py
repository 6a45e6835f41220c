"""Version 1: events, their snippets, and vectors that have yet to leave the index."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.operations import Operations

__all__ = ["down_revision", "revision", "upgrade"]

revision = "1"
down_revision = None


def upgrade(op: "Operations") -> None:
    """Make the tables in an empty database."""
    from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, String, Text, UniqueConstraint

    op.create_table("meta", Column("key", String(32), primary_key=True), Column("value", Text, nullable=False))
    op.create_table(
        "events",
        Column("pk", Integer, primary_key=True),
        Column("user_key", String(64), nullable=False),
        Column("event_key", String(64), nullable=False),
        Column("user_id", Text, nullable=False),
        Column("event_id", Text, nullable=False),
        Column("timestamp", String(64)),
        Column("epoch", Float(53)),
        Column("channel", Text),
        Column("speaker", Text),
        Column("role", String(8), nullable=False),
        Column("text", Text, nullable=False),
        Column("raw", Text),
        Column("metadata", Text, nullable=False),
        Column("content_hash", String(64), nullable=False),
        Column("row_hash", String(64)),
        UniqueConstraint("event_key"),
    )
    op.create_index("ix_events_user_key", "events", ["user_key"])
    op.create_index("ix_events_row_hash", "events", ["row_hash"])
    op.create_table(
        "snippets",
        Column("pk", Integer, primary_key=True),
        Column("event_pk", Integer, ForeignKey("events.pk", ondelete="CASCADE"), nullable=False),
        Column("ordinal", Integer, nullable=False),
        Column("start", Integer, nullable=False),
        Column("end", Integer, nullable=False),
        Column("speaker", Text),
        Column("role", String(8), nullable=False),
        Column("vector_id", String(64), nullable=False),
        Column("indexed", Boolean, nullable=False),
        UniqueConstraint("vector_id"),
    )
    op.create_index("ix_snippets_event_pk", "snippets", ["event_pk"])
    op.create_index("ix_snippets_indexed", "snippets", ["indexed"])
    op.create_table("removals", Column("vector_id", String(64), primary_key=True))
