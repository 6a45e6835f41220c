"""Version 2: windows over several snippets; those of older events come when the events are loaded again."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.operations import Operations

__all__ = ["down_revision", "revision", "upgrade"]

revision = "2"
down_revision = "1"


def upgrade(op: "Operations") -> None:
    """Mark windows."""
    from sqlalchemy import Boolean, Column, false

    op.add_column("snippets", Column("wide", Boolean, nullable=False, server_default=false()))
