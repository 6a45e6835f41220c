"""Version 3: languages and copies; those of older events come when the events are loaded again."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.operations import Operations

__all__ = ["down_revision", "revision", "upgrade"]

revision = "3"
down_revision = "2"


def upgrade(op: "Operations") -> None:
    """Make room for the language of an event, for what it is a copy of, and for the keys that find it."""
    from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Text

    op.add_column("events", Column("language", Text))
    op.add_column("events", Column("copy_of", Text))
    op.create_table(
        "likeness",
        Column("key", BigInteger, primary_key=True, autoincrement=False),
        Column("event_pk", Integer, ForeignKey("events.pk", ondelete="CASCADE"), primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_likeness_event_pk", "likeness", ["event_pk"])
