"""Version 6: purposes and consents; what older profiles were made for, and hold, nobody can tell."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.operations import Operations

__all__ = ["down_revision", "revision", "upgrade"]

revision = "6"
down_revision = "5"


def upgrade(op: "Operations") -> None:
    """Make the table, and room for what a profile was made for.

    The columns may be there: an earlier program took its steps one by one, made ``versions`` as it was in version 6,
    and may have been killed before it came here.
    """
    from sqlalchemy import Column, Integer, String, Text, inspect

    op.create_table(
        "consents",
        Column("pk", Integer, primary_key=True),
        Column("user_key", String(64), nullable=False),
        Column("user_id", Text, nullable=False),
        Column("document", Text, nullable=False),
    )
    op.create_index("ix_consents_user_key", "consents", ["user_key"])
    there = {each["name"] for each in inspect(op.get_bind()).get_columns("versions")}
    for column in (Column("purpose", String(64)), Column("sensitive", Text)):
        if column.name not in there:
            op.add_column("versions", column)
